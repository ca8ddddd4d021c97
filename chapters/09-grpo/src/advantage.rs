//! Advantages: from rewards, which say how good an answer was, to numbers that say how much better than expected.
//!
//! What is expected is estimated from the group: the other answers to the same prompt. A hard prompt and an easy one thus
//! teach the same way, and no second model has to learn what to expect (PPO's critic).

use crate::{Baseline, Objective};

// ANCHOR: advantages
/// Added to the standard deviation before dividing, as TRL does: a group whose rewards hardly differ must not be blown up
/// without limit.
const STD_FLOOR: f64 = 1e-4;

/// One group's rewards (G,) to its advantages (G,).
pub fn advantages(objective: &Objective, rewards: &[f64]) -> Vec<f64> {
    let mean = rewards.iter().sum::<f64>() / rewards.len().max(1) as f64;
    let expected = match objective.baseline {
        Baseline::Nothing => 0.0,
        Baseline::Mean => mean,
    };
    let scale = match objective.divide_by_std {
        true => spread(rewards) + STD_FLOOR,
        false => 1.0,
    };
    // In a group without variance rounding may leave a crumb of a difference to the mean; it would count as a signal.
    let constant = rewards.iter().all(|&reward| reward == rewards[0]);
    rewards
        .iter()
        .map(|&reward| match (constant, objective.baseline) {
            (true, Baseline::Mean) => 0.0,
            _ => (reward - expected) / scale,
        })
        .collect()
}

/// The standard deviation, with n − 1 in the denominator; 0 for fewer than two numbers.
pub fn spread(numbers: &[f64]) -> f64 {
    if numbers.len() < 2 {
        return 0.0;
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (squares / (numbers.len() - 1) as f64).sqrt()
}
// ANCHOR_END: advantages
