// ANCHOR: head
//! What can go wrong while measuring.

use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: error
/// Errors name the thing at fault and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Tensors(#[from] tensors::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Optimizer(#[from] muon::Error),
    #[error(transparent)]
    Hopper(#[from] crate::Error),
    #[error(transparent)]
    Torch(#[from] tch::TchError),
    #[error("{what} is {given}; it must be at least {least}")]
    TooFew {
        what: &'static str,
        given: usize,
        least: usize,
    },
    /// Another program could not be started.
    #[error("{} cannot be started: {source}; {remedy}", program.display())]
    Start {
        program: PathBuf,
        remedy: &'static str,
        source: std::io::Error,
    },
    /// Another program failed or did not say what it was asked for.
    #[error("{who}: {what}")]
    Other { who: String, what: String },
    #[error("the PyTorch script cannot be put into the folder for temporary files: {0}")]
    Script(std::io::Error),
}
// ANCHOR_END: error
