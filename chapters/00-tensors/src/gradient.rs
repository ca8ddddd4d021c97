// ANCHOR: head
//! Clearing gradients, and checking them against finite differences.

use tch::{Kind, Tensor};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: clear
unsafe extern "C" {
    fn nanocrab_clear_gradient(tensor: *mut torch_sys::C_tensor);
}

/// Forgets a leaf's gradient, so that the next backward pass stores its own. tch's `zero_grad` fills it with zeros
/// instead, which writes every gradient once and adds to it once for nothing.
pub fn clear_gradient(tensor: &Tensor) {
    // SAFETY: the pointer is valid while the tensor is borrowed; only the gradient's slot is changed.
    unsafe { nanocrab_clear_gradient(tensor.as_ptr().cast_mut()) }
}
// ANCHOR_END: clear

// ANCHOR: check
/// The largest difference between a function's gradients and its central finite differences, relative to the largest
/// finite difference. `function` maps the inputs to one number; inputs are fp64, because in fp32 the difference of
/// two nearly equal values has no digits left. A right gradient gives about 1e-10; a wrong one about 1.
///
/// # Errors
/// Whatever libtorch says during the backward pass.
pub fn finite_difference_error(
    inputs: &[Tensor],
    function: impl Fn(&[Tensor]) -> Tensor,
) -> Result<f64, Error> {
    /// Small enough for the curvature not to matter, large enough for rounding not to: about the cube root of fp64's.
    const STEP: f64 = 1e-5;

    let leaves: Vec<Tensor> = inputs
        .iter()
        .map(|input| {
            input
                .detach()
                .contiguous() // elements are moved by their place in memory
                .to_kind(Kind::Double)
                .copy()
                .set_requires_grad(true)
        })
        .collect();
    function(&leaves).f_backward()?;

    let _no_graph = tch::no_grad_guard();
    let (mut worst, mut largest) = (0.0f64, 0.0f64);
    for (which, leaf) in leaves.iter().enumerate() {
        let gradient = leaf.grad();
        let count = leaf.numel() as i64;
        let analytic = if gradient.defined() {
            gradient.reshape([count])
        } else {
            leaf.zeros_like().reshape([count])
        };
        for element in 0..count {
            let moved = |by: f64| {
                let inputs: Vec<Tensor> = leaves.iter().map(|leaf| leaf.detach().copy()).collect();
                let _ = inputs[which].view([count]).get(element).g_add_scalar_(by);
                function(&inputs).double_value(&[])
            };
            let numeric = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let difference = (analytic.double_value(&[element]) - numeric).abs();
            if !difference.is_finite() {
                return Ok(f64::INFINITY); // `max` would drop a NaN
            }
            worst = worst.max(difference);
            largest = largest.max(numeric.abs());
        }
    }
    Ok(worst / largest.max(1e-12))
}
// ANCHOR_END: check
