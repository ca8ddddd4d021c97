// ANCHOR: head
//! One line that says where a run stands: loss, speed, share of the hardware's limit, time left.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
// ANCHOR_END: head

// ANCHOR: status
/// What the line shows after a step.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    pub step: u64,
    /// Exponentially smoothed training loss, nats per token.
    pub loss: f64,
    pub tokens_per_second: f64,
    /// Model FLOPs per second over the device's measured or published peak, where a peak is known.
    pub mfu: Option<f64>,
    pub bits_per_byte: Option<f64>,
}
// ANCHOR_END: status

// ANCHOR: progress
/// A bar on a terminal; a plain line every ten seconds in a log file.
pub struct Progress {
    bar: ProgressBar,
    stage: String,
    steps: u64,
    terminal: bool,
    last_line: Option<Instant>,
}

impl Progress {
    /// `speaks`: whether there is anything to be seen; of several ranks, one shows the line.
    pub fn new(stage: &str, step: u64, steps: u64, speaks: bool) -> Self {
        let terminal = speaks && std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(steps),
            if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let style =
            ProgressStyle::with_template("{prefix:>10} {bar:24} {pos}/{len} {msg} · {eta} left")
                .expect("the template is constant");
        bar.set_style(style);
        bar.set_prefix(stage.to_string());
        bar.set_position(step);
        bar.reset_eta();
        Progress {
            bar,
            stage: stage.to_string(),
            steps,
            terminal,
            last_line: None,
        }
    }

    pub fn show(&mut self, status: Status) {
        let mut message = format!(
            "loss {:.4} · {:.0} tok/s",
            status.loss, status.tokens_per_second
        );
        if let Some(mfu) = status.mfu {
            message += &format!(" · MFU {:.0} %", 100.0 * mfu);
        }
        if let Some(bits) = status.bits_per_byte {
            message += &format!(" · {bits:.4} bits/byte");
        }
        if self.terminal {
            self.bar.set_message(message);
            self.bar.set_position(status.step);
        } else if status.step == self.steps
            || self
                .last_line
                .is_none_or(|at| at.elapsed() > Duration::from_secs(10))
        {
            self.last_line = Some(Instant::now());
            eprintln!(
                "{:>10} {}/{} {message}",
                self.stage, status.step, self.steps
            );
        }
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        if self.terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }

    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
// ANCHOR_END: progress
