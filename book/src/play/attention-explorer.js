// The attention explorer of chapter 03: words go through a small trained model, and each head shows where it looks.
"use strict";

(() => {
    const root = document.getElementById("attention-explorer");
    const tools = globalThis.nanocrabAttention;
    if (!root || !tools || !globalThis.nanocrabAttentionModel) {
        return;
    }
    const model = tools.decode(globalThis.nanocrabAttentionModel);
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [input, unknown, heads, words, reading, guess, map, nowhere, silent] = [
        "input",
        "unknown",
        "heads",
        "words",
        "reading",
        "guess",
        "map",
        "nowhere",
        "silent",
    ].map(part);
    const EXAMPLES = {
        "A stretch returns": "moon kelp crab lantern pier gull salt rope kelp crab lantern pier",
        "The same twice": "tide shell otter bell reef fog oar tide shell otter bell reef fog oar",
        "One word, two sequels": "crab lamp boat sand crab net star pearl crab",
        "Nothing returns": "seal map wave coin bay eel ring plum heron mast dune key",
    };

    let ids = [];
    let run = null;
    let head = [1, 0];
    let at = 0;

    /** The words that the model knows become ids; the others are named and left out. */
    function typed() {
        const written = input.value.toLowerCase().split(/[^a-z]+/).filter((word) => word !== "");
        const found = written.map((word) => model.words.indexOf(word));
        const strange = [...new Set(written.filter((_, index) => found[index] < 0))];
        ids = found.filter((id) => id >= 0).slice(0, model.context);
        unknown.textContent = strange.length > 0 ? `Not among the model's ${model.words.length} words: ${strange.join(", ")}.` : "";
        at = Math.max(ids.length - 1, 0);
        compute();
    }

    function compute() {
        run = ids.length === 0 ? null : tools.forward(model, ids, { positions: !nowhere.checked, off: silent.checked ? head : null });
        draw();
    }

    const percent = (share) => `${Math.round(100 * share)} %`;
    const weights = () => run.attention[head[0]][head[1]];

    function draw() {
        words.replaceChildren(...ids.map(wordButton));
        map.replaceChildren(...(run ? squares() : []));
        look();
    }

    function wordButton(id, position) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "word";
        button.textContent = model.words[id];
        button.dataset.position = String(position);
        return button;
    }

    /** The word at `at` has been chosen: shade the others by its weights, and say it in words. */
    function look() {
        if (!run) {
            reading.textContent = "Write some of the model's words.";
            guess.textContent = "";
            return;
        }
        const row = weights()[at];
        [...words.children].forEach((button, position) => {
            const share = position <= at ? row[position] : 0;
            button.style.setProperty("--share", share.toFixed(4));
            button.classList.toggle("later", position > at);
            button.setAttribute("aria-pressed", String(position === at));
            button.tabIndex = position === at ? 0 : -1;
            const seen = position > at ? "comes later" : `weight ${percent(share)}`;
            button.setAttribute("aria-label", `${model.words[ids[position]]}, position ${position}, ${seen}`);
        });
        for (const square of map.querySelectorAll(".cell")) {
            square.classList.toggle("here", square.dataset.row === String(at));
        }
        const largest = row.map((share, position) => ({ share, position })).sort((a, b) => b.share - a.share);
        const named = largest.slice(0, 3).filter(({ share }) => share >= 0.005);
        reading.textContent =
            `Layer ${head[0]}, head ${head[1]}. From “${model.words[ids[at]]}” at position ${at} it looks at ` +
            named.map(({ share, position }) => `“${model.words[ids[position]]}” (${distance(at - position)}) ${percent(share)}`).join(", ") +
            ".";
        const likely = tools
            .softmax(run.logits[at])
            .map((share, id) => ({ share, id }))
            .sort((a, b) => b.share - a.share)
            .slice(0, 3);
        guess.textContent =
            `What the whole model expects next: ` +
            likely.map(({ share, id }) => `${model.words[id]} ${percent(share)}`).join(", ") +
            (at + 1 < ids.length ? `. What comes: ${model.words[ids[at + 1]]}.` : ".");
    }

    const distance = (back) => (back === 0 ? "itself" : `${back} back`);

    /** A square for each weight: a row for each word that looks, a column for each that is looked at. */
    function squares() {
        const side = 100 / ids.length;
        const draw = (row, column, share) => {
            const cell = document.createElementNS("http://www.w3.org/2000/svg", "rect");
            cell.setAttribute("x", (column * side).toFixed(3));
            cell.setAttribute("y", (row * side).toFixed(3));
            cell.setAttribute("width", (side * 0.94).toFixed(3));
            cell.setAttribute("height", (side * 0.94).toFixed(3));
            cell.setAttribute("class", "cell");
            cell.style.fillOpacity = (0.06 + 0.94 * share).toFixed(3);
            cell.dataset.row = String(row);
            return cell;
        };
        return weights().flatMap((row, t) => row.map((share, s) => draw(t, s, share)));
    }

    for (let layer = 0; layer < model.layers; layer++) {
        for (let number = 0; number < model.heads; number++) {
            const label = document.createElement("label");
            const radio = document.createElement("input");
            radio.type = "radio";
            radio.name = "attention-head";
            radio.value = `${layer}.${number}`;
            radio.checked = layer === head[0] && number === head[1];
            label.append(radio, ` layer ${layer}, head ${number}`);
            heads.append(label);
        }
    }
    for (const name of Object.keys(EXAMPLES)) {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.example = name;
        button.textContent = name;
        part("examples").append(button);
    }

    const choose = (position) => {
        at = position;
        look();
    };

    input.addEventListener("input", typed);
    nowhere.addEventListener("change", compute);
    silent.addEventListener("change", compute);
    heads.addEventListener("change", (event) => {
        head = event.target.value.split(".").map(Number);
        compute();
    });
    root.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.example) {
            input.value = EXAMPLES[button.dataset.example];
            typed();
        } else if (button?.dataset.position) {
            choose(Number(button.dataset.position));
        } else if (event.target.dataset?.row) {
            choose(Number(event.target.dataset.row));
        }
    });
    words.addEventListener("pointerover", (event) => {
        const button = event.target.closest("button");
        if (button && event.pointerType === "mouse") {
            choose(Number(button.dataset.position));
        }
    });
    // Among the words the arrow keys move, so that they are one stop of the tab key.
    words.addEventListener("keydown", (event) => {
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
        if (words.children[to]) {
            choose(to);
            words.children[to].focus();
            event.preventDefault();
        }
    });
    // The book turns its pages with the arrow keys and opens its search with a letter: not from in here.
    root.addEventListener("keydown", (event) => event.stopPropagation());

    part("list").textContent = model.words.join(", ");
    input.value = EXAMPLES["A stretch returns"];
    root.hidden = false;
    typed();
})();
