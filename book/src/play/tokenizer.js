// The tokenizer of chapter 01 in JavaScript: splitting, encoding, and the replay of the merges. The playground draws with it,
// and the crate's tests run it in a browser against the Rust encoder.
"use strict";

globalThis.nanocrabTokenizer = (() => {
    // The seven rules of pattern.rs. What differs is only notation: JavaScript has no possessive quantifiers (none of
    // these could give anything back that would help a match), and its `\s` is not Unicode's White_Space (it has the
    // byte order mark and lacks U+0085). `'S` in either case includes the long s, which folds to s.
    const SPLIT = new RegExp(
        [
            "'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])",
            "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
            "\\p{N}{1,2}",
            " ?[^\\p{White_Space}\\p{L}\\p{N}]+[\\r\\n]*",
            "\\p{White_Space}*[\\r\\n]",
            "\\p{White_Space}+(?!\\P{White_Space})",
            "\\p{White_Space}+",
        ].join("|"),
        "gu",
    );

    /** The chunks of a text. Every character is in one. */
    const split = (text) => text.match(SPLIT) ?? [];

    /** Reads the merges as the vocabulary's script writes them: "left right,left right,…" to the base 36. */
    function parse(written) {
        const merges = written
            .split(",")
            .filter((pair) => pair !== "")
            .map((pair) => pair.split(" ").map((id) => parseInt(id, 36)));
        const merged = new Map();
        const bytes = Array.from({ length: 256 }, (_, byte) => [byte]);
        merges.forEach(([left, right], index) => {
            merged.set(left * 65536 + right, 256 + index);
            bytes.push([...bytes[left], ...bytes[right]]);
        });
        return { merges, merged, bytes };
    }

    /** The ids of one chunk, by replaying the merges whose ids are below `limit`. The loop of encode.rs. */
    function encodeChunk(vocabulary, chunk, limit = Infinity) {
        const ids = Array.from(new TextEncoder().encode(chunk));
        for (;;) {
            let lowest = limit;
            let at = -1;
            for (let i = 0; i + 1 < ids.length; i++) {
                const id = vocabulary.merged.get(ids[i] * 65536 + ids[i + 1]);
                if (id !== undefined && id < lowest) {
                    lowest = id;
                    at = i;
                }
            }
            if (at < 0) {
                return ids;
            }
            ids.splice(at, 2, lowest);
        }
    }

    /** The ids of a text, or what it is before the merges from `limit` on are replayed. */
    const encode = (vocabulary, text, limit = Infinity) =>
        split(text).flatMap((chunk) => encodeChunk(vocabulary, chunk, limit));

    /** The merges that a text needs, as the ids they make, in the order in which they happen. */
    function replay(vocabulary, text) {
        const used = new Set();
        const visit = (id) => {
            if (id >= 256 && !used.has(id)) {
                used.add(id);
                vocabulary.merges[id - 256].forEach(visit);
            }
        };
        encode(vocabulary, text).forEach(visit);
        return [...used].sort((a, b) => a - b);
    }

    return { split, parse, encodeChunk, encode, replay };
})();
