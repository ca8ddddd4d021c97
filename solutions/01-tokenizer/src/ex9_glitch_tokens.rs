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
//! ## Hint 1
//!
//! A set or a table of booleans, indexed by id, filled from `tokenizer.encode` of each document. Look at ids, not at bytes: the
//! bytes of a stepping stone stand in the text all the time.
//!
//! ## Hint 2
//!
//! Ids from 256 up to `tokenizer.vocabulary().len()` are learned. The bytes below are there whether they are used or not, and the
//! special tokens above are never produced by design.
//!
//! ## Hint 3
//!
//! Merge number j, `tokenizer.vocabulary().merges()[j]`, makes id 256 + j. The stepping stone's step is the first merge that has
//! the id as its left half or as its right half.

use tokenizer::Tokenizer;

/// The learned tokens (bytes and special tokens left out) that encoding these documents never gives, ascending.
pub fn never_produced(tokenizer: &Tokenizer, documents: &[&str]) -> Vec<u32> {
    let learned = tokenizer.vocabulary().len();
    let mut seen = vec![false; learned];
    for document in documents {
        for id in tokenizer.encode(document) {
            seen[id as usize] = true;
        }
    }
    (256..learned as u32)
        .filter(|&id| !seen[id as usize])
        .collect()
}

/// Those of `unused` that are stepping stones, each with the first token that it was a step towards, in the order given.
pub fn stepping_stones(tokenizer: &Tokenizer, unused: &[u32]) -> Vec<(u32, u32)> {
    let merges = tokenizer.vocabulary().merges();
    let step = |id: u32| {
        let first = merges
            .iter()
            .position(|&(left, right)| left == id || right == id);
        first.map(|index| (id, 256 + index as u32))
    };
    unused.iter().filter_map(|&id| step(id)).collect()
}
