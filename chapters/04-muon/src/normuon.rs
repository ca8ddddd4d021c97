// ANCHOR: head
//! NorMuon: a second moment for orthogonalised updates, one number per row or column.
//!
//! An orthogonalised matrix has singular values of one, but its rows still differ in length: some outputs get large steps
//! all the time. Adam's remedy is to divide by a running root mean square. Per weight that would undo the
//! orthogonality; per line of the matrix it evens out the lines and keeps their directions (Li et al., 2025).

use tch::{Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: shape
/// The second moments of N matrices (R, C): one per row, or per column where the matrix is wider than tall.
pub fn second_moment_shape(count: i64, rows: i64, columns: i64) -> [i64; 3] {
    if rows >= columns {
        [count, rows, 1]
    } else {
        [count, 1, columns]
    }
}
// ANCHOR_END: shape

// ANCHOR: even_out
/// Divides the lines of the updates (N, R, C) by the root of their second moments, (N, R, 1) or (N, 1, C), which learn
/// from these updates first. Each matrix keeps its Frobenius norm: only the shares of the lines change.
pub fn evened_out(updates: &Tensor, second: &mut Tensor, beta: f64) -> Tensor {
    let along = if second.size()[2] == 1 { -1 } else { -2 };
    let square = updates.square();
    let mean = square.mean_dim(along, true, Kind::Float); // (N, R, C) -> (N, R, 1) or (N, 1, C)
    let _ = second.lerp_(&mean, 1.0 - beta);
    let factor = second.clamp_min(1e-10).rsqrt(); // (N, R, 1) or (N, 1, C)
    let norm = |means: &Tensor| {
        means
            .sum_dim_intlist([-2, -1].as_slice(), true, None)
            .sqrt()
    }; // -> (N, 1, 1)
    let kept = norm(&mean) / norm(&(&mean * factor.square())).clamp_min(1e-10);
    updates * (factor * kept)
}
// ANCHOR_END: even_out
