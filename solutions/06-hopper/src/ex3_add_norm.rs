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
//! ## Hint 1
//!
//! Forget `of_stream` at first. By the product rule, a change of stream[j] moves normed[j] directly, by r, and all of the row
//! through r: ∂r/∂stream[j] = −r³ · stream[j] / C. Sum over everything that moves, each weighted by its gradient.
//!
//! ## Hint 2
//!
//! d[j] = r · g[j] − r³ · stream[j] · mean(g · stream), g being `of_normed`. Nobody kept the stream, but normed is stream · r.
//! Put it in, twice.
//!
//! ## Hint 3
//!
//! d = of_stream + r · (g − normed · mean(g · normed)). One sweep for the mean, one to write. What flows to a sum flows to each
//! of its terms unchanged, so x and `change` get the same.
//!
//! ## Notes
//!
//! ε has vanished from the backward pass: it is in r.
//!
//! Bytes per number, in fp32: forward reads 8 and writes 8, backward reads 12 and writes 4. Chapter 03's expressions, one pass
//! each, move 32 forward (addition 12, square 8, mean 4, product with r 8) and 64 backward (g · r 8, g · stream and its sum 16,
//! the square's slope 16, and twice two gradients added 24).
//!
//! The sum of a row is a chain: each addition waits for the one before, and rustc may not reorder them, because floating-point
//! addition is not associative. Eight partial sums, `chunks_exact(8)`, are eight chains, and become one vector instruction.

/// Writes x + change and its norm, and gives r. All rows have C numbers.
pub fn forward(x: &[f32], change: &[f32], eps: f32, stream: &mut [f32], normed: &mut [f32]) -> f32 {
    let mut squares = 0.0;
    for ((stream, x), change) in stream.iter_mut().zip(x).zip(change) {
        *stream = x + change;
        squares += *stream * *stream;
    }
    let r = 1.0 / (squares / x.len() as f32 + eps).sqrt();
    for (normed, stream) in normed.iter_mut().zip(stream) {
        *normed = *stream * r;
    }
    r
}

/// Writes the gradient with respect to x, from what `forward` gave and the gradients with respect to its two rows.
pub fn backward(normed: &[f32], r: f32, of_stream: &[f32], of_normed: &[f32], of_x: &mut [f32]) {
    let products = of_normed.iter().zip(normed).map(|(g, y)| g * y);
    let along = products.sum::<f32>() / normed.len() as f32;
    let inputs = of_stream.iter().zip(of_normed).zip(normed);
    for (of_x, ((direct, g), y)) in of_x.iter_mut().zip(inputs) {
        *of_x = direct + r * (g - y * along);
    }
}
