// ANCHOR: head
//! `Context`: the one place where positions see each other.
//!
//! Everything else in a transformer treats each position alone. So whoever answers "which earlier keys and values may
//! this query see?" decides what kind of run it is: training over a batch ([`Causal`], here), windowed attention
//! (chapter 06), or generation with a cache of keys and values (chapter 10).

use tch::{Device, Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: context
pub trait Context {
    /// Where the T new tokens of each row stand: (B, T) i64, or (1, T) if all rows agree. All below the model's
    /// context length; the model refuses others.
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor;

    /// Attention of one layer: q (B, T, H, D), k and v (B, T, K, D) of the new tokens -> (B, T, H, D).
    /// Query head h reads key/value head h / (H/K). With `window: Some(w)` position t sees t − w … t, otherwise all up to t.
    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor;

    /// For [smear](crate::Switches::smear): each new token's predecessor's embedding, zeros where there is none,
    /// (B, T, C) -> (B, T, C). The default is for rows that start here; a context that continues rows must override
    /// it and remember the last embedding of each, or the first token of every piece goes without.
    fn previous(&mut self, x: &Tensor) -> Tensor {
        let (batch, time, width) = x.size3().expect("embeddings are (B, T, C)");
        let none = Tensor::zeros([batch, 1, width], (x.kind(), x.device()));
        Tensor::cat(&[none, x.narrow(1, 0, time - 1)], 1) // (B, 1, C), (B, T − 1, C) -> (B, T, C)
    }
}
// ANCHOR_END: context

// ANCHOR: causal
/// Every row is a text of its own that starts at position 0; each token sees itself and what is before it.
pub struct Causal;

/// As [`Causal`], with another function for the attention.
pub struct CausalWith(pub Attend);

/// Attention among the T tokens of each row: q (B, H, T, D), k and v (B, K, T, D), window -> (B, H, T, D). Who sees whom,
/// and how H and K belong together, is as in [`Context::attend`].
pub type Attend = fn(&Tensor, &Tensor, &Tensor, Option<i64>) -> Tensor;

impl Context for Causal {
    fn positions(&self, _batch: i64, time: i64, device: Device) -> Tensor {
        Tensor::arange(time, (Kind::Int64, device)).unsqueeze(0) // (1, T)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        CausalWith(causal_attention).attend(layer, window, q, k, v)
    }
}

impl Context for CausalWith {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        Causal.positions(batch, time, device)
    }

    fn attend(
        &mut self,
        _layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2)); // (B, T, H, D) -> (B, H, T, D), a view: nothing moves
        let y = (self.0)(&q, &k, &v, window);
        y.transpose(1, 2) // (B, H, T, D) -> (B, T, H, D)
    }
}

/// This chapter's [`Attend`]: libtorch's own.
pub fn causal_attention(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
    let shared_heads = q.size()[1] != k.size()[1];
    let mask = window.map(|window| banded(q.size()[2], window, q.device())); // (T, T)
    Tensor::scaled_dot_product_attention(
        q,
        k,
        v,
        mask.as_ref(),
        0.0,
        mask.is_none(),
        None,
        shared_heads,
    )
}

/// True where query t (row) may see key s (column): t − window <= s <= t.
fn banded(time: i64, window: i64, device: Device) -> Tensor {
    let t = Tensor::arange(time, (Kind::Int64, device));
    let distance = t.unsqueeze(1) - t.unsqueeze(0); // (T, 1) − (1, T) -> (T, T)
    distance.ge(0).logical_and(&distance.le(window))
}
// ANCHOR_END: causal
