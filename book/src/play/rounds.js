// The rounds of chapter 04: a singular value, a polynomial for each round, and where the value goes.
"use strict";

(() => {
    /** (a, b, c) of p(x) = a x + b x³ + c x⁵ in each round; the last is repeated. `room`: what x is divided by first. */
    const ITERATIONS = {
        cubic: { name: "the classical one, 3/2 x − 1/2 x³", rounds: [[1.5, -0.5, 0]], room: 1 },
        newton: { name: "Newton–Schulz", rounds: [[3.4445, -4.775, 2.0315]], room: 1 },
        polar: {
            name: "Polar Express",
            rounds: [
                [8.156554524902461, -22.48329292557795, 15.878769915207462],
                [4.042929935166739, -2.808917465908714, 0.5000178451051316],
                [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
                [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
                [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
            ],
            room: 1.01,
        },
    };

    /** The value before the first round and after each of `count`. */
    function through(iteration, x, count) {
        const { rounds, room } = ITERATIONS[iteration];
        const values = [x];
        let at = x / room;
        for (let round = 0; round < count; round += 1) {
            const [a, b, c] = rounds[Math.min(round, rounds.length - 1)];
            at = at * (a + at * at * (b + at * at * c));
            values.push(at);
        }
        return values;
    }

    globalThis.nanocrabRounds = { ITERATIONS, through };

    const root = document.getElementById("rounds");
    if (!root) {
        return;
    }
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [iteration, value, count, plot, reading] = ["iteration", "value", "count", "plot", "reading"].map(part);

    function svg(name, attributes, text = "") {
        const element = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(attributes)) {
            element.setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
        }
        element.textContent = text;
        return element;
    }

    /** 0.05673 -> "0.0567", 7072 -> "7072", 3.6e19 -> "3.6e+19" */
    function short(number) {
        if (!Number.isFinite(number)) {
            return "no number";
        }
        const size = Math.abs(number);
        return size >= 1e5 || (size > 0 && size < 1e-5) ? number.toExponential(1) : String(Number(number.toPrecision(3)));
    }

    const [LEFT, RIGHT, TOP, BOTTOM] = [50, 620, 14, 262];
    const [LOW, HIGH, MOST] = [1e-4, 1.5, 2.2];
    const x = (input) => LEFT + ((RIGHT - LEFT) * Math.log(input / LOW)) / Math.log(HIGH / LOW);
    const y = (output) => BOTTOM - ((BOTTOM - TOP) * Math.min(MOST, Math.max(0, output))) / MOST;

    function draw(name, rounds, here) {
        const parts = [];
        for (const output of [0, 0.5, 1, 1.5, 2]) {
            parts.push(svg("line", { x1: LEFT, y1: y(output), x2: RIGHT, y2: y(output), class: output === 1 ? "one" : "grid" }));
            parts.push(svg("text", { x: LEFT - 8, y: y(output) + 4, "text-anchor": "end" }, String(output)));
        }
        for (const input of [0.0001, 0.001, 0.01, 0.1, 1]) {
            parts.push(svg("text", { x: x(input), y: BOTTOM + 18, "text-anchor": "middle" }, String(input)));
        }
        parts.push(svg("text", { x: RIGHT, y: BOTTOM + 38, "text-anchor": "end" }, "singular value in; up: what comes out"));
        const points = [];
        for (let step = 0; step <= 600; step += 1) {
            const input = LOW * (HIGH / LOW) ** (step / 600);
            const output = through(name, input, rounds)[rounds];
            points.push(`${x(input).toFixed(1)},${y(Number.isFinite(output) ? output : MOST).toFixed(1)}`);
        }
        parts.push(svg("polyline", { points: points.join(" "), class: "curve" }));
        // The way of the one value, straight up from where it began.
        here.forEach((at, round) => {
            const last = round === here.length - 1;
            const seen = Number.isFinite(at) ? at : MOST;
            parts.push(svg("circle", { cx: x(here[0]), cy: y(seen), r: last ? 7 : 4, class: last ? "here" : "way" }));
        });
        plot.replaceChildren(...parts);
    }

    function update() {
        const [name, rounds, start] = [iteration.value, Number(count.value), 10 ** Number(value.value)];
        const way = through(name, start, rounds);
        value.setAttribute("aria-valuetext", short(start));
        draw(name, rounds, way);
        const ends = [];
        for (let step = 0; step <= 400; step += 1) {
            ends.push(through(name, 0.002 * 500 ** (step / 400), rounds)[rounds]);
        }
        reading.textContent =
            `${way.map(short).join(" → ")}. After ${rounds} round${rounds === 1 ? "" : "s"} what began between 0.002 and 1 lies ` +
            `between ${short(Math.min(...ends))} and ${short(Math.max(...ends))}.`;
    }

    for (const [key, { name }] of Object.entries(ITERATIONS)) {
        iteration.append(new Option(name, key));
    }
    iteration.value = "newton";
    for (const control of [iteration, value, count]) {
        control.addEventListener("input", update);
    }
    root.addEventListener("keydown", (event) => event.stopPropagation()); // the book turns pages with the arrow keys
    update();
    root.hidden = false;
})();
