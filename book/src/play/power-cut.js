// The power cut of chapter 05: a save as a list of operations, and what the next start may find after each of them.
"use strict";

(() => {
    /** What a careful save does and a careless one leaves out. */
    const GUARDS = {
        files: "sync each file",
        manifest: "a manifest, written last",
        inside: "sync base.new, the list of its files",
        around: "sync the folder around, before the old one is removed",
    };
    const FILES = ["model.safetensors", "optimizer-0.safetensors"];
    const MANIFEST = "manifest.json";
    const OLD = "base.step-000100";

    /** The operations of a save, in order. */
    function operations(guards) {
        const list = [{ verb: "create", name: "base.new" }];
        for (const name of guards.manifest ? [...FILES, MANIFEST] : FILES) {
            list.push({ verb: "write", name });
            if (guards.files) {
                list.push({ verb: "sync", name });
            }
        }
        if (guards.inside) {
            list.push({ verb: "sync", name: "base.new" });
        }
        list.push({ verb: "rename", name: "base", to: OLD }, { verb: "rename", name: "base.new", to: "base" });
        if (guards.around) {
            list.push({ verb: "sync", name: "around" });
        }
        list.push({ verb: "remove", name: OLD });
        return list;
    }

    /** All ways to choose from some things. */
    function subsets(things) {
        return things.reduce((sets, thing) => sets.concat(sets.map((set) => [...set, thing])), [[]]);
    }

    /** What of `done` has surely reached the disk, and what may or may not have. */
    function reached(done) {
        const found = { written: [], synced: new Set(), listed: new Set(), changes: [] };
        for (const operation of done) {
            const { verb, name } = operation;
            if (verb === "write") {
                found.written.push(name);
            } else if (verb === "sync" && name === "base.new") {
                found.written.forEach((file) => found.listed.add(file));
            } else if (verb === "sync" && name === "around") {
                found.changes.forEach((change) => (change.sure = true));
            } else if (verb === "sync") {
                found.synced.add(name);
            } else {
                found.changes.push({ ...operation, sure: false });
            }
        }
        return found;
    }

    /** The names of the folder around, and whether the old checkpoint has its files still. */
    function names(changes) {
        const around = new Map([["base", "old"]]);
        let kept = true;
        for (const { verb, name, to } of changes) {
            if (verb === "create") {
                around.set(name, "new");
            } else if (verb === "rename") {
                // The name moves with the folder that it stood for when it was renamed.
                around.delete(name);
                around.set(to, name === "base" ? "old" : "new");
            } else {
                around.delete(name);
                kept = false;
            }
        }
        return { around, kept };
    }

    /** What the next start takes: `old`, `new`, `garbage` that it believes, or `nothing`. */
    function start(guards, { around, kept }, present, good) {
        const whole = (files) => files.every((file) => present.has(file) && good.has(file));
        if (guards.manifest) {
            const there = [...around.values()];
            if (there.includes("new") && whole([...FILES, MANIFEST])) {
                return "new";
            }
            return there.includes("old") && kept ? "old" : "nothing";
        }
        // Without a manifest there is nothing to go by but a name.
        if (around.get("base") === "old") {
            return kept ? "old" : "nothing";
        }
        if (around.get("base") !== "new" || !FILES.every((file) => present.has(file))) {
            return "nothing";
        }
        return whole(FILES) ? "new" : "garbage";
    }

    /** Everything that may be found if the power is cut when these operations are done. */
    function after(guards, done) {
        const { written, synced, listed, changes } = reached(done);
        const unsure = changes.filter((change) => !change.sure);
        const found = new Set();
        for (const lost of subsets(unsure)) {
            const folder = names(changes.filter((change) => !lost.includes(change)));
            for (const unlisted of subsets(written.filter((file) => !listed.has(file)))) {
                const present = new Set(written.filter((file) => !unlisted.includes(file)));
                for (const zeros of subsets(written.filter((file) => !synced.has(file)))) {
                    const good = new Set(written.filter((file) => !zeros.includes(file)));
                    found.add(start(guards, folder, present, good));
                }
            }
        }
        return ["old", "new", "garbage", "nothing"].filter((end) => found.has(end));
    }

    /** For each operation, what a cut behind it may leave; the first line is the moment before all of them. */
    function table(guards) {
        const list = operations(guards);
        return [null, ...list].map((operation, at) => ({ operation, found: after(guards, list.slice(0, at)) }));
    }

    globalThis.nanocrabPowerCut = { GUARDS, operations, table };

    const root = document.getElementById("power-cut");
    if (!root) {
        return;
    }
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const WORDS = {
        old: "the old checkpoint",
        new: "the new one",
        garbage: "a model with zeros in it, and nobody notices",
        nothing: "nothing that can be used",
    };

    function said(operation) {
        if (!operation) {
            return "before the save";
        }
        const { verb, name, to } = operation;
        return to ? `${verb} ${name} → ${to}` : `${verb} ${name}`;
    }

    function cell(text, name) {
        const element = document.createElement(name);
        element.textContent = text;
        return element;
    }

    function update() {
        const guards = {};
        for (const box of root.querySelectorAll("input")) {
            guards[box.dataset.guard] = box.checked;
        }
        const lines = table(guards);
        const isLoss = ({ found }) => found.some((end) => end === "nothing" || end === "garbage");
        part("rows").replaceChildren(
            ...lines.map((line) => {
                const row = document.createElement("tr");
                row.className = isLoss(line) ? "loss" : "";
                row.append(cell(said(line.operation), "th"), cell(line.found.map((end) => WORDS[end]).join(", or "), "td"));
                row.firstChild.scope = "row";
                return row;
            }),
        );
        const losses = lines.filter(isLoss).length;
        part("reading").textContent =
            losses === 0
                ? `${lines.length} moments, and at none of them anything is lost.`
                : `At ${losses} of ${lines.length} moments a power cut may lose everything.`;
    }

    part("guards").replaceChildren(
        ...Object.entries(GUARDS).map(([key, words]) => {
            const label = document.createElement("label");
            const box = document.createElement("input");
            box.type = "checkbox";
            box.checked = true;
            box.id = `power-cut-${key}`;
            box.dataset.guard = key;
            label.htmlFor = box.id;
            label.append(box, ` ${words}`);
            return label;
        }),
    );
    root.addEventListener("change", update);
    root.addEventListener("keydown", (event) => event.stopPropagation()); // the book turns pages with the arrow keys
    update();
    root.hidden = false;
})();
