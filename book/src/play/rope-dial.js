// The RoPE dial of chapter 03: a query and a key, each turned by its position, and what is left of that in their score.
"use strict";

(() => {
    const root = document.getElementById("rope-dial");
    const tools = globalThis.nanocrabAttention;
    if (!root || !tools) {
        return;
    }
    const BASE = 10000;
    const WIDTH = 24;
    const LAST = 63;
    const even = new Array(WIDTH).fill(1);
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [queryAt, keyAt, both, pairs, curve, reading, vectors] = [
        "query",
        "key",
        "both",
        "pairs",
        "curve",
        "reading",
        "vectors",
    ].map(part);

    /** What may be turned: all pairs alike, and one head's query and key from the trained model above. */
    const CHOICES = { even: { query: even, key: even } };

    function svg(name, attributes, text = "") {
        const element = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(attributes)) {
            element.setAttribute(key, typeof value === "number" ? value.toFixed(2) : value);
        }
        element.textContent = text;
        return element;
    }

    const score = (query, key, t, s) =>
        tools.dot(tools.rotate(query, t, BASE), tools.rotate(key, s, BASE)) / Math.sqrt(WIDTH);

    /** One pair: a circle with the query's arrow and the key's, and what the pair adds to the score. */
    function clock(query, key, pair) {
        const half = WIDTH / 2;
        const longest = Math.max(...[query, key].flatMap((x) => Array.from({ length: half }, (_, i) => Math.hypot(x[i], x[i + half]))));
        const element = svg("svg", { viewBox: "-50 -50 100 126", "aria-hidden": "true" });
        element.append(svg("circle", { r: 46, class: "rim" }));
        const arrow = (x, kind) => {
            const [right, up] = [(44 * x[pair]) / longest, (44 * x[pair + half]) / longest];
            element.append(
                svg("line", { x1: 0, y1: 0, x2: right, y2: -up, class: `arrow ${kind}` }),
                svg("circle", { cx: right, cy: -up, r: 4.5, class: `tip ${kind}` }),
            );
        };
        arrow(key, "key");
        arrow(query, "query");
        const added = (query[pair] * key[pair] + query[pair + half] * key[pair + half]) / Math.sqrt(WIDTH);
        element.append(svg("text", { x: 0, y: 68, class: "number" }, signed(added)));
        return element;
    }

    const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

    /** The score for every distance, and a mark at this one. */
    function drawCurve(query, key, distance) {
        const [left, top, width, height, limit] = [50, 14, 540, 116, Math.sqrt(WIDTH)];
        const x = (d) => left + (width * (d + LAST)) / (2 * LAST);
        const y = (value) => top + (height * (limit - value)) / (2 * limit);
        const points = [];
        for (let d = -LAST; d <= LAST; d++) {
            points.push(`${x(d).toFixed(1)},${y(score(query, key, d, 0)).toFixed(1)}`);
        }
        curve.replaceChildren(
            ...[-limit, 0, limit].flatMap((value) => [
                svg("line", { x1: left, x2: left + width, y1: y(value), y2: y(value), class: "rim" }),
                svg("text", { x: left - 6, y: y(value) + 4, class: "axis end" }, value.toFixed(1).replace("-", "−")),
            ]),
            ...[-60, -40, -20, 0, 20, 40, 60].map((d) =>
                svg("text", { x: x(d), y: top + height + 22, class: d % 40 === 0 ? "axis" : "axis minor" }, String(d).replace("-", "−")),
            ),
            svg("text", { x: left + width / 2, y: top + height + 46, class: "axis" }, "distance: the query's position minus the key's"),
            svg("polyline", { points: points.join(" "), class: "line" }),
            svg("circle", { cx: x(distance), cy: y(score(query, key, distance, 0)), r: 6, class: "tip query" }),
        );
    }

    function draw() {
        const [t, s] = [queryAt.valueAsNumber, keyAt.valueAsNumber];
        const { query, key } = CHOICES[vectors.value];
        const [turnedQuery, turnedKey] = [tools.rotate(query, t, BASE), tools.rotate(key, s, BASE)];
        pairs.replaceChildren(...Array.from({ length: WIDTH / 2 }, (_, pair) => clock(turnedQuery, turnedKey, pair)));
        drawCurve(query, key, t - s);
        const value = tools.dot(turnedQuery, turnedKey) / Math.sqrt(WIDTH);
        reading.textContent = `Query at ${t}, key at ${s}, distance ${String(t - s).replace("-", "−")}: the pairs add up to a score of ${signed(value)}.`;
        part("query-value").textContent = String(t);
        part("key-value").textContent = String(s);
        both.value = String(Math.min(t, s));
        both.max = String(LAST - Math.abs(t - s));
    }

    /** Query and key move together: the smaller of the two positions is where the slider stands. */
    function moveBoth() {
        const by = both.valueAsNumber - Math.min(queryAt.valueAsNumber, keyAt.valueAsNumber);
        const [t, s] = [queryAt.valueAsNumber + by, keyAt.valueAsNumber + by];
        queryAt.value = String(t);
        keyAt.value = String(s);
        draw();
    }

    if (globalThis.nanocrabAttentionModel) {
        const model = tools.decode(globalThis.nanocrabAttentionModel);
        const option = (value, text) => vectors.append(new Option(text, value));
        const [one, two] = ["crab", "lamp"].map((word) => model.words.indexOf(word));
        // With every position 0 nothing has been turned yet.
        const { queries, keys } = tools.forward(model, [one, two], { positions: false });
        for (let head = 0; head < model.heads; head++) {
            const name = `head-${head}`;
            CHOICES[name] = { query: queries[0][1][head], key: keys[0][0][Math.floor((head * model.kvHeads) / model.heads)] };
            option(name, `the trained model, layer 0, head ${head}: query of “lamp”, key of “crab”`);
        }
    }

    for (const slider of [queryAt, keyAt]) {
        slider.addEventListener("input", draw);
    }
    both.addEventListener("input", moveBoth);
    vectors.addEventListener("change", draw);
    root.addEventListener("keydown", (event) => event.stopPropagation());
    root.hidden = false;
    draw();
})();
