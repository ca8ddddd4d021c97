// ANCHOR: head
//! Windowed attention on a CPU: blocks of queries, each with the keys that it can see.
//!
//! Words: the *band* is where s is visible to t, t − w <= s <= t. It is cut into *pieces*: a block of queries, and the slice
//! of keys that any of them sees.
//!
//! ```text
//! keys     0 1 2 3 4 5 6 7 8          window 2, blocks of 3 queries
//! query 0  ■                  ┐
//!       1  ■ ■                ├ piece: keys 0 … 2
//!       2  ■ ■ ■              ┘
//!       3    ■ ■ ■            ┐
//!       4      ■ ■ ■          ├ piece: keys 1 … 5
//!       5        ■ ■ ■        ┘
//!       6          ■ ■ ■      ┐
//!       7            ■ ■ ■    ├ piece: keys 4 … 8
//!       8              ■ ■ ■  ┘
//! ```
//!
//! A piece of b queries has at most b + w keys, so all of them together cost T·(b + w) scores where a mask over everything
//! costs T·T. Inside a piece libtorch's CPU flash kernel does the work, with a mask that is the same for all pieces, cut to size.
//!
//! Shapes: q (B, H, T, D), k and v (B, K, T, D); G = H/K query heads share a key/value head. The kernel knows no sharing, but the
//! G heads see the same keys, so their queries are laid one behind the other: (B, K, G·b, D) against (B, K, b + w, D).

use tch::{Kind, Tensor};
use tensors::{Forward, differentiable};

use crate::Error;

/// Queries in a piece. Few waste fewer scores at the band's corners and call the kernel more often.
const BLOCK: i64 = 64;
// ANCHOR_END: head

// ANCHOR: pieces
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The first query, and how many.
    query: i64,
    queries: i64,
    /// The first key, and how many.
    key: i64,
    keys: i64,
}

fn pieces(time: i64, window: i64) -> Vec<Piece> {
    let starts = (0..time).step_by(BLOCK as usize);
    let piece = |query: i64| {
        let end = (query + BLOCK).min(time);
        let key = (query - window).max(0);
        Piece {
            query,
            queries: end - query,
            key,
            keys: end - key,
        }
    };
    starts.map(piece).collect()
}

impl Piece {
    fn of_queries(&self, x: &Tensor) -> Tensor {
        x.narrow(2, self.query, self.queries)
    }

    fn of_keys(&self, x: &Tensor) -> Tensor {
        x.narrow(2, self.key, self.keys)
    }

    /// (G·queries, keys), 0 where visible and −∞ elsewhere: a corner of the mask of a whole piece. A piece at the start
    /// lacks the leftmost keys, the last piece the lowest queries.
    fn mask(&self, whole: &Tensor, window: i64, groups: i64) -> Tensor {
        let missing = window - (self.query - self.key);
        let corner = whole
            .narrow(0, 0, self.queries)
            .narrow(1, missing, self.keys);
        match groups {
            1 => corner,
            _ => corner.repeat([groups, 1]),
        }
    }
}

/// The mask of a piece that has all its keys: query i, which stands at key i + w, sees keys i … i + w. (b, b + w)
fn whole_mask(window: i64, like: &Tensor) -> Tensor {
    let index = |count| Tensor::arange(count, (Kind::Int64, like.device()));
    let ahead = index(BLOCK + window).unsqueeze(0) - index(BLOCK).unsqueeze(1); // (1, b + w) − (b, 1)
    let hidden = ahead.lt(0).logical_or(&ahead.gt(window));
    ahead
        .zeros_like()
        .to_kind(like.kind())
        .masked_fill(&hidden, f64::NEG_INFINITY)
}
// ANCHOR_END: pieces

// ANCHOR: heads
/// (B, H, b, D) -> (B, K, G·b, D), and back.
fn side_by_side(x: &Tensor, kv_heads: i64) -> Tensor {
    let (batch, heads, queries, width) = x.size4().expect("queries are (B, H, T, D)");
    match heads == kv_heads {
        true => x.shallow_clone(),
        false => x.reshape([batch, kv_heads, heads / kv_heads * queries, width]),
    }
}

