// ANCHOR: head
//! What can go wrong while training, and what to do about it.

use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {source}; check the folder's rights and the space left on the disk", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: line {line} is not JSON; remove it, or the file, and start the run again", path.display())]
    Metrics { path: PathBuf, line: usize },
    #[error("{}: {what}; resume with the settings it was made with, or remove the folder and the older ones beside it to train anew", path.display())]
    Checkpoint { path: PathBuf, what: String },
    #[error("{} is damaged: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error(
        "none of the checkpoints of {0} is whole ({1}); put one back from a copy, or remove {0} and the folders \
         {0}.step-* to train anew",
        path.display(),
        damage.join("; ")
    )]
    NothingWhole { path: PathBuf, damage: Vec<String> },
    #[error(
        "{}: the checkpoint takes {needed} bytes and {free} are free; make room, or put the run's folder on another disk",
        path.display()
    )]
    NoSpace {
        path: PathBuf,
        needed: u64,
        free: u64,
    },
    #[error(
        "the loss is {loss} at step {step} of stage `{stage}`, its running mean {mean}; the last checkpoint is \
         untouched: resume from it with a lower learning rate, or choose to skip or to go back"
    )]
    Spike {
        stage: String,
        step: u64,
        loss: f64,
        mean: f64,
    },
    #[error(
        "{troubles} steps of stage `{stage}` were skipped or gone back from, and no more are allowed; the last one \
         because {last}"
    )]
    TooManyTroubles {
        stage: String,
        troubles: u64,
        last: String,
    },
    #[error(
        "{}: there is no checkpoint to go back to; stop or skip instead, or let one be written earlier",
        path.display()
    )]
    NothingToGoBackTo { path: PathBuf },
    #[error(
        "{}: the thread that writes the checkpoint panicked (the lines above say where); this is a bug",
        path.display()
    )]
    Panicked { path: PathBuf },
    #[error(
        "{}: the tokenizer has the fingerprint {found}, the checkpoint was trained with {expected}; \
         put the right tokenizer.json back, or train anew",
        path.display()
    )]
    Tokenizer {
        path: PathBuf,
        found: String,
        expected: String,
    },
    #[error(
        "the {what} is {value} at step {step} of stage `{stage}`; the last checkpoint is untouched: \
         resume from it with a lower learning rate, or look at the batch of this step"
    )]
    NotFinite {
        what: &'static str,
        stage: String,
        step: u64,
        value: f64,
    },
    #[error(
        "step {step} of stage `{stage}` has no token to learn from: {batches} batches were masked throughout; check the loss mask"
    )]
    NothingSupervised {
        stage: String,
        step: u64,
        batches: usize,
    },
    #[error("{setting} is {value}; {remedy}")]
    Setting {
        setting: &'static str,
        value: String,
        remedy: &'static str,
    },
    #[error(transparent)]
    Data(#[from] dataset::Error),
    #[error(transparent)]
    Tokens(#[from] tokenizer::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Optimizer(#[from] muon::Error),
    #[error(transparent)]
    Tensors(#[from] tensors::Error),
}

impl Error {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Error::File {
            path: path.to_path_buf(),
            source,
        }
    }
}
// ANCHOR_END: error
