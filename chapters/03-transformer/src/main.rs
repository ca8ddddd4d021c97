// ANCHOR: head
//! The demonstration of chapter 03: shapes along the way, sizes of the dial, and a small model that learns one batch by
//! heart and recites it.
//!
//! `cargo run --bin transformer`, a few seconds on a CPU. With `-- --save FOLDER` it also leaves the trained model there,
//! and `expected.safetensors` with ids and logits, for `tests/transformers_roundtrip.py`.

use std::cell::RefCell;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tch::{Device, Tensor};
use transformer::dial::{Fleet, dial_2025, flops_per_token, parameter_count};
use transformer::safetensors_io::write_tensors;
use transformer::{
    Causal, Config, Context, Gpt, HeadLoss, Kernels, NaiveSampler, Plain, Prompt, Sampler,
    Sampling, save_folder,
};
// ANCHOR_END: head

// ANCHOR: text
/// The batch: three rows of 48 characters. A character is its own token here, so V is 128; chapter 01 does better.
const TEXT: [&str; 3] = [
    "the crab keeps a blue stone under the old pier. ",
    "an urchin counts the waves: one, two, three, ...",
    "when the tide is out, the limpet dreams of rain.",
];
const SEED: u64 = 1;
// ANCHOR_END: text

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let save = save_folder_argument()?;
    let machine = tensors::start(&tensors::Choice::default())?;

    let config = Config {
        heads: 4,
        kv_heads: 2,
        width: 64,
        ..Config::d(2, 128, 64)?
    };
    let gpt = Gpt::new(&config, machine.device, SEED)?;
    let characters: Vec<i64> = TEXT
        .iter()
        .flat_map(|row| row.bytes().map(i64::from))
        .collect();
    let (batch, length) = (TEXT.len() as i64, TEXT[0].len() as i64);
    let rows = gpt.upload(&characters, batch, length)?; // (B, T + 1)
    let inputs = rows.narrow(1, 0, length - 1); // (B, T)
    let targets = rows.narrow(1, 1, length - 1); // (B, T): at each position the next character

    print_shapes(&gpt, &inputs, &targets)?;
    print_dial()?;
    learn_by_heart(&gpt, &inputs, &targets)?;
    recite(&gpt)?;
    if let Some(folder) = save {
        save_with_logits(&gpt, &inputs, &folder)?;
    }
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: narrator
/// `Plain` and `Causal` with a voice: every call also writes down its name and its shapes.
struct Narrator {
    lines: RefCell<Vec<String>>,
}

impl Narrator {
    fn say(&self, what: &str, from: &Tensor, to: &Tensor) {
        let shape = |x: &Tensor| {
            format!(
                "({})",
                x.size()
                    .iter()
                    .map(i64::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        self.lines
            .borrow_mut()
            .push(format!("  {what:<32} {:<16} -> {}", shape(from), shape(to)));
    }
}

impl Kernels for &Narrator {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        let y = Plain.linear(x, weight);
        self.say(
            &format!(
                "linear, weight [{}, {}]",
                weight.size()[0],
                weight.size()[1]
            ),
            x,
            &y,
        );
        y
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        let y = Plain.rms_norm(x, eps);
        self.say("RMSNorm", x, &y);
        y
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        let y = Plain.rope_qk_norm(x, cos, sin, eps);
        self.say("RoPE and RMSNorm per head", x, &y);
        y
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        let y = Plain.relu_squared(x);
        self.say("relu²", x, &y);
        y
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        let loss = Plain.head_loss(x, head, targets, softcap);
        self.say("head, softcap, cross-entropy", x, &loss.per_token);
        self.say("sum", &loss.per_token, &loss.sum);
        loss
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        let y = Plain.logits(x, head, softcap);
        self.say("head and softcap", x, &y);
        y
    }
}

impl Context for &Narrator {
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
        let y = Causal.attend(layer, window, q, k, v);
        self.say("attention", q, &y);
        y
    }
}
// ANCHOR_END: narrator

// ANCHOR: shapes
/// One forward pass with the narrator in the seams. The model does not know.
fn print_shapes(gpt: &Gpt, inputs: &Tensor, targets: &Tensor) -> anyhow::Result<()> {
    let Config {
        vocab_size,
        layers,
        heads,
        kv_heads,
        width,
        ..
    } = *gpt.config();
    println!(
        "One forward pass: V {vocab_size}, L {layers}, H {heads}, K {kv_heads}, C {width}, D {}",
        gpt.config().head_width()
    );
    let narrator = Narrator {
        lines: RefCell::default(),
    };
    let x = gpt.hidden(&&narrator, &mut &narrator, inputs)?;
    (&narrator).head_loss(&x, &gpt.head(), targets, gpt.config().softcap);

    let lines = narrator.lines.into_inner();
    let per_block = (lines.len() - 4) / layers as usize; // all but the first norm, the last norm, the loss and its sum
    println!("{}   after the look-up in the embedding", lines[0]);
    println!("  block 0");
    lines[1..=per_block]
        .iter()
        .for_each(|line| println!("  {line}"));
    println!("  … {} more of the same", layers - 1);
    lines[lines.len() - 3..]
        .iter()
        .for_each(|line| println!("{line}"));
    println!();
    Ok(())
}
// ANCHOR_END: shapes

// ANCHOR: sizes
fn print_dial() -> anyhow::Result<()> {
    println!("The depth dial of October 2025 (V 65,536, T 2,048)");
    println!(
        "  depth   width  heads     parameters    FLOPs/token           tokens    steps  total FLOPs"
    );
    for depth in [4, 8, 12, 20, 26, 32] {
        let dial = dial_2025(depth, 65_536, 2048, Fleet { ranks: 8, rows: 32 })?;
        println!(
            "  {depth:>5} {:>7} {:>6} {:>14} {:>14} {:>16} {:>8} {:>12.2e}",
            dial.config.width,
            dial.config.heads,
            grouped(dial.parameters),
            grouped(dial.flops_per_token),
            grouped(dial.tokens),
            grouped(dial.steps),
            dial.flops_per_token as f64 * dial.tokens as f64,
        );
    }
    println!();
    Ok(())
}

/// 1234567 -> "1,234,567"
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or("?"))
        .collect();
    groups.join(",")
}
// ANCHOR_END: sizes

