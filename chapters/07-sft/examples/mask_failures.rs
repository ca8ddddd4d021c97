//! Four ways to fail at fine-tuning, each a line away from the right one, measured on the same conversations with the same
//! model and the same number of steps: `cargo run --example mask_failures [-- FOLDER]`. With a folder, the curves go there as
//! `07-failures.csv` and `07-failures.svg`. One thread. `-- count` trains nothing and counts what cropping loses.

use dataset::best_fit::{Item, Packer, Policy, Row};
use dataset::schemas::{DataSet, MultipleChoice, SmolTalk, WordProblem};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Batch, Conversation, ConversationSource, Message, Position};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::batch_tensors;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sft::{Ramp, Rendered, Supervise, render, render_for_completion};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use tch::Device;
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{
    Config, Gpt, NaiveSampler, Plain, PlainScorer, Prompt, Sampler, Sampling, Scorer, StopReason,
};

const ROWS: usize = 16;
const TIME: usize = 96;
const STEPS: u64 = 120;
const EVERY: u64 = 20;
const SEEDS: u64 = 3;
const HELD_OUT: usize = 150;

/// What one run does differently.
struct Way {
    name: &'static str,
    colour: &'static str,
    layout: Layout,
    supervise: Supervise,
    /// Whether `<|assistant_end|>` is trained on.
    end: bool,
    padding_counted: bool,
}

#[derive(PartialEq)]
enum Layout {
    /// Best fit, the rest of a row padded.
    Packed,
    /// Best fit, the rest of a row filled with the beginning of a conversation.
    Cropped,
    OnePerRow,
}

const RIGHT: Way = Way {
    name: "right",
    colour: "#2e8b57",
    layout: Layout::Packed,
    supervise: Supervise::Assistant,
    end: true,
    padding_counted: false,
};

const WAYS: [Way; 6] = [
    RIGHT,
    Way {
        name: "no mask",
        colour: "#c0392b",
        supervise: Supervise::Everything,
        ..RIGHT
    },
    Way {
        name: "one per row",
        colour: "#7a8699",
        layout: Layout::OnePerRow,
        ..RIGHT
    },
    Way {
        name: "padding counted",
        colour: "#2f6fb0",
        layout: Layout::OnePerRow,
        padding_counted: true,
        ..RIGHT
    },
    Way {
        name: "cropped",
        colour: "#b8860b",
        layout: Layout::Cropped,
        ..RIGHT
    },
    Way {
        name: "no end",
        colour: "#a35fd0",
        end: false,
        ..RIGHT
    },
];

/// One (step, loss in the log, score) per evaluation.
type Curve = Vec<(u64, f64, Score)>;

/// Nats per token of held-out conversations.
struct Score {
    answer: f64,
    end: f64,
    question: f64,
}

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
        return count_losses(
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
        std::fs::write(folder.join("07-failures.svg"), draw(&curves)?)?;
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
            let _ = optimizer.clip_gradients(1.0);
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

/// Rows of T + 1 ids, made in one of the ways, over and over.
struct Rows<'a> {
    way: &'a Way,
    rendered: Vec<Rendered>,
    bos: u32,
    next: usize,
    packer: Packer<()>,
    items: usize,
    lost: usize,
    places: usize,
    padded: usize,
}

impl<'a> Rows<'a> {
    fn new(way: &'a Way, talks: &[Conversation], tokenizer: &Tokenizer) -> anyhow::Result<Self> {
        let (bos, end) = (
            tokenizer.special(Special::Bos),
            tokenizer.special(Special::AssistantEnd),
        );
        let mut rendered = Vec::new();
        for talk in talks {
            let mut one = render(talk, tokenizer, TIME + 1)?.supervising(way.supervise);
            for (id, mask) in one.ids.iter().zip(&mut one.mask) {
                if *id == end && !way.end {
                    *mask = 0;
                }
            }
            rendered.push(one);
        }
        let policy = match way.layout {
            Layout::Cropped => Policy::Crop,
            _ => Policy::Pad(bos),
        };
        Ok(Rows {
            way,
            rendered,
            bos,
            next: 0,
            packer: Packer::new(TIME + 1, policy),
            items: 0,
            lost: 0,
            places: 0,
            padded: 0,
        })
    }

