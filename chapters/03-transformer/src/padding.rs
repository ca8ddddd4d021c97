// ANCHOR: head
//! Switch: padding. Matrix products on a GPU run best when their sizes are multiples of 64. So embedding, value tables
//! and head get a few rows that belong to no token. No id points at them, and the head is cropped before it is used, so
//! that they never take part in a softmax: their gradient is zero.

use tch::Tensor;

use crate::Config;
// ANCHOR_END: head

// ANCHOR: padding
/// Rows of the tables: the vocabulary, rounded up.
pub fn padded_vocabulary(config: &Config) -> i64 {
    let multiple = config.switches.vocab_multiple;
    (config.vocab_size + multiple - 1) / multiple * multiple
}

/// `[padded V, C]` -> `[V, C]`, a view.
pub fn cropped(head: &Tensor, vocab_size: i64) -> Tensor {
    if head.size()[0] == vocab_size {
        head.shallow_clone()
    } else {
        head.narrow(0, 0, vocab_size)
    }
}
// ANCHOR_END: padding
