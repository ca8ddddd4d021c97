//! From looking up a word to answering by letter: the steps between, and which of them a model takes when.
//!
//! The text is tidepool's: first nothing but lists with letters, then encyclopedia and question pages with pages of genre `binding`
//! among them. Those ask about facts that conversations may mention; the others stand in the encyclopedia and on the question pages
//! only, and are never asked by letter. The model is the tiny recipe's.
//!
//! `cargo run --example letters [FOLDER]` trains for some ten minutes on one thread, prints the shares of right letters and writes them to
//! FOLDER (or the current folder) as CSV and SVG.

use anyhow::{Context, Result};
use dataset::tidepool::dice::Dice;
use dataset::tidepool::genres::binding::{self, Form};
use dataset::tidepool::genres::{encyclopedia, questions};
use dataset::tidepool::{FactId, World};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::Schedule;
use speedrun::curve::{Series, draw};
use std::fmt::Write;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, Plain, Switches};

const ROWS: i64 = 16;
const TIME: i64 = 256;
/// Steps with nothing but lists.
const LISTS: u64 = 100;
const STEPS: u64 = 700;
const EVERY: u64 = 50;

// ANCHOR: letters-text
/// The texts of a run, one after the other.
struct Text {
    world: World,
    dice: Dice,
    turn: usize,
    /// What may be asked by letter.
    asked: Vec<FactId>,
}

impl Text {
    fn lists(&mut self) -> String {
        binding::lists(&self.world, &mut self.dice)
    }

    /// Facts told, facts asked, and the five forms of `binding`, the last of them most often.
    fn mixed(&mut self) -> String {
        self.turn += 1;
        let (world, dice) = (&self.world, &mut self.dice);
        match dice.weighted(&[30, 15, 5, 5, 5, 5, 35]) {
            0 => encyclopedia::write(world, self.turn, dice),
            1 => questions::write(world, self.turn, dice),
            form => {
                let options = 1 + dice.weighted(&[1, 2, 2, 5]);
                binding::page(world, &self.asked, Form::ALL[form - 2], options, dice)
            }
        }
    }
}
// ANCHOR_END: letters-text

// ANCHOR: letters-probe
/// What is looked at: the share of right letters on pages of one form with four options.
struct Probe {
    name: &'static str,
    form: Form,
    /// About facts that are never asked by letter.
    held_out: bool,
}

const PROBES: [Probe; 6] = [
    probe("line", Form::Line, false),
    probe("option", Form::Option, false),
    probe("question and line", Form::QuestionAndLine, false),
    probe("question and option", Form::QuestionAndOption, false),
    probe("question", Form::Question, false),
    probe("question, never asked", Form::Question, true),
];

const fn probe(name: &'static str, form: Form, held_out: bool) -> Probe {
    Probe {
        name,
        form,
        held_out,
    }
}

impl Probe {
    fn accuracy(&self, gpt: &Gpt, tokenizer: &Tokenizer, text: &Text) -> Result<f64> {
        let _no_gradients = tch::no_grad_guard();
        let facts = if self.held_out {
            text.world.held_out_facts()
        } else {
            text.asked.clone()
        };
        let ends_a_line = |id: i64| {
            let token = u32::try_from(id).ok().and_then(|id| tokenizer.token(id));
            token.is_some_and(|token| matches!(token, [b'A'..=b'D'] | [b'=', b'A'..=b'D']))
        };
        let mut dice = Dice::stream(99, "pages to be looked at");
        let (mut right, mut all) = (0, 0);
        for _ in 0..25 {
            let page = binding::page(&text.world, &facts, self.form, 4, &mut dice);
            let options = page.lines().take_while(|line| !line.is_empty()).count();
            let mut ids = vec![i64::from(tokenizer.special(Special::Bos))];
            ids.extend(tokenizer.encode(&page).into_iter().map(i64::from));
            ids.truncate(TIME as usize);
            let row = Tensor::from_slice(&ids).unsqueeze(0); // (1, T)
            let guesses = gpt.logits(&Plain, &mut Causal, &row)?.argmax(-1, false); // (1, T)
            let guesses = Vec::<i64>::try_from(guesses.view([-1]))?;
            // The list's own letters come first, and could not be known.
            let letters = (1..ids.len()).filter(|place| ends_a_line(ids[*place]));
            for place in letters.skip(options) {
                all += 1;
                right += usize::from(guesses[place - 1] == ids[place]);
            }
        }
        Ok(right as f64 / all as f64)
    }
}
// ANCHOR_END: letters-probe

