// ANCHOR: head
//! Attention that pays for what it sees.
//!
//! With a window of w, query t sees the w keys before it and its own: t − w … t. Chapter 03 computes all T·T scores and masks
//! most of them away. Here a layer with a window costs T·w:
//!
//! | | no window | a window |
//! |---|---|---|
//! | GPU, bf16 | libtorch's choice, which is cuDNN on Hopper (see [`backend`](super::backend)) | FlashAttention-2 with its native window |
//! | CPU, fp32 | ours, see [`cpu`](crate::cpu); for few heads or short rows libtorch's flash | the same, or blocks |
//! | CPU, other kinds | libtorch's flash | blocks, see [`banded`](super::banded) |
//! | GPU, fp32; Metal | libtorch's choice | chapter 03's mask |
//!
//! Shapes: q (B, H, T, D), k and v (B, K, T, D) -> (B, H, T, D), as chapter 03's [`Attend`](transformer::Attend).

use std::ffi::c_char;

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;
use transformer::{CausalWith, Context, causal_attention};

use super::banded::banded_attention;
use crate::Error;
use crate::cpu;
use crate::glue::answered;
// ANCHOR_END: head

// ANCHOR: context
/// Chapter 03's `Causal`, with this attention: training rows that each start at position 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Windowed;

impl Context for Windowed {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        CausalWith(windowed_attention).positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        CausalWith(windowed_attention).attend(layer, window, q, k, v)
    }
}
// ANCHOR_END: context

// ANCHOR: windowed
/// An `Attend`. As tch's own functions it panics on what libtorch refuses, such as shapes that do not fit together.
pub fn windowed_attention(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
    if cpu::attends(q, k, v) {
        return cpu::causal_attention(q, k, v, window).unwrap_or_else(|error| panic!("{error}"));
    }
    let time = q.size()[2];
    let answer = match window.filter(|&window| window < time - 1) {
        // A window that reaches the first key from the last query hides nothing.
        None => return causal_attention(q, k, v, None),
        Some(window) if native(q) => flash_window(q, k, v, window),
        Some(window) if q.device() == Device::Cpu => banded_attention(q, k, v, window),
        Some(window) => return causal_attention(q, k, v, Some(window)),
    };
    answer.unwrap_or_else(|error| panic!("{error}"))
}

/// Whether FlashAttention-2 takes these: two-byte numbers, heads it has a kernel for, and a GPU from Ampere on.
pub(super) fn native(q: &Tensor) -> bool {
    let Device::Cuda(index) = q.device() else {
        return false;
    };
    let head_width = q.size()[3];
    matches!(q.kind(), Kind::BFloat16 | Kind::Half)
        && head_width % 8 == 0
        && head_width <= 256
        && tensors::cuda::compute_capability(index).is_some_and(|(major, _)| major >= 8)
}
// ANCHOR_END: windowed

// ANCHOR: flash
unsafe extern "C" {
    fn nanocrab_flash_window(
        q: *mut C_tensor,
        k: *mut C_tensor,
        v: *mut C_tensor,
        left: i64,
        output: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// FlashAttention-2 wants (B, T, H, D), which is how the numbers lie in memory: the transposed views are turned back.
fn flash_window(q: &Tensor, k: &Tensor, v: &Tensor, window: i64) -> Result<Tensor, Error> {
    let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2)); // (B, H, T, D) -> (B, T, H, D)
    let mut output = std::ptr::null_mut();
    // SAFETY: three tensors that outlive the call; the glue writes one new handle, or a message.
    let message = unsafe {
        nanocrab_flash_window(
            q.as_ptr().cast_mut(),
            k.as_ptr().cast_mut(),
            v.as_ptr().cast_mut(),
            window,
            &mut output,
        )
    };
    answered("attention with a window", message)?;
    // SAFETY: without a message the handle is a new one, ours from here on.
    let y = unsafe { Tensor::from_ptr(output) }; // (B, T, H, D)
    Ok(y.transpose(1, 2)) // (B, T, H, D) -> (B, H, T, D)
}
// ANCHOR_END: flash
