//! What can go wrong between a kernel's source and its run.

use std::path::PathBuf;

/// Errors name the kernel, the architecture and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No failure: these tensors are for somebody else. The caller computes chapter 03's or 04's plain expression.
    #[error("there is no CUDA kernel `{kernel}` for {reason}: use the plain expression")]
    NotCovered {
        kernel: &'static str,
        reason: String,
    },

    #[error(
        "NVRTC, which compiles the CUDA kernels, was not found ({}): run `cargo course setup`, or let CUDA_HOME name a CUDA 13 toolkit",
        shown(.looked_at)
    )]
    NoCompiler { looked_at: Vec<PathBuf> },

    #[error(
        "cuda_bf16.h, which the CUDA kernels include, was not found ({}): run `cargo course setup`, or let CUDA_HOME name a CUDA 13 toolkit",
        shown(.looked_at)
    )]
    NoHeaders { looked_at: Vec<PathBuf> },

    #[error("{} cannot be opened ({said}): run `cargo course doctor`", file.display())]
    Library { file: PathBuf, said: String },

    #[error(
        "NVRTC {version} does not compile {source_file} for {architecture}, so the plain expressions have to do: report this log\n{log}"
    )]
    Compilation {
        source_file: String,
        architecture: String,
        version: String,
        log: String,
    },

    #[error("the NVIDIA driver was not found (libcuda.so.1): install it, or choose `--device cpu`")]
    NoDriver,

    #[error(
        "the NVIDIA driver refuses to {doing} of `{kernel}` for {architecture} ({said}): `nvidia-smi` shows whether driver and GPU are well"
    )]
    Driver {
        doing: &'static str,
        kernel: &'static str,
        architecture: String,
        said: String,
    },

    #[error(
        "the NVIDIA driver refuses to {doing} a graph ({said}), so its launches stay single ones: `nvidia-smi` shows whether driver and GPU are well"
    )]
    Graph { doing: &'static str, said: String },

    #[error(
        "libtorch does not say on which stream it computes ({said}): run `cargo course doctor`"
    )]
    Stream { said: String },

    #[error(transparent)]
    Tensors(#[from] tensors::Error),

    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

impl Error {
    /// Whether this only says that somebody else has to compute it.
    pub fn is_not_covered(&self) -> bool {
        matches!(self, Error::NotCovered { .. })
    }
}

fn shown(places: &[PathBuf]) -> String {
    let places: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    if places.is_empty() {
        "the folder of libtorch is not known".to_string()
    } else {
        format!("not in {}", places.join(", "))
    }
}
