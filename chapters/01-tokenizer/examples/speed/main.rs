//! `cargo run -p tokenizer --example speed -- TASK OUT V FILE…`: how fast, beside the programs that others use.
//!
//! TASK is `train` or `encode`: everybody in turn. `steps`: this crate alone, one step of its way from the readable to the fast
//! version after another, on one thread. `naive`: the definition of training beside both trainers; it takes minutes.
//!
//! Everybody gets the same documents: the files, cut at line ends into pieces of at most 10,000 bytes (of a `.jsonl` file
//! the field `text`). The `tokenizers` crate runs in this process; rustbpe and tiktoken run in Python if it has them
//! (`PYTHON` names the interpreter; `pip install rustbpe tiktoken`).
//!
//! In each round everybody has one turn, so that whatever else the machine does meets all of them; ratios are taken within
//! a round, and medians over the rounds. Results are compared too, token by token and id by id. Every turn is written to
//! OUT.csv, the table to OUT.md.

mod clock;
mod hugging_face;
mod python;
mod steps;

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use clock::{Taken, median, timed};
use python::{Peers, digest_of_ids, digest_of_tokens};
use tokenizer::encode::encode_text;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;
use tokenizer::{Tokenizer, TrainSettings, train, train_with};

/// Unless the variable `ROUNDS` says otherwise.
const ROUNDS: usize = 5;
const OURS: &str = "this crate";

/// Somebody's turn: how long it took, and a digest of the result.
type Turn<'a> = Box<dyn FnMut() -> Result<(Taken, String)> + 'a>;

struct Contestant<'a> {
    /// Whose results have to be the same.
    group: &'static str,
    who: &'static str,
    threads: usize,
    bytes: usize,
    turn: Turn<'a>,
    taken: Vec<Taken>,
    agrees: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().context("say `train` or `encode` first")?;
    let out = arguments
        .next()
        .context("say where to write, without an ending")?;
    let vocab_size: usize = arguments
        .next()
        .context("say how large the vocabulary is")?
        .parse()?;
    let documents = documents(&arguments.collect::<Vec<String>>())?;
    let bytes: usize = documents.iter().map(String::len).sum();
    let threads = rayon::current_num_threads();
    println!(
        "{task}: {:.2} MB in {} documents, V {vocab_size}, {threads} threads, {} rounds",
        bytes as f64 / 1e6,
        documents.len(),
        rounds()?
    );

    let settings = TrainSettings::new(vocab_size);
    let trained = train(documents.iter().cloned(), &settings, &mut |_| ())?;
    let alone = match task.as_str() {
        "steps" => Some(steps::steps(&documents, &trained)),
        "naive" => Some(steps::trainers(&documents, &trained)),
        _ => None,
    };
    if let Some(mut steps) = alone {
        play(&mut steps)?;
        return write(&out, &steps::table(&steps)?, &csv(&task, &steps)?);
    }
    let peers = Peers::start(&documents, &trained)?;
    let mut contestants = match task.as_str() {
        "train" => trainers(&documents, &settings, &peers),
        "encode" => encoders(&documents, &trained, &peers)?,
        _ => bail!("`{task}` is none of `train`, `encode`, `steps` and `naive`"),
    };
    play(&mut contestants)?;
    for contestant in &mut contestants {
        contestant.bytes = bytes;
    }
    let table = table(&task, &contestants)?;
    write(&out, &table, &csv(&task, &contestants)?)
}

fn rounds() -> Result<usize> {
    std::env::var("ROUNDS").map_or(Ok(ROUNDS), |rounds| {
        rounds.parse().context("ROUNDS is not a number")
    })
}

/// The rounds. A result has to be that of the first contestant of its group.
fn play(contestants: &mut [Contestant]) -> Result<()> {
    for _ in 0..rounds()? {
        let mut expected: Option<(&str, String)> = None;
        for contestant in contestants.iter_mut() {
            let (taken, digest) =
                (contestant.turn)().with_context(|| contestant.who.to_string())?;
            contestant.taken.push(taken);
            contestant.agrees &= match &expected {
                Some((group, expected)) if *group == contestant.group => *expected == digest,
                _ => {
                    expected = Some((contestant.group, digest));
                    true
                }
            };
        }
    }
    Ok(())
}

fn trainers<'a>(
    documents: &'a [String],
    settings: &'a TrainSettings,
    peers: &'a Peers,
) -> Vec<Contestant<'a>> {
    let threads = rayon::current_num_threads();
    let ours = |result: Result<Tokenizer, tokenizer::Error>, taken| {
        Ok((taken, digest_of_tokens(&result?)))
    };
    let mut all = vec![
        contestant(OURS, threads, move || {
            let (taken, result) = timed(|| train(documents.iter().cloned(), settings, &mut |_| ()));
            ours(result, taken)
        }),
        contestant("this crate, readable", threads, move || {
            let (taken, result) =
                timed(|| train_with(merges, documents.iter().cloned(), settings, &mut |_| ()));
            ours(result, taken)
        }),
        contestant("tokenizers (crate)", threads, move || {
            let (taken, result) = timed(|| hugging_face::train(documents, settings.vocab_size));
            result?;
            Ok((taken, "its own rule for ties".to_string()))
        }),
    ];
    if peers.have("rustbpe") {
        let size = settings.vocab_size - tokenizer::Special::ALL.len(); // rustbpe counts bytes and merges only
        all.push(contestant("rustbpe", threads, move || {
            peers.ask(&format!("train rustbpe {size}"))
        }));
    }
    all
}

