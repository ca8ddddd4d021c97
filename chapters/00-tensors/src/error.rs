//! What can go wrong before the first tensor and inside a custom operation.

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "unknown device {given:?}: choose cpu, cuda, cuda:N (the GPU numbered N, from 0) or mps"
    )]
    UnknownDevice { given: String },

    #[error(
        "device {given:?} cannot be used: {reason}. Run `cargo course doctor` to see what is missing, or choose the device cpu"
    )]
    DeviceUnavailable { given: String, reason: String },

    #[error("unknown precision {given:?}: choose fp32 or bf16")]
    UnknownPrecision { given: String },

    #[error("precision bf16 cannot be used on this GPU: {reason}. Choose fp32")]
    PrecisionUnavailable { reason: String },

    #[error("{given} threads cannot be used: choose a number from 1 to {limit}")]
    Threads { given: usize, limit: usize },

    #[error("a differentiable operation could not be recorded: {message}")]
    Recording { message: String },

    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}
// ANCHOR_END: error
