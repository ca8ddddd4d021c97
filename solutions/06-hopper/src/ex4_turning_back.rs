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
//! ## Hint 1
//!
//! A chain is gone through from its end: first the factor, then the norm, then the turn. Backward through the norm is exercise
//! 3's, with u and its r. For that u has to be computed again.
//!
//! ## Hint 2
//!
//! The turn is a matrix: for each pair u = M · x with M = [cos, sin; −sin, cos]. Gradients go through its transpose, [cos, −sin;
//! sin, cos], which turns the other way:
//!
//! dx[i] = du[i] · cos − du[i + D/2] · sin, and dx[i + D/2] = du[i] · sin + du[i + D/2] · cos.
//!
//! ## Hint 3
//!
//! du = factor · r · (g − u · r² · mean(g · u)), then turn back. Or do it in the other order, which needs no u: a turn changes
//! no lengths and no angles. So mean(u²) = mean(x²), and with h for the gradient g turned back, mean(g · u) = mean(h · x). Then
//! dx = factor · r · (h − x · r² · mean(h · x)).
//!
//! ## Notes
//!
//! The second form never computes u, and turns once instead of twice. Autograd, which does not know that a rotation keeps
//! lengths, cannot find it.
//!
//! Attention keeps y anyway, for its own way back. Who keeps r too, one number per head and position, can go back from y / factor
//! and needs no x: a tensor less for each of q and k.
//!
//! In a table of cosines that was rounded to bf16, cos² + sin² is not 1, and the two forms differ. The chapter's tables are
//! fp32.

/// Writes factor · norm(turn(x)). x and y have D numbers, cos and sin D/2.
pub fn forward(x: &[f32], cos: &[f32], sin: &[f32], eps: f32, factor: f32, y: &mut [f32]) {
    let r = scale(x, eps);
    let (first, second) = x.split_at(x.len() / 2);
    let (y_first, y_second) = y.split_at_mut(x.len() / 2);
    for (i, (cos, sin)) in cos.iter().zip(sin).enumerate() {
        y_first[i] = factor * r * (first[i] * cos + second[i] * sin);
        y_second[i] = factor * r * (second[i] * cos - first[i] * sin);
    }
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
    let half = x.len() / 2;
    for (i, (cos, sin)) in cos.iter().zip(sin).enumerate() {
        let (first, second) = (of_y[i], of_y[i + half]);
        of_x[i] = first * cos - second * sin;
        of_x[i + half] = first * sin + second * cos;
    }
    let r = scale(x, eps);
    let along = of_x.iter().zip(x).map(|(h, x)| h * x).sum::<f32>() / x.len() as f32;
    for (of_x, x) in of_x.iter_mut().zip(x) {
        *of_x = factor * r * (*of_x - x * r * r * along);
    }
}

/// 1 / √(mean(x²) + ε), before and after a turn.
fn scale(x: &[f32], eps: f32) -> f32 {
    let squares: f32 = x.iter().map(|x| x * x).sum();
    1.0 / (squares / x.len() as f32 + eps).sqrt()
}
