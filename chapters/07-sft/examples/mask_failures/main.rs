//! Four ways to fail at fine-tuning, each a line away from the right one, measured on the same conversations with the same
//! model and the same number of steps: `cargo run --example mask_failures [-- FOLDER]`. With a folder, the curves go there as
//! `07-failures.csv` and `07-failures.svg`. One thread. `-- count` trains nothing and counts what cropping loses.

mod chart;
mod count;
mod rows;
mod score;
mod way;

use dataset::schemas::{DataSet, MultipleChoice, SmolTalk, WordProblem};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Conversation, ConversationSource, Message};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::batch_tensors;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rows::Rows;
use score::{Score, replies_that_end, score};
use sft::Ramp;
use std::fmt::Write;
use std::path::Path;
use tch::Device;
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Config, Gpt, Plain};
use way::WAYS;

const ROWS: usize = 16;
const TIME: usize = 96;
const STEPS: u64 = 120;
const EVERY: u64 = 20;
const SEEDS: u64 = 3;
const HELD_OUT: usize = 150;

/// One (step, loss in the log, score) per evaluation.
type Curve = Vec<(u64, f64, Score)>;

fn main() -> anyhow::Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;
    let scratch = tempfile::tempdir()?;
    let world = scratch.path().join("tidepool");
    let settings = CorpusSettings {
        chat_conversations: 3_000,
        word_problems: 1_500,
        ..CorpusSettings::smoke()
    };
    write_corpus(&World::new(1, 60)?, &world, &settings)?;
    let mut talks = all(&DataSet::<SmolTalk>::open(
        "chat",
        &world.join("chat/train.jsonl"),
    )?)?;
    talks.extend(all(&DataSet::<WordProblem>::open(
        "gsm8k",
        &world.join("gsm8k/train.jsonl"),
    )?)?);
    let texts = talks
        .iter()
        .flat_map(|talk| &talk.messages)
        .map(Message::text);
    let tokenizer = tokenizer::train(texts, &TrainSettings::new(768), &mut |_| ())?;
    if std::env::args().nth(1).as_deref() == Some("count") {
        let letters =
            DataSet::<MultipleChoice>::open("mmlu", &world.join("mmlu/auxiliary_train.jsonl"))?;
        let (sums, talk) = (talks.split_off(3_000), talks);
        return count::count_losses(
            &[("talk", talk), ("sums", sums), ("letters", all(&letters)?)],
            &tokenizer,
        );
    }
    talks.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let held_out = talks.split_off(talks.len() - HELD_OUT);

    let mut csv = "way,seed,step,logged_loss,answer_loss,end_loss,question_loss\n".to_string();
    let mut curves = Vec::new();
    println!(
        "way              in the log  answers (least to most)      end question  lost ends  padding  replies that end"
    );
    for way in &WAYS {
        let mut runs: Vec<Curve> = Vec::new();
        let (mut ended, mut lost, mut padding) = (0.0, 0.0, 0.0);
        for seed in 1..=SEEDS {
            let mut talks = talks.clone();
            talks.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            let mut rows = Rows::new(way, &talks, &tokenizer)?;
            let (gpt, curve) = train(&mut rows, &tokenizer, &held_out, seed)?;
            for (step, logged, score) in &curve {
                writeln!(
                    csv,
                    "{},{seed},{step},{logged:.4},{:.4},{:.4},{:.4}",
                    way.name, score.answer, score.end, score.question
                )?;
            }
            runs.push(curve);
            ended += replies_that_end(&gpt, &tokenizer, &held_out)? / SEEDS as f64;
            lost += rows.lost_ends() / SEEDS as f64;
            padding += rows.padding() / SEEDS as f64;
        }
        let curve = mean(&runs);
        let (_, logged, last) = curve.last().expect("the last step is scored");
        let mut answers: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.last())
            .map(|(_, _, score)| score.answer)
            .collect();
        answers.sort_by(f64::total_cmp);
        println!(
            "{:<16} {logged:>10.3} {:>8.3} ({:.3} to {:.3}) {:>8.3} {:>8.3} {:>8.1} % {:>6.1} % {:>15.0} %",
            way.name,
            last.answer,
            answers[0],
            answers[answers.len() - 1],
            last.end,
            last.question,
            100.0 * lost,
            100.0 * padding,
            100.0 * ended,
        );
        curves.push(curve);
    }
    if let Some(folder) = std::env::args().nth(1) {
        let folder = Path::new(&folder);
        std::fs::write(folder.join("07-failures.csv"), csv)?;
        std::fs::write(folder.join("07-failures.svg"), chart::draw(&curves)?)?;
    }
    Ok(())
}

/// A fresh model, trained on rows of one of the ways; and what was seen on the way.
fn train(
    rows: &mut Rows,
    tokenizer: &Tokenizer,
    held_out: &[Conversation],
    seed: u64,
) -> anyhow::Result<(Gpt, Curve)> {
    let config = Config {
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..Config::d(2, tokenizer.vocab_size() as i64, TIME as i64)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, seed)?;
    let rates = Rates2025::default();
    let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
    let mut optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    let schedule = Ramp::SFT_2026.over(STEPS);
    let (mut logged, mut curve) = (Vec::new(), Vec::new());
    for step in 0..=STEPS {
        let (inputs, targets) = batch_tensors(&rows.batch(), Device::Cpu); // (B, T) each
        let loss = gpt.loss(&Plain, &inputs, &targets)?.mean();
        logged.push(loss.double_value(&[]));
        if step % EVERY == 0 {
            let recent = &logged[logged.len().saturating_sub(10)..];
            let recent = recent.iter().sum::<f64>() / recent.len() as f64;
            curve.push((step, recent, score(&gpt, tokenizer, held_out)?));
        }
        if step < STEPS {
            optimizer.zero_grad();
            loss.backward();
            let _ = optimizer.clip_gradients(1.0)?;
            optimizer.step(&schedule.at(step))?;
        }
    }
    Ok((gpt, curve))
}

/// The mean over seeds, evaluation by evaluation.
fn mean(runs: &[Curve]) -> Curve {
    let over = |at: usize, of: &dyn Fn(&(u64, f64, Score)) -> f64| {
        runs.iter().map(|run| of(&run[at])).sum::<f64>() / runs.len() as f64
    };
    (0..runs[0].len())
        .map(|at| {
            let score = Score {
                answer: over(at, &|one| one.2.answer),
                end: over(at, &|one| one.2.end),
                question: over(at, &|one| one.2.question),
            };
            (runs[0][at].0, over(at, &|one| one.1), score)
        })
        .collect()
}

fn all(source: &dyn ConversationSource) -> anyhow::Result<Vec<Conversation>> {
    let talks = (0..source.len()).map(|index| source.get(index));
    Ok(talks.collect::<Result<_, _>>()?)
}
