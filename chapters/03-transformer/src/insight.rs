// ANCHOR: insight
//! `Insight`: what the model itself thought of a token, whatever temperature and truncation then made of it. The web page
//! of chapter 11 shows it under the pointer.

/// ln p under softmax(logits), nothing else applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Insight {
    /// Of the token that was chosen.
    pub log_probability: f32,
    /// The likeliest tokens, with theirs, likeliest first; of equals the one with the smaller id.
    pub likeliest: Vec<(u32, f32)>,
}

impl Insight {
    /// About `chosen` among logits (V,), with the `count` likeliest.
    pub fn new(logits: &[f32], chosen: u32, count: usize) -> Insight {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits
            .iter()
            .map(|&logit| f64::from(logit - largest).exp())
            .sum();
        let log_probability =
            |id: u32| (f64::from(logits[id as usize] - largest) - total.ln()) as f32;
        let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
        let likelier = |a: &u32, b: &u32| {
            logits[*b as usize]
                .total_cmp(&logits[*a as usize])
                .then(a.cmp(b))
        };
        let count = count.min(ids.len());
        if count > 0 && count < ids.len() {
            ids.select_nth_unstable_by(count - 1, likelier);
        }
        ids.truncate(count);
        ids.sort_unstable_by(likelier);
        Insight {
            log_probability: log_probability(chosen),
            likeliest: ids
                .into_iter()
                .map(|id| (id, log_probability(id)))
                .collect(),
        }
    }
}
// ANCHOR_END: insight
