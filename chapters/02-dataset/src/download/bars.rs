// ANCHOR: head
//! What the user sees: a bar per file under way, and one for all. Where nobody looks (a log, a pipe), a line per file.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::transfer::{Wanted, Watch};
// ANCHOR_END: head

// ANCHOR: bars
/// Bars on the standard error.
pub struct Bars {
    all: MultiProgress,
    seen: Mutex<Seen>,
    terminal: bool,
}

struct Seen {
    total: ProgressBar,
    /// The files under way, and how much of each the total has counted.
    files: HashMap<PathBuf, (ProgressBar, u64)>,
    whole: usize,
}

impl Default for Bars {
    fn default() -> Self {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template(
            "{msg:24} {binary_bytes} in {elapsed}, {binary_bytes_per_sec}",
        )
        .expect("the template is right");
        let total = all.add(ProgressBar::no_length().with_style(style));
        total.set_message("no file yet");
        Bars {
            all,
            seen: Mutex::new(Seen {
                total,
                files: HashMap::new(),
                whole: 0,
            }),
            terminal: std::io::stderr().is_terminal(),
        }
    }
}

impl Watch for Bars {
    fn stands_at(&self, file: &Wanted, have: u64, size: Option<u64>) {
        let mut seen = self.seen.lock().expect("no panic while it is held");
        let Seen { total, files, .. } = &mut *seen;
        let (bar, counted) = files.entry(file.path.clone()).or_insert_with(|| {
            let style = ProgressStyle::with_template(
                "{msg:24} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta}",
            )
            .expect("the template is right");
            let bar = self.all.add(ProgressBar::no_length().with_style(style));
            bar.set_message(name(file));
            // What an earlier run brought did not come over the line now.
            (bar, have)
        });
        if let Some(size) = size {
            bar.set_length(size);
        }
        bar.set_position(have);
        total.inc(have.saturating_sub(*counted));
        // A file that begins again is counted again: it does come over the line again.
        *counted = have;
    }

    fn waits(&self, file: &Wanted, why: &str, wait: Duration) {
        let line = format!(
            "{}: {why}; again in {:.1} s",
            name(file),
            wait.as_secs_f64()
        );
        self.say(&line);
    }

    fn has(&self, file: &Wanted) {
        let mut seen = self.seen.lock().expect("no panic while it is held");
        seen.whole += 1;
        let whole = seen.whole;
        seen.total.set_message(format!("{whole} files whole"));
        let fetched = seen.files.remove(&file.path);
        drop(seen);
        if let Some((bar, have)) = fetched {
            bar.finish_and_clear();
            self.say(&format!(
                "{}: {:.1} MB, verified",
                name(file),
                have as f64 / 1e6
            ));
        }
    }
}

impl Bars {
    /// A line above the bars, or to the log.
    fn say(&self, line: &str) {
        if self.terminal {
            // It fails if the terminal is gone, and then nobody misses it.
            self.all.println(line).ok();
        } else {
            eprintln!("{line}");
        }
    }
}

/// `train/00000.parquet`: the numbers alone would be the same for many sets.
fn name(file: &Wanted) -> String {
    let parts: Vec<_> = file.path.iter().rev().take(2).collect();
    parts
        .iter()
        .rev()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
// ANCHOR_END: bars
