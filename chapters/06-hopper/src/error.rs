//! What can go wrong in this chapter.

/// Errors name the thing at fault and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Tensors(#[from] tensors::Error),
    #[error(transparent)]
    Cuda(#[from] crate::cuda::Error),
    #[error(transparent)]
    Torch(#[from] tch::TchError),
    #[error("{doing}: libtorch says: {said}")]
    Glue { doing: &'static str, said: String },
    #[error("{0}")]
    Precision(String),
}
