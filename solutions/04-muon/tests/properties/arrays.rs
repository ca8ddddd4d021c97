//! Rows of numbers and small tensors to try answers on, and how they are shown and compared.

use judge::Array;
use tch::{Kind, Tensor};

/// Inputs per property, where an answer is some dozens of tensor operations.
pub const CASES: u32 = 32;

/// Allowed between two ways to compute in fp32, relative to the largest number.
pub const CLOSE: f64 = 1e-4;

/// Numbers that are easy to follow on paper: ±0.5, ±1, ±1.5, ±2, drawn by a seed.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|at| {
            let bits = mixed(seed.wrapping_mul(0x1_0001).wrapping_add(at));
            let size = (1 + bits % 4) as f32 / 2.0;
            if bits & 16 == 0 { size } else { -size }
        })
        .collect()
}

/// The finalizer of SplitMix64: neighbouring inputs give unrelated outputs.
pub fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A row as what is shown and compared.
pub fn row(numbers: &[f32]) -> Array {
    let values = numbers.iter().map(|&x| f64::from(x)).collect();
    Array::new(&[numbers.len() as i64], values)
}

/// What a tensor holds.
pub fn array(tensor: &Tensor) -> Array {
    let flat = tensor.detach().to_kind(Kind::Double).reshape([-1]);
    let values = Vec::<f64>::try_from(flat).expect("a flat tensor of fp64");
    Array::new(&tensor.size(), values)
}

/// Such numbers in a shape, fp32.
pub fn tensor(shape: &[i64], seed: u64) -> Tensor {
    let count: i64 = shape.iter().product();
    Tensor::from_slice(&numbers(count as usize, seed)).reshape(shape)
}
