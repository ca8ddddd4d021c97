// ANCHOR: head
//! Many texts at once, on all cores.
//!
//! Texts are borrowed and their ids are written one behind the other, so that nothing is copied or allocated per text: a
//! shard of a corpus is a hundred thousand documents of some kilobytes each.

use rayon::prelude::*;

use crate::Tokenizer;
// ANCHOR_END: head

// ANCHOR: encoded
/// The ids of several texts, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    parts: Vec<Part>,
}

/// What one thread made in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    ids: Vec<u32>,
    /// Where each text's ids end.
    ends: Vec<usize>,
}

impl Encoded {
    /// The ids of each text.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.parts.iter().flat_map(|part| {
            let starts = std::iter::once(0).chain(part.ends.iter().copied());
            starts
                .zip(&part.ends)
                .map(|(start, &end)| &part.ids[start..end])
        })
    }

    /// How many ids there are in all.
    pub fn tokens(&self) -> usize {
        self.parts.iter().map(|part| part.ids.len()).sum()
    }
}

impl Tokenizer {
    /// The ids of many texts, on all cores of the current `rayon` pool.
    pub fn encode_batch<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Encoded {
        let parts = 8 * rayon::current_num_threads(); // more than threads, because texts differ in length
        let parts = texts
            .par_chunks(texts.len().div_ceil(parts).max(1))
            .map(|texts| {
                let bytes: usize = texts.iter().map(|text| text.as_ref().len()).sum();
                let mut part = Part {
                    ids: Vec::with_capacity(bytes / 3),
                    ends: Vec::with_capacity(texts.len()),
                };
                for text in texts {
                    self.encode_into(text.as_ref(), &mut part.ids);
                    part.ends.push(part.ids.len());
                }
                part
            })
            .collect();
        Encoded { parts }
    }
}
// ANCHOR_END: encoded
