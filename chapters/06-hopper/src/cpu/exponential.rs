// ANCHOR: head
//! exp and tanh without a branch and without a table, so that the compiler can compute eight at once.
//!
//! The C library's `expf` is exact to the last bit and takes one number at a time. These are off by a few units in the last place
//! (the tests say how many) and cost some twenty instructions for eight numbers.
// ANCHOR_END: head

// ANCHOR: exp
/// eˣ, relative error below 3e-7; x is cut to what fp32 can hold, −87 … 88.
///
/// x = n·ln 2 + r with a whole n and |r| ≤ ln 2 / 2, so eˣ = 2ⁿ·eʳ: the power of two is written straight into the
/// exponent's bits, and eʳ is a short series.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: at this size a float's last bit is worth 1, so adding it rounds to a whole number, which
    /// then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first with zeros at its end, so that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // 1 + r + r²/2! + … + r⁷/7!: the first term left out is below 6e-9.
    let mut series = 1.0 / 5040.0;
    series = series * r + 1.0 / 720.0;
    series = series * r + 1.0 / 120.0;
    series = series * r + 1.0 / 24.0;
    series = series * r + 1.0 / 6.0;
    series = series * r + 0.5;
    series = series * r + 1.0;
    series = series * r + 1.0;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    series * power
}
// ANCHOR_END: exp

// ANCHOR: tanh
/// tanh x = 1 − 2 / (e²ˣ + 1), absolute error below 3e-7. Near 0 the relative error is larger, for 1 − 1 cancels: where
/// it is multiplied by 15 and compared with other logits that does not matter.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}
// ANCHOR_END: tanh
