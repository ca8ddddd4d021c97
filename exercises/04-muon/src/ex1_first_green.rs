//! # First green
//!
//! Goal: turn an exercise green by deleting one line, and see what Adam's correction corrects.
//!
//! Minutes: 5. Difficulty: 1 of 5.
//!
//! A running mean that begins at zero remembers the zero. With β = 0.8 a first gradient of 10 makes it 2, and after a second
//! gradient of 10 it is 3.6. Adam divides by what the mean of nothing but ones would be by then, 1 − βᵗ after t steps: 2 / 0.2 and
//! 3.6 / 0.36 are both 10. The function below does that, but for one line that claims a thousand times as many steps. Delete that line, save
//! the file, and run `cargo course check 04.1`.
//!
//! Help: `cargo course hint 04.1`. Judge it: `cargo course check 04.1`.

/// The running mean of the gradients so far, corrected for the zero it began with.
pub fn corrected_mean(gradients: &[f64], beta: f64) -> f64 {
    let mut mean = 0.0;
    for gradient in gradients {
        mean = beta * mean + (1.0 - beta) * gradient;
    }
    let steps = gradients.len() as i32;
    let steps = 1000 * steps; // the marker: delete this line
    mean / (1.0 - beta.powi(steps))
}
