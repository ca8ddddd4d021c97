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
//! ## Hint 1
//!
//! `targets.ne(-1).nonzero().squeeze_dim(1)` are the places of the counted positions. Go through them `chunk` at a time by
//! `narrow`; `index_select(0, &places)` picks their rows of x and their targets.
//!
//! ## Hint 2
//!
//! For a chunk: lse = `z.logsumexp(-1, true)`, the losses are lse − `z.gather(1, &target, false)` with targets (n, 1). The gradient with
//! respect to z is p = e^(z − lse), minus 1 at the target: `scatter_add` a column of −1. Through the softcap it is multiplied by
//! 1 − (z / softcap)².
//!
//! ## Hint 3
//!
//! With d for that gradient with respect to the raw logits, (n, V): x gets d · w, (n, C), put in its places by
//! `of_x.index_copy(0, &places, &…)`, where `of_x` begins as zeros. The head gets dᵀ · x added, `[V, C]`, chunk after chunk. Where
//! rustc asks for a type (E0282), it is the product with `1.0 - …`: write `let d: Tensor = …`.
//!
//! ## Notes
//!
//! Three products, as without any chunks, where 03.11 has four; and no more than `chunk` · V numbers of logits. This is what
//! chapter 06's loss does, and Liger's before it.
//!
//! The gradients are there before anybody has asked for them. Where the loss is only measured, under `no_grad`, they would be
//! made for nothing, and an implementation looks first whether gradients are wanted.
//!
//! In bf16 the sum for the head should be kept in fp32: exercise 7 shows why.

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
    let counted = targets.ne(-1).nonzero().squeeze_dim(1); // (M,)
    let total = counted.size()[0];
    let mut sum = Tensor::zeros([0i64; 0].as_slice(), (x.kind(), x.device()));
    let mut of_x = x.zeros_like(); // (N, C)
    let mut of_head = head.zeros_like(); // [V, C]
    for from in (0..total).step_by(chunk as usize) {
        let places = counted.narrow(0, from, chunk.min(total - from)); // (n,)
        let rows = x.index_select(0, &places); // (n, C)
        let target = targets.index_select(0, &places).unsqueeze(1); // (n, 1)
        let z = (raw(&rows) / softcap).tanh() * softcap; // (n, V)
        let lse = z.logsumexp([-1i64].as_slice(), true); // (n, 1)
        sum += (&lse - z.gather(1, &target, false)).sum(z.kind());
        let minus_one = lse.ones_like().neg(); // (n, 1)
        let of_z = (&z - &lse).exp().scatter_add(1, &target, &minus_one); // (n, V)
        let of_raw: Tensor = of_z * (1.0 - (z / softcap).square()); // (n, V)
        of_x = of_x.index_copy(0, &places, &of_raw.matmul(head)); // (n, V) · [V, C] -> (n, C)
        of_head += of_raw.tr().matmul(&rows); // (V, n) · (n, C) -> [V, C]
    }
    (sum, of_x, of_head)
}