// ANCHOR: letters-train
/// Trains, and looks every [`EVERY`] steps: for each probe its curve over thousands of tokens.
fn train(rate: f64, steps: u64) -> Result<Vec<Vec<(f64, f64)>>> {
    let world = World::new(1, 120)?;
    let asked = world.chat_facts();
    let mut text = Text {
        world,
        dice: Dice::stream(1, "letters"),
        turn: 0,
        asked,
    };
    let sample: Vec<String> = (0..6_000).map(|_| text.mixed()).collect();
    let tokenizer = tokenizer::train(sample.into_iter(), &TrainSettings::new(2_048), &mut |_| ())?;
    let config = Config {
        layers: 4,
        heads: 2,
        kv_heads: 2,
        width: 128,
        switches: Switches {
            qk_scale: 1.2,
            value_embeddings: true,
            smear: true,
            ..Switches::default()
        },
        ..Config::d(4, tokenizer.vocab_size() as i64, TIME)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1)?;
    let rates = Rates2025 {
        embedding: rate,
        ..Rates2025::default()
    };
    let groups = groups_2025(gpt.parameters(), config.width, &rates, Kind::Float)?;
    let mut optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    let schedule = Schedule::october_2025(STEPS, 0.0, 0.4, 0.0);
    let bos = i64::from(tokenizer.special(Special::Bos));
    let mut waiting: Vec<i64> = Vec::new();
    let mut curves = vec![Vec::new(); PROBES.len()];
    for step in 0..steps {
        let wanted = (ROWS * (TIME + 1)) as usize;
        while waiting.len() < wanted {
            let page = if step < LISTS {
                text.lists()
            } else {
                text.mixed()
            };
            waiting.push(bos);
            waiting.extend(tokenizer.encode(&page).into_iter().map(i64::from));
        }
        let ids: Vec<i64> = waiting.drain(..wanted).collect();
        let ids = Tensor::from_slice(&ids).view([ROWS, TIME + 1]);
        let inputs = ids.narrow(1, 0, TIME).contiguous();
        let targets = ids.narrow(1, 1, TIME).contiguous();
        optimizer.zero_grad();
        let loss = gpt.loss(&Plain, &inputs, &targets)?;
        (&loss.sum / (ROWS * TIME) as f64).backward();
        let _ = optimizer.clip_gradients(1.0);
        optimizer.step(&schedule.at(step))?;
        if (step + 1) % EVERY == 0 {
            let tokens = ((step + 1) * (ROWS * TIME) as u64) as f64 / 1e3;
            let mut line = format!("embedding's rate {rate}, {tokens:5.0} thousand tokens:");
            for (probe, curve) in PROBES.iter().zip(&mut curves) {
                let accuracy = probe.accuracy(&gpt, &tokenizer, &text)?;
                write!(line, "  {} {:.0} %", probe.name, 100.0 * accuracy)?;
                curve.push((tokens, accuracy));
            }
            println!("{line}");
        }
    }
    Ok(curves)
}
// ANCHOR_END: letters-train

fn main() -> Result<()> {
    let _ = tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let mut csv = String::from("embedding_rate,form,thousand_tokens,share_right\n");
    let mut lines = Vec::new();
    for (rate, steps) in [(0.2, 2 * LISTS), (0.03, STEPS)] {
        for (probe, points) in PROBES.iter().zip(train(rate, steps)?) {
            for (tokens, accuracy) in &points {
                writeln!(csv, "{rate},\"{}\",{tokens:.1},{accuracy:.4}", probe.name)?;
            }
            // Four lines can be told apart; the others are in the table.
            let drawn = [Form::Line, Form::QuestionAndLine, Form::Question].contains(&probe.form);
            if rate < 0.1 && drawn {
                lines.push(Series {
                    label: probe.name.into(),
                    points,
                });
            }
        }
    }
    let csv_path = folder.join("12-letters.csv");
    std::fs::write(&csv_path, csv)
        .with_context(|| format!("cannot write {}", csv_path.display()))?;
    draw(
        &folder.join("12-letters.svg"),
        "thousand tokens",
        "letters that are right, four options",
        &lines,
    )
}
