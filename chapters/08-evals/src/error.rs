// ANCHOR: error
//! What can go wrong in an evaluation. A wrong answer is not an error; data that cannot be asked is.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {problem}", path.display())]
    Bundle { path: PathBuf, problem: String },
    #[error(
        "{}: {cause}; a bundle is a folder that holds core.yaml, eval_meta_data.csv and eval_data/: name that folder, or \
         unpack the bundle again",
        path.display()
    )]
    NoBundle {
        path: PathBuf,
        /// Part of the message, and therefore not `source`: a chain of errors would print it twice.
        cause: std::io::Error,
    },
    #[error(
        "{}: there is no {file} in it, from which {task} is read; name a folder that is laid out as tidepool's, with arc/, \
         mmlu/, gsm8k/, humaneval/ and words/",
        folder.display()
    )]
    NoTask {
        folder: PathBuf,
        file: &'static str,
        task: &'static str,
    },
    #[error("task `{task}` has no question {index}; it has {len}, counted from 0")]
    Index {
        task: String,
        index: usize,
        len: usize,
    },
    #[error(
        "`{task}`: the option letter `{letter}` is {tokens} tokens in this vocabulary, and letters can only be compared in \
         one step if each is a single token; train the tokenizer with all bytes as tokens, or score by continuation"
    )]
    Letter {
        task: String,
        letter: String,
        tokens: usize,
    },
    #[error("`{task}`, question {index}: {problem}")]
    Question {
        task: String,
        index: usize,
        problem: &'static str,
    },
    #[error(
        "the scorer answered {found} rows of {asked}, or left out positions of one; every row needs one loss per token after the first"
    )]
    Scores { asked: usize, found: usize },
    #[error(
        "`{task}`, question {index}: the answer could not be judged, because the sandbox did not run it: {problem}"
    )]
    Sandbox {
        task: String,
        index: usize,
        problem: String,
    },
    #[error(transparent)]
    Data(#[from] dataset::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Render(#[from] sft::Error),
}
// ANCHOR_END: error
