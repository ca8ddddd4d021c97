//! # The step on paper
//!
//! Goal: say how long a training step takes before anything is run.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! N = rows · context positions go through L blocks of width C, each with as many heads for keys as for queries. An operation
//! takes the longer of its two times (exercise 1), and a group of operations the sum over its operations. Every matrix that an
//! operation reads or writes is moved once.
//!
//! **Products.** Per block query, key, value and output (C × C each), up and down (C × 4C each); after the blocks the head (C ×
//! V). A product of (N, k) and (k, m) makes 2 · N · k · m operations and moves three matrices. The way back takes two more
//! products for each, one for the gradient of its input and one for that of its weight.
//!
//! **Attention.** Per block one operation, forward and backward together: 12 · C · T per position, and it moves 12 · N · C numbers.
//!
//! **Pointwise.** All fused and limited by memory alone. What a pass reads and writes, in tensors of its own width:
//!
//! | | passes in a block | width | forward | backward |
//! |---|---|---|---|---|
//! | norm | 2 | C | reads 1, writes 1 | reads 2, writes 1 |
//! | addition to the stream | 2 | C | reads 2, writes 1 | nothing |
//! | q or k turned and normalised | 2 | C | reads 1, writes 1 | reads 2, writes 1 |
//! | relu² | 1 | 4C | reads 1, writes 1 | reads 2, writes 1 |
//!
//! **Loss.** Softcap and cross-entropy go `logit_passes` times through the N × V logits, which take 4 bytes each whatever the
//! machine's numbers take. Limited by memory alone.
//!
//! Then one question about the products: how many positions must there be, at the least, for arithmetic to be the slower half
//! of a product? With fewer the weight's bytes decide, and a faster multiplier buys nothing.
//!
//! Help: `cargo course hint 06.2`. Judge it: `cargo course check 06.2`.

/// What the step is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub vocab_size: i64,
    pub layers: i64,
    pub width: i64,
    pub context: i64,
    pub rows: i64,
    /// How often the logits are read or written from end to end.
    pub logit_passes: i64,
}

/// What it runs on.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Operations per second.
    pub peak: f64,
    /// Bytes per second.
    pub bandwidth: f64,
    /// Of a number, 4 in fp32 and 2 in bf16.
    pub number_bytes: f64,
}

/// Milliseconds of a step, forward and backward, by groups of operations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub products: f64,
    pub attention: f64,
    pub pointwise: f64,
    pub loss: f64,
}

/// What a step takes if every operation reaches the roof above it.
pub fn estimate(sizes: Sizes, machine: Machine) -> Estimate {
    let _ = (sizes, machine); // delete this line
    todo!("exercise 06.2")
}

/// The smallest N for which the operations of (N, k) · (k, m) take at least as long as its bytes. `None` if there is none.
pub fn fewest_positions(k: i64, m: i64, machine: Machine) -> Option<i64> {
    let _ = (k, m, machine); // delete this line
    todo!("exercise 06.2")
}
