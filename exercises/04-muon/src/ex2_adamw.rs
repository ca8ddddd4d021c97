//! # AdamW by hand
//!
//! Goal: write AdamW's step for numbers in a row, and say how far one gradient carries a weight.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! `step` is the formula of the chapter. In this order: the weight decays by the factor 1 − rate · decay; both running means move;
//! the weight goes by
//!
//! ```text
//! − rate · (first / (1 − β₁ᵗ)) / (√(second / (1 − β₂ᵗ)) + ε)
//! ```
//!
//! Weights and means are changed where they lie. `number` is t, and the first step has number 1.
//!
//! `coasting` is about a rare token, long after the beginning. Its row has had no gradient for so long that both means are 0, and
//! both corrections are 1. Now it gets one gradient, and never another. How far do this step and all that follow carry the weight,
//! as a multiple of the rate? ε is too small to matter, and there is no decay. Where the steps do not get smaller the answer is
//! `f64::INFINITY`.
//!
//! Help: `cargo course hint 04.2`. Judge it: `cargo course check 04.2`.

/// The numbers of a group.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub rate: f32,
    /// β₁ and β₂.
    pub betas: (f32, f32),
    pub eps: f32,
    pub decay: f32,
}

/// One step of AdamW, the step with this number. All four rows have the same length.
pub fn step(
    weights: &mut [f32],
    gradients: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    number: i32,
    settings: Settings,
) {
    let _ = (weights, gradients, first, second, number, settings); // delete this line
    todo!("exercise 04.2")
}

/// How far one gradient carries a weight whose means were 0, in rates.
pub fn coasting(beta1: f64, beta2: f64) -> f64 {
    let _ = (beta1, beta2); // delete this line
    todo!("exercise 04.2")
}
