// ANCHOR: head
//! Causal attention for a CPU, a block of queries against a block of keys at a time.
//!
//! The scores of one head, T × T numbers, are never stored. A *block* of 64 queries meets the blocks of 64 keys that it can see,
//! one after the other, and each time 64 × 64 scores are computed, made into probabilities, and used up: 16 KB. Blocks above the
//! diagonal are never begun; with a window, neither are those behind it.
//!
//! Forward, the softmax is *online* ([`forward`]); backward, the probabilities are computed again from the scores and from each
//! query's ln Σ eˢ ([`backward`]). Every product is one of [`tile`](super::tile)'s, by one thread; threads take heads.
//!
//! Shapes: q (B, T, H, D), k and v (B, T, K, D), as they lie in memory when they come out of a linear layer; G = H/K query heads
//! share a key/value head. A *unit* is one key/value head of one row with its G query heads: B·K units.

mod backward;
mod forward;
mod heads;

use tch::{Device, Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::slices::{covers, empty_like};
use heads::Shape;
// ANCHOR_END: head

// ANCHOR: operation
/// q (B, H, T, D), k and v (B, K, T, D), window -> (B, H, T, D), differentiable. Query t sees keys t − window … t.
pub fn causal_attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    window: Option<i64>,
) -> Result<Tensor, tensors::Error> {
    // Views, which autograd turns back by itself; in the model they lie in order.
    let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2)); // (B, H, T, D) -> (B, T, H, D)
    let shape = Shape::of(&q, &k, window);
    let mut outputs = differentiable(
        &[&q, &k, &v],
        |inputs| {
            let [q, k, v] = [0, 1, 2].map(|i| inputs[i].contiguous());
            let mut y = empty_like(&q); // (B, T, H, D)
            let rows = (shape.batch * shape.heads) as i64;
            let mut log_sums = Tensor::empty([rows, shape.time as i64], (Kind::Float, Device::Cpu));
            forward::forward(&shape, [&q, &k, &v], &mut y, &mut log_sums);
            Forward {
                saved: vec![q, k, v, y.shallow_clone(), log_sums],
                outputs: vec![y],
            }
        },
        move |saved, gradients| match &gradients[0] {
            None => vec![None, None, None],
            Some(g) => {
                let mut d = [0, 1, 2].map(|i| empty_like(&saved[i]));
                backward::backward(&shape, saved, &g.contiguous(), &mut d);
                d.map(Some).into()
            }
        },
    )?;
    Ok(outputs.remove(0).transpose(1, 2)) // (B, T, H, D) -> (B, H, T, D)
}
// ANCHOR_END: operation

// ANCHOR: attends
/// Whether this attention takes these: fp32 on a CPU, as many keys as queries. And whether it is worth it: with fewer units than
/// threads, or rows no longer than a block, libtorch's own is as good.
pub fn attends(q: &Tensor, k: &Tensor, v: &Tensor) -> bool {
    let (q_size, k_size) = (q.size(), k.size());
    [q, k, v].into_iter().all(covers)
        && q_size.len() == 4
        && k_size == v.size()
        && (q_size[0], q_size[2], q_size[3]) == (k_size[0], k_size[2], k_size[3])
        && q_size[1] % k_size[1] == 0
        && q_size[2] > heads::BLOCK as i64
        && k_size[0] * k_size[1] >= i64::from(tch::get_num_threads())
}
// ANCHOR_END: attends
