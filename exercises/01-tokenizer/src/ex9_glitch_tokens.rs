//! # The glitch-token hunt
//!
//! Goal: find the tokens that encoding never produces, and tell the harmless ones from the dangerous.
//!
//! Minutes: 25. Difficulty: 2 of 5.
//!
//! In 2023 people found that some models could not repeat the word ` SolidGoldMagikarp`. It was a token: the text that the
//! tokenizer was trained on was full of it. The text that the model was trained on was not. So the token's row of the embedding
//! had never been trained, and held the noise it was initialised with.
//!
//! To find such tokens, encode what the model will be trained on and see which ids never come. Most of those are harmless
//! *stepping stones*: if ` lightho` was only ever the beginning of ` lighthouse`, it was needed on the way, and now every place
//! where it stood is covered by the longer token. A token that never comes and was no step towards another one is a glitch token.
//!
//! Help: `cargo course hint 01.9`. Judge it: `cargo course check 01.9`.

use tokenizer::Tokenizer;

/// The learned tokens (bytes and special tokens left out) that encoding these documents never gives, ascending.
pub fn never_produced(tokenizer: &Tokenizer, documents: &[&str]) -> Vec<u32> {
    let _ = (tokenizer, documents); // delete this line
    todo!("exercise 01.9")
}

/// Those of `unused` that are stepping stones, each with the first token that it was a step towards, in the order given.
pub fn stepping_stones(tokenizer: &Tokenizer, unused: &[u32]) -> Vec<(u32, u32)> {
    let _ = (tokenizer, unused); // delete this line
    todo!("exercise 01.9")
}
