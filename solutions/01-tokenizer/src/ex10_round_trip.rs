//! # The round-trip inquisitor
//!
//! Goal: write the test that finds every tokenizer which does not give the text back.
//!
//! Minutes: 25. Difficulty: 2 of 5.
//!
//! Here the roles are turned: you write the test, and it is judged by tokenizers that are broken in ways that are easily come
//! by: line ends changed, spaces trimmed, accents composed, names of special tokens taken for the tokens themselves. A test that
//! tries `Hello world` finds few of them.
//!
//! Your function is given an encoder and a decoder. It returns a text that does not come back as it was, or `None` if it finds
//! none. A sound tokenizer must not be accused.
//!
//! ## Hint 1
//!
//! Whatever texts you think of, the check is the same: `decode(&encode(text)) != text`. So begin with a list of awkward texts and
//! return the first that fails.
//!
//! ## Hint 2
//!
//! Ways to be awkward: white space at either end, in rows, and of rare kinds (`\r\n`, tab, no-break space); case; characters of
//! two, three and four bytes; a letter and its accent as two characters; control characters; the mark that some programs put
//! in front of a file (`\u{feff}`); names like `<|bos|>`; length.
//!
//! ## Hint 3
//!
//! No list is complete. Mix the pieces too: join every piece with every other one, with and without a space. And one text of
//! ten thousand characters, because somebody's buffer ends at four thousand.

/// Text that causes trouble somewhere.
const AWKWARD: [&str; 20] = [
    "",
    " ",
    "  ",
    "a",
    "A",
    " a",
    "a ",
    "\n",
    "a\n",
    "\r\n",
    "\t",
    "\u{a0}",
    "\0",
    "\u{feff}",
    "é",
    "e\u{301}",
    "蟹",
    "🦀",
    "<|bos|>",
    "0123456789",
];

/// A text that `decode` does not give back after `encode`; `None` if all texts that were tried came back.
pub fn find_broken(
    encode: &dyn Fn(&str) -> Vec<u32>,
    decode: &dyn Fn(&[u32]) -> String,
) -> Option<String> {
    let mut texts: Vec<String> = vec!["long text, ".repeat(1000)];
    for first in AWKWARD {
        for second in AWKWARD {
            texts.push(format!("{first}{second}"));
            texts.push(format!("{first} {second}"));
        }
    }
    texts
        .into_iter()
        .find(|text| decode(&encode(text)) != *text)
}
