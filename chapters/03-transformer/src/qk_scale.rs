// ANCHOR: head
//! Switch: sharper attention. RMS-normalised queries and keys of D numbers have length √D, so a score, q·k/√D, lies within ±√D
//! and a softmax over it can only become so sharp. A factor of 1.2 on each widens that to ±1.44·√D.

use tch::Tensor;
// ANCHOR_END: head

// ANCHOR: qk_scale
/// x (B, T, H, D), normalised, times the factor; a factor of 1 costs nothing.
pub fn scaled(x: Tensor, factor: f64) -> Tensor {
    if factor == 1.0 { x } else { x * factor }
}
// ANCHOR_END: qk_scale
