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
    #[error("{}: {what}; remove the folder to train anew, or resume with the settings it was made with", path.display())]
    Checkpoint { path: PathBuf, what: String },
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
