//! A hundred steps with the model, the batch and the rates of the tiny recipe, on ids of a Markov chain: with fused kernels,
//! attention and updates the loss ends within 0.2 % of where the plain ones end.
//!
//! Rounding is not the same, and training lets differences grow; what must not differ is where it leads. The recipe is chapter
//! 12's file, read as data: what is not in it (how the rate and the momentum of `october_2025` go) stands here once more.

use hopper::attention::Windowed;
use hopper::{Fused, FusedUpdates};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, StepScale, Updates, groups_2025};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Gpt, Kernels, Plain, Switches};

const STEPS: usize = 100;

/// What the test needs of `recipes/tiny.json`.
struct Tiny {
    config: Config,
    /// B; one micro-batch is a step.
    rows: i64,
    rates: Rates2025,
    clip: f64,
    /// The share of the run in which the rate falls to nothing.
    warmdown: f64,
}

impl Tiny {
    fn read() -> Tiny {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../12-speedrun/recipes/tiny.json"
        );
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let recipe: Value = serde_json::from_str(&text).unwrap();
        let (model, train) = (&recipe["model"], &recipe["train"]);
        let number = |at: &Value, name: &str| -> f64 {
            at[name]
                .as_f64()
                .unwrap_or_else(|| panic!("tiny.json has no number `{name}` where it is expected"))
        };
        let (optimizer, schedule) = (&train["optimizer"], &train["schedule"]);
        assert_eq!(
            optimizer["kind"], "october_2025",
            "this test knows no other"
        );
        assert_eq!(schedule["kind"], "october_2025", "this test knows no other");
        assert_eq!(number(schedule, "warmup_ratio"), 0.0);
        assert_eq!(number(schedule, "final_fraction"), 0.0);
        let whole = |at: &Value, name: &str| number(at, name) as i64;
        let (vocab, context) = (
            whole(&recipe["tokenizer"], "vocab_size"),
            whole(model, "context"),
        );
        let switches: Switches = serde_json::from_value(model["switches"].clone()).unwrap();
        let config = Config {
            layers: whole(model, "layers"),
            width: whole(model, "width"),
            heads: whole(model, "heads"),
            kv_heads: whole(model, "kv_heads"),
            switches,
            ..Config::d(4, vocab, context).unwrap()
        };
        let rows = whole(train, "device_rows");
        assert_eq!(
            whole(train, "batch_tokens"),
            rows * context,
            "a step of more than one micro-batch"
        );
        Tiny {
            config,
            rows,
            rates: Rates2025 {
                embedding: number(optimizer, "embedding"),
                head: number(optimizer, "head"),
                matrix: number(optimizer, "matrix"),
                weight_decay: number(optimizer, "weight_decay"),
            },
            clip: number(train, "clip"),
            warmdown: number(schedule, "warmdown_ratio"),
        }
    }

    fn scale(&self, step: usize) -> StepScale {
        let left = (STEPS - step) as f64 / (self.warmdown * STEPS as f64);
        StepScale {
            lr: left.min(1.0),
            momentum: 0.85 + 0.1 * step as f64 / 300.0,
            weight_decay: 0.0,
        }
    }
}

/// Each id follows from the one before by one of four rules, chosen by a generator of our own, the same for both runs.
fn ids(config: &Config, rows: i64, step: usize) -> (Tensor, Tensor) {
    let mut state = step as u64 + 1;
    let mut drawn = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as i64
    };
    let time = config.context;
    let mut all = Vec::new();
    for _ in 0..rows {
        let mut id = drawn() % config.vocab_size;
        for _ in 0..=time {
            all.push(id);
            id = (id * 5 + [1, 7, 31, 77][drawn() as usize % 4]) % config.vocab_size;
        }
    }
    let all = Tensor::from_slice(&all).view([rows, time + 1]); // (B, T + 1)
    (all.narrow(1, 0, time), all.narrow(1, 1, time))
}

/// The mean loss of the last ten steps.
fn train(kernels: &dyn Kernels, context: &mut dyn Context, updates: Box<dyn Updates>) -> f64 {
    let tiny = Tiny::read();
    let config = &tiny.config;
    let gpt = Gpt::new(config, Device::Cpu, 1).unwrap();
    let groups = groups_2025(gpt.parameters(), config.width, &tiny.rates, Kind::Float).unwrap();
    let mut optimizer = Optimizer::new(groups, updates, Box::new(Solo)).unwrap();
    let mut last = Vec::new();
    for step in 0..STEPS {
        optimizer.zero_grad();
        let (inputs, targets) = ids(config, tiny.rows, step);
        let loss = gpt.loss_in(kernels, context, &inputs, &targets);
        let loss = loss.unwrap().mean();
        loss.backward();
        let _ = optimizer.clip_gradients(tiny.clip).unwrap();
        optimizer.step(&tiny.scale(step)).unwrap();
        if step >= STEPS - 10 {
            last.push(loss.double_value(&[]));
        }
    }
    last.iter().sum::<f64>() / last.len() as f64
}

#[test]
fn parity_of_a_hundred_steps() {
    let plain = train(&Plain, &mut Causal, Box::new(PlainUpdates));
    let fused = train(&Fused, &mut Windowed, Box::new(FusedUpdates));
    let uniform = (Tiny::read().config.vocab_size as f64).ln();
    println!("plain {plain:.4}, fused {fused:.4}");
    assert!(
        plain < 0.8 * uniform,
        "nothing was learned: {plain} of {uniform}"
    );
    let off = (fused / plain - 1.0).abs();
    assert!(
        off < 0.002,
        "fused ends at {fused}, plain at {plain}: {off:.4} apart"
    );
}
