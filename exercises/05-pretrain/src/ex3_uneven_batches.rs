//! # Uneven micro-batches
//!
//! Goal: accumulate gradients over micro-batches, and over ranks, so that every counted token weighs the same.
//!
//! Minutes: 25. Difficulty: 2 of 5.
//!
//! The model here is one weight vector w (C), and the loss of a token with inputs x (C) and target y is (x · w − y)². A
//! micro-batch has N tokens. A mask says which of them count: in fine-tuning, a few in one micro-batch, hundreds in the next,
//! none in a third.
//!
//! A step wants the gradient of the *mean* loss over all tokens of all its micro-batches that count. They do not fit into memory
//! together, so each goes forward and backward by itself, and autograd adds up in w's gradient. When `accumulate` begins, the
//! gradient of the step before is still there.
//!
//! With several ranks, each calls `accumulate` on micro-batches of its own, with the `count` of all ranks together and their
//! number. Afterwards the optimizer replaces each rank's gradient by the *mean* over the ranks, and that has to be the gradient
//! of the step. A rank whose tokens are all masked has to have a gradient too, of zeros: the others wait for it.
//!
//! A masked token may have any target, NaN included. (In a language model its target is -1, which is no row of any table.)
//!
//! Help: `cargo course hint 05.3`. Judge it: `cargo course check 05.3`.

use tch::Tensor;

/// Tokens that fit into memory together.
pub struct MicroBatch {
    /// (N, C)
    pub inputs: Tensor,
    /// (N,)
    pub targets: Tensor,
    /// (N,), of truth values.
    pub counted: Tensor,
}

/// The losses of all tokens, (N,), masked or not.
pub fn token_losses(weight: &Tensor, inputs: &Tensor, targets: &Tensor) -> Tensor {
    (inputs.mv(weight) - targets).square() // (N, C) · (C) -> (N,)
}

/// How many tokens of these micro-batches count.
pub fn counted(batches: &[MicroBatch]) -> i64 {
    let _ = batches; // delete this line
    todo!("exercise 05.3")
}

/// Leaves in the gradient of `weight` (C) what this rank of `ranks` brings to a step in which `count` tokens count, on all ranks
/// together. Returns the sum of the losses that count here. There is a micro-batch at least, and `count` is not 0.
pub fn accumulate(weight: &mut Tensor, batches: &[MicroBatch], count: i64, ranks: i64) -> f64 {
    let _ = (weight, batches, count, ranks); // delete this line
    todo!("exercise 05.3")
}
