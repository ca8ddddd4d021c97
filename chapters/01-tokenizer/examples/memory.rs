//! `cargo run -p tokenizer --example memory -- BYTES V [WORDS]`: trains on a made-up text of any size, which is never in
//! memory as a whole, and says how much memory that took at most.
//!
//! The text is documents of about 5,000 bytes out of WORDS different words (ten million unless given), of which word r
//! is as frequent as 1/r: Zipf's law. Memory is what Linux calls the high-water mark of the process.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use tokenizer::{Progress, TrainSettings, train};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let bytes: usize = arguments
        .next()
        .context("say how many bytes of text")?
        .parse()?;
    let vocab_size: usize = arguments
        .next()
        .context("say how large the vocabulary is")?
        .parse()?;
    let words: f64 = arguments.next().map_or(Ok(1e7), |words| words.parse())?;

    let begin = Instant::now();
    let (mut read, mut distinct, mut indexed) = (0, 0, None);
    train(
        Documents::new(bytes, words),
        &TrainSettings::new(vocab_size),
        &mut |progress| match progress {
            Progress::Counting { bytes, .. } => {
                read = bytes;
                print!(
                    "\rcounting {:>6.0} MB, {:>5.0} MB in use",
                    bytes as f64 / 1e6,
                    megabytes("VmRSS")
                );
                let _ = std::io::stdout().flush();
            }
            Progress::Indexing { chunks } => {
                distinct = chunks;
                indexed = Some((begin.elapsed(), megabytes("VmHWM")));
            }
            Progress::Merging { .. } => {}
        },
    )?;
    let (counted, most) = indexed.context("counting comes first")?;
    println!("\n{read} bytes, {distinct} distinct chunks");
    println!(
        "counting  {:>6.1} s, at most {most:.0} MB",
        counted.as_secs_f64()
    );
    println!(
        "in all    {:>6.1} s, at most {:.0} MB",
        begin.elapsed().as_secs_f64(),
        megabytes("VmHWM")
    );
    Ok(())
}

/// A line of /proc/self/status; 0 where there is no such file.
fn megabytes(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) * 1_024.0 / 1e6
}

struct Documents {
    left: usize,
    /// The logarithm of the number of words.
    words: f64,
    random: u64,
}

impl Documents {
    fn new(bytes: usize, words: f64) -> Self {
        Documents {
            left: bytes,
            words: words.ln(),
            random: 1,
        }
    }

    /// Between 0 and 1, by SplitMix64.
    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Iterator for Documents {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.left == 0 {
            return None;
        }
        let mut text = String::with_capacity(5_100);
        while text.len() < 5_000 {
            // A rank whose logarithm is uniform has the frequency 1/rank.
            let mut rank = (self.uniform() * self.words).exp() as u64;
            while rank > 0 {
                let syllable = (rank % 60) as usize;
                text.push(char::from(b"bdfghklmnprstvwz"[syllable / 5]));
                text.push(char::from(b"aeiou"[syllable % 5]));
                rank /= 60;
            }
            text.push_str(if self.uniform() < 0.1 { ".\n" } else { " " });
        }
        self.left = self.left.saturating_sub(text.len());
        Some(text)
    }
}
