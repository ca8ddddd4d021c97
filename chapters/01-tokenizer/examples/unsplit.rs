//! `cargo run --example unsplit -- FILE [VOCABULARY SIZE]`: what happens without the split pattern.
//!
//! Trains twice on the same text: once on its chunks, once with every line as one single chunk, so that merges may
//! cross words and punctuation. The last tenth of the text is held out, to see which vocabulary carries over.

use std::time::Instant;

use anyhow::{Context, Result};
use tokenizer::Vocabulary;
use tokenizer::count::ChunkCounts;
use tokenizer::encode::encode_chunk;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("name a text file")?;
    let vocab_size: usize = arguments.next().map_or(Ok(4_096), |size| size.parse())?;
    let wanted = vocab_size.checked_sub(265).context("at least 265")?;
    let text = std::fs::read_to_string(&path)?;
    let cut = text[..text.len() * 9 / 10]
        .rfind('\n')
        .context("one line is too few")?
        + 1;
    let (train, held_out) = text.split_at(cut);
    let pattern = Pattern::default();
    let split = |text: &str| -> Vec<String> { pattern.split(text).map(String::from).collect() };
    let lines =
        |text: &str| -> Vec<String> { text.split_inclusive('\n').map(String::from).collect() };

    for (name, cut) in [
        ("split", &split as &dyn Fn(&str) -> Vec<String>),
        ("unsplit", &lines),
    ] {
        let mut counts = ChunkCounts::new();
        for chunk in cut(train) {
            *counts.entry(chunk).or_insert(0) += 1;
        }
        let begin = Instant::now();
        let vocabulary = Vocabulary::from_merges(merges(&counts, wanted, &mut |_| ())?)?;
        let seconds = begin.elapsed().as_secs_f64();
        let bytes_per_token = |text: &str| {
            let mut ids = Vec::new();
            for chunk in cut(text) {
                encode_chunk(&vocabulary, chunk.as_bytes(), &mut ids);
            }
            text.len() as f64 / ids.len() as f64
        };
        let tokens = || (256..vocabulary.len() as u32).filter_map(|id| vocabulary.token(id));
        let printed = |token: &[u8]| format!("{:?}", String::from_utf8_lossy(token));
        let with = |word: &str| {
            let found = tokens().filter(|token| String::from_utf8_lossy(token).contains(word));
            found.map(printed).collect::<Vec<String>>()
        };
        let mut longest: Vec<&[u8]> = tokens().collect();
        longest.sort_by_key(|token| (std::cmp::Reverse(token.len()), *token));
        println!(
            "{name}: {} distinct chunks, merging {seconds:.3} s, bytes/token {:.3} on the training part, {:.3} held out",
            counts.len(),
            bytes_per_token(train),
            bytes_per_token(held_out)
        );
        let longest: Vec<String> = longest.into_iter().take(5).map(printed).collect();
        println!("  longest tokens: {}", longest.join(" "));
        let lord = with("lord");
        println!(
            "  {} tokens contain `lord`: {}\n",
            lord.len(),
            lord.join(" ")
        );
    }
    Ok(())
}
