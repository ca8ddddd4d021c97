// Chapter 03's transformer in JavaScript: the forward pass of a small model, with every head's weights kept to be looked at.
// The names are those of the crate's files; a test opens a browser and compares the two, number by number.
"use strict";

globalThis.nanocrabAttention = (() => {
    /** x divided by the root of its mean square. */
    function rmsNorm(x, eps) {
        const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
        const scale = 1 / Math.sqrt(meanSquare + eps);
        return x.map((value) => value * scale);
    }

    /** Radians per position of each pair of a head of this width. */
    function frequencies(width, base) {
        return Array.from({ length: width / 2 }, (_, pair) => base ** ((-2 * pair) / width));
    }

    /** Turns each pair (i, i + D/2) of a head by −position · frequency. */
    function rotate(x, position, base) {
        const half = x.length / 2;
        const turned = new Array(x.length);
        frequencies(x.length, base).forEach((frequency, pair) => {
            const [cos, sin] = [Math.cos(position * frequency), Math.sin(position * frequency)];
            const [first, second] = [x[pair], x[pair + half]];
            turned[pair] = first * cos + second * sin;
            turned[pair + half] = second * cos - first * sin;
        });
        return turned;
    }

    const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

    function softmax(scores) {
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return weights.map((weight) => weight / total);
    }

    /** Rows of a matrix `[out, in]` from bytes: whole numbers of −127 to 127, times a scale of the row. */
    function matrix({ shape: [rows, columns], scales, values }) {
        const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const scale = new Float32Array(bytes(scales).buffer);
        const whole = new Int8Array(bytes(values).buffer);
        return Array.from({ length: rows }, (_, row) =>
            Array.from({ length: columns }, (_, column) => Math.fround(whole[row * columns + column] * scale[row])),
        );
    }

    /** The model as numbers, from what `attention-model.js` holds. */
    function decode(file) {
        const tensors = Object.fromEntries(Object.entries(file.tensors).map(([name, tensor]) => [name, matrix(tensor)]));
        return { ...file, tensors };
    }

    const linear = (weight, x) => weight.map((row) => dot(row, x));

    /**
     * Ids to logits, (T) to (T, V), and `attention[layer][head][t]`: the weights of position t on the positions 0 to t.
     * With `positions: false` every word stands at 0. `off: [layer, head]` is a head that hands nothing over.
     */
    function forward(model, ids, { positions = true, off = null } = {}) {
        const { layers, heads, kvHeads, width, ropeBase, eps, softcap, tensors } = model;
        const size = width / heads;
        const headsOf = (x) => Array.from({ length: x.length / size }, (_, head) => x.slice(head * size, (head + 1) * size));
        const place = (t) => (positions ? t : 0);
        const attention = [];
        const queries = [];
        const keys = [];
        let stream = ids.map((id) => rmsNorm(tensors["model.embed_tokens.weight"][id], eps)); // (T, C)
        for (let layer = 0; layer < layers; layer++) {
            const weight = (part) => tensors[`model.layers.${layer}.${part}.weight`];
            const normed = stream.map((x) => rmsNorm(x, eps));
            const project = (part) => normed.map((x) => headsOf(linear(weight(`self_attn.${part}`), x))); // (T, heads, D)
            const turned = (part) =>
                project(part).map((vectors, t) => vectors.map((x) => rmsNorm(rotate(x, place(t), ropeBase), eps)));
            const [q, k, v] = [turned("q_proj"), turned("k_proj"), project("v_proj")];
            attention.push(Array.from({ length: heads }, () => []));
            queries.push(q);
            keys.push(k);
            stream = stream.map((x, t) => {
                const mixed = q[t].flatMap((query, head) => {
                    const shared = Math.floor((head * kvHeads) / heads);
                    const scores = Array.from({ length: t + 1 }, (_, s) => dot(query, k[s][shared]) / Math.sqrt(size));
                    const weights = softmax(scores);
                    attention[layer][head].push(weights);
                    const isOff = off !== null && off[0] === layer && off[1] === head;
                    return Array.from({ length: size }, (_, i) =>
                        isOff ? 0 : weights.reduce((sum, share, s) => sum + share * v[s][shared][i], 0),
                    );
                });
                return add(x, linear(weight("self_attn.o_proj"), mixed));
            });
            stream = stream.map((x) => {
                const inner = linear(weight("mlp.fc1"), rmsNorm(x, eps)).map((value) => Math.max(value, 0) ** 2);
                return add(x, linear(weight("mlp.fc2"), inner));
            });
        }
        const logits = stream.map((x) =>
            linear(tensors["lm_head.weight"], rmsNorm(x, eps)).map((raw) => softcap * Math.tanh(raw / softcap)),
        );
        return { attention, queries, keys, logits };
    }

    const add = (a, b) => a.map((value, i) => value + b[i]);

    return { decode, forward, rotate, rmsNorm, softmax, frequencies, dot };
})();
