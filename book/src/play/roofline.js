// The roofline explorer of chapter 06: an operation, its sizes, a machine's two ceilings, and which of them holds it up.
"use strict";

(() => {
    /** Operations per second and bytes per second; `bytes` of a number. */
    const MACHINES = {
        ours: { name: "2 cores, fp32 (round numbers)", peak: 120e9, memory: 12e9, bytes: 4 },
        a100: { name: "A100, bf16", peak: 312e12, memory: 2.04e12, bytes: 2 },
        h100: { name: "H100, bf16", peak: 989e12, memory: 3.35e12, bytes: 2 },
        h200: { name: "H200, bf16", peak: 989e12, memory: 4.8e12, bytes: 2 },
    };

    /** What an operation does at the least: every matrix moved once. `sizes` are the letters it is asked for. */
    const OPERATIONS = {
        product: {
            name: "matrix product (M, K) · (K, N)",
            short: "product",
            sizes: { M: "M, rows", K: "K, summed", N: "N, columns" },
            cost: ({ M, K, N }, e) => ({ flops: 2 * M * K * N, bytes: e * (M * K + K * N + M * N) }),
        },
        attention: {
            name: "attention, forward",
            short: "attention",
            sizes: { M: "M, rows × heads", K: "D, head width", N: "T, positions" },
            cost: ({ M, K, N }, e) => ({ flops: 4 * M * N * N * K, bytes: 4 * e * M * N * K }),
        },
        relu: {
            name: "relu², forward, in one pass",
            short: "relu²",
            sizes: { M: "M, rows", N: "N, columns" },
            cost: ({ M, N }, e) => ({ flops: 2 * M * N, bytes: 2 * e * M * N }),
        },
        relus: {
            name: "relu², forward, as two operations",
            short: "relu, square",
            sizes: { M: "M, rows", N: "N, columns" },
            cost: ({ M, N }, e) => ({ flops: 2 * M * N, bytes: 4 * e * M * N }),
        },
        norm: {
            name: "RMSNorm, backward, in one pass",
            short: "norm, back",
            sizes: { M: "M, rows", N: "N, columns" },
            cost: ({ M, N }, e) => ({ flops: 6 * M * N, bytes: 3 * e * M * N }),
        },
        adamw: {
            name: "AdamW, fp32, in one pass",
            short: "AdamW",
            sizes: { M: "M, rows", N: "N, columns" },
            cost: ({ M, N }) => ({ flops: 12 * M * N, bytes: 28 * M * N }),
        },
    };

    /** The shorter of two ceilings in action: seconds of computing and of moving, the longer one, and the speed. */
    function limit({ flops, bytes }, { peak, memory }) {
        const [computing, moving] = [flops / peak, bytes / memory];
        const seconds = Math.max(computing, moving);
        return { intensity: flops / bytes, computing, moving, seconds, speed: flops / seconds };
    }

    globalThis.nanocrabRoofline = { MACHINES, OPERATIONS, limit };

    const root = document.getElementById("roofline");
    if (!root) {
        return;
    }
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [machine, operation, sizes, plot, reading] = ["machine", "operation", "sizes", "plot", "reading"].map(part);
    const values = { M: 4096, K: 256, N: 1024, peak: 0, memory: 0 };

    function options(select, entries) {
        for (const [key, { name }] of Object.entries(entries)) {
            select.append(new Option(name, key));
        }
    }

    function field(key, name, value) {
        const label = document.createElement("label");
        const input = document.createElement("input");
        input.type = "number";
        input.min = "1";
        input.step = "any";
        input.value = String(value);
        input.id = `roofline-${key}`;
        input.dataset.size = key;
        label.htmlFor = input.id;
        label.textContent = name;
        const box = document.createElement("div");
        box.append(label, input);
        return box;
    }

    /** 2147483648 -> "2.15 G" */
    function short(number) {
        const units = [
            ["T", 1e12],
            ["G", 1e9],
            ["M", 1e6],
            ["k", 1e3],
            ["", 1],
        ];
        const [unit, size] = units.find(([, size]) => number >= size) ?? ["", 1];
        return `${Number((number / size).toPrecision(3))} ${unit}`;
    }

    function duration(seconds) {
        const [unit, size] = [
            ["s", 1],
            ["ms", 1e-3],
            ["µs", 1e-6],
            ["ns", 1e-9],
        ].find(([, size]) => seconds >= size) ?? ["ns", 1e-9];
        return `${Number((seconds / size).toPrecision(3))} ${unit}`;
    }

    function svg(name, attributes, text = "") {
        const element = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(attributes)) {
            element.setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
        }
        element.textContent = text;
        return element;
    }

    const [LEFT, RIGHT, TOP, BOTTOM] = [70, 620, 18, 288];

    function draw(ceilings, bytes, here) {
        const [low, high] = [1 / 16, 16384];
        const [least, most] = [ceilings.peak / 2e4, ceilings.peak * 2];
        const span = (at, from, to) => Math.log(Math.min(to, Math.max(from, at)) / from) / Math.log(to / from);
        const x = (intensity) => LEFT + (RIGHT - LEFT) * span(intensity, low, high);
        const y = (speed) => BOTTOM - (BOTTOM - TOP) * span(speed, least, most);
        const parts = [];
        for (let tick = low; tick <= high; tick *= 16) {
            parts.push(svg("line", { x1: x(tick), y1: TOP, x2: x(tick), y2: BOTTOM, class: "grid" }));
            const label = tick < 1 ? `1/${1 / tick}` : String(tick);
            parts.push(svg("text", { x: x(tick), y: BOTTOM + 18, "text-anchor": "middle" }, label));
        }
        for (let power = Math.ceil(Math.log10(least)); 10 ** power <= most; power += 1) {
            const at = 10 ** power;
            parts.push(svg("line", { x1: LEFT, y1: y(at), x2: RIGHT, y2: y(at), class: "grid" }));
            parts.push(svg("text", { x: LEFT - 8, y: y(at) + 4, "text-anchor": "end" }, short(at)));
        }
        parts.push(svg("text", { x: RIGHT, y: BOTTOM + 46, "text-anchor": "end" }, "operations per byte"));
        parts.push(svg("text", { x: LEFT, y: BOTTOM + 46 }, "up: operations per second"));
        const edge = ceilings.peak / ceilings.memory;
        const from = Math.max(low, least / ceilings.memory);
        const roof = [
            [x(from), y(from * ceilings.memory)],
            [x(edge), y(ceilings.peak)],
            [x(high), y(ceilings.peak)],
        ];
        parts.push(svg("line", { x1: x(edge), y1: y(ceilings.peak), x2: x(edge), y2: BOTTOM, class: "edge" }));
        parts.push(svg("text", { x: x(edge) + 6, y: BOTTOM - 8, class: "faint" }, `edge: ${short(edge)}`));
        parts.push(svg("polyline", { points: roof.map((point) => point.map((at) => at.toFixed(1)).join(",")).join(" "), class: "roof" }));
        for (const [key, other] of Object.entries(OPERATIONS)) {
            const at = limit(other.cost(values, bytes), ceilings);
            const [cx, cy] = [x(at.intensity), y(at.speed)];
            if (key === operation.value) {
                continue;
            }
            parts.push(svg("circle", { cx, cy, r: 4, class: "other" }));
        }
        const [cx, cy] = [x(here.intensity), y(here.speed)];
        parts.push(svg("line", { x1: cx, y1: cy, x2: cx, y2: BOTTOM, class: "drop" }));
        parts.push(svg("circle", { cx, cy, r: 7, class: "here" }));
        const right = cx > (LEFT + RIGHT) / 2;
        const label = { x: cx + (right ? -12 : 12), y: cy + 22, "text-anchor": right ? "end" : "start", class: "name" };
        parts.push(svg("text", label, OPERATIONS[operation.value].short));
        plot.replaceChildren(...parts);
    }

    function update() {
        for (const input of sizes.querySelectorAll("input")) {
            const value = Number(input.value);
            const good = Number.isFinite(value) && value > 0;
            input.setAttribute("aria-invalid", String(!good));
            if (good) {
                values[input.dataset.size] = value;
            }
        }
        const ceilings = { peak: values.peak * 1e9, memory: values.memory * 1e9 };
        const bytes = MACHINES[machine.value].bytes;
        const cost = OPERATIONS[operation.value].cost(values, bytes);
        const here = limit(cost, ceilings);
        draw(ceilings, bytes, here);
        const held = here.computing > here.moving ? "arithmetic" : "memory";
        const share = Number(((100 * here.speed) / ceilings.peak).toPrecision(2));
        reading.textContent =
            `${short(cost.flops)}FLOP and ${short(cost.bytes)}B: ${Number(here.intensity.toPrecision(3))} operations per byte. ` +
            `Computing takes ${duration(here.computing)}, moving ${duration(here.moving)}: held up by ${held}. ` +
            `At the most ${short(here.speed)}FLOP/s, ${share} % of the peak. The grey dots are the other operations at these sizes.`;
    }

    /** The fields of an operation, with what was typed before. */
    function fields() {
        const own = Object.entries(OPERATIONS[operation.value].sizes);
        sizes.replaceChildren(
            ...own.map(([key, name]) => field(key, name, values[key])),
            field("peak", "products, GFLOP/s", values.peak),
            field("memory", "memory, GB/s", values.memory),
        );
        update();
    }

    function choose() {
        const { peak, memory } = MACHINES[machine.value];
        [values.peak, values.memory] = [peak / 1e9, memory / 1e9];
        fields();
    }

    options(machine, MACHINES);
    options(operation, OPERATIONS);
    machine.addEventListener("change", choose);
    operation.addEventListener("change", fields);
    sizes.addEventListener("input", update);
    root.addEventListener("keydown", (event) => event.stopPropagation()); // the book turns pages with the arrow keys
    choose();
    root.hidden = false;
})();
