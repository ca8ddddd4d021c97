//! `cargo run --example cost -- FILE OUT.csv`: what the naive and the incremental trainer take, as curves.
//!
//! First on all of the file with more and more merges, then with 1,024 merges on more and more of the file. Only the
//! merging is timed, on one thread: splitting and counting are the same for both. Each time is the shortest of up to five
//! runs, because whatever else the machine does can only make a run longer.

use std::fmt::Write;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokenizer::Pair;
use tokenizer::count::{ChunkCounts, count_document};
use tokenizer::naive::naive_merges;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;

/// No more runs of a measurement once it has taken this long.
const PATIENCE_SECONDS: f64 = 2.0;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("name a text file")?;
    let out = arguments
        .next()
        .context("name the CSV file to write, after the text file")?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;

    let mut csv =
        String::from("curve,merges,text_bytes,distinct_chunks,distinct_bytes,trainer,seconds\n");
    for power in 4..=13 {
        measure(&mut csv, "merges", &text, 1 << power)?;
    }
    for halvings in (0..=6).rev() {
        measure(
            &mut csv,
            "text",
            beginning(&text, text.len() >> halvings),
            1_024,
        )?;
    }
    std::fs::write(&out, csv).with_context(|| format!("cannot write {out}"))
}

/// The first `bytes` bytes, to the end of a line.
fn beginning(text: &str, bytes: usize) -> &str {
    let line_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    let end = line_breaks.take_while(|&end| end <= bytes).last();
    &text[..end.unwrap_or(text.len())]
}

/// One point of both curves: the two trainers on the same counts.
fn measure(csv: &mut String, curve: &str, text: &str, wanted: usize) -> Result<()> {
    let mut counts = ChunkCounts::new();
    count_document(&Pattern::default(), text, &mut counts);
    let distinct_bytes: usize = counts.keys().map(String::len).sum();
    let slow = shortest(&|| Ok(naive_merges(&counts, wanted)))?;
    let fast = shortest(&|| Ok(merges(&counts, wanted, &mut |_| ())?))?;
    ensure!(slow.0 == fast.0, "the trainers disagree at {wanted} merges");
    ensure!(
        slow.0.len() == wanted,
        "the text gave out before {wanted} merges"
    );
    for (trainer, seconds) in [("naive", slow.1), ("incremental", fast.1)] {
        println!(
            "{curve:<7} {wanted:>6} merges {:>8} bytes  {trainer:<12} {seconds:>9.4} s",
            text.len()
        );
        writeln!(
            csv,
            "{curve},{wanted},{},{},{distinct_bytes},{trainer},{seconds:.6}",
            text.len(),
            counts.len()
        )?;
    }
    Ok(())
}

/// The result, and the shortest time of up to five runs.
fn shortest(train: &dyn Fn() -> Result<Vec<Pair>>) -> Result<(Vec<Pair>, f64)> {
    let first = Instant::now();
    let mut best = f64::INFINITY;
    let mut result = Vec::new();
    for _ in 0..5 {
        let begin = Instant::now();
        result = train()?;
        best = best.min(begin.elapsed().as_secs_f64());
        if first.elapsed().as_secs_f64() > PATIENCE_SECONDS {
            break;
        }
    }
    Ok((result, best))
}
