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
//! ## Hint 1
//!
//! Forward first, and without targets: two tensors (N, 1), the maximum, which begins at −∞, and the sum, which begins at 0. For
//! a chunk with logits z: the new maximum is the larger one of old and chunk; sum · e^(old − new) + Σ e^(z − new) is the new
//! sum. In the end ln Σ e^z = maximum + ln sum.
//!
//! ## Hint 2
//!
//! A target is in exactly one chunk. `targets − from` is its column there; where it is below 0 or not below the chunk's size,
//! clamp it, `gather`, and multiply by a mask, so that it adds nothing. That mask also takes care of −1 as long as you compare
//! before you clamp. The losses of positions with target −1 are left out of the sum.
//!
//! ## Hint 3
//!
//! Backward, per chunk: p = e^(z − lse). The gradient of z is p, minus 1 at the target, and 0 in rows with target −1. Through
//! the softcap: times 1 − (z/softcap)². With d for the result, (N, n): the head's rows get dᵀ · x, which is (n, C), and x gets
//! d · w added, (N, C). Where rustc asks for a type (E0282), it is the product with `1.0 - …`: write `let d: Tensor = …`.
//!
//! ## Notes
//!
//! The logits are computed twice, so the head costs 8 operations per parameter instead of 6. That is the price of 17 GB.
//! Apple's *Cut Cross-Entropy* (2024) does this inside one GPU kernel.
//!
//! A chunk can also be a stretch of positions instead of the vocabulary. Then each softmax is seen whole, and the gradient can
//! be made together with the loss, without a second look: a scalar's gradient is known up to a factor before backward is
//! called. Liger's kernel does it that way.

use tch::{Kind, Tensor};

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
    let column = [x.size()[0], 1];
    let mut maximum = x.new_full(column, f64::NEG_INFINITY, (x.kind(), x.device())); // (N, 1)
    let mut sum = maximum.zeros_like(); // (N, 1)
    let mut of_target = maximum.zeros_like(); // (N, 1)
    for (from, count) in chunks(head) {
        let z = logits(x, &rows(from, count), head.softcap); // (N, n)
        let larger = maximum.maximum(&z.amax([-1i64].as_slice(), true));
        let scaled = sum * (&maximum - &larger).exp();
        sum = scaled + (&z - &larger).exp().sum_dim_intlist(-1, true, z.kind());
        maximum = larger;
        let (at, is_here) = place(targets, from, count);
        of_target += z.gather(1, &at, false) * is_here.to_kind(z.kind());
    }
    let lse = maximum + sum.log(); // (N, 1)
    let losses = (&lse - of_target).squeeze_dim(1) * counted(targets, x.kind()); // (N,)
    (losses.sum(x.kind()), lse.squeeze_dim(1))
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
    let mut of_x = x.zeros_like();
    let mut of_rows = Vec::new();
    for (from, count) in chunks(head) {
        let weight = rows(from, count); // [n, C]
        let z = logits(x, &weight, head.softcap); // (N, n)
        let (at, is_here) = place(targets, from, count);
        let p = (&z - lse.unsqueeze(1)).exp(); // (N, n)
        let of_z = p.scatter_add(1, &at, &-is_here.to_kind(z.kind()));
        let slope = 1.0 - (&z / head.softcap).square();
        let of_raw: Tensor = of_z * slope * counted(targets, x.kind()).unsqueeze(1); // (N, n)
        of_rows.push(of_raw.tr().matmul(x)); // (n, N) · (N, C) -> (n, C)
        of_x += of_raw.matmul(&weight); // (N, n) · (n, C) -> (N, C)
    }
    (of_x, Tensor::cat(&of_rows, 0))
}

/// First row and number of rows of each chunk.
fn chunks(head: Head) -> impl Iterator<Item = (i64, i64)> {
    let firsts = (0..head.vocab_size).step_by(head.chunk as usize);
    firsts.map(move |from| (from, head.chunk.min(head.vocab_size - from)))
}

/// (N, C), [n, C] -> (N, n)
fn logits(x: &Tensor, weight: &Tensor, softcap: f64) -> Tensor {
    (x.matmul(&weight.tr()) / softcap).tanh() * softcap
}

/// The column of each position's target in a chunk, (N, 1), any if it is elsewhere, and whether it is there, (N, 1).
fn place(targets: &Tensor, from: i64, count: i64) -> (Tensor, Tensor) {
    let column = (targets - from).unsqueeze(1);
    let is_here = targets
        .ge(from)
        .logical_and(&targets.lt(from + count))
        .unsqueeze(1);
    (column.clamp(0, count - 1), is_here)
}

/// 1 where a position counts, 0 where its target is −1: (N,).
fn counted(targets: &Tensor, kind: Kind) -> Tensor {
    targets.ne(-1).to_kind(kind)
}
