// ANCHOR: head
//! The demonstration: documents become rows. A small tidepool, or the user's own folder, is given a tokenizer; one packed
//! batch is drawn, and what packing costs is measured.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use dataset::best_fit::Row;
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{
    Batch, BatchSource, DocumentSource, OpenSettings, PackingSettings, Prefetch, PretrainBatches,
    SourcePosition, StreamBatches, open_corpus,
};
use tokenizer::{Special, Tokenizer, TrainSettings};

/// The batch that is drawn. A row has T + 1 = 384 ids, four to a cell, so that it fits into a terminal.
const DRAWN: PackingSettings = PackingSettings {
    rows: 8,
    time: 383,
    buffer: 1000,
    refill: 128,
};
const IDS_PER_CELL: usize = 4;

/// Your own texts are cut to about the length of a row of 128 ids.
const MAX_DOCUMENT_CHARS: usize = 300;
// ANCHOR_END: head

// ANCHOR: main
/// Of a folder, or of a world made for the purpose.
pub fn run(folder: Option<PathBuf>) -> Result<()> {
    let temporary = std::env::temp_dir().join(format!("nanocrab-dataset-{}", std::process::id()));
    let folder = match folder {
        Some(folder) => folder,
        None => write_tidepool(&temporary)?,
    };
    let result = demonstrate(&folder);
    // Only what this program wrote itself, and also after an error.
    std::fs::remove_dir_all(&temporary).ok();
    result
}

/// A world of a hundred entities and a megabyte of text about it, as parquet shards.
fn write_tidepool(folder: &Path) -> Result<PathBuf> {
    let started = Instant::now();
    let world = World::new(1, 100)?;
    let settings = CorpusSettings {
        bytes: 3_000_000,
        shards: 2,
        ..CorpusSettings::smoke()
    };
    write_corpus(&world, folder, &settings)?;
    println!(
        "tidepool   a world of 100 entities written as data sets in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(folder.join("pretrain"))
}

fn demonstrate(folder: &Path) -> Result<()> {
    let mut settings = OpenSettings::default();
    settings.texts.max_document_chars = MAX_DOCUMENT_CHARS;
    let open = || open_corpus(folder, &settings);
    let mut corpus = open()?;
    println!("training   {}", corpus.train.describe());
    println!("validation {}", corpus.validation.describe());
    let tokenizer = small_tokenizer(&mut *corpus.train)?;
    println!(
        "tokenizer  {} ids, trained on the text itself",
        tokenizer.vocab_size()
    );

    corpus.train.seek(&SourcePosition::START)?;
    let mut drawn = PretrainBatches::new(corpus.train, &tokenizer, DRAWN)?;
    // The first rows are exceptional: a fresh buffer has a document of nearly every length.
    for _ in 0..100 {
        drawn.next_batch()?;
    }
    let rows = (0..DRAWN.rows)
        .map(|_| drawn.next_row())
        .collect::<Result<Vec<_>, _>>()?;
    draw(&rows, &tokenizer);

    let train = || Ok(open()?.train);
    compare(&train, &tokenizer)?;
    stop_and_resume(&train, &tokenizer)
}
// ANCHOR_END: main

// ANCHOR: tokenizer
/// A vocabulary of 1,024 from at most a million characters of the first epoch.
fn small_tokenizer(source: &mut dyn DocumentSource) -> Result<Tokenizer> {
    let mut failed = None;
    let texts = std::iter::from_fn(|| match source.next_document() {
        Ok(document) if document.at.epoch == 1 => Some(document.text),
        Ok(_) => None,
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    let settings = TrainSettings {
        max_chars: Some(1_000_000),
        ..TrainSettings::new(1024)
    };
    let trained = tokenizer::train(texts, &settings, &mut |_| {});
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(trained?),
    }
}
// ANCHOR_END: tokenizer

// ANCHOR: draw
/// Rows as lines, documents as runs of a letter; `|` is the cell with its BOS, `>` an end that was cropped.
fn draw(rows: &[Row<SourcePosition>], tokenizer: &Tokenizer) {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    println!(
        "\nbatch 101: {} rows of {} + 1 ids, {IDS_PER_CELL} to a character",
        rows.len(),
        DRAWN.time
    );
    println!("each letter is a document, | its beginning, > where it was cropped\n");
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (index, span) in row.spans.iter().enumerate() {
            // A cell belongs to the document that its first id belongs to.
            let cells = span.end.div_ceil(IDS_PER_CELL) - span.start.div_ceil(IDS_PER_CELL);
            let mut run: String = std::iter::once('|')
                .chain(std::iter::repeat(letter(index)))
                .take(cells)
                .collect();
            if span.cropped > 0 && cells > 1 {
                run.pop();
                run.push('>');
            }
            // Six background colours of the terminal, black text on them.
            line += &if coloured {
                format!("\x1b[30;{}m{run}\x1b[0m", 41 + index % 6)
            } else {
                run
            };
        }
        println!("  {number}  {line}");
    }
    println!("\nthe documents of row 0");
    for (index, span) in rows[0].spans.iter().enumerate() {
        // Without BOS, which is no text.
        let text = tokenizer
            .decode(&rows[0].ids[span.start + 1..span.end])
            .replace('\n', " ");
        let shown: String = text.chars().take(64).collect();
        let (ids, cropped) = (span.end - span.start, span.cropped);
        println!(
            "  {}  {ids:3} ids, {cropped:3} cropped  {shown}",
            letter(index)
        );
    }
}

fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}
// ANCHOR_END: draw

