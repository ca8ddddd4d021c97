// ANCHOR: head
//! The demonstration's fine-tuning: a small model learns from a careless teacher.
//!
//! Three lessons in four are done in the head, and there the teacher is right one time in five. In the fourth the
//! calculator is used, correctly. A model that imitates this perfectly is right in 0.75 · 0.2 + 0.25 = 40 % of its answers.
//! Imitation can go no further: more lessons give a better copy of the carelessness.

use dataset::{Conversation, Message, Part};
use muon::{Rates2025, Solo, StepScale};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Tensor};
use tokenizer::Tokenizer;
use transformer::{Config, Gpt, Plain};

use crate::{Error, scaled_optimizer};
// ANCHOR_END: head

// ANCHOR: lesson
/// Of 100 lessons so many use the calculator.
const WITH_CALCULATOR: u64 = 25;
/// From the head the teacher is off by −2 … 2, each as often as the others.
const GUESSES: u64 = 5;

fn lesson(random: &mut ChaCha8Rng) -> Conversation {
    let mut below = |limit: u64| random.next_u64() % limit;
    let (a, b) = (below(10), below(10));
    let parts = if below(100) < WITH_CALCULATOR {
        vec![
            Part::Python(format!("{a}+{b}")),
            Part::PythonOutput((a + b).to_string()),
            Part::Text((a + b).to_string()),
        ]
    } else {
        let guess = (a + b + below(GUESSES)).saturating_sub(2);
        vec![Part::Text(guess.to_string())]
    };
    Conversation::exchange(format!("{a}+{b}"), Message::assistant_parts(parts))
}
// ANCHOR_END: lesson

// ANCHOR: taught
/// Two layers of width 64, some 130,000 parameters.
pub fn config(tokenizer: &Tokenizer) -> Result<Config, Error> {
    Ok(Config {
        width: 64,
        heads: 2,
        kv_heads: 2,
        ..Config::d(2, tokenizer.vocab_size() as i64, 32)?
    })
}

/// A model after `steps` steps of `rows` lessons each.
pub fn taught(tokenizer: &Tokenizer, seed: u64, steps: u64, rows: usize) -> Result<Gpt, Error> {
    let gpt = Gpt::new(&config(tokenizer)?, Device::Cpu, seed)?;
    let mut optimizer = scaled_optimizer(&gpt, &Rates2025::default(), 1.0, Box::new(Solo))?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for step in 0..steps {
        let rendered: Vec<sft::Rendered> = (0..rows)
            .map(|_| sft::render(&lesson(&mut random), tokenizer, usize::MAX))
            .collect::<Result<_, _>>()?;
        let longest = rendered.iter().map(|row| row.ids.len()).max().unwrap_or(1) - 1; // T
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for row in &rendered {
            let last = row.ids.len() - 1;
            for t in 0..longest {
                let is_trained = t < last && row.mask[t + 1] == 1;
                inputs.push(if t < last { i64::from(row.ids[t]) } else { 0 });
                targets.push(if is_trained {
                    i64::from(row.ids[t + 1])
                } else {
                    -1
                });
            }
        }
        let size = [rows as i64, longest as i64];
        let [inputs, targets] = [inputs, targets].map(|ids| Tensor::from_slice(&ids).view(size)); // (B, T)
        optimizer.zero_grad();
        gpt.loss(&Plain, &inputs, &targets)?.mean().backward();
        optimizer.step(&StepScale {
            lr: 1.0 - step as f64 / steps as f64,
            momentum: 0.95,
            weight_decay: 1.0,
        })?;
    }
    Ok(gpt)
}
// ANCHOR_END: taught
