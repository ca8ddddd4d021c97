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
//! Help: `cargo course hint 06.8`. Judge it: `cargo course check 06.8`.

/// One of the two bf16s around x, by one of 65,536 equally likely chances.
pub fn rounded(x: f32, chance: u16) -> f32 {
    let _ = (x, chance); // delete this line
    todo!("exercise 06.8")
}

/// The sum in bf16, rounded by chance after each addition.
pub fn sum(numbers: &[f32], chance: &mut dyn FnMut() -> u16) -> f32 {
    let _ = (numbers, chance); // delete this line
    todo!("exercise 06.8")
}
