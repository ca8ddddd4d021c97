//! # The loss without its logits
//!
//! Goal: compute the head's loss, and its gradients, from a chunk of the vocabulary at a time.
//!
//! Minutes: 150. Difficulty: 5 of 5.
//!
//! N positions times V logits is the largest tensor of a small model: 17 GB for 32 rows of 2,048 tokens and 65,536 ids. It is
//! made to be summed up at once. A softmax can be summed up in pieces: keep the largest logit seen and the sum of exponentials
//! relative to it, and when a larger one comes, scale the sum down. That is the *online softmax*, and flash attention is the
//! same idea.
//!
//! Forward, with logits z = softcap · tanh(x · wᵀ / softcap), give the sum of the losses ln Σ e^z − z[target] over positions
//! whose target is not −1, and ln Σ e^z of every position. Backward is given ln Σ e^z of every position, makes the logits
//! again, chunk by chunk, and gives the gradients with respect to x and to the head.
//!
//! The rows of the head are handed out by a function, at most `chunk` at a time, and each of them once per pass. Apart from the
//! gradients of x and of the head nothing that you make is larger than N × `chunk` or `chunk` × C. (The judge sees only what
//! you ask the function for; the rest is a promise.) Targets are Int64; results have the kind of x.
//!
//! Help: `cargo course hint 03.11`. Judge it: `cargo course check 03.11`.

use tch::Tensor;

/// Hands out the rows `from .. from + count` of the head, `[count, C]`.
pub type HeadRows<'h> = &'h mut dyn FnMut(i64, i64) -> Tensor;

/// What stays the same for all chunks.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub vocab_size: i64,
    pub softcap: f64,
    /// How many rows of the head may be asked for at once.
    pub chunk: i64,
}

/// x (N, C), targets (N,) with −1 for "not counted" -> the sum of −ln p(target), a scalar, and ln Σ e^z per position, (N,).
pub fn forward(x: &Tensor, targets: &Tensor, head: Head, rows: HeadRows) -> (Tensor, Tensor) {
    let _ = (x, targets, head, rows); // delete this line
    todo!("exercise 03.11")
}

/// The gradients of the sum that `forward` gives with respect to x, (N, C), and to the head, `[V, C]`; `lse` (N,) is what it
/// gave besides.
pub fn backward(
    x: &Tensor,
    targets: &Tensor,
    lse: &Tensor,
    head: Head,
    rows: HeadRows,
) -> (Tensor, Tensor) {
    let _ = (x, targets, lse, head, rows); // delete this line
    todo!("exercise 03.11")
}
