//! The operations: tensors in, tensors out, gradients included. Signatures are those of chapter 03's `Kernels` and chapter
//! 04's `Updates`, inside a `Result`: [`Error::NotCovered`] sends the caller to the plain expression.
//!
//! Each file after this one adds one concept to [`Operations`].

use tch::Tensor;

use tensors::{Forward, differentiable};

use super::error::Error;
use super::gpu::Gpu;
use super::kernel::{Element, Kernel, Source};
use super::launch::{Argument, Grid, Launch};

// ANCHOR: operations
/// The fused operations, run by `L`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Operations<L>(pub L);

/// Those of the GPU.
pub const GPU: Operations<Gpu> = Operations(Gpu);

/// One compiled source, chosen for its tensors.
pub(super) struct Chosen<L> {
    launch: L,
    source: &'static Source,
    element: Element,
    pub(super) width: usize,
}

impl<L: Launch> Chosen<L> {
    pub(super) fn run(
        &self,
        function: &'static str,
        grid: Grid,
        arguments: &[Argument],
    ) -> Result<(), Error> {
        let kernel = Kernel {
            source: self.source,
            function,
            element: self.element,
            width: self.width,
        };
        self.launch.launch(kernel, grid, arguments)
    }
}
// ANCHOR_END: operations

// ANCHOR: covers
impl<L: Launch> Operations<L> {
    /// Refuses, by `NotCovered`, tensors that are not all of one covered kind on one reached device, and empty ones.
    pub(super) fn covers(
        &self,
        kernel: &'static str,
        tensors: &[&Tensor],
    ) -> Result<Element, Error> {
        let refuse = |reason: String| Err(Error::NotCovered { kernel, reason });
        let first = tensors[0];
        for tensor in tensors {
            if !self.0.reaches(tensor.device()) || tensor.device() != first.device() {
                return refuse(format!("a tensor on {:?}", tensor.device()));
            }
            if tensor.kind() != first.kind() {
                return refuse(format!("{:?} beside {:?}", tensor.kind(), first.kind()));
            }
            if tensor.numel() == 0 {
                return refuse("an empty tensor".to_string());
            }
        }
        match Element::of(first.kind()) {
            Some(element) => Ok(element),
            None => refuse(format!("{:?}", first.kind())),
        }
    }

    /// Packs of 16 bytes if all tensors begin at a multiple of that, and each of their rows too; else single numbers. Torch's
    /// allocator gives every tensor such a beginning, but a view may begin anywhere.
    pub(super) fn choose(
        &self,
        source: &'static Source,
        element: Element,
        row: i64,
        tensors: &[&Tensor],
    ) -> Chosen<L> {
        let aligned = tensors
            .iter()
            .all(|tensor| (tensor.data_ptr() as usize).is_multiple_of(16));
        let width = if aligned && row % element.pack() as i64 == 0 {
            element.pack()
        } else {
            1
        };
        Chosen {
            launch: self.0.clone(),
            source,
            element,
            width,
        }
    }

    /// As `choose`, for arrays without rows: only their beginning matters, the kernels take care of the end.
    pub(super) fn choose_flat(
        &self,
        source: &'static Source,
        element: Element,
        tensors: &[&Tensor],
    ) -> Chosen<L> {
        self.choose(source, element, 0, tensors)
    }
}
// ANCHOR_END: covers

// ANCHOR: recorded
/// Enters what has been computed into autograd's record.
pub(super) fn recorded<B>(
    inputs: &[&Tensor],
    outputs: Vec<Tensor>,
    saved: Vec<Tensor>,
    backward: B,
) -> Result<Vec<Tensor>, Error>
where
    B: Fn(&[Tensor], &[Option<Tensor>]) -> Result<Vec<Option<Tensor>>, Error> + Send + 'static,
{
    let recorded = differentiable(
        inputs,
        |_| Forward { outputs, saved },
        // `differentiable` turns a panic into the error of the backward pass: a closure has no other way to report one.
        move |saved, gradients| {
            backward(saved, gradients).unwrap_or_else(|error| panic!("{error}"))
        },
    )?;
    Ok(recorded)
}

/// The tensor without its history, its numbers in order: what a kernel can read.
pub(super) fn plain(tensor: &Tensor) -> Tensor {
    tensor.detach().contiguous()
}
// ANCHOR_END: recorded
