//! Three ways to get a cache wrong, each one line away from the right one, each through the `Context` seam: positions that
//! start again with every pass, padding that is counted, and smear that forgets the last token of the piece before.
//!
//! `cargo run --example cache_failures -- FOLDER` prints how many of 64 greedy answers still agree with the naive sampler's,
//! token by token, and leaves the numbers and their picture in the folder.

use anyhow::Context as _;
use engine::KvCache;
use std::fmt::Write;
use std::ops::ControlFlow;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Context, Gpt, NaiveSampler, Plain, Prompt, Sampler, Sampling, Switches};

const ROWS: usize = 64;
const ANSWER: usize = 32;
const CHUNK: usize = 16;
const VOCAB: i64 = 512;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Positions,
    Padding,
    Smear,
}

const FAULTS: [(Fault, &str, &str); 4] = [
    (Fault::None, "right", "#2e8b57"),
    (Fault::Smear, "smear forgets", "#b8860b"),
    (Fault::Padding, "padding counted", "#2f6fb0"),
    (Fault::Positions, "positions restart", "#c0392b"),
];

struct Faulty {
    cache: KvCache,
    fault: Fault,
}

impl Context for Faulty {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        if self.fault == Fault::Positions {
            return Tensor::arange(time, (Kind::Int64, device)).unsqueeze(0);
        }
        self.cache.positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        self.cache.attend(layer, window, q, k, v)
    }

    fn previous(&mut self, x: &Tensor) -> Tensor {
        let right = self.cache.previous(x); // (B, t, C)
        let time = right.size()[1];
        if self.fault == Fault::Smear && time > 1 {
            let first = right.narrow(1, 0, 1).zeros_like();
            return Tensor::cat(&[first, right.narrow(1, 1, time - 1)], 1);
        }
        right
    }
}

impl Faulty {
    /// One pass over `pieces`, padded to the longest, of which it gives the last logits (B, V).
    fn read(&mut self, gpt: &Gpt, pieces: &[&[u32]]) -> anyhow::Result<Tensor> {
        let time = pieces.iter().map(|piece| piece.len()).max().unwrap_or(0);
        let mut ids = Vec::new();
        for piece in pieces {
            ids.extend(piece.iter().map(|&id| i64::from(id)));
            ids.resize(ids.len() + time - piece.len(), 0);
        }
        let ids = gpt.upload(&ids, pieces.len() as i64, time as i64)?; // (B, t)
        let logits = gpt.last_logits(&Plain, self, &ids)?; // (B, V)
        let count = |piece: &&[u32]| match self.fault {
            Fault::Padding => time as i64,
            _ => piece.len() as i64,
        };
        let counts: Vec<i64> = pieces.iter().map(count).collect();
        self.cache.advance(&counts);
        Ok(logits)
    }
}

