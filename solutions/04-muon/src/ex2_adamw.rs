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
//! ## Hint 1
//!
//! For `step`, go through the four rows with one loop, `for i in 0..weights.len()`, and write the formula down for one number. The
//! corrections are the same for all of them.
//!
//! For `coasting`, write down what the two means are in the step of the gradient g, and what they are k steps later. What does g do to
//! their quotient?
//!
//! ## Hint 2
//!
//! The decay multiplies the weight, before the step and whatever the gradient is: `weights[i] *= 1.0 - rate * decay`. Added to the
//! gradient it would be divided by the root with the rest, and it would not be AdamW.
//!
//! The means are (1 − β₁) · g and (1 − β₂) · g² at first, and β₁ᵏ and β₂ᵏ times that k steps later.
//!
//! ## Hint 3
//!
//! `first[i] = beta1 * first[i] + (1.0 - beta1) * g`, the second with g², then the quotient with both corrections, ε outside of the
//! root.
//!
//! Step k is (1 − β₁) / √(1 − β₂) · qᵏ with q = β₁ / √β₂. For q < 1 these add up to the first one divided by 1 − q.
//!
//! ## Notes
//!
//! With the tables' numbers of October 2025, 0.8 and 0.95, a row that gets one gradient moves 0.89 in that step and 4.99 in all: most
//! of its way it goes without a gradient, while its token is not there.
//!
//! q grows with β₁. The start scalars have 0.96 and 0.95 in July 2026, q = 0.985, and one gradient carries them 11.9 times the rate. With
//! 0.98 and 0.95 q is 1.005: the second mean forgets faster than the first, and steps grow without end after a single gradient. nanochat's
//! log has a cliff between 0.96 and 0.98. (That the two belong together is a guess of ours; nobody has tried to refute it.)

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
    let (beta1, beta2) = settings.betas;
    let (correction1, correction2) = (1.0 - beta1.powi(number), 1.0 - beta2.powi(number));
    let numbers = weights.iter_mut().zip(gradients);
    let means = first.iter_mut().zip(second);
    for ((weight, g), (first, second)) in numbers.zip(means) {
        *weight *= 1.0 - settings.rate * settings.decay;
        *first = beta1 * *first + (1.0 - beta1) * g;
        *second = beta2 * *second + (1.0 - beta2) * g * g;
        let root = (*second / correction2).sqrt();
        *weight -= settings.rate * (*first / correction1) / (root + settings.eps);
    }
}

/// How far one gradient carries a weight whose means were 0, in rates.
pub fn coasting(beta1: f64, beta2: f64) -> f64 {
    let (first, ratio) = ((1.0 - beta1) / (1.0 - beta2).sqrt(), beta1 / beta2.sqrt());
    match ratio < 1.0 {
        true => first / (1.0 - ratio),
        false => f64::INFINITY,
    }
}
