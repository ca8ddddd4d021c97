//! `cargo run -p dataset --example packing_failures -- FOLDER`: three ways to fail, measured on a tidepool and drawn.
//!
//! FOLDER is `book/src/figures`; `02-failures.csv` and `02-failures.svg` are written there. No clock is read: the numbers are
//! the same on every machine.

mod chart;

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use chart::{Panel, Series, chart};
use dataset::tidepool::corpus::documents;
use dataset::tidepool::{CorpusSettings, World};
use dataset::{MemoryDocuments, PackingSettings, Position, PretrainBatches};
use tokenizer::{Tokenizer, TrainSettings};

fn main() -> Result<()> {
    let folder = std::env::args()
        .nth(1)
        .context("name a folder for the figures")?;
    let folder = Path::new(&folder);
    let world = World::new(1, 100)?;
    let settings = CorpusSettings {
        bytes: 3_000_000,
        ..CorpusSettings::default()
    };
    let texts = documents(&world, &settings)?;
    let train = TrainSettings {
        max_chars: Some(1_000_000),
        ..TrainSettings::new(1024)
    };
    let tokenizer = tokenizer::train(texts.iter().cloned(), &train, &mut |_| {})?;
    println!("{} documents", texts.len());

    let groups: Vec<Vec<String>> = texts.chunks(64).map(<[String]>::to_vec).collect();
    let mut cropped = Vec::new();
    for (time, name) in [(128, "T = 128"), (384, "T = 384"), (1024, "T = 1,024")] {
        cropped.push(Series {
            name: name.to_owned(),
            points: small_buffer(&groups, &tokenizer, time)?,
        });
    }
    let lost = restarts(&groups, &tokenizer)?;
    let shares = counting_per_file();
    let panels = [
        Panel {
            title: "1. a small buffer: text thrown away",
            x: "documents in the buffer",
            x_log: true,
            y_top: 50.0,
            series: cropped,
        },
        Panel {
            title: "2. the buffer forgotten: documents never read",
            x: "restarts in an epoch",
            x_log: false,
            y_top: 100.0,
            series: vec![Series {
                name: "documents".to_owned(),
                points: lost,
            }],
        },
        Panel {
            title: "3. counting anew in each file: the share of rank 0",
            x: "row groups in a file",
            x_log: false,
            y_top: 100.0,
            series: shares,
        },
    ];
    let mut csv = String::from("panel,series,x,percent\n");
    for (number, panel) in panels.iter().enumerate() {
        for series in &panel.series {
            for (x, y) in &series.points {
                csv += &format!("{},\"{}\",{x},{y:.3}\n", number + 1, series.name);
            }
        }
    }
    print!("{csv}");
    write(&folder.join("02-failures.csv"), &csv)?;
    write(&folder.join("02-failures.svg"), &chart(&panels))
}

fn write(path: &Path, content: &str) -> Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// The share of ids that is cropped in an epoch, over the size of the buffer.
fn small_buffer(
    groups: &[Vec<String>],
    tokenizer: &Tokenizer,
    time: usize,
) -> Result<Vec<(f64, f64)>> {
    let mut points = Vec::new();
    for buffer in [1, 3, 10, 30, 100, 300, 1000, 3000] {
        let settings = PackingSettings {
            buffer,
            // Never more than `buffer` at a time: a refill of 128 would make every buffer one of 128.
            refill: buffer.min(128),
            ..PackingSettings::new(1, time)
        };
        let mut loader = loader(groups, tokenizer, settings)?;
        while loader.position().source.epoch == 1 {
            loader.next_row()?;
        }
        points.push((buffer as f64, 100.0 * loader.counts().cropped_share()));
    }
    Ok(points)
}

/// The share of the documents of an epoch that nobody reads, if a restart goes on behind what was read and forgets what
/// waited. The restarts are spread evenly over the files.
fn restarts(groups: &[Vec<String>], tokenizer: &Tokenizer) -> Result<Vec<(f64, f64)>> {
    let all: usize = groups.iter().map(Vec::len).sum();
    let mut points = Vec::new();
    for count in 0..=8 {
        let mut read = HashSet::new();
        let mut loader = loader(groups, tokenizer, PackingSettings::new(1, 384))?;
        let mut done = 0;
        loop {
            let row = loader.next_row()?;
            let first_epoch = row.spans.iter().filter(|span| span.origin.epoch == 1);
            read.extend(first_epoch.map(|span| (span.origin.group, span.origin.row)));
            let position = loader.position();
            if position.source.epoch > 1 {
                // What waits at the end of the epoch is read in the next one.
                let waiting = position.pending.iter().filter(|place| place.epoch == 1);
                read.extend(waiting.map(|place| (place.group, place.row)));
                break;
            }
            let due = (done + 1) * groups.len() / (count + 1);
            if done < count && position.source.group as usize >= due {
                done += 1;
                loader.resume(&Position {
                    pending: Vec::new(),
                    ..position
                })?;
            }
        }
        points.push((count as f64, 100.0 * (1.0 - read.len() as f64 / all as f64)));
    }
    Ok(points)
}

fn loader(
    groups: &[Vec<String>],
    tokenizer: &Tokenizer,
    settings: PackingSettings,
) -> Result<PretrainBatches> {
    let source = MemoryDocuments::open(groups.to_vec(), 0, 1)?;
    Ok(PretrainBatches::new(Box::new(source), tokenizer, settings)?)
}

/// The share of rank 0 if each file is dealt anew from rank 0 on, over the number of groups in a file.
fn counting_per_file() -> Vec<Series> {
    let share = |groups: usize, world: usize| 100.0 * groups.div_ceil(world) as f64 / groups as f64;
    [2, 8]
        .map(|world| Series {
            name: format!("{world} ranks"),
            points: (1..=32)
                .map(|groups| (groups as f64, share(groups, world)))
                .collect(),
        })
        .to_vec()
}
