// The playground of chapter 01: what is typed is split, encoded and shown as coloured tokens, and a slider replays the merges.
"use strict";

(() => {
    const root = document.getElementById("tokenizer-playground");
    const tools = globalThis.nanocrabTokenizer;
    if (!root || !tools || !globalThis.nanocrabMerges) {
        return;
    }
    const vocabulary = tools.parse(globalThis.nanocrabMerges);
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [input, tokens, counts, slider, rule, detail, play] = [
        "input",
        "tokens",
        "counts",
        "slider",
        "rule",
        "detail",
        "play",
    ].map(part);
    const EXAMPLES = {
        English: "The tokenizer counts pairs, and the commonest pair becomes a token.",
        Rust: "fn main() {\n    let ids = tokenizer.encode(\"a crab\");\n    println!(\"{}\", ids.len());\n}",
        Numbers: "7 + 12 = 19, 1234 * 10 = 12340, 3.14159, 2026-11-24",
        Korean: "게가 조개를 센다.",
        Emoji: "🦀 and 👩‍🚀: é, e\u0301, ½",
        Mixed: "it's IT'S it’s    indented\t\ttabs\n\n\nlines",
    };
    // Bytes are text only if they are whole characters; the decoder says so instead of writing �.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

    /** What a token looks like: its text with line breaks made visible, or its bytes. */
    function shown(id) {
        const bytes = vocabulary.bytes[id];
        try {
            const text = decoder.decode(Uint8Array.from(bytes));
            return { text, isText: true };
        } catch {
            return { text: hex(bytes), isText: false };
        }
    }

    /** A token with its white space spelled out. */
    function spelled(id) {
        const { text, isText } = shown(id);
        const visible = text
            .replaceAll(" ", "␣")
            .replaceAll("\n", "↵")
            .replaceAll("\r", "␍")
            .replaceAll("\t", "⇥");
        return isText ? visible : `<${text}>`;
    }

    /** The same in a sentence. */
    const quoted = (id) => (shown(id).isText ? `“${spelled(id)}”` : spelled(id));

    let steps = [];
    let timer = null;
    let chosen = null;

    const limit = () => (slider.valueAsNumber === 0 ? 256 : steps[slider.valueAsNumber - 1] + 1);

    /** The text has changed: which merges does it need? The slider goes to its end. */
    function typed() {
        stop();
        steps = tools.replay(vocabulary, input.value);
        slider.max = String(steps.length);
        slider.value = slider.max;
        slider.disabled = steps.length === 0;
        draw();
    }

    function draw() {
        const chunks = tools.split(input.value);
        const newest = slider.valueAsNumber > 0 ? steps[slider.valueAsNumber - 1] : -1;
        const pieces = document.createDocumentFragment();
        let count = 0;
        for (const chunk of chunks) {
            const box = document.createElement("span");
            box.className = "chunk";
            for (const id of tools.encodeChunk(vocabulary, chunk, limit())) {
                box.append(tokenButton(id, count++, id === newest));
            }
            pieces.append(box);
        }
        tokens.replaceChildren(pieces);
        const first = tokens.querySelector("button");
        if (first) {
            first.tabIndex = 0;
        }
        const bytes = new TextEncoder().encode(input.value).length;
        const characters = Array.from(input.value).length;
        const ratio = count > 0 ? (bytes / count).toFixed(2) : "0";
        counts.textContent =
            `${plural(characters, "character")}, ${plural(bytes, "byte")}, ${plural(chunks.length, "chunk")}, ` +
            `${plural(count, "token")}: ${ratio} bytes per token`;
        const at = slider.valueAsNumber;
        if (at === 0) {
            rule.textContent = `Before the first merge: every byte is a token. This text needs ${plural(steps.length, "merge")} of ${vocabulary.merges.length}.`;
        } else {
            const [left, right] = vocabulary.merges[newest - 256];
            rule.textContent = `Step ${at} of ${steps.length}, merge ${newest - 255}: ${quoted(left)} + ${quoted(right)} → ${quoted(newest)}, id ${newest}`;
        }
        slider.setAttribute("aria-valuetext", rule.textContent);
        detail.replaceChildren(note("Choose a token to see its bytes and the tree of its merges."));
        chosen = null;
    }

    const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

    function note(text) {
        const line = document.createElement("p");
        line.textContent = text;
        return line;
    }

    function tokenButton(id, index, isNew) {
        const { text, isText } = shown(id);
        const button = document.createElement("button");
        button.type = "button";
        button.tabIndex = -1;
        button.className = `token shade-${index % 5}${isText ? "" : " bytes"}${isNew ? " new" : ""}`;
        button.textContent = isText ? text.replaceAll("\n", "↵\n").replaceAll("\t", "⇥") : text;
        button.setAttribute("aria-label", `${quoted(id)}, id ${id}`);
        button.dataset.id = String(id);
        return button;
    }

    /** A token as a tree: itself, and below it the two that it was merged from. */
    function tree(id) {
        const node = document.createElement("div");
        node.className = "node";
        const name = document.createElement("span");
        name.className = "name";
        name.textContent = spelled(id);
        const number = document.createElement("span");
        number.className = "id";
        number.textContent = String(id);
        node.append(name, number);
        if (id >= 256) {
            const halves = document.createElement("div");
            halves.className = "halves";
            halves.append(...vocabulary.merges[id - 256].map(tree));
            node.append(halves);
        }
        return node;
    }

    function choose(button) {
        chosen?.removeAttribute("aria-pressed");
        chosen = button;
        button.setAttribute("aria-pressed", "true");
        const id = Number(button.dataset.id);
        const bytes = vocabulary.bytes[id];
        const origin = id < 256 ? "a single byte, there from the start" : `merge ${id - 255} of ${vocabulary.merges.length}`;
        detail.replaceChildren(
            note(`${quoted(id)} is id ${id}: ${origin}. Its ${plural(bytes.length, "byte")}: ${hex(bytes)}`),
            ...(id < 256 ? [] : [tree(id)]),
        );
    }

    function stop() {
        clearInterval(timer);
        timer = null;
        play.textContent = "Play";
    }

    function step(by) {
        slider.value = String(slider.valueAsNumber + by);
        draw();
    }

    const ACTIONS = {
        back: () => step(-1),
        forward: () => step(1),
        play: () => {
            if (timer) {
                stop();
                return;
            }
            if (slider.value === slider.max) {
                step(-slider.valueAsNumber);
            }
            play.textContent = "Pause";
            timer = setInterval(() => {
                step(1);
                if (slider.value === slider.max) {
                    stop();
                }
            }, 700);
        },
    };

    input.addEventListener("input", typed);
    slider.addEventListener("input", () => {
        stop();
        draw();
    });
    root.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) {
            return;
        }
        if (button.dataset.example) {
            input.value = EXAMPLES[button.dataset.example];
            typed();
        } else if (button.classList.contains("token")) {
            stop();
            choose(button);
        } else if (ACTIONS[button.dataset.part]) {
            if (button !== play) {
                stop();
            }
            ACTIONS[button.dataset.part]();
        }
    });
    // Among the tokens the arrow keys move, so that a long text is one stop of the tab key.
    tokens.addEventListener("keydown", (event) => {
        const all = [...tokens.querySelectorAll("button")];
        const at = all.indexOf(document.activeElement);
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
        if (at >= 0 && all[to]) {
            all[at].tabIndex = -1;
            all[to].tabIndex = 0;
            all[to].focus();
            event.preventDefault();
        }
    });
    // The book turns its pages with the arrow keys and opens its search with a letter: not from in here.
    root.addEventListener("keydown", (event) => event.stopPropagation());

    const examples = part("examples");
    for (const name of Object.keys(EXAMPLES)) {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.example = name;
        button.textContent = name;
        examples.append(button);
    }
    input.value = EXAMPLES.English;
    root.hidden = false;
    typed();
})();
