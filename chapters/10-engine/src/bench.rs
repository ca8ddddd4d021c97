// ANCHOR: head
//! Engine against naive sampler, and against the plain scorer, measured in turns.
//!
//! A machine is faster in one minute than in the next. So the two are run alternately, A B A B …, and what is reported is
//! the ratio of the two runs of a pair, of which the median counts.

use crate::prompts;
use anyhow::Context;
use engine::Engine;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use transformer::{Gpt, NaiveSampler, Plain, PlainScorer, Sampler, Scorer};

const ROUNDS: usize = 5;
const PROMPT: usize = 64;
const ANSWER: usize = 48;

/// Of the rows to be scored: what all begin with, what the four of a question have in common, and what is a row's own.
const EXAMPLES: usize = 160;
const QUESTION: usize = 24;
const CHOICE: usize = 4;
// ANCHOR_END: head

// ANCHOR: measured
/// One comparison: seconds of (plain, engine), round by round.
struct Measured {
    what: &'static str,
    rows: usize,
    /// What both produced in one run: tokens drawn, or positions scored.
    tokens: usize,
    rounds: Vec<(f64, f64)>,
}

impl Measured {
    /// Runs each once uncounted, then in turns.
    fn new(
        what: &'static str,
        rows: usize,
        tokens: usize,
        mut plain: impl FnMut() -> anyhow::Result<()>,
        mut engine: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let mut rounds = Vec::new();
        for round in 0..=ROUNDS {
            let started = Instant::now();
            plain()?;
            let between = Instant::now();
            engine()?;
            let pair = (between - started, between.elapsed());
            if round > 0 {
                rounds.push((pair.0.as_secs_f64(), pair.1.as_secs_f64()));
            }
        }
        Ok(Measured {
            what,
            rows,
            tokens,
            rounds,
        })
    }

    /// How many times as fast the engine was: least, median, most.
    fn ratios(&self) -> (f64, f64, f64) {
        let ratios = sorted(self.rounds.iter().map(|(plain, engine)| plain / engine));
        (ratios[0], ratios[ROUNDS / 2], ratios[ROUNDS - 1])
    }

    fn speed(&self, seconds: impl Fn(&(f64, f64)) -> f64) -> f64 {
        self.tokens as f64 / sorted(self.rounds.iter().map(seconds))[ROUNDS / 2]
    }
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}
// ANCHOR_END: measured

// ANCHOR: run
pub fn run(gpt: &Gpt, folder: Option<&Path>) -> anyhow::Result<()> {
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).with_context(|| {
            format!("{}: choose a folder that can be written", folder.display())
        })?;
    }
    println!(
        "Sampling: every row reads {PROMPT} tokens and draws {ANSWER}. Scoring: questions of four answers; {EXAMPLES} tokens\n\
         are common to all rows, {QUESTION} to the four of a question, {CHOICE} are a row's own.\n\
         {ROUNDS} rounds in turns; speeds are medians, the ratio is the median of the rounds (least to most).\n"
    );
    println!(
        "{:<9} {:>4} {:>14} {:>14} {:>24}",
        "", "rows", "plain tokens/s", "engine", "ratio"
    );
    let mut all = Vec::new();
    for rows in [1, 8, 32] {
        all.push(show(sampling(gpt, rows)?));
    }
    for rows in [4, 32] {
        all.push(show(scoring(gpt, rows)?));
    }
    if let Some(folder) = folder {
        for (name, text) in [("10-speed.csv", csv(&all)), ("10-speed.svg", svg(&all))] {
            tokenizer::atomic_file::write(&folder.join(name), text.as_bytes())?;
        }
    }
    Ok(())
}