/// Greedy answers to all prompts in one batch.
fn answers(gpt: &Gpt, prompts: &[Prompt], fault: Fault) -> anyhow::Result<Vec<Vec<u32>>> {
    let cache = KvCache::new(gpt.config(), prompts.len(), 0, Kind::Float, Device::Cpu);
    let mut faulty = Faulty { cache, fault };
    let read: Vec<&[u32]> = prompts
        .iter()
        .map(|prompt| &prompt.ids[..prompt.ids.len() - 1])
        .collect();
    let longest = read.iter().map(|ids| ids.len()).max().unwrap_or(0);
    for start in (0..longest).step_by(CHUNK) {
        let pieces: Vec<&[u32]> = read
            .iter()
            .map(|ids| &ids[start.min(ids.len())..(start + CHUNK).min(ids.len())])
            .collect();
        let _ = faulty.read(gpt, &pieces)?;
    }
    let mut newest: Vec<u32> = prompts
        .iter()
        .map(|prompt| prompt.ids[prompt.ids.len() - 1])
        .collect();
    let mut answers = vec![Vec::new(); prompts.len()];
    for _ in 0..ANSWER {
        let pieces: Vec<&[u32]> = newest.chunks(1).collect();
        let best = faulty.read(gpt, &pieces)?.argmax(-1, false); // (B, V) -> (B)
        let best: Vec<i64> = Vec::try_from(best)?;
        newest = best.into_iter().map(|id| id as u32).collect();
        for (answer, &id) in answers.iter_mut().zip(&newest) {
            answer.push(id);
        }
    }
    Ok(answers)
}

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1);
    tensors::start(&tensors::Choice::default())?;
    let config = Config {
        heads: 4,
        kv_heads: 2,
        width: 64,
        context: 256,
        vocab_size: VOCAB,
        switches: Switches::july_2026(),
        ..Config::d(4, VOCAB, 256)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1)?;
    tensors::seed_everything(1);
    let _guard = tch::no_grad_guard();
    for parameter in gpt.parameters() {
        let inner = parameter.tensor.size().last().copied().unwrap_or(1) as f64;
        let noise = parameter.tensor.randn_like() * (2.0 / inner.sqrt());
        let _ = parameter.tensor.shallow_clone().g_add_(&noise);
    }
    let prompts: Vec<Prompt> = (0..ROWS)
        .map(|row| Prompt {
            ids: (0..20 + row)
                .map(|at| ((31 * row + 7 * at * at) % VOCAB as usize) as u32)
                .collect(),
            settings: Sampling {
                temperature: 0.0,
                max_tokens: ANSWER,
                ..Sampling::default()
            },
            seed: 0,
        })
        .collect();
    let naive = NaiveSampler::new(&gpt, &Plain)
        .sample(&prompts, None, &mut |_| ControlFlow::Continue(()))?;

    let mut csv = "fault,tokens,agreeing\n".to_string();
    let mut curves = Vec::new();
    println!(
        "Of {ROWS} greedy answers, how many agree with the naive sampler's up to token 1, 2, 4, 8, 16, 32:"
    );
    for (fault, name, colour) in FAULTS {
        let answers = answers(&gpt, &prompts, fault)?;
        let agreeing: Vec<usize> = (1..=ANSWER)
            .map(|count| {
                let pairs = answers.iter().zip(&naive);
                pairs
                    .filter(|(ours, naive)| ours[..count] == naive.ids[..count])
                    .count()
            })
            .collect();
        for (index, count) in agreeing.iter().enumerate() {
            let _ = writeln!(csv, "{name},{},{count}", index + 1);
        }
        let shown = [1, 2, 4, 8, 16, 32].map(|count| format!("{:>4}", agreeing[count - 1]));
        println!("{name:<18} {}", shown.concat());
        curves.push((name, colour, agreeing));
    }
    if let Some(folder) = folder {
        for (name, text) in [("10-failures.csv", csv), ("10-failures.svg", svg(&curves))] {
            let path = std::path::Path::new(&folder).join(name);
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn svg(curves: &[(&str, &str, Vec<usize>)]) -> String {
    let x = |tokens: usize| 50.0 + 500.0 * (tokens as f64 - 1.0) / (ANSWER as f64 - 1.0);
    let y = |rows: usize| 230.0 - 200.0 * rows as f64 / ROWS as f64;
    let mut text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 280\" font-family=\"ui-monospace, Menlo, \
         Consolas, monospace\" font-size=\"12\">\n"
        .to_string();
    for rows in [0, ROWS / 2, ROWS] {
        let y = y(rows);
        let _ = writeln!(
            text,
            "<line x1=\"50\" x2=\"550\" y1=\"{y}\" y2=\"{y}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>\n\
             <text x=\"42\" y=\"{}\" text-anchor=\"end\" fill=\"currentColor\">{rows}</text>",
            y + 4.0
        );
    }
    for tokens in [1, 8, 16, 24, 32] {
        let x = x(tokens);
        let _ = writeln!(
            text,
            "<text x=\"{x:.0}\" y=\"250\" text-anchor=\"middle\" fill=\"currentColor\">{tokens}</text>"
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"300\" y=\"270\" text-anchor=\"middle\" fill=\"currentColor\">tokens of the answer</text>\n\
         <text x=\"8\" y=\"16\" fill=\"currentColor\">answers that agree so far</text>"
    );
    let mut labels = Vec::new();
    for (name, colour, agreeing) in curves {
        let points = agreeing.iter().enumerate();
        let points: Vec<String> = points
            .map(|(index, &rows)| format!("{:.1},{:.1}", x(index + 1), y(rows)))
            .collect();
        let mut end = y(agreeing[ANSWER - 1]);
        if labels.iter().any(|label: &f64| (label - end).abs() < 14.0) {
            end += 14.0; // two curves that end together
        }
        labels.push(end);
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"572\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            end + 4.0
        );
    }
    text + "</svg>\n"
}