    fn draw(&mut self) -> Item<()> {
        let Rendered { ids, mask } = self.rendered[self.next % self.rendered.len()].clone();
        self.next += 1;
        Item {
            ids,
            mask,
            origin: (),
        }
    }

    fn row(&mut self) -> Row<()> {
        let mut row = Row::new(TIME + 1);
        let mut alone = Packer::new(TIME + 1, Policy::Pad(self.bos));
        while !row.is_full() {
            if self.way.layout == Layout::OnePerRow {
                if row.ids.is_empty() {
                    let item = self.draw();
                    alone.push(item);
                }
                alone.place(&mut row);
            } else {
                while self.packer.waiting() < 100 {
                    let item = self.draw();
                    self.packer.push(item);
                }
                self.packer.place(&mut row);
            }
        }
        let used = row.spans.last().map_or(0, |span| span.end);
        self.items += row.spans.len();
        self.lost += row.spans.iter().filter(|span| span.cropped > 0).count();
        self.places += row.ids.len();
        self.padded += row.ids.len() - used;
        if self.way.padding_counted {
            row.mask[used..].fill(1);
        }
        row
    }

    fn batch(&mut self) -> Batch {
        let rows: Vec<Row<()>> = (0..ROWS).map(|_| self.row()).collect();
        Batch::from_rows(&rows, Position::default())
    }

    fn lost_ends(&self) -> f64 {
        self.lost as f64 / self.items as f64
    }

    fn padding(&self) -> f64 {
        self.padded as f64 / self.places as f64
    }
}

/// Packs every conversation once with cropping, and counts what each source loses.
fn count_losses(
    sources: &[(&str, Vec<Conversation>)],
    tokenizer: &Tokenizer,
) -> anyhow::Result<()> {
    let mut items = Vec::new();
    for (source, (_, talks)) in sources.iter().enumerate() {
        for talk in talks {
            items.push((source, render(talk, tokenizer, TIME + 1)?));
        }
    }
    items.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let mut waiting = items.iter().enumerate();
    let mut packer = Packer::new(TIME + 1, Policy::Crop);
    // Per source: conversations, those without their end, those without any supervised token
    let mut counts = vec![[0_usize; 3]; sources.len()];
    loop {
        let mut row = Row::new(TIME + 1);
        while !row.is_full() {
            for (index, (_, one)) in waiting.by_ref().take(100 - packer.waiting()) {
                packer.push(Item {
                    ids: one.ids.clone(),
                    mask: one.mask.clone(),
                    origin: index,
                });
            }
            if !packer.place(&mut row) {
                break;
            }
        }
        if row.spans.is_empty() {
            break;
        }
        for span in &row.spans {
            let count = &mut counts[items[span.origin].0];
            count[0] += 1;
            count[1] += usize::from(span.cropped > 0);
            count[2] += usize::from(row.mask[span.start..span.end].iter().all(|&m| m == 0));
        }
    }
    for ((name, _), [all, ends, answers]) in sources.iter().zip(counts) {
        let share = |part: usize| 100.0 * part as f64 / all as f64;
        println!(
            "{name:<8} {all:>6} conversations: {:>5.1} % lose their end, {:>5.1} % everything that was to be learnt",
            share(ends),
            share(answers)
        );
    }
    Ok(())
}

