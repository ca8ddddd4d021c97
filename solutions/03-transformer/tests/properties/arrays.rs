//! Small tensors to try answers on, and how they are shown and compared.

use judge::Array;
use tch::{Kind, Tensor};

/// Inputs per property. A tensor operation takes microseconds, and an answer is some dozens of them.
pub const CASES: u32 = 32;

/// Allowed between two ways to compute in fp32, relative to the largest number.
pub const CLOSE: f64 = 1e-4;

/// Allowed between two ways to compute in fp64.
pub const EXACT: f64 = 1e-9;

/// What a tensor holds.
pub fn array(tensor: &Tensor) -> Array {
    let flat = tensor.detach().to_kind(Kind::Double).reshape([-1]);
    let values = Vec::<f64>::try_from(flat).expect("a flat tensor of fp64");
    Array::new(&tensor.size(), values)
}

/// Numbers that are easy to follow on paper: ±0.5, ±1, ±1.5, ±2, drawn by a seed. fp32.
pub fn numbers(shape: &[i64], seed: u64) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<f32> = (0..count as u64)
        .map(|at| {
            let bits = mixed(seed.wrapping_mul(0x1_0001).wrapping_add(at));
            let size = (1 + bits % 4) as f32 / 2.0;
            if bits & 16 == 0 { size } else { -size }
        })
        .collect();
    Tensor::from_slice(&values).reshape(shape)
}

/// Ids below `vocab_size`, drawn by a seed.
pub fn ids(shape: &[i64], vocab_size: i64, seed: u64) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<i64> = (0..count as u64)
        .map(|at| (mixed(seed.wrapping_mul(0x1_0001).wrapping_add(at)) % vocab_size as u64) as i64)
        .collect();
    Tensor::from_slice(&values).reshape(shape)
}

/// The finalizer of SplitMix64: neighbouring inputs give unrelated outputs.
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The gradient of Σ gradient · y with respect to `x`, by autograd.
pub fn autograd(x: &Tensor, gradient: &Tensor, y: impl FnOnce(&Tensor) -> Tensor) -> Tensor {
    gradients([x], gradient, |[x]| y(x)).reshape(x.size())
}

/// The gradients of Σ gradient · y with respect to several tensors, by autograd, as one row of numbers. They are 0 for what
/// y is cut off from.
pub fn gradients<const N: usize>(
    of: [&Tensor; N],
    gradient: &Tensor,
    y: impl FnOnce([&Tensor; N]) -> Tensor,
) -> Tensor {
    let leaves = of.map(|x| x.detach().copy().set_requires_grad(true));
    let sum = (y(leaves.each_ref()) * gradient).sum(gradient.kind());
    if sum.requires_grad() {
        sum.backward();
    }
    let rows = leaves.map(|leaf| match leaf.grad() {
        found if found.defined() => found.reshape([-1]),
        _ => leaf.detach().zeros_like().reshape([-1]),
    });
    Tensor::cat(&rows, 0)
}

/// The gradient of Σ gradient · y with respect to `x` by central differences, in fp64.
pub fn finite_differences(x: &Tensor, gradient: &Tensor, y: impl Fn(&Tensor) -> Tensor) -> Tensor {
    const STEP: f64 = 1e-5;
    let x = x.detach().to_kind(Kind::Double);
    let gradient = gradient.to_kind(Kind::Double);
    let sum = |x: &Tensor| (y(x) * &gradient).sum(Kind::Double).double_value(&[]);
    let slopes: Vec<f64> = (0..x.numel() as i64)
        .map(|at| {
            let moved = |step: f64| {
                let moved = x.copy().reshape([-1]);
                let _ = moved.get(at).g_add_scalar_(step);
                sum(&moved.reshape(x.size()))
            };
            (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
        })
        .collect();
    Tensor::from_slice(&slopes).reshape(x.size())
}
