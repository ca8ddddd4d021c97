//! # Four bugs in half a number
//!
//! Goal: find out why a training in bf16 runs without complaint and learns nothing.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! bf16 is the upper half of an fp32: the same range, and 8 bits of precision instead of 24. Numbers near 1 are 1/128 apart, so
//! adding 1/300 to 1 gives 1. What is computed from a batch may be rounded like that, because the next batch brings other
//! errors. What is *added up* may not be: small things that come a thousand times are the training.
//!
//! Below is a small piece of mixed precision for a single weight. Gradients of micro-batches come in bf16 and are averaged;
//! AdamW (without bias correction and decay) makes a step; the model sees a bf16 copy of the weight. There are four bugs, one
//! of them in the rounding and three in what is kept between steps or summed. Each makes numbers that look like numbers.
//!
//! An fp32 whose lower 16 bits are 0 stands for a bf16 here. All numbers are finite.
//!
//! Help: `cargo course hint 06.7`. Judge it: `cargo course check 06.7`.

/// One weight and what its optimizer keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// fp32
    pub master: f32,
    /// What the model computes with, bf16.
    pub working: f32,
    /// The moving average of the gradient, fp32.
    pub first: f32,
    /// The moving average of its square, fp32.
    pub second: f32,
}

/// The bf16 nearest to x; of two equally near the one whose last bit is 0.
pub fn bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits(bits & 0xffff_0000)
}

/// The average of what the micro-batches of a step bring, each a bf16; in fp32.
pub fn average(gradients: &[f32]) -> f32 {
    let mut sum = 0.0;
    for gradient in gradients {
        sum = bf16(sum + gradient);
    }
    sum / gradients.len() as f32
}

/// One step of AdamW with averages over 10 and over 1,000 steps.
pub fn step(weight: Weight, gradient: f32, rate: f32) -> Weight {
    let first = 0.9 * weight.first + 0.1 * gradient;
    let second = bf16(0.999 * weight.second + 0.001 * gradient * gradient);
    let update = first / (second.sqrt() + 1e-10);
    let master = weight.working - rate * update;
    Weight {
        master,
        working: bf16(master),
        first,
        second,
    }
}
