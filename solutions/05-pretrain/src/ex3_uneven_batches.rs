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
//! ## Hint 1
//!
//! What is divided by what? One rank: the sum of a micro-batch's losses by the count of the whole *step*. That is why the count
//! is known before the first backward pass. Several: the mean over R ranks divides by R once more, so multiply by R.
//!
//! ## Hint 2
//!
//! `weight.zero_grad()` first. Then choose, for each micro-batch, the tokens that count, and compute the losses of those alone.
//! To compute all losses and multiply them by the mask is not enough: NaN times 0 is NaN, in the loss and, on the way back, in
//! the gradient. To choose among the losses mends the first and not the second.
//!
//! ## Hint 3
//!
//! `let rows = batch.counted.nonzero().squeeze_dim(1);`, then `batch.inputs.index_select(0, &rows)` and the same for the targets.
//! The sum over no tokens is 0, and its gradient zeros: nothing has to be skipped. The result is the sum of
//! `loss.detach().double_value(&[])` over the micro-batches, before it is divided.
//!
//! ## Notes
//!
//! With the same number of counted tokens in each micro-batch, the mean of the means is the right gradient, and so the mistake is
//! not seen in pretraining. Hugging Face's Trainer had it until October 2024.
//!
//! Why sum and divide, and not divide at the end? In fp32 it is the same. In bf16 a gradient of sums over half a million tokens
//! has lost its small parts long before it is divided.

use tch::{Kind, Tensor};

/// Tokens that fit into memory together.
pub struct MicroBatch {
    /// (N, C)
    pub inputs: Tensor,
    /// (N,)
    pub targets: Tensor,
    /// (N,), of truth values.
    pub counted: Tensor,
}

// given
/// The losses of all tokens, (N,), masked or not.
pub fn token_losses(weight: &Tensor, inputs: &Tensor, targets: &Tensor) -> Tensor {
    (inputs.mv(weight) - targets).square() // (N, C) · (C) -> (N,)
}

/// How many tokens of these micro-batches count.
pub fn counted(batches: &[MicroBatch]) -> i64 {
    let count = |batch: &MicroBatch| batch.counted.sum(Kind::Int64).int64_value(&[]);
    batches.iter().map(count).sum()
}

/// Leaves in the gradient of `weight` (C) what this rank of `ranks` brings to a step in which `count` tokens count, on all ranks
/// together. Returns the sum of the losses that count here. There is a micro-batch at least, and `count` is not 0.
pub fn accumulate(weight: &mut Tensor, batches: &[MicroBatch], count: i64, ranks: i64) -> f64 {
    weight.zero_grad();
    let mut sum = 0.0;
    for batch in batches {
        let rows = batch.counted.nonzero().squeeze_dim(1); // (n,)
        let inputs = batch.inputs.index_select(0, &rows); // (N, C) -> (n, C)
        let targets = batch.targets.index_select(0, &rows); // (N,) -> (n,)
        let loss = token_losses(weight, &inputs, &targets).sum(Kind::Float);
        (&loss * (ranks as f64 / count as f64)).backward();
        sum += loss.detach().double_value(&[]);
    }
    sum
}
