// ANCHOR: head
//! The demonstration of chapter 10: the same tokens as the naive sampler, and how much sooner.
//!
//! `cargo run --bin engine`, some seconds on a CPU. With `-- bench` it measures engine against naive sampler and plain
//! scorer in turns; with `-- bench FOLDER` it also leaves the numbers and their picture there.

mod bench;

use anyhow::bail;
use engine::{Engine, KvCache};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;
use tensors::{Choice, Machine};
use transformer::{Config, Gpt, NaiveSampler, Plain, Prompt, Sample, Sampler, Sampling};

const USAGE: &str = "usage: engine [bench [FOLDER]]";

/// Prompt and answer of each row, in tokens.
const PROMPT: usize = 32;
const ANSWER: usize = 96;
// ANCHOR_END: head

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bench = match &arguments[..] {
        [] => None,
        [word] if word == "bench" => Some(None),
        [word, folder] if word == "bench" => Some(Some(PathBuf::from(folder))),
        _ => bail!("`{}` is not understood; {USAGE}", arguments.join(" ")),
    };
    let machine = tensors::start(&Choice::default())?;
    let gpt = demonstration_model(&machine)?;
    println!(
        "A model of 4 layers, width 128, vocabulary 1024, with random weights, on {:?}.",
        machine.device
    );
    match bench {
        Some(folder) => bench::run(&gpt, folder.as_deref()),
        None => demonstrate(&gpt),
    }
}

fn demonstrate(gpt: &Gpt) -> anyhow::Result<()> {
    println!("Every row reads {PROMPT} tokens and draws {ANSWER} more at temperature 1.\n");
    let naive = timed(&mut NaiveSampler::new(gpt, &Plain), 1)?;
    println!(
        "{:<8} {:>5} {:>9} {:>10} {:>9} {:>14}",
        "sampler", "rows", "seconds", "tokens/s", "ms/token", "against naive"
    );
    show("naive", 1, &naive, &naive);
    for rows in [1, 4, 16, 64] {
        let run = timed(&mut Engine::new(gpt, &Plain), rows)?;
        let same = run.samples[0].ids == naive.samples[0].ids;
        anyhow::ensure!(same, "the engine's tokens differ from the naive sampler's");
        show("engine", rows, &run, &naive);
    }
    println!(
        "\nThe first row's tokens were the same in every run: {:?} …",
        &naive.samples[0].ids[..8]
    );
    let bytes = KvCache::bytes(gpt.config(), 1, PROMPT + ANSWER, gpt.compute());
    println!(
        "The cache of one row of {} tokens takes {} KiB.",
        PROMPT + ANSWER,
        bytes / 1024
    );
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: model
/// The tiny recipe's layers and width, with half its vocabulary and none of its switches. A fresh model's logits are all equal,
/// so its weights are stirred: every tensor gets noise.
fn demonstration_model(machine: &Machine) -> anyhow::Result<Gpt> {
    let config = Config {
        width: 128,
        heads: 2,
        kv_heads: 2,
        ..Config::d(4, 1024, 256)?
    };
    let gpt = Gpt::new(&config, machine.device, 1)?.with_compute(machine.compute);
    tensors::seed_everything(1);
    let _guard = tch::no_grad_guard();
    for parameter in gpt.parameters() {
        let scale = 2.0 / (parameter.tensor.size()[1] as f64).sqrt();
        let _ = parameter
            .tensor
            .shallow_clone()
            .g_add_(&(parameter.tensor.randn_like() * scale));
    }
    Ok(gpt)
}
// ANCHOR_END: model

// ANCHOR: timed
struct Timed {
    samples: Vec<Sample>,
    seconds: f64,
}

/// `rows` different prompts.
fn prompts(rows: usize, length: usize, max_tokens: usize) -> Vec<Prompt> {
    let prompt = |row: usize| Prompt {
        ids: (0..length)
            .map(|at| ((31 * row + 7 * at * at) % 1024) as u32)
            .collect(),
        settings: Sampling {
            max_tokens,
            ..Sampling::default()
        },
        seed: row as u64,
    };
    (0..rows).map(prompt).collect()
}

/// Draws from `rows` different prompts. A first, short run is not counted: it pays for libtorch's set-up.
fn timed(sampler: &mut dyn Sampler, rows: usize) -> anyhow::Result<Timed> {
    let mut draw = |max_tokens: usize| {
        let prompts = prompts(rows, PROMPT, max_tokens);
        sampler.sample(&prompts, None, &mut |_| ControlFlow::Continue(()))
    };
    draw(2)?;
    let started = Instant::now();
    let samples = draw(ANSWER)?;
    Ok(Timed {
        samples,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn show(sampler: &str, rows: usize, run: &Timed, naive: &Timed) {
    let speed = (rows * ANSWER) as f64 / run.seconds;
    let against = speed / (ANSWER as f64 / naive.seconds);
    println!(
        "{sampler:<8} {rows:>5} {:>9.2} {speed:>10.0} {:>9.2} {against:>13.1}×",
        run.seconds,
        1000.0 / speed
    );
}
// ANCHOR_END: timed
