// ANCHOR: head
//! Log-probabilities of chosen tokens, under the distribution they were chosen from, as something to differentiate.
//!
//! The sampler divides logits by a temperature and then forgets all but the likeliest tokens. What acted was *that*
//! distribution, so its log-probabilities have to be differentiated, not those of the plain softmax: otherwise the
//! gradient is that of a policy that never played. Here temperature and truncation are done again, in the same order and
//! with the same rules as in chapter 03's `TokenChoice`.
//!
//! Which tokens are kept is recomputed from the current logits and is a constant for the gradient. After an update, or
//! with rounding of another kind, a token that was chosen may fall outside the set; it is then counted in, since it was
//! there when it was chosen. That keeps its log-probability finite.

use tch::{Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: distribution
/// The part of the sampling settings that decides about probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distribution {
    /// Above 0.
    pub temperature: f64,
    /// 0 = off.
    pub top_k: usize,
    /// 1 = off.
    pub top_p: f64,
}

/// About N tokens; both are (N,) in fp32.
pub struct Chosen {
    /// Differentiable.
    pub log_probabilities: Tensor,
    /// −Σ p ln p of the distribution that each token was chosen from, in nats; cut off from the gradient.
    pub entropies: Tensor,
}
// ANCHOR_END: distribution

// ANCHOR: chosen
impl Distribution {
    /// From logits (N, V) and the ids that were chosen (N,).
    pub fn of_chosen(&self, logits: &Tensor, ids: &Tensor) -> Chosen {
        let logits = logits.to_kind(Kind::Float) / self.temperature; // (N, V)
        let ids = ids.unsqueeze(-1); // (N,) -> (N, 1)
        let of_id = logits.gather(-1, &ids, false).squeeze_dim(-1); // (N, V) -> (N,)
        let vocab_size = logits.size()[1];
        let kept_count = match self.top_k as i64 {
            0 => vocab_size,
            k => k.min(vocab_size),
        };
        if kept_count == vocab_size && self.top_p >= 1.0 {
            let total = logits.logsumexp(-1, false); // (N, V) -> (N,)
            return Chosen {
                entropies: entropies(&logits, &total, &logits.isneginf()),
                log_probabilities: of_id - total,
            };
        }

        // Likeliest first; of equals the one with the smaller id, as the sampler has it.
        let (sorted, order) = logits.sort_stable(true, -1, true);
        let kept = sorted.narrow(-1, 0, kept_count); // (N, V) -> (N, k)
        let order = order.narrow(-1, 0, kept_count);
        let shares = kept.detach().softmax(-1, Kind::Float);
        let before = shares.cumsum(-1, Kind::Float) - shares; // what those likelier than this one hold
        let dropped = if self.top_p < 1.0 {
            before.ge(self.top_p) // (N, k)
        } else {
            before.zeros_like().to_kind(Kind::Bool)
        };
        let total = kept
            .masked_fill(&dropped, f64::NEG_INFINITY)
            .logsumexp(-1, false); // (N, k) -> (N,)

        let inside = order
            .eq_tensor(&ids)
            .logical_and(&dropped.logical_not())
            .any_dim(-1, false); // (N, k) -> (N,)
        let with_id = total.where_self(&inside, &total.logaddexp(&of_id));
        Chosen {
            entropies: entropies(&kept, &total, &dropped),
            log_probabilities: of_id - with_id,
        }
    }
}

/// −Σ p ln p = ln Z − Σ p z, with z the logits (N, k) that are not dropped and ln Z (N,) their logsumexp.
fn entropies(logits: &Tensor, total: &Tensor, dropped: &Tensor) -> Tensor {
    let (logits, total) = (logits.detach(), total.detach());
    let share = (&logits - total.unsqueeze(-1))
        .exp()
        .masked_fill(dropped, 0.0); // (N, k)
    let expected =
        (share * logits.masked_fill(dropped, 0.0)).sum_dim_intlist(-1, false, Kind::Float);
    (total - expected).clamp_min(0.0) // rounding may leave −1e-7 where one token has it all
}
// ANCHOR_END: chosen