fn heads_again(x: &Tensor, heads: i64) -> Tensor {
    let (batch, kv_heads, rows, width) = x.size4().expect("queries are (B, K, G·b, D)");
    match heads == kv_heads {
        true => x.shallow_clone(),
        false => x.reshape([batch, heads, rows * kv_heads / heads, width]),
    }
}
// ANCHOR_END: heads

// ANCHOR: attention
/// q (B, H, T, D), k and v (B, K, T, D), window -> (B, H, T, D). What chapter 03's `causal_attention` gives, for less.
///
/// # Errors
/// Whatever libtorch says when the step is recorded. Its refusals of the shapes panic, as in tch.
pub(super) fn banded_attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    window: i64,
) -> Result<Tensor, Error> {
    let (heads, kv_heads) = (q.size()[1], k.size()[1]);
    let groups = heads / kv_heads;
    let pieces = pieces(q.size()[2], window);
    let whole = whole_mask(window, q);
    let kept = (pieces.clone(), whole.shallow_clone()); // for the backward pass

    let forward = move |inputs: &[Tensor]| {
        let [q, k, v] = [0, 1, 2].map(|i| inputs[i].shallow_clone());
        let y = q.empty_like(); // (B, H, T, D), laid out like q
        let mut saved = vec![q, k, v, y.shallow_clone()];
        for piece in &pieces {
            let (part, log_sum) = Tensor::internal_scaled_dot_product_flash_attention_for_cpu(
                &side_by_side(&piece.of_queries(&saved[0]), kv_heads),
                &piece.of_keys(&saved[1]),
                &piece.of_keys(&saved[2]),
                0.0,
                false,
                Some(piece.mask(&whole, window, groups)),
                None,
            ); // (B, K, G·b, D) and (B, K, G·b)
            piece.of_queries(&y).copy_(&heads_again(&part, heads));
            saved.push(log_sum);
        }
        Forward {
            outputs: vec![y],
            saved,
        }
    };

    // The kernel's own backward, piece by piece. Queries lie in one piece each; a key lies in several, whose gradients add up.
    let backward = move |saved: &[Tensor], gradients: &[Option<Tensor>]| {
        let Some(gradient) = &gradients[0] else {
            return vec![None, None, None];
        };
        let (pieces, whole) = &kept;
        let [q, k, v, y] = [0, 1, 2, 3].map(|i| &saved[i]);
        // In bf16 each sum of a few pieces would round as often, and the largest errors would pass a hundredth.
        let sums = |x: &Tensor| Tensor::zeros(x.size(), (Kind::Float, x.device()));
        let (dq, dk, dv) = (q.empty_like(), sums(k), sums(v));
        for (piece, log_sum) in pieces.iter().zip(&saved[4..]) {
            let (part_q, part_k, part_v) =
                Tensor::internal_scaled_dot_product_flash_attention_for_cpu_backward(
                    &side_by_side(&piece.of_queries(gradient), kv_heads),
                    &side_by_side(&piece.of_queries(q), kv_heads),
                    &piece.of_keys(k),
                    &piece.of_keys(v),
                    &side_by_side(&piece.of_queries(y), kv_heads),
                    log_sum,
                    0.0,
                    false,
                    Some(piece.mask(whole, window, groups)),
                    None,
                );
            piece.of_queries(&dq).copy_(&heads_again(&part_q, heads));
            let _ = piece.of_keys(&dk).g_add_(&part_k);
            let _ = piece.of_keys(&dv).g_add_(&part_v);
        }
        let [dk, dv] = [dk, dv].map(|sum| sum.to_kind(q.kind()));
        vec![Some(dq), Some(dk), Some(dv)]
    };
    let mut outputs = differentiable(&[q, k, v], forward, backward)?;
    Ok(outputs.swap_remove(0))
}
// ANCHOR_END: attention
