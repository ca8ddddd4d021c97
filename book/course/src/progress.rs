//! A bar for people, lines for logs: on a terminal the bar moves, in a file or a CI log each tenth is one line.

use crate::surroundings::size;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

// ANCHOR: progress
/// How far a number of bytes has come.
pub struct Progress {
    what: String,
    total: u64,
    /// `None` where standard error is no terminal.
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Progress {
    pub fn bytes(what: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{msg} {wide_bar:.cyan/blue} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            );
            ProgressBar::new(total)
                .with_style(style.expect("the template is valid"))
                .with_message(what.to_string())
        });
        if bar.is_none() {
            eprintln!("{what} ({})", size(total));
        }
        Progress {
            what: what.to_string(),
            total,
            bar,
            tenths: 0,
        }
    }

    pub fn at(&mut self, bytes: u64) {
        let bytes = bytes.min(self.total);
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            return;
        }
        let tenths = (10 * bytes).checked_div(self.total).unwrap_or(0);
        if tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("{} {}0 %", self.what, tenths);
        }
    }

    pub fn finish(mut self) {
        self.at(self.total);
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }

    /// Leaves the bar where it stands: something failed.
    pub fn abandon(self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
// ANCHOR_END: progress
