//! # Rounding by chance
//!
//! Goal: round so that small things get through, on average.
//!
//! Minutes: 20. Difficulty: 2 of 5.
//!
//! To round to the nearest throws away every change that is less than half of a step, always. *Stochastic rounding* goes up or
//! down by chance, and more often to the nearer side: a number that lies at 0.3 between two bf16s goes up in 30 % of cases. Then
//! the average over many roundings is the number itself, and a sum in bf16 needs no fp32 copy.
//!
//! An fp32 whose lower 16 bits are 0 stands for a bf16. `chance` is one of 65,536 equally likely numbers. A number whose lower
//! half is k must be moved away from 0, to the next bf16, in exactly k of the 65,536 cases, and cut off in the others.
//!
//! `sum` adds numbers one after the other and rounds by chance after each addition, with one chance each, which it asks for.
//!
//! ## Hint 1
//!
//! What has to be true of k and `chance`, so that it is true in k of 65,536 cases? Compare them in your head for k = 0 (a bf16, which
//! must never move), k = 1 and k = 65,535.
//!
//! ## Hint 2
//!
//! k + chance >= 65,536 is true for exactly k of the chances. And that is when the addition of `chance` to all the bits carries
//! into the upper half, where a 1 more means: the next bf16.
//!
//! ## Hint 3
//!
//! `f32::from_bits(x.to_bits().wrapping_add(u32::from(chance)) & 0xffff_0000)`. For `sum`: begin at 0.0, and `total =
//! rounded(total + number, chance())`.
//!
//! ## Notes
//!
//! The price is noise. A sum of n numbers strays by up to √n / 2 steps of its bf16 or so, instead of stopping dead. Training bears
//! that, because gradients are noisier than this; a loss or a norm that is to be reported does not.
//!
//! Adding to the bits and cutting is all a kernel has to do, with random bits from a counter that is scrambled, so that a step can
//! be repeated. Weights in bf16 without masters are 2 bytes per parameter instead of 6 (Zamirai et al. 2020, *Revisiting BFloat16
//! Training*).

/// One of the two bf16s around x, by one of 65,536 equally likely chances.
pub fn rounded(x: f32, chance: u16) -> f32 {
    f32::from_bits(x.to_bits().wrapping_add(u32::from(chance)) & 0xffff_0000)
}

/// The sum in bf16, rounded by chance after each addition.
pub fn sum(numbers: &[f32], chance: &mut dyn FnMut() -> u16) -> f32 {
    let mut total = 0.0;
    for number in numbers {
        total = rounded(total + number, chance());
    }
    total
}
