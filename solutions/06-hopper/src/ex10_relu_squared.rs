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
//! ## Hint 1
//!
//! The slope of x² is 2x, and where y > 0, x is √y. Where y is 0 the gradient is 0.
//!
//! First write `relu_squared` with tensor expressions in both closures of `differentiable(&[x], forward, backward)`, and see
//! autograd's gradients come out. `forward` gets the inputs and gives `Forward { outputs, saved }`; `backward` gets what was saved
//! and the gradients of the outputs, each an `Option`, and gives one `Option` per input.
//!
//! ## Hint 2
//!
//! ```text
//! |inputs| { let y = squared(&inputs[0]); Forward { saved: vec![y.shallow_clone()], outputs: vec![y] } }
//! |saved, gradients| vec![gradients[0].as_ref().map(|gradient| slope(&saved[0], gradient))]
//! ```
//!
//! In `squared`, `let mut y = x.empty_like();` makes room; `in_a_row(x)` and `in_a_row_mut(&mut y)` are the numbers of both.
//! Without room in a row: `x.relu().square()`. In `slope`: `gradient * y.sqrt() * 2.0`.
//!
//! ## Hint 3
//!
//! `match (in_a_row(x), in_a_row_mut(&mut y)) { (Some(x), Some(y)) => forward(x, y), _ => return x.relu().square() }`, and the
//! same with three tensors on the way back. `differentiable` gives a `Result` with a `Vec` of one tensor:
//! `.expect("…").remove(0)`.
//!
//! To use all cores: `y.par_chunks_mut(4096).zip(x.par_chunks(4096)).for_each(|(y, x)| forward(x, y))`, with
//! `use rayon::prelude::*;`.
//!
//! ## Notes
//!
//! Bytes per number, in fp32: 8 forward and 12 backward, where chapter 03's two expressions move 16 and at least 24. The pass
//! does next to no arithmetic, so on paper that is the gain. What it is on your machine, the report of `--mine 06` says.
//!
//! A square root keeps the arithmetic units busy for longer than a product. A pass that waits for memory has them to spare.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};
use std::slice;
use tch::{Device, Kind, Tensor};
use tensors::{Forward, differentiable};

/// Writes max(x, 0)² of each number.
pub fn forward(x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        let positive = x.max(0.0);
        *y = positive * positive;
    }
}

/// Writes the gradient with respect to x, from y and the gradient with respect to it.
pub fn backward(y: &[f32], of_y: &[f32], of_x: &mut [f32]) {
    for ((of_x, y), of_y) in of_x.iter_mut().zip(y).zip(of_y) {
        *of_x = 2.0 * y.sqrt() * of_y;
    }
}

/// max(x, 0)², of any shape, kind and device, differentiable; keeps nothing but its output.
pub fn relu_squared(x: &Tensor) -> Tensor {
    let outputs = differentiable(
        &[x],
        |inputs| {
            let y = squared(&inputs[0]);
            Forward {
                saved: vec![y.shallow_clone()],
                outputs: vec![y],
            }
        },
        |saved, gradients| {
            let of_y = gradients[0].as_ref();
            vec![of_y.map(|of_y| slope(&saved[0], of_y))]
        },
    );
    outputs
        .expect("an operation of one input and one output can be recorded")
        .remove(0)
}

/// Numbers that a thread works on at a time: 16 kB of each tensor, half of a first-level cache for two.
const CHUNK: usize = 4096;

fn squared(x: &Tensor) -> Tensor {
    let mut y = x.empty_like();
    match (in_a_row(x), in_a_row_mut(&mut y)) {
        (Some(x), Some(y)) => {
            let chunks = y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
            chunks.for_each(|(y, x)| forward(x, y));
        }
        _ => return x.relu().square(),
    }
    y
}

fn slope(y: &Tensor, of_y: &Tensor) -> Tensor {
    let mut of_x = y.empty_like();
    match (in_a_row(y), in_a_row(of_y), in_a_row_mut(&mut of_x)) {
        (Some(y), Some(of_y), Some(of_x)) => {
            let inputs = y.par_chunks(CHUNK).zip(of_y.par_chunks(CHUNK));
            let chunks = of_x.par_chunks_mut(CHUNK).zip(inputs);
            chunks.for_each(|(of_x, (y, of_y))| backward(y, of_y, of_x));
        }
        _ => return of_y * y.sqrt() * 2.0,
    }
    of_x
}

// given
/// The numbers of a tensor, if they are fp32, in the CPU's memory, one behind the other.
pub fn in_a_row(x: &Tensor) -> Option<&[f32]> {
    let reachable = x.device() == Device::Cpu && x.kind() == Kind::Float && x.is_contiguous();
    let reachable = reachable && x.numel() > 0;
    // SAFETY: so many fp32 numbers lie there as long as the tensor does.
    reachable.then(|| unsafe { slice::from_raw_parts(x.data_ptr().cast(), x.numel()) })
}

// given
/// As `in_a_row`, to be written to: of a tensor that nobody else has seen yet.
pub fn in_a_row_mut(x: &mut Tensor) -> Option<&mut [f32]> {
    let reachable = x.device() == Device::Cpu && x.kind() == Kind::Float && x.is_contiguous();
    let reachable = reachable && x.numel() > 0;
    // SAFETY: as above, and nobody else holds this memory.
    reachable.then(|| unsafe { slice::from_raw_parts_mut(x.data_ptr().cast(), x.numel()) })
}
