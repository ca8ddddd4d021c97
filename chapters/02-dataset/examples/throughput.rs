//! How many tokens per second come out of parquet text and out of token shards, and where the time goes.
//!
//! `cargo run -p dataset --example throughput -- TEXTS FOLDER [ROUNDS]` takes a folder of English texts (`.txt`, `.md`,
//! `.jsonl`), writes them as parquet shards in the layout of the public corpora, trains a vocabulary of 32,768, and measures
//! each way in turn, ROUNDS times (default 9). FOLDER is `book/src/figures`: `02-throughput.csv` holds every round, and
//! `02-throughput.md` the medians.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use dataset::best_fit::{Item, Packer, Policy};
use dataset::parquet_documents::TextShard;
use dataset::shard_writer::write_shards;
use dataset::text_folder::{Side, TextFolderSettings};
use dataset::token_writer::{token_shard_of, tokenise};
use dataset::{
    Batch, BatchSource, DocumentSource, Encoder, PackingSettings, ParquetDocuments, Position,
    PretrainBatches, TextFolder, TokenShards, TokenSource,
};
use tokenizer::{Tokenizer, TrainSettings};

const ROWS: usize = 16;
const TIME: usize = 2048;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: throughput TEXTS FOLDER [ROUNDS]";
    let texts = PathBuf::from(arguments.next().context(usage)?);
    let figures = PathBuf::from(arguments.next().context(usage)?);
    let rounds: usize = arguments.next().map_or(Ok(9), |text| text.parse())?;

    let scratch = std::env::temp_dir().join(format!("nanocrab-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let result = measure(&texts, &scratch, &figures, rounds);
    std::fs::remove_dir_all(&scratch).ok();
    result
}

struct Bench {
    shards: Vec<PathBuf>,
    tokens: Vec<PathBuf>,
    tokenizer: Tokenizer,
    /// Every document's text, and its ids, in memory.
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    total: usize,
}

fn measure(folder: &Path, scratch: &Path, figures: &Path, rounds: usize) -> Result<()> {
    let bench = prepare(folder, scratch)?;
    let characters: usize = bench.texts.iter().map(String::len).sum();
    println!(
        "{} documents, {:.1} MB of text, {} tokens ({:.0} to a document), {} threads",
        bench.texts.len(),
        characters as f64 / 1e6,
        bench.total,
        bench.total as f64 / bench.texts.len() as f64,
        rayon::current_num_threads(),
    );
    type Way = (&'static str, fn(&Bench) -> Result<usize>);
    let ways: [Way; 7] = [
        ("parquet text to batches", from_text),
        ("token shards to batches", from_tokens),
        ("step: decompress", decompress),
        ("step: encode, all threads", encode_all),
        ("step: encode, one thread", encode_one),
        ("step: pack", pack),
        ("step: read token shards", read_tokens),
    ];
    let mut out = std::fs::File::create(figures.join("02-throughput.csv"))?;
    writeln!(out, "round,way,tokens,seconds,cpu_seconds")?;
    let mut rates: BTreeMap<&str, [Vec<f64>; 2]> = BTreeMap::new();
    // In turn, so that whatever else the machine does hits all of them alike. The first round warms up.
    for round in 0..=rounds {
        for (name, run) in ways {
            let (started, before) = (Instant::now(), processor_seconds());
            let tokens = run(&bench)?;
            let (seconds, cpu) = (
                started.elapsed().as_secs_f64(),
                processor_seconds() - before,
            );
            if round > 0 {
                writeln!(out, "{round},\"{name}\",{tokens},{seconds:.6},{cpu:.6}")?;
                let [wall, work] = rates.entry(name).or_default();
                wall.push(tokens as f64 / seconds);
                work.push(1e9 * cpu / tokens as f64);
            }
        }
    }
    let mut table =
        String::from("| | tokens/s | processor time, ns per token |\n|---|---:|---:|\n");
    for (name, _) in ways {
        let [wall, work] = rates.get_mut(name).context("every way was run")?;
        let millions = median(wall) / 1e6;
        table += &format!("| {name} | {millions:.1} million | {:.2} |\n", median(work));
    }
    print!("\n{table}");
    std::fs::write(figures.join("02-throughput.md"), table)?;
    Ok(())
}

/// Processor time of all threads: what the work costs, whoever else uses the machine.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock is one that POSIX defines, and the place to write to is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Shards, a tokenizer and token shards.
fn prepare(folder: &Path, scratch: &Path) -> Result<Bench> {
    // About the length of a web page.
    let settings = TextFolderSettings {
        max_document_chars: 5_000,
        ..TextFolderSettings::default()
    };
    let mut source = TextFolder::open(folder, Side::All, &settings, 0, 1)?;
    let mut texts = Vec::new();
    loop {
        let document = source.next_document()?;
        if document.at.epoch > 1 {
            break;
        }
        texts.push(document.text);
    }
    let shards = write_shards(scratch, texts.iter().cloned(), 250_000_000, 1024)?;
    let tokenizer = tokenizer::train(
        texts.iter().cloned(),
        &TrainSettings::new(32_768),
        &mut |_| {},
    )?;
    let mut tokens = Vec::new();
    for shard in &shards {
        tokenise(shard, scratch, &tokenizer)?;
        tokens.push(token_shard_of(shard, scratch));
    }
    let encoder = Encoder::from(&tokenizer);
    let ids: Vec<Vec<u32>> = texts.iter().map(|text| encoder.document(text)).collect();
    let total = ids.iter().map(Vec::len).sum();
    Ok(Bench {
        shards,
        tokens,
        tokenizer,
        texts,
        ids,
        total,
    })
}

/// Batches until about an epoch of tokens has come.
fn drain(mut batches: PretrainBatches, tokens: usize) -> Result<usize> {
    let mut seen = 0;
    while seen < tokens {
        seen += batches.next_batch()?.inputs.len();
    }
    Ok(seen)
}

fn from_text(bench: &Bench) -> Result<usize> {
    let source = ParquetDocuments::open(&bench.shards, 0, 1)?;
    let settings = PackingSettings::new(ROWS, TIME);
    let batches = PretrainBatches::new(Box::new(source), &bench.tokenizer, settings)?;
    drain(batches, bench.total)
}

fn from_tokens(bench: &Bench) -> Result<usize> {
    let source = TokenShards::open(&bench.tokens, &bench.tokenizer.fingerprint(), 0, 1)?;
    let batches = PretrainBatches::of_tokens(source, PackingSettings::new(ROWS, TIME))?;
    // Several epochs: one is over in a moment.
    drain(batches, 8 * bench.total)
}

fn decompress(bench: &Bench) -> Result<usize> {
    let mut documents = 0;
    for shard in &bench.shards {
        let shard = TextShard::open(shard)?;
        for group in 0..shard.groups() {
            documents += shard.read_group(group)?.len();
        }
    }
    ensure!(documents == bench.texts.len());
    Ok(bench.total)
}

fn encode_all(bench: &Bench) -> Result<usize> {
    use rayon::prelude::*;
    let encoder = Encoder::from(&bench.tokenizer);
    let texts = bench.texts.par_iter();
    Ok(texts.map(|text| encoder.document(text).len()).sum())
}

fn encode_one(bench: &Bench) -> Result<usize> {
    let encoder = Encoder::from(&bench.tokenizer);
    Ok(bench
        .texts
        .iter()
        .map(|text| encoder.document(text).len())
        .sum())
}

/// Ids that are in memory into rows and batches.
fn pack(bench: &Bench) -> Result<usize> {
    let mut packer = Packer::new(TIME + 1, Policy::Crop);
    let (mut rows, mut seen) = (Vec::new(), 0);
    let epochs = (0..8).flat_map(|_| &bench.ids);
    for (number, ids) in epochs.enumerate() {
        packer.push(Item {
            ids: ids.clone(),
            mask: Vec::new(),
            origin: number,
        });
        while packer.waiting() >= 1000 {
            rows.extend(packer.next_row());
            if rows.len() == ROWS {
                seen += Batch::from_rows(&rows, Position::default()).inputs.len();
                rows.clear();
            }
        }
    }
    Ok(seen)
}

/// Ids out of token shards, checked and widened, in the order of the file.
fn read_tokens(bench: &Bench) -> Result<usize> {
    let mut source = TokenShards::open(&bench.tokens, &bench.tokenizer.fingerprint(), 0, 1)?;
    let mut seen = 0;
    while source.position().epoch <= 8 {
        let documents = source.refill(128)?;
        seen += documents
            .iter()
            .map(|document| document.ids.len())
            .sum::<usize>();
    }
    Ok(seen)
}
