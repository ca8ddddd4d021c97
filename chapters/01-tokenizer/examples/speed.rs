//! `cargo run --example speed -- FILE [VOCABULARY SIZE [naive]]`: megabytes per second,
//! one run each; with the word `naive` also the merging alone, by both trainers.

use std::time::Instant;

use anyhow::{Context, Result};
use tokenizer::count::{ChunkCounts, count_document};
use tokenizer::naive::naive_merges;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;
use tokenizer::{TrainSettings, train};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("name a text file")?;
    let vocab_size = arguments.next().map_or(Ok(8_192), |size| size.parse())?;
    let text = std::fs::read_to_string(&path)?;
    // Documents of about 10,000 characters, cut at line ends, as a corpus would bring them.
    let mut documents = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if documents
            .last()
            .is_some_and(|last| last.len() + line.len() > 10_000)
        {
            documents.push(String::new());
        }
        documents.last_mut().context("never empty")?.push_str(line);
    }
    let megabytes = text.len() as f64 / 1e6;
    let timed =
        |name: &str, megabytes: f64, work: &mut dyn FnMut() -> Result<usize>| -> Result<()> {
            let begin = Instant::now();
            let result = work()?;
            let seconds = begin.elapsed().as_secs_f64();
            println!(
                "{name:<34} {seconds:>8.3} s {:>8.2} MB/s   {result}",
                megabytes / seconds
            );
            Ok(())
        };

    println!(
        "{path}: {megabytes:.2} MB, {} documents, V {vocab_size}",
        documents.len()
    );
    let mut tokenizer = None;
    timed("training", megabytes, &mut || {
        let texts = documents.iter().cloned();
        tokenizer = Some(train(texts, &TrainSettings::new(vocab_size), &mut |_| ())?);
        Ok(vocab_size)
    })?;
    let tokenizer = tokenizer.context("just trained")?;
    let pattern = Pattern::default();
    timed("splitting, one thread (chunks)", megabytes, &mut || {
        Ok(pattern.split(&text).count())
    })?;
    timed("encoding, one thread (tokens)", megabytes, &mut || {
        Ok(tokenizer.encode(&text).len())
    })?;
    let mut distinct = ChunkCounts::new();
    timed("counting, one thread (distinct)", megabytes, &mut || {
        count_document(&pattern, &text, &mut distinct);
        Ok(distinct.len())
    })?;
    let all: i64 = distinct.values().sum();
    let known = |chunk: &str| tokenizer.vocabulary().id_of(chunk.as_bytes()).is_some();
    let hits: i64 = distinct
        .iter()
        .filter(|(chunk, _)| known(chunk))
        .map(|(_, count)| count)
        .sum();
    println!(
        "{:.1} % of all chunks are one token",
        100.0 * hits as f64 / all as f64
    );
    if arguments.next().is_some_and(|word| word == "naive") {
        let wanted = tokenizer.vocabulary().merges().len();
        timed("merging, incremental (merges)", megabytes, &mut || {
            Ok(merges(&distinct, wanted, &mut |_| ())?.len())
        })?;
        timed("merging, naive (merges)", megabytes, &mut || {
            Ok(naive_merges(&distinct, wanted).len())
        })?;
    }
    let letters = "e".repeat(1 << 20);
    timed("1 MiB of one letter (tokens)", 1.048576, &mut || {
        Ok(tokenizer.encode(&letters).len())
    })?;
    let spaces = " ".repeat(1 << 20) + "x";
    timed("1 MiB of spaces and an x (tokens)", 1.048576, &mut || {
        Ok(tokenizer.encode(&spaces).len())
    })?;
    Ok(())
}
