//! # The gradient on the way forward
//!
//! Goal: compute the head's loss and its gradients in one go, a few rows of logits at a time.
//!
//! Minutes: 90. Difficulty: 4 of 5.
//!
//! Exercise 03.11 went through the vocabulary in chunks and computed all logits twice, because the gradient of a position needs
//! the sum over its whole vocabulary. Here the chunks are rows: a few positions, and of each the logits of the whole vocabulary.
//! Then the sum is known at once, and with it the gradient. The loss is a scalar, so whatever comes back later is a factor that
//! all gradients can be multiplied by then.
//!
//! ```text
//! raw = x · wᵀ (n, V)     z = softcap · tanh(raw / softcap)     loss = Σ over positions of  ln Σ e^z − z[target]
//! ```
//!
//! Positions with target −1 do not count. In a batch of conversations these are most of them: everything that the user says. So
//! their logits need never be computed, and that is the second gain. The raw logits come from a function that counts: ask for at
//! most `chunk` rows at a time, for the counted positions only, and in as few calls as that allows. (What you compute by
//! yourself beside it the judge does not see; it is a promise.)
//!
//! Give the sum of the losses, a scalar, and its gradients with respect to x, (N, C), and to the head, `[V, C]`. Targets are
//! Int64, results have the kind of x.
//!
//! Help: `cargo course hint 06.6`. Judge it: `cargo course check 06.6`.

use tch::Tensor;

/// Gives x wᵀ of some rows of x, (n, C) -> (n, V), and counts them.
pub type RawLogits<'l> = &'l mut dyn FnMut(&Tensor) -> Tensor;

/// x (N, C), head `[V, C]`, targets (N,) with −1 for "not counted" -> the sum of −ln p(target), its gradient with respect to x,
/// (N, C), and its gradient with respect to the head, `[V, C]`.
pub fn loss_and_gradients(
    x: &Tensor,
    head: &Tensor,
    targets: &Tensor,
    softcap: f64,
    chunk: i64,
    raw: RawLogits,
) -> (Tensor, Tensor, Tensor) {
    let _ = (x, head, targets, softcap, chunk, raw); // delete this line
    todo!("exercise 06.6")
}
