//! From looking up a word to answering by letter: the steps between, and which of them a model takes when.
//!
//! The text is tidepool's, in three lessons: first nothing but lists with letters, then letters in lines of their own, then
//! encyclopedia and question pages with pages of genre `binding` among them. Those ask about facts that conversations may mention; the
//! others stand in the encyclopedia and on the question pages only, and are never asked by letter. The model is the tiny recipe's.
//!
//! Before that, the lists alone, with several steps and two ways to write a list: how many tokens until a word is looked up.
//!
//! `cargo run --example letters [FOLDER]` trains for a quarter of an hour on one thread, prints the shares of right letters and writes
//! them to FOLDER (or the current folder) as CSV and SVG.

use anyhow::{Context, Result};
use dataset::tidepool::dice::Dice;
use dataset::tidepool::genres::binding::{self, Form};
use dataset::tidepool::genres::{encyclopedia, questions};
use dataset::tidepool::{FactId, World};
use hopper::{Fused, FusedUpdates};
use muon::{Optimizer, Rates2025, Solo, groups_2025};
use pretrain::Schedule;
use speedrun::curve::{Series, draw};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, Switches};

const TIME: i64 = 256;
/// Tokens of a run on lists alone.
const LONGEST: i64 = 300_000;
/// Where the long run's lessons end: lists, single letters, everything.
const LESSONS: [i64; 3] = [350_000, 800_000, 1_800_000];

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
    /// A list: as in an examination, or mostly close.
    fn lists(&mut self, only_lines: bool) -> String {
        match only_lines || self.dice.chance(40) {
            true => binding::lists(&self.world, &mut self.dice),
            false => binding::close_lists(&self.world, &mut self.dice),
        }
    }

    /// The second lesson.
    fn single_letters(&mut self) -> String {
        match self.dice.below(4) {
            0 => self.lists(false),
            _ => binding::single_letters(&self.world, &mut self.dice),
        }
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
            let guesses = gpt.logits(&Fused, &mut Causal, &row)?.argmax(-1, false); // (1, T)
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
/// How a run is made.
#[derive(Clone, Copy)]
struct Way {
    /// Of a step.
    rows: i64,
    /// The embedding's rate.
    embedding: f64,
    /// Lists as in an examination, and no others.
    only_lines: bool,
}

/// Trains on lists, single letters and everything, until each of `lessons` ends, and looks every `every` tokens: for each probe its
/// curve over thousands of tokens.
fn train(
    seed: u64,
    way: Way,
    lessons: [i64; 3],
    every: i64,
    warmdown: f64,
) -> Result<Vec<Vec<(f64, f64)>>> {
    let world = World::new(seed, 120)?;
    let asked = world.chat_facts();
    let dice = Dice::stream(seed, "letters");
    let mut text = Text {
        world,
        dice,
        turn: 0,
        asked,
    };
    let sample: Vec<String> = (0..6_000)
        .map(|page| match page % 6 {
            0 => text.lists(way.only_lines),
            1 => text.single_letters(),
            _ => text.mixed(),
        })
        .collect();
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
    let gpt = Gpt::new(&config, Device::Cpu, seed)?;
    let rates = Rates2025 {
        embedding: way.embedding,
        ..Rates2025::default()
    };
    let groups = groups_2025(gpt.parameters(), config.width, &rates, Kind::Float)?;
    let mut optimizer = Optimizer::new(groups, Box::new(FusedUpdates), Box::new(Solo))?;
    // Steps differ in size, so the schedule goes by thousandths of the tokens.
    let schedule = Schedule::october_2025(1_000, 0.0, warmdown, 0.0);
    let bos = i64::from(tokenizer.special(Special::Bos));
    let mut waiting: Vec<i64> = Vec::new();
    let mut curves = vec![Vec::new(); PROBES.len()];
    let ([lists, letters, all], rows) = (lessons, way.rows);
    let mut seen = 0;
    while seen < all {
        let wanted = (rows * (TIME + 1)) as usize;
        while waiting.len() < wanted {
            let page = match seen {
                _ if seen < lists => text.lists(way.only_lines),
                _ if seen < letters => text.single_letters(),
                _ => text.mixed(),
            };
            waiting.push(bos);
            waiting.extend(tokenizer.encode(&page).into_iter().map(i64::from));
        }
        let ids: Vec<i64> = waiting.drain(..wanted).collect();
        let ids = Tensor::from_slice(&ids).view([rows, TIME + 1]);
        let inputs = ids.narrow(1, 0, TIME).contiguous();
        let targets = ids.narrow(1, 1, TIME).contiguous();
        optimizer.zero_grad();
        let loss = gpt.loss(&Fused, &inputs, &targets)?;
        (&loss.sum / (rows * TIME) as f64).backward();
        let _ = optimizer.clip_gradients(1.0);
        optimizer.step(&schedule.at((1_000 * seen / all) as u64))?;
        seen += rows * TIME;
        if seen / every > (seen - rows * TIME) / every {
            let tokens = seen as f64 / 1e3;
            let mut line = format!("{tokens:5.0} thousand tokens:");
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

// ANCHOR: letters-main
/// What is tried on lists: rows of a step, the embedding's rate, only lines.
const WAYS: [(i64, f64, bool); 5] = [
    (16, 0.2, true),
    (16, 0.03, true),
    (16, 0.01, true),
    (8, 0.01, true),
    (8, 0.01, false),
];
const SEEDS: [u64; 2] = [1, 2];

fn main() -> Result<()> {
    let _ = tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    lists(&folder)?;
    everything(&folder)
}

/// Nothing but lists: after how many tokens three of four lines are right.
fn lists(folder: &Path) -> Result<()> {
    let mut csv =
        String::from("tokens_per_step,embedding,only_lines,seed,thousand_tokens,lines_right\n");
    let mut table = String::from("| tokens per step | embedding's rate | pages |");
    for seed in SEEDS {
        write!(table, " seed {seed} |")?;
    }
    writeln!(table, "\n|--:|--:|:--|{}", "--:|".repeat(SEEDS.len()))?;
    for (rows, embedding, only_lines) in WAYS {
        let size = rows * TIME;
        let pages = if only_lines {
            "lines"
        } else {
            "most of them close"
        };
        write!(table, "| {size} | {embedding} | {pages} |")?;
        for seed in SEEDS {
            println!("{size} tokens per step, embedding {embedding}, {pages}, seed {seed}");
            let way = Way {
                rows,
                embedding,
                only_lines,
            };
            let curves = train(seed, way, [LONGEST; 3], 25_000, 0.0)?;
            for (tokens, right) in &curves[0] {
                writeln!(
                    csv,
                    "{size},{embedding},{only_lines},{seed},{tokens:.1},{right:.4}"
                )?;
            }
            match curves[0].iter().find(|(_, right)| *right >= 0.75) {
                Some((tokens, _)) => write!(table, " {tokens:.0} |")?,
                None => write!(table, " not after {} |", LONGEST / 1_000)?,
            }
        }
        table.push('\n');
    }
    save(&folder.join("12-lists.csv"), &csv)?;
    save(&folder.join("12-lists.md"), &table)
}

/// Three lessons: which form is learned when.
fn everything(folder: &Path) -> Result<()> {
    println!("lists, single letters, everything");
    let way = Way {
        rows: 8,
        embedding: 0.01,
        only_lines: false,
    };
    let curves = train(1, way, LESSONS, 100_000, 0.4)?;
    let mut csv = String::from("form,thousand_tokens,share_right\n");
    let mut lines = Vec::new();
    for (probe, points) in PROBES.iter().zip(&curves) {
        for (tokens, accuracy) in points {
            writeln!(csv, "\"{}\",{tokens:.1},{accuracy:.4}", probe.name)?;
        }
        // Four lines can be told apart; the others are in the table.
        if !probe.held_out && [Form::Line, Form::Option, Form::Question].contains(&probe.form) {
            lines.push(Series {
                label: probe.name.into(),
                points: points.clone(),
            });
        }
    }
    let mut table = String::from("| thousand tokens |");
    for probe in &PROBES {
        write!(table, " {} |", probe.name)?;
    }
    table.push_str("\n|--:|");
    table.push_str(&"--:|".repeat(PROBES.len()));
    table.push('\n');
    for place in (2..curves[0].len()).step_by(3) {
        write!(table, "| {:.0} |", curves[0][place].0)?;
        for curve in &curves {
            write!(table, " {:.0} |", 100.0 * curve[place].1)?;
        }
        table.push('\n');
    }
    save(&folder.join("12-letters.csv"), &csv)?;
    save(&folder.join("12-letters.md"), &table)?;
    draw(
        &folder.join("12-letters.svg"),
        "thousand tokens",
        "letters that are right, four options",
        &lines,
    )
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
// ANCHOR_END: letters-main
