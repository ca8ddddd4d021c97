// ANCHOR: head
//! Documents in batches, up to the limits of the settings.
//!
//! A corpus need not fit into memory: it arrives as an iterator, and a batch of it at a time is held.

use crate::train::TrainSettings;
// ANCHOR_END: head

// ANCHOR: batches
/// How much text is read before the cores are set to work on it: large enough that handing out work costs nothing,
/// small enough to hold in memory whatever the corpus.
const BATCH_BYTES: usize = 16 << 20;

/// Some documents and how many bytes they have together.
pub struct Batch {
    pub documents: Vec<String>,
    pub bytes: usize,
}

/// Reads batches until the texts end or the limits are reached.
pub struct Batches<'s, I> {
    texts: I,
    settings: &'s TrainSettings,
    chars: usize,
}

impl<'s, I: Iterator<Item = String>> Batches<'s, I> {
    pub fn new(texts: I, settings: &'s TrainSettings) -> Self {
        let chars = 0;
        Batches {
            texts,
            settings,
            chars,
        }
    }
}

impl<I: Iterator<Item = String>> Iterator for Batches<'_, I> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch {
            documents: Vec::new(),
            bytes: 0,
        };
        while batch.bytes < BATCH_BYTES
            && self.settings.max_chars.is_none_or(|max| self.chars < max)
        {
            let Some(mut text) = self.texts.next() else {
                break;
            };
            self.chars += crop(&mut text, self.settings.max_document_chars);
            batch.bytes += text.len();
            batch.documents.push(text);
        }
        (!batch.documents.is_empty()).then_some(batch)
    }
}

/// Cuts a document after `max` characters, so that one enormous page does not fill the vocabulary with itself.
/// Returns how many characters are left.
fn crop(text: &mut String, max: usize) -> usize {
    if text.len() > max
        && let Some((end, _)) = text.char_indices().nth(max)
    {
        text.truncate(end);
        return max;
    }
    text.chars().count()
}
// ANCHOR_END: batches
