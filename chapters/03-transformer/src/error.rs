// ANCHOR: head
//! Everything that can go wrong in this crate. Each message names the thing at fault and what to do about it.

use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this model cannot be built: {0}")]
    Config(String),
    #[error(
        "a row of {time} tokens is longer than the model's context of {context}; cut it, or train with a longer context"
    )]
    TooLong { time: i64, context: i64 },
    #[error(
        "position outside the model's context of {context}: the context handed in more positions than that ({source})"
    )]
    Position { context: i64, source: tch::TchError },
    #[error(
        "{what} {id} at row {row}, position {position} is outside the vocabulary of {vocab_size}; \
         was the text encoded with this model's tokenizer?"
    )]
    Outside {
        what: &'static str,
        id: i64,
        row: i64,
        position: i64,
        vocab_size: i64,
    },
    #[error("{what} must have shape {expected}, but has {found:?}")]
    Shape {
        what: &'static str,
        expected: &'static str,
        found: Vec<i64>,
    },
    #[error(
        "the model has {model} token ids and the tokenizer {tokenizer}; use the tokenizer.json that lies beside the model"
    )]
    Vocabulary { model: i64, tokenizer: usize },
    #[error("prompt {row} is empty; begin it with the <|bos|> token")]
    EmptyPrompt { row: usize },
    #[error("row {row} has no token to score; a row needs at least one id")]
    EmptyRow { row: usize },
    #[error(
        "prompt {row} has {length} tokens, more than the model's context of {context}; shorten it"
    )]
    PromptTooLong {
        row: usize,
        length: usize,
        context: i64,
    },
    #[error("row {row}: sampling asks for {what}; {remedy}")]
    Sampling {
        row: usize,
        what: String,
        remedy: &'static str,
    },
    #[error(
        "the model gave a logit that is not a number; the weights are damaged, go back to an earlier checkpoint"
    )]
    NotFinite,
    #[error("rows that ranks share: {problem}")]
    Ranks { problem: String },
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is not valid JSON: {source}; save the model again")]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{path}: key `{key}` is {found}, and this program computes only with {expected}")]
    Key {
        path: PathBuf,
        key: String,
        found: String,
        expected: String,
    },
    #[error("{path}: model_type is {found}; this program reads `nanochat` and `nanocrab` folders")]
    ModelType { path: PathBuf, found: String },
    #[error(
        "{path}: unknown switch `{key}` in a `nanocrab` model; it was saved by a newer version of this program"
    )]
    Switch { path: PathBuf, key: String },
    #[error("{path} is not a whole safetensors file: {source}; copy or save it again")]
    Safetensors {
        path: PathBuf,
        source: safetensors::SafeTensorError,
    },
    #[error(
        "{path}: tensor `{tensor}` has element type {found}, which is not supported; save it as f32, bf16 or f16"
    )]
    ElementType {
        path: PathBuf,
        tensor: String,
        found: String,
    },
    #[error(
        "tensor `{name}` is missing; the model needs it with shape {expected:?}. Is this the right folder?"
    )]
    MissingTensor { name: String, expected: Vec<i64> },
    #[error(
        "tensor `{name}` is not part of this model; its config.json does not fit its model.safetensors"
    )]
    ExtraTensor { name: String },
    #[error("tensor `{name}` has shape {found:?}, but the config asks for {expected:?}")]
    MisshapedTensor {
        name: String,
        expected: Vec<i64>,
        found: Vec<i64>,
    },
    #[error("{path}: {source}")]
    Folder { path: PathBuf, source: Box<Error> },
    #[error("depth {depth}: {what}")]
    Dial { depth: i64, what: String },
    #[error("libtorch: {0}")]
    Libtorch(#[from] tch::TchError),
}
// ANCHOR_END: error