// ANCHOR: compare
type OpenTrain<'a> = &'a dyn Fn() -> Result<Box<dyn DocumentSource>>;

/// What packing throws away, and how fast it is, for several buffers and for the stream.
fn compare(open: OpenTrain, tokenizer: &Tokenizer) -> Result<()> {
    println!(
        "\n{:<28} {:>8} {:>12} {:>10} {:>14}",
        "rows of 128 + 1 ids", "cropped", "utilisation", "BOS first", "tokens/s"
    );
    for buffer in [1, 10, 100, 1000] {
        // Never more than `buffer` at a time: a refill of 128 would make every buffer one of 128.
        let settings = PackingSettings {
            buffer,
            refill: buffer.min(128),
            ..PackingSettings::new(32, 128)
        };
        let mut loader = PretrainBatches::new(open()?, tokenizer, settings)?;
        let measured = measure(&mut loader, tokenizer)?;
        let counts = loader.counts();
        let name = format!("best fit, buffer {buffer}");
        line(
            &name,
            100.0 * counts.cropped_share(),
            100.0 * counts.utilisation(),
            &measured,
        );
    }
    let settings = PackingSettings::new(32, 128);
    let ahead = PretrainBatches::new(open()?, tokenizer, settings)?;
    let measured = measure(&mut Prefetch::new(ahead, 4), tokenizer)?;
    println!(
        "{:<28} {:>55.0}",
        "  the same, prefetched", measured.tokens_per_second
    );
    let measured = measure(
        &mut StreamBatches::new(open()?, tokenizer, settings)?,
        tokenizer,
    )?;
    line("stream", 0.0, 100.0, &measured);
    Ok(())
}

fn line(name: &str, cropped: f64, utilisation: f64, measured: &Measured) {
    let Measured {
        bos_first,
        tokens_per_second,
    } = measured;
    println!(
        "{name:<28} {cropped:>7.1}% {utilisation:>11.1}% {bos_first:>9.1}% {tokens_per_second:>14.0}"
    );
}

struct Measured {
    /// Rows that begin with BOS, in per cent.
    bos_first: f64,
    tokens_per_second: f64,
}

/// Draw batches for a second, after the first, which fills the buffer.
fn measure(loader: &mut dyn BatchSource, tokenizer: &Tokenizer) -> Result<Measured> {
    let bos = i64::from(tokenizer.special(Special::Bos));
    let first = loader.next_batch()?;
    let (mut batches, mut beginnings) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(1) {
        let batch = loader.next_batch()?;
        batches += 1;
        // (B, T): the first id of every row
        beginnings += batch
            .inputs
            .iter()
            .step_by(batch.time)
            .filter(|&&id| id == bos)
            .count();
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Measured {
        bos_first: 100.0 * beginnings as f64 / (batches * first.rows) as f64,
        tokens_per_second: (batches * first.inputs.len()) as f64 / seconds,
    })
}
// ANCHOR_END: compare

// ANCHOR: resume
/// Draw ten batches; stop a second loader after five, write its position down, and go on in a third.
fn stop_and_resume(open: OpenTrain, tokenizer: &Tokenizer) -> Result<()> {
    let settings = PackingSettings::new(32, 128);
    let loader =
        || -> Result<PretrainBatches> { Ok(PretrainBatches::new(open()?, tokenizer, settings)?) };
    let mut uninterrupted = loader()?;
    let ten: Vec<Batch> = (0..10)
        .map(|_| uninterrupted.next_batch())
        .collect::<Result<_, _>>()?;

    let written = serde_json::to_string(&ten[4].position)?;
    let started = Instant::now();
    let mut resumed = loader()?;
    resumed.resume(&serde_json::from_str(&written)?)?;
    let milliseconds = started.elapsed().as_millis();
    let mut same = true;
    for batch in &ten[5..] {
        same &= resumed.next_batch()? == *batch;
    }
    println!(
        "\nstopped after 5 batches, position of {} KB, resumed in {milliseconds} ms: the next 5 batches are {}",
        written.len().div_ceil(1024),
        if same {
            "the same, id for id"
        } else {
            "DIFFERENT"
        }
    );
    anyhow::ensure!(same, "a resumed loader must continue exactly");
    Ok(())
}
// ANCHOR_END: resume