fn sampling(gpt: &Gpt, rows: usize) -> anyhow::Result<Measured> {
    let prompts = prompts(rows, PROMPT, ANSWER);
    let draw = |sampler: &mut dyn Sampler| {
        let samples = sampler.sample(&prompts, None, &mut |_| ControlFlow::Continue(()))?;
        anyhow::ensure!(samples.iter().all(|sample| sample.ids.len() == ANSWER));
        Ok(())
    };
    Measured::new(
        "sampling",
        rows,
        rows * ANSWER,
        || draw(&mut NaiveSampler::new(gpt, &Plain)),
        || draw(&mut Engine::new(gpt, &Plain)),
    )
}

fn scoring(gpt: &Gpt, rows: usize) -> anyhow::Result<Measured> {
    let ids = |seed: usize, length: usize| {
        (0..length).map(move |at| ((31 * seed + 7 * at * at + 1) % 1024) as u32)
    };
    let rows: Vec<Vec<u32>> = (0..rows)
        .map(|row| {
            let examples = ids(0, EXAMPLES).chain(ids(1 + row / 4, QUESTION));
            examples.chain(ids(100 + row, CHOICE)).collect()
        })
        .collect();
    let score = |scorer: &dyn Scorer| {
        let scores = scorer.score(&rows)?;
        anyhow::ensure!(scores.len() == rows.len());
        Ok(())
    };
    Measured::new(
        "scoring",
        rows.len(),
        rows.iter().map(Vec::len).sum(),
        || score(&PlainScorer::new(gpt, &Plain)),
        || score(&Engine::new(gpt, &Plain)),
    )
}
// ANCHOR_END: run

// ANCHOR: show
fn show(measured: Measured) -> Measured {
    let (least, median, most) = measured.ratios();
    println!(
        "{:<9} {:>4} {:>14.0} {:>14.0} {:>24}",
        measured.what,
        measured.rows,
        measured.speed(|pair| pair.0),
        measured.speed(|pair| pair.1),
        format!("{median:.1} ({least:.1} to {most:.1})")
    );
    measured
}

fn csv(all: &[Measured]) -> String {
    let mut text = "what,rows,tokens,round,plain_seconds,engine_seconds\n".to_string();
    for Measured {
        what,
        rows,
        tokens,
        rounds,
    } in all
    {
        for (round, (plain, engine)) in rounds.iter().enumerate() {
            let _ = writeln!(
                text,
                "{what},{rows},{tokens},{round},{plain:.6},{engine:.6}"
            );
        }
    }
    text
}

/// A bar per comparison, as long as the ratio's logarithm, with a line from the least to the most.
fn svg(all: &[Measured]) -> String {
    let most = all
        .iter()
        .map(|measured| measured.ratios().2)
        .fold(2.0, f64::max);
    let x = |ratio: f64| 170.0 + 460.0 * ratio.max(1.0).ln() / most.ln();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {}\" font-family=\"ui-monospace, Menlo, Consolas, \
         monospace\" font-size=\"13\">\n",
        40 + 34 * all.len()
    );
    for (index, measured) in all.iter().enumerate() {
        let (least, median, most) = measured.ratios();
        let y = 12 + 34 * index;
        let colour = if measured.what == "sampling" {
            "#2f6fb0"
        } else {
            "#2e8b57"
        };
        let (width, middle, text_y) = (x(median) - x(1.0), y + 11, y + 16);
        let _ = writeln!(
            text,
            "<text x=\"160\" y=\"{text_y}\" text-anchor=\"end\" fill=\"currentColor\">{}, {} rows</text>\n\
             <rect x=\"170\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" fill=\"{colour}\"/>\n\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"currentColor\" stroke-width=\"2\"/>\n\
             <text x=\"{:.1}\" y=\"{text_y}\" fill=\"currentColor\">{median:.1}×</text>",
            measured.what,
            measured.rows,
            x(least),
            x(most),
            x(most) + 8.0,
        );
    }
    let _ = writeln!(
        text,
        "<line x1=\"170\" x2=\"170\" y1=\"6\" y2=\"{}\" stroke=\"currentColor\"/>\n\
         <text x=\"170\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">1×</text>\n</svg>",
        10 + 34 * all.len(),
        28 + 34 * all.len()
    );
    text
}
// ANCHOR_END: show
