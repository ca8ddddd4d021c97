// ANCHOR: outcome
//! What became of a program. The verdict says how it ended; the caller decides what that is worth.

use serde::{Deserialize, Serialize};

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Its last line was reached. `sys.exit(0)` before that is not finishing: tests may stand below it.
    Finished,
    /// It raised; the exception as Python's last line shows it, `ZeroDivisionError: division by zero`.
    Failed(String),
    /// It was still running at its limit.
    TimedOut,
    /// It asked for more memory than it may have.
    OutOfMemory,
    /// A signal or a crash ended it: `SIGSEGV`.
    Killed(String),
    /// It was not run at all, and why.
    NotStarted(String),
}

/// Everything known about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The last expression's value, of [`evaluate`](super::Executor::evaluate) only; `None` has no value.
    pub value: Option<String>,
    pub stdout: String,
    pub stderr: String,
    /// Whether any of the three texts above lost its end to `Limits::output_bytes`.
    pub truncated: bool,
    pub seconds: f64,
    /// The layers that this machine refused while the program ran. Empty is the normal case.
    pub refused: Vec<Layer>,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Finished
    }

    pub(super) fn ended(verdict: Verdict, seconds: f64) -> Outcome {
        Outcome {
            verdict,
            value: None,
            stdout: String::new(),
            stderr: String::new(),
            truncated: false,
            seconds,
            refused: Vec::new(),
        }
    }
}
// ANCHOR_END: outcome

// ANCHOR: layer
/// One protection. Its name is stable and short, made for reports: `network namespace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    pub name: String,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Active,
    /// The machine said no, in its words.
    Refused(String),
}

impl Layer {
    pub(super) fn active(name: &str) -> Layer {
        Layer {
            name: name.to_owned(),
            state: State::Active,
        }
    }

    pub(super) fn refused(name: &str, reason: impl ToString) -> Layer {
        Layer {
            name: name.to_owned(),
            state: State::Refused(reason.to_string()),
        }
    }

    pub fn is_active(&self) -> bool {
        self.state == State::Active
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.state {
            State::Active => write!(f, "{}: active", self.name),
            State::Refused(reason) => write!(f, "{}: refused ({reason})", self.name),
        }
    }
}
// ANCHOR_END: layer

// ANCHOR: clip
/// The first `limit` bytes of `bytes` as text, and whether anything was lost. A character cut in half is dropped;
/// bytes that are no UTF-8 become U+FFFD, because a model can print anything.
pub(super) fn clip(bytes: &[u8], limit: usize) -> (String, bool) {
    let lost = bytes.len() > limit;
    let kept = &bytes[..bytes.len().min(limit)];
    let whole = match std::str::from_utf8(kept) {
        // `error_len` is `None` when the text merely stops inside a character.
        Err(error) if lost && error.error_len().is_none() => &kept[..error.valid_up_to()],
        _ => kept,
    };
    (String::from_utf8_lossy(whole).into_owned(), lost)
}
// ANCHOR_END: clip
