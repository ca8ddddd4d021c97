//! What each head looks at: a `Context` that writes the weights down.

use tch::{Device, Kind, Tensor};
use transformer::{Causal, Context, Gpt, Plain};

pub struct Recorder {
    /// Per layer (B, H, T, T): row t holds the weights of position t.
    pub weights: Vec<Tensor>,
}

impl Context for Recorder {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        Causal.positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        let (time, width) = (q.size()[1], q.size()[3]);
        let [q_rows, k_rows] = [q, k].map(|x| x.transpose(1, 2)); // (B, H, T, D)
        let scores = q_rows.matmul(&k_rows.transpose(2, 3)) / (width as f64).sqrt(); // (B, H, T, T)
        let future = Tensor::ones([time, time], (Kind::Bool, q.device())).triu(1);
        let weights = scores
            .masked_fill(&future, f64::NEG_INFINITY)
            .softmax(-1, Kind::Float);
        self.weights.push(weights);
        Causal.attend(layer, window, q, k, v)
    }
}

/// Two habits of a head, as mean weights: on the word before, and on the word after the last place where the present word
/// stood.
pub struct Habits {
    pub before: f64,
    pub after_the_same: f64,
}

/// `habits[layer][head]` over rows of ids (B, T). The second habit is measured where the present word stood before.
pub fn habits(gpt: &Gpt, rows: &[Vec<i64>]) -> anyhow::Result<Vec<Vec<Habits>>> {
    let _guard = tch::no_grad_guard();
    let time = rows[0].len();
    let ids = Tensor::from_slice(&rows.concat()).view([rows.len() as i64, time as i64]);
    let mut recorder = Recorder {
        weights: Vec::new(),
    };
    let _ = gpt.hidden(&Plain, &mut recorder, &ids)?; // only what is recorded counts
    let mut all = Vec::new();
    for weights in &recorder.weights {
        let mut layer = Vec::new();
        for head in 0..gpt.config().heads {
            let (mut before, mut after, mut same) = (0.0, 0.0, 0);
            for (row, ids) in rows.iter().enumerate() {
                let flat: Vec<f32> = weights
                    .select(0, row as i64)
                    .select(0, head)
                    .flatten(0, 1)
                    .try_into()?; // (T, T)
                let weight = |t: usize, s: usize| f64::from(flat[t * time + s]);
                for t in 1..time {
                    before += weight(t, t - 1);
                    if let Some(last) = (0..t).rev().find(|&s| ids[s] == ids[t]) {
                        after += weight(t, last + 1);
                        same += 1;
                    }
                }
            }
            layer.push(Habits {
                before: before / (rows.len() * (time - 1)) as f64,
                after_the_same: after / f64::from(same.max(1)),
            });
        }
        all.push(layer);
    }
    Ok(all)
}
