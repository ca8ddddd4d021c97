// ANCHOR: head
//! `cargo run --bin tokenizer [FILE] [VOCABULARY SIZE]`: trains a tokenizer and shows what it does.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use anyhow::{Context, Result};
use tokenizer::compression::compression_table;
use tokenizer::count::count_chunks;
use tokenizer::naive::naive_merges;
use tokenizer::pattern::Pattern;
use tokenizer::sample_text::sample_text;
use tokenizer::{Pair, Progress, Special, StreamDecoder, Tokenizer, TrainSettings, train};
// ANCHOR_END: head

// ANCHOR: main
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next();
    let vocab_size = match arguments.next() {
        Some(size) => size
            .parse()
            .with_context(|| format!("`{size}` is not a vocabulary size"))?,
        None => 384,
    };
    let text = match &file {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the text in {path}"))?,
        None => sample_text(1, 120),
    };
    let settings = TrainSettings {
        max_document_chars: usize::MAX, // one text, all of it
        ..TrainSettings::new(vocab_size)
    };

    let begin = Instant::now();
    let tokenizer = train(std::iter::once(text.clone()), &settings, &mut show_progress)?;
    println!(
        "Trained on {} ({} bytes) in {:.1} ms: 256 bytes + {} merges + {} special tokens = {} ids\n",
        file.as_deref().unwrap_or("the built-in text"),
        text.len(),
        begin.elapsed().as_secs_f64() * 1e3,
        tokenizer.vocabulary().merges().len(),
        Special::ALL.len(),
        tokenizer.vocab_size(),
    );

    show_merges(&tokenizer);
    show_tokens(&tokenizer, &text);
    show_stream(&tokenizer);
    if file.is_none() {
        race_trainers(&text, &settings)?;
    }

    println!("How much text fits into a token");
    let other = if file.is_none() {
        "the same, other seed"
    } else {
        "the built-in text"
    };
    let texts = [
        ("the training text", text.as_str()),
        (other, &sample_text(2, 120)),
        ("Rust source", include_str!("encode.rs")),
        (
            "numbers",
            "3.14159265358979 2026-11-23 1,000,000 0xCAFE 299792458\n",
        ),
        (
            "German",
            "Der Krebs zählt übermütig die Perlen, doch die Möwe weiß nichts davon.\n",
        ),
        ("Japanese", "蟹は潮だまりで小さな貝を数えています。\n"),
        ("emoji", "🦀🌊🐚 🦦🌅\n"),
    ];
    print!("{}", compression_table(&tokenizer, &texts));
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: show
/// One line, written over again at every step; nothing where nobody watches.
fn show_progress(progress: Progress) {
    let mut screen = std::io::stderr();
    if screen.is_terminal() {
        let line = match progress {
            Progress::Counting { bytes, chunks, .. } => {
                format!("counting: {bytes} bytes, {chunks} distinct chunks")
            }
            Progress::Indexing { chunks } => format!("laying out {chunks} distinct chunks"),
            Progress::Merging { done, total } if done < total => {
                format!("merging: {done} of {total}")
            }
            Progress::Merging { .. } => String::new(),
        };
        let _ = write!(screen, "\r\x1b[K{line}"); // a terminal that is gone is no reason to stop
    }
}

/// The first merges and the longest tokens: what the trainer found worth a number.
fn show_merges(tokenizer: &Tokenizer) {
    let printed = |id: u32| format!("{:?}", tokenizer.decode(&[id]));
    println!("The first merges");
    for (index, &(left, right)) in tokenizer.vocabulary().merges().iter().take(8).enumerate() {
        let new = 256 + index as u32;
        println!(
            "  {new} = {:<6} + {:<6} -> {}",
            printed(left),
            printed(right),
            printed(new)
        );
    }
    let mut by_length: Vec<u32> = (0..tokenizer.vocabulary().len() as u32).collect();
    by_length.sort_by_key(|&id| (std::cmp::Reverse(tokenizer.token(id).map(<[u8]>::len)), id));
    let longest: Vec<String> = by_length.iter().take(6).map(|&id| printed(id)).collect();
    println!("The longest tokens: {}\n", longest.join(" "));
}

/// The beginning of the text, token by token: coloured on a terminal, with bars between them elsewhere.
fn show_tokens(tokenizer: &Tokenizer, text: &str) {
    let limit = text
        .char_indices()
        .nth(240)
        .map_or(text.len(), |(at, _)| at);
    let whole_words = text[..limit].rsplit_once(' ').map(|(words, _)| words);
    let sample = whole_words.unwrap_or(&text[..limit]);
    let ids = tokenizer.encode(sample);
    let chunks = Pattern::default().split(sample).count();
    println!(
        "{} characters, {chunks} chunks, {} tokens",
        sample.chars().count(),
        ids.len()
    );
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for (index, &id) in ids.iter().enumerate() {
        let piece = tokenizer.decode(&[id]);
        if coloured {
            print!(
                "\x1b[30;48;5;{}m{piece}\x1b[0m",
                [153, 157, 223, 219, 229][index % 5]
            );
        } else {
            print!("{piece}│");
        }
    }
    println!("\n{:?} …\n", &ids[..ids.len().min(12)]);
}

/// A character that is several tokens appears when it is complete, not before.
fn show_stream(tokenizer: &Tokenizer) {
    println!("Streaming \"a 🦀!\"");
    let mut stream = StreamDecoder::new(tokenizer);
    for id in tokenizer.encode("a 🦀!") {
        let bytes = tokenizer.token(id).unwrap_or_default();
        println!(
            "  id {id:>5}  bytes {bytes:02x?}  prints {:?}",
            stream.push(id)
        );
    }
    println!("  end                  prints {:?}\n", stream.finish());
}

/// The definition and the fast trainer on the same counts: the same merges, not the same time.
fn race_trainers(text: &str, settings: &TrainSettings) -> Result<()> {
    let counts = count_chunks(std::iter::once(text.to_string()), settings, &mut |_| ())?;
    let wanted = settings.vocab_size - 256 - Special::ALL.len();
    let timed = |name: &str, train: &dyn Fn() -> Result<Vec<Pair>>| -> Result<Vec<Pair>> {
        let begin = Instant::now();
        let merges = train()?;
        println!(
            "  {name:<12} {:>8.2} ms",
            begin.elapsed().as_secs_f64() * 1e3
        );
        Ok(merges)
    };
    println!("{wanted} merges of {} distinct chunks", counts.len());
    let slow = timed("naive", &|| Ok(naive_merges(&counts, wanted)))?;
    let fast = timed("incremental", &|| {
        Ok(tokenizer::train::merges(&counts, wanted, &mut |_| ())?)
    })?;
    println!(
        "  the same merges: {}\n",
        if slow == fast { "yes" } else { "NO" }
    );
    Ok(())
}
// ANCHOR_END: show
