//! # Turning back
//!
//! Goal: derive the backward pass of rotary, QK-norm and scale as one operation that keeps nothing but its input.
//!
//! Minutes: 60. Difficulty: 4 of 5.
//!
//! One head at one position has D numbers. Pair i is (x[i], x[i + D/2]), turned by an angle whose cosine and sine are given:
//!
//! ```text
//! u[i] = x[i] · cos[i] + x[i + D/2] · sin[i]          y = factor · u · r   with  r = 1 / √(mean(u²) + ε)
//! u[i + D/2] = x[i + D/2] · cos[i] − x[i] · sin[i]
//! ```
//!
//! Forward writes y. Backward is given x and the gradient with respect to y, and writes the gradient with respect to x. Nothing but
//! x was kept, neither u nor r.
//!
//! What lies in the row that you write to is left over from something else.
//!
//! Help: `cargo course hint 06.4`. Judge it: `cargo course check 06.4`.

/// Writes factor · norm(turn(x)). x and y have D numbers, cos and sin D/2.
pub fn forward(x: &[f32], cos: &[f32], sin: &[f32], eps: f32, factor: f32, y: &mut [f32]) {
    let _ = (x, cos, sin, eps, factor, y); // delete this line
    todo!("exercise 06.4")
}

/// Writes the gradient with respect to x, from the one with respect to y.
pub fn backward(
    x: &[f32],
    cos: &[f32],
    sin: &[f32],
    eps: f32,
    factor: f32,
    of_y: &[f32],
    of_x: &mut [f32],
) {
    let _ = (x, cos, sin, eps, factor, of_y, of_x); // delete this line
    todo!("exercise 06.4")
}
