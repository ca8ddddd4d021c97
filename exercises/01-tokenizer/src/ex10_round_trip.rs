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
//! Help: `cargo course hint 01.10`. Judge it: `cargo course check 01.10`.

/// A text that `decode` does not give back after `encode`; `None` if all texts that were tried came back.
pub fn find_broken(
    encode: &dyn Fn(&str) -> Vec<u32>,
    decode: &dyn Fn(&[u32]) -> String,
) -> Option<String> {
    let _ = (encode, decode); // delete this line
    todo!("exercise 01.10")
}
