//! # relu² in one pass
//!
//! Goal: write a fused operation, forward and backward, that trains a model.
//!
//! Minutes: 60. Difficulty: 3 of 5. Plugs in: `./speedrun.sh --mine 06` trains its model with your function.
//!
//! The inside of the MLP is the widest tensor of a block, (B, T, 4C), and chapter 03's `x.relu().square()` passes over it twice
//! forward, making two tensors of its size, and twice backward, making more. And it keeps relu(x) until then, which nobody else
//! needs.
//!
//! Here it is one operation. Forward is one pass, y = max(x, 0)². Backward is one pass too, and what it keeps is y, which the
//! product that follows keeps anyway (exercise 03.6). `forward` and `backward` are the two passes on numbers that lie in a row.
//! `relu_squared` is the operation on tensors, made of them with chapter 00's `differentiable`.
//!
//! In training x may also be bf16, or on a GPU, or a view whose numbers do not lie in a row. `in_a_row` says of a tensor whether
//! its numbers can be reached, and what they are; where it says `None` use tensor expressions in place of your loops. The result
//! has the kind and the shape of x.
//!
//! Help: `cargo course hint 06.10`. Judge it: `cargo course check 06.10`.

use std::slice;
use tch::{Device, Kind, Tensor};

/// Writes max(x, 0)² of each number.
pub fn forward(x: &[f32], y: &mut [f32]) {
    let _ = (x, y); // delete this line
    todo!("exercise 06.10")
}

/// Writes the gradient with respect to x, from y and the gradient with respect to it.
pub fn backward(y: &[f32], of_y: &[f32], of_x: &mut [f32]) {
    let _ = (y, of_y, of_x); // delete this line
    todo!("exercise 06.10")
}

/// max(x, 0)², of any shape, kind and device, differentiable; keeps nothing but its output.
pub fn relu_squared(x: &Tensor) -> Tensor {
    let _ = x; // delete this line
    todo!("exercise 06.10")
}

/// The numbers of a tensor, if they are fp32, in the CPU's memory, one behind the other.
pub fn in_a_row(x: &Tensor) -> Option<&[f32]> {
    let reachable = x.device() == Device::Cpu && x.kind() == Kind::Float && x.is_contiguous();
    let reachable = reachable && x.numel() > 0;
    // SAFETY: so many fp32 numbers lie there as long as the tensor does.
    reachable.then(|| unsafe { slice::from_raw_parts(x.data_ptr().cast(), x.numel()) })
}

/// As `in_a_row`, to be written to: of a tensor that nobody else has seen yet.
pub fn in_a_row_mut(x: &mut Tensor) -> Option<&mut [f32]> {
    let reachable = x.device() == Device::Cpu && x.kind() == Kind::Float && x.is_contiguous();
    let reachable = reachable && x.numel() > 0;
    // SAFETY: as above, and nobody else holds this memory.
    reachable.then(|| unsafe { slice::from_raw_parts_mut(x.data_ptr().cast(), x.numel()) })
}