fn encoders<'a>(
    documents: &'a [String],
    trained: &'a Tokenizer,
    peers: &'a Peers,
) -> Result<Vec<Contestant<'a>>> {
    let threads = rayon::current_num_threads();
    let theirs = hugging_face::load(trained)?;
    let pattern = Pattern::default();
    let mut all = vec![
        contestant(OURS, 1, move || {
            let (taken, ids) = timed(|| {
                let mut ids = Vec::new();
                documents
                    .iter()
                    .for_each(|document| trained.encode_into(document, &mut ids));
                ids
            });
            Ok((taken, digest_of_ids(&ids)))
        }),
        contestant("this crate, readable", 1, move || {
            let (taken, ids) = timed(|| {
                let mut ids = Vec::new();
                for document in documents {
                    encode_text(&pattern, trained.vocabulary(), document, &mut ids);
                }
                ids
            });
            Ok((taken, digest_of_ids(&ids)))
        }),
        contestant("tokenizers (crate)", 1, move || {
            let (taken, ids) = timed(|| hugging_face::encode(&theirs, documents));
            Ok((taken, digest_of_ids(&ids?)))
        }),
    ];
    for who in ["tiktoken", "rustbpe"] {
        if peers.have(who) {
            all.push(contestant(who, 1, move || {
                peers.ask(&format!("encode {who} 1"))
            }));
        }
    }
    all.push(contestant(OURS, threads, move || {
        let (taken, batch) = timed(|| trained.encode_batch(documents));
        let ids: Vec<u32> = batch.iter().flatten().copied().collect();
        Ok((taken, digest_of_ids(&ids)))
    }));
    if peers.have("tiktoken") {
        all.push(contestant("tiktoken", threads, move || {
            peers.ask(&format!("encode tiktoken {threads}"))
        }));
    }
    Ok(all)
}

fn contestant<'a>(
    who: &'static str,
    threads: usize,
    turn: impl FnMut() -> Result<(Taken, String)> + 'a,
) -> Contestant<'a> {
    Contestant {
        group: "",
        who,
        threads,
        bytes: 0,
        turn: Box::new(turn),
        taken: Vec::new(),
        agrees: true,
    }
}

/// Medians, and how many times as long as ours with as many threads.
fn table(task: &str, contestants: &[Contestant]) -> Result<String> {
    let mut table = format!(
        "| {task} | threads | seconds | MB/s | MB/s of processor time | times ours | same result |\n\
         |---|---:|---:|---:|---:|---:|---|\n"
    );
    for contestant in contestants {
        let seconds = median(contestant.taken.iter().map(|taken| taken.seconds));
        let cpu = median(contestant.taken.iter().map(|taken| taken.cpu_seconds));
        let ours = contestants
            .iter()
            .find(|other| other.who == OURS && other.threads == contestant.threads)
            .context("ours is always there")?;
        let rounds = contestant.taken.iter().zip(&ours.taken);
        let ratio = median(rounds.map(|(theirs, ours)| theirs.seconds / ours.seconds));
        writeln!(
            table,
            "| {} | {} | {seconds:.3} | {:.1} | {:.1} | {ratio:.1} | {} |",
            contestant.who,
            contestant.threads,
            contestant.bytes as f64 / 1e6 / seconds,
            contestant.bytes as f64 / 1e6 / cpu,
            if contestant.agrees { "yes" } else { "no" }
        )?;
    }
    Ok(table)
}

/// Every turn of everybody.
fn csv(task: &str, contestants: &[Contestant]) -> Result<String> {
    let mut csv = String::from("task,group,who,threads,round,bytes,seconds,cpu_seconds,agrees\n");
    for contestant in contestants {
        let Contestant {
            group,
            who,
            threads,
            bytes,
            agrees,
            ..
        } = contestant;
        for (round, taken) in contestant.taken.iter().enumerate() {
            writeln!(
                csv,
                "{task},{group},{},{threads},{round},{bytes},{:.6},{:.6},{agrees}",
                who.replace(',', ""),
                taken.seconds,
                taken.cpu_seconds,
            )?;
        }
    }
    Ok(csv)
}

fn write(out: &str, table: &str, csv: &str) -> Result<()> {
    println!("\n{table}");
    for (ending, text) in [("md", table), ("csv", csv)] {
        let path = format!("{out}.{ending}");
        std::fs::write(&path, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

/// The files' text in pieces of at most 10,000 bytes, as a corpus would bring it.
fn documents(paths: &[String]) -> Result<Vec<String>> {
    ensure!(
        !paths.is_empty(),
        "name text files, after the size of the vocabulary"
    );
    let mut documents = Vec::new();
    for path in paths {
        let content =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
        let texts: Vec<String> = match path.ends_with(".jsonl") {
            false => vec![content],
            true => content
                .lines()
                .map(|line| {
                    let row: serde_json::Value = serde_json::from_str(line)?;
                    let text = row["text"]
                        .as_str()
                        .context("a line without a field `text`")?;
                    Ok(text.to_string())
                })
                .collect::<Result<_>>()?,
        };
        for text in texts {
            let mut last = String::new();
            for line in text.split_inclusive('\n') {
                if last.len() + line.len() > 10_000 {
                    documents.push(std::mem::take(&mut last));
                }
                last.push_str(line);
            }
            documents.push(last);
        }
    }
    documents.retain(|document| !document.is_empty());
    Ok(documents)
}
