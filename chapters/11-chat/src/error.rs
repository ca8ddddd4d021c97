// ANCHOR: head
//! What can go wrong in a chat, and what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no trained model under `{}`; `./speedrun.sh` makes one, or name a folder with --model FOLDER", runs.display())]
    NoModel { runs: PathBuf },
    #[error("{}: {missing} is not there; a model folder holds config.json, model.safetensors and tokenizer.json", folder.display())]
    Incomplete {
        folder: PathBuf,
        missing: &'static str,
    },
    #[error(
        "the question has {tokens} tokens, and the model's context of {context} has room for {room} of them beside an \
         answer; ask with fewer words"
    )]
    QuestionTooLong {
        tokens: usize,
        context: usize,
        room: usize,
    },
    #[error(
        "the instructions have {tokens} tokens and leave no room for a question in the model's context of {context}; \
         shorten them by `/system TEXT` or --system, or take them away with `/system off`"
    )]
    InstructionsTooLong { tokens: usize, context: usize },
    #[error("{setting} is {value}; {remedy}")]
    Setting {
        setting: &'static str,
        value: String,
        remedy: &'static str,
    },
    #[error("the terminal cannot be read: {0}; use -p TEXT for a single question")]
    Terminal(String),
    #[error("the answer cannot be written: {0}")]
    Output(#[from] std::io::Error),
    #[error("{path} cannot be {done}: {reason}; {remedy}", path = path.display())]
    Transcript {
        path: PathBuf,
        done: &'static str,
        reason: String,
        remedy: &'static str,
    },
    #[error("{address} cannot be listened on: {source}; choose another with --host and --port")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("the server stopped: {0}")]
    Server(String),
    #[error(transparent)]
    Conversation(#[from] sft::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Folder(#[from] pretrain::Error),
    #[error(transparent)]
    Machine(#[from] tensors::Error),
}
// ANCHOR_END: error