// ANCHOR: learn
/// Stochastic gradient descent with momentum, in ten lines. Chapter 04 has better optimizers.
struct Sgd {
    velocity: Vec<Tensor>,
}

impl Sgd {
    fn step(&mut self, gpt: &Gpt, rate: f64) {
        let _guard = tch::no_grad_guard(); // the update itself is not part of the function that is differentiated
        for (parameter, velocity) in gpt.parameters().iter().zip(&mut self.velocity) {
            let mut weight = parameter.tensor.shallow_clone();
            let mut gradient = weight.grad();
            *velocity = &*velocity * 0.9 + &gradient;
            weight -= &*velocity * rate;
            let _ = gradient.zero_(); // backward adds to what is there
        }
    }
}

fn learn_by_heart(gpt: &Gpt, inputs: &Tensor, targets: &Tensor) -> anyhow::Result<()> {
    let (parameters, tokens) = (parameter_count(gpt.config()), inputs.numel());
    let uniform = (gpt.config().vocab_size as f64).ln();
    println!(
        "Learning one batch by heart: {} parameters, {tokens} tokens, {} FLOPs per token",
        grouped(parameters),
        grouped(flops_per_token(gpt.config()))
    );
    println!(
        "  A model that knows nothing has loss ln V = ln {} = {uniform:.4}.",
        gpt.config().vocab_size
    );
    let mut sgd = Sgd {
        velocity: gpt
            .parameters()
            .iter()
            .map(|p| p.tensor.zeros_like())
            .collect(),
    };
    for step in 0..=200 {
        let loss = gpt.loss(&Plain, inputs, targets)?.mean();
        if step % 20 == 0 {
            let loss = loss.double_value(&[]);
            println!(
                "  step {step:>4}  loss {loss:>7.4}  {}",
                "█".repeat((loss * 10.0).round() as usize)
            );
        }
        loss.backward();
        sgd.step(gpt, 0.02);
    }
    println!();
    Ok(())
}
// ANCHOR_END: learn

// ANCHOR: recite
/// Greedy continuation from the first letters of each row, printed as it comes.
fn recite(gpt: &Gpt) -> anyhow::Result<()> {
    println!("Reciting: five letters given, the rest from the naive sampler, greedily");
    for row in TEXT {
        let given = &row[..5];
        let settings = Sampling {
            temperature: 0.0,
            top_k: 0,
            max_tokens: row.len() - given.len(),
            stop: Vec::new(),
            ..Sampling::default()
        };
        let prompt = Prompt {
            ids: given.bytes().map(u32::from).collect(),
            settings,
            seed: SEED,
        };
        print!("  [{given}]");
        let samples = NaiveSampler::new(gpt, &Plain).sample(&[prompt], None, &mut |added| {
            print!("{}", char::from(added.id as u8));
            match std::io::stdout().flush() {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()), // nobody listens any more
            }
        })?;
        let said: String = samples[0]
            .ids
            .iter()
            .map(|&id| char::from(id as u8))
            .collect();
        println!(
            "   {}",
            if said == row[given.len()..] {
                "word for word"
            } else {
                "not quite"
            }
        );
    }
    Ok(())
}
// ANCHOR_END: recite

// ANCHOR: save
fn save_folder_argument() -> anyhow::Result<Option<PathBuf>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        ["--save", folder] => Ok(Some(PathBuf::from(folder))),
        _ => bail!("unknown arguments {arguments:?}; there is only `--save FOLDER`"),
    }
}

fn save_with_logits(gpt: &Gpt, inputs: &Tensor, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    save_folder(gpt, folder)?;
    let logits = gpt.logits(&Plain, &mut Causal, inputs)?;
    let expected = [
        ("input_ids".to_string(), &inputs.contiguous()),
        ("logits".to_string(), &logits),
    ];
    write_tensors(&folder.join("expected.safetensors"), &expected)?;
    println!(
        "\nSaved: config.json, model.safetensors, expected.safetensors in {}",
        folder.display()
    );
    Ok(())
}
// ANCHOR_END: save
