// ANCHOR: head
//! What can be wrong with groups, gradients, saved buffers, and other ranks.
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the tensor {tensor} of group `{group}` is in another group too; a weight can be updated by one group only"
    )]
    Twice { tensor: String, group: String },
    #[error(
        "the tensor {tensor} of group `{group}` has shape {shape:?}; Muon needs matrices of one shape per group"
    )]
    Shape {
        tensor: String,
        group: String,
        shape: Vec<i64>,
    },
    #[error(
        "the tensor {tensor} has no gradient; call backward() on a loss that it is part of, before step()"
    )]
    NoGradient { tensor: String },
    #[error(
        "the saved optimizer has no buffer {buffer}; was it saved from a model of another shape?"
    )]
    Missing { buffer: String },
    #[error(
        "the saved optimizer has the buffer {buffer}, which this model does not; was it saved from another model?"
    )]
    Extra { buffer: String },
    #[error(
        "the saved buffer {buffer} has shape {found:?}, the model needs {expected:?}; was it saved from another model?"
    )]
    BufferShape {
        buffer: String,
        expected: Vec<i64>,
        found: Vec<i64>,
    },
    #[error(
        "rank {rank} did not join operation {number}, {operation}: {why}; look at what rank {rank} said last, then \
         resume from the last checkpoint"
    )]
    Gone {
        rank: usize,
        why: String,
        number: u64,
        operation: String,
    },
    #[error(
        "rank {waiting} waited {seconds} seconds in operation {number}, {operation}, for the ranks {ranks:?}; do they hang, \
         or are they in another part of the program? End them and resume from the last checkpoint"
    )]
    Late {
        /// Those that did not come.
        ranks: Vec<usize>,
        waiting: usize,
        seconds: f64,
        number: u64,
        operation: String,
    },
    #[error(
        "operation {number}: rank {rank} started {found} where another rank had started {expected}; all ranks must start \
         the same operations in the same order"
    )]
    Apart {
        number: u64,
        rank: usize,
        found: String,
        expected: String,
    },
    #[error("{rows} rows cannot be scattered over {world} ranks; fill them up to a multiple")]
    Pieces { rows: i64, world: usize },
    #[error(
        "the ranks are not doing the same: operation {number} is `{expected}` on rank 0 and `{found}` on rank {rank}; \
         were they started with the same model and the same settings?"
    )]
    Order {
        /// Counted from 1, since the ranks compared last.
        number: usize,
        rank: usize,
        expected: String,
        found: String,
    },
    #[error(
        "a message between ranks cannot be read ({0}); were all ranks started from the same program?"
    )]
    Message(#[from] tch::TchError),
}
// ANCHOR_END: error
