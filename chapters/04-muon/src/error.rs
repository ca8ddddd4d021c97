// ANCHOR: head
//! What can be wrong with groups, gradients and saved buffers.
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
}
// ANCHOR_END: error