/// Always by the right mask, whatever was trained on.
fn score(gpt: &Gpt, tokenizer: &Tokenizer, talks: &[Conversation]) -> anyhow::Result<Score> {
    let end = tokenizer.special(Special::AssistantEnd);
    let mut rendered = Vec::new();
    for talk in talks {
        rendered.push(render(talk, tokenizer, TIME)?);
    }
    // (sum, count) of answers, ends, questions
    let mut sums = [(0.0, 0); 3];
    for batch in rendered.chunks(50) {
        let ids: Vec<Vec<u32>> = batch.iter().map(|one| one.ids.clone()).collect();
        for (one, scores) in batch.iter().zip(PlainScorer::new(gpt, &Plain).score(&ids)?) {
            for at in 1..one.ids.len() {
                let kind = match (one.mask[at], one.ids[at]) {
                    (1, id) if id == end => 1,
                    (1, _) => 0,
                    _ => 2,
                };
                sums[kind].0 += f64::from(scores.losses[at - 1]);
                sums[kind].1 += 1;
            }
        }
    }
    let [answer, end, question] = sums.map(|(sum, count)| sum / f64::from(count.max(1)));
    Ok(Score {
        answer,
        end,
        question,
    })
}

/// The share of greedy replies to 40 first questions that end within 40 tokens.
fn replies_that_end(
    gpt: &Gpt,
    tokenizer: &Tokenizer,
    talks: &[Conversation],
) -> anyhow::Result<f64> {
    let simple = talks
        .iter()
        .filter(|talk| talk.messages[1].parts.len() == 1 && talk.messages[1].text().len() < 80);
    let mut prompts = Vec::new();
    for talk in simple.take(40) {
        let first = Conversation {
            messages: talk.messages[..1].to_vec(),
        };
        prompts.push(Prompt {
            ids: render_for_completion(&first, tokenizer)?,
            settings: Sampling {
                temperature: 0.0,
                top_k: 0,
                max_tokens: 40,
                stop: vec![tokenizer.special(Special::AssistantEnd)],
                ..Sampling::default()
            },
            seed: 0,
        });
    }
    let samples = NaiveSampler::new(gpt, &Plain)
        .sample(&prompts, None, &mut |_| ControlFlow::Continue(()))?;
    let ended = samples
        .iter()
        .filter(|one| matches!(one.stop, StopReason::Token(_)));
    Ok(ended.count() as f64 / samples.len() as f64)
}

/// Two panels: the loss in the log, and the loss on held-out answers.
fn draw(curves: &[Curve]) -> anyhow::Result<String> {
    let (width, height, top) = (250.0, 220.0, 30.0);
    let mut svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 300\" font-family=\"ui-monospace, Menlo, Consolas, monospace\">\n".to_string();
    let most = 7.0;
    for (panel, title) in ["the loss in the log", "nats per held-out answer token"]
        .iter()
        .enumerate()
    {
        let left = 40.0 + panel as f64 * (width + 50.0);
        let x = |step: u64| left + width * step as f64 / STEPS as f64;
        let y = |loss: f64| top + height * (1.0 - loss / most);
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"16\" font-size=\"12\" fill=\"currentColor\">{title}</text>"
        )?;
        for level in [0.0, 2.0, 4.0, 6.0] {
            writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>",
                y(level),
                left + width
            )?;
            writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"11\" fill=\"currentColor\">{level}</text>",
                left - 6.0,
                y(level) + 4.0
            )?;
        }
        for step in [0, STEPS / 2, STEPS] {
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" fill=\"currentColor\">{step}</text>",
                x(step),
                top + height + 18.0
            )?;
        }
        for (way, curve) in WAYS.iter().zip(curves) {
            let points: Vec<String> = curve
                .iter()
                .map(|(step, logged, score)| {
                    let loss = if panel == 0 { *logged } else { score.answer };
                    format!("{:.1},{:.1}", x(*step), y(loss))
                })
                .collect();
            writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
                points.join(" "),
                way.colour
            )?;
        }
    }
    for (index, way) in WAYS.iter().enumerate() {
        let y = 40.0 + 20.0 * index as f64;
        writeln!(
            svg,
            "<text x=\"632\" y=\"{y}\" font-size=\"12\" fill=\"{}\">{}</text>",
            way.colour, way.name
        )?;
    }
    writeln!(
        svg,
        "<text x=\"316\" y=\"290\" text-anchor=\"middle\" font-size=\"11\" fill=\"currentColor\">step</text>\n</svg>"
    )?;
    Ok(svg)
}
