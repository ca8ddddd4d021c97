// ANCHOR: head
//! What can be wrong with a conversation or a mixture, and what to do about it.

use thiserror::Error;
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, Error)]
pub enum Error {
    #[error("the conversation has no messages; drop it, or give it a question and an answer")]
    EmptyConversation,
    #[error("the conversation is a system message and nothing else; add the user's question")]
    SystemAlone,
    #[error(
        "message {position} is from `{found}` where `{expected}` must speak; user and assistant take turns, \
         the user first, after at most one system message"
    )]
    Order {
        position: usize,
        found: &'static str,
        expected: &'static str,
    },
    #[error(
        "message {position} is from `{role}` and calls the tool; only the assistant can, write it as text"
    )]
    ToolInQuestion { position: usize, role: &'static str },
    #[error(
        "the mixture has no conversations; give it at least one source that is not empty, with a weight above 0"
    )]
    EmptyMixture,
    #[error("the weight of `{source_name}` is {weight}; it must be a number from 0 to 1000")]
    Weight { source_name: String, weight: f64 },
    #[error(
        "rank {rank} of {world}: ranks count from 0, and a mixture of {conversations} conversations serves at most as many ranks"
    )]
    Ranks {
        rank: usize,
        world: usize,
        conversations: usize,
    },
    #[error(
        "none of {conversations} conversations has an answer within the first {tokens} tokens, so there is nothing \
         to learn; raise the context, or check that the answers are marked `assistant`"
    )]
    NothingSupervised { conversations: usize, tokens: usize },
    #[error(
        "source {number} of the mixture (`{kind}`): none of {tried} is there; let the data stage write or fetch it, \
         name another place by `file`, or take the source out"
    )]
    MissingFile {
        number: usize,
        kind: &'static str,
        tried: String,
    },
    #[error("source {number} of the mixture (`{kind}`): {problem}")]
    Source {
        number: usize,
        kind: &'static str,
        problem: String,
    },
    #[error(
        "a step of the stage `{stage}` is {batches} batches of {rows} rows, which {world} ranks cannot share evenly: choose a \
         number of ranks that divides {batches}, or fewer rows in a batch"
    )]
    Uneven {
        stage: String,
        batches: usize,
        rows: usize,
        world: usize,
    },
    #[error(
        "stage `{stage}`: rank {rank} is about to do another thing than rank 0; give both the same recipe and the same data \
         (rank {rank}: {found}; rank 0: {expected})"
    )]
    Apart {
        stage: String,
        rank: usize,
        found: String,
        expected: String,
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
    Train(#[from] pretrain::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Optimizer(#[from] muon::Error),
}
// ANCHOR_END: error
