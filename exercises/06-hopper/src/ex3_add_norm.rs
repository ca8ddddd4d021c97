//! # The way back through an addition and a norm
//!
//! Goal: derive the backward pass of two fused operations, and write it for one row of memory.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! Chapter 03's join `add_norm` adds a layer's change to the stream and normalises the sum, because the next layer reads the
//! norm and the layer after it the sum. A row of C numbers is read and written once, and stays in the cache while it is worked
//! on, so sweeping over it twice costs memory nothing.
//!
//! ```text
//! stream = x + change        normed = stream · r     with  r = 1 / √(mean(stream²) + ε)
//! ```
//!
//! Forward writes both rows and gives r, the one number per row that is kept. Backward is given the normed row, which is kept
//! anyway for the product that follows, and r. The loss depends on the stream (gradient `of_stream`) and on the norm
//! (`of_normed`). It writes the gradient with respect to x. That with respect to `change` is the same: why?
//!
//! What lies in the rows that you write to is left over from something else.
//!
//! Help: `cargo course hint 06.3`. Judge it: `cargo course check 06.3`.

/// Writes x + change and its norm, and gives r. All rows have C numbers.
pub fn forward(x: &[f32], change: &[f32], eps: f32, stream: &mut [f32], normed: &mut [f32]) -> f32 {
    let _ = (x, change, eps, stream, normed); // delete this line
    todo!("exercise 06.3")
}

/// Writes the gradient with respect to x, from what `forward` gave and the gradients with respect to its two rows.
pub fn backward(normed: &[f32], r: f32, of_stream: &[f32], of_normed: &[f32], of_x: &mut [f32]) {
    let _ = (normed, r, of_stream, of_normed, of_x); // delete this line
    todo!("exercise 06.3")
}
