//! Texts to try answers on, and a tokenizer trained on some of them.

use proptest::prelude::*;
use tokenizer::count::ChunkCounts;
use tokenizer::sample_text::sample_text;
use tokenizer::{Tokenizer, TrainSettings, train};

/// Text of everything that the split pattern tells apart.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c ]{0,40}",
        "([a-z]{1,8}[ '.,]{0,2}){0,12}",
        "[ \t\r\n\u{a0}x'!]{0,20}",
        "[0-9٣½ a'sTLlſ]{0,20}",
        "('(s|S|ll|LL|re|vE|x)|[ !]|é|蟹|🦀|a\u{301}){0,12}",
        "\\PC{0,30}",
    ]
}

/// Distinct chunks with their numbers. Few letters, so that pairs overlap and tie.
pub fn chunks() -> impl Strategy<Value = ChunkCounts> {
    let chunk = prop_oneof!["[ab]{1,12}", "[a-d]{1,6}", "a{1,9}"];
    proptest::collection::hash_map(chunk, 1i64..6, 1..5)
        .prop_map(|chunks| chunks.into_iter().collect())
}

/// The chunks of a table in a fixed order, for printing.
pub fn in_order(counts: &ChunkCounts) -> Vec<(&str, i64)> {
    let mut chunks: Vec<(&str, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.as_str(), count))
        .collect();
    chunks.sort_unstable();
    chunks
}

/// A tokenizer with this vocabulary size, trained on text about a harbour.
pub fn trained(vocab_size: usize) -> Tokenizer {
    let settings = TrainSettings {
        max_document_chars: usize::MAX,
        ..TrainSettings::new(vocab_size)
    };
    train([harbour()].into_iter(), &settings, &mut |_| ())
        .expect("the text gives more merges than that")
}

/// The text that `trained` is trained on.
pub fn harbour() -> String {
    sample_text(3, 200)
}
