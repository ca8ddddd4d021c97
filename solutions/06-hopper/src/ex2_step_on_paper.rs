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
//! ## Hint 1
//!
//! Write a small function `seconds(operations, bytes, machine)`, and one for a product with k and m that calls it. The gradient
//! of the input is (N, m) · (m, k), that of the weight (k, N) · (N, m). Compare their operations, and the sizes of the matrices
//! they move, with those of the way forward.
//!
//! ## Hint 2
//!
//! They are the same three matrices and the same operations, so a weight costs three times its product. The table comes to 46 ·
//! N · C numbers per block: 2 · 5 for the norms, 2 · 3 for the additions, 2 · 5 for q and k, 4 · 5 for relu². Results are
//! milliseconds.
//!
//! ## Hint 3
//!
//! With P operations and W bytes per second and b bytes per number, arithmetic is the slower half when 2 · N · k · m / P >= b ·
//! (N · k + k · m + N · m) / W. Solve for N:
//!
//! N >= b · P · k · m / (2 · k · m · W − b · P · (k + m)), rounded up. Where the denominator is not positive no N is enough.
//!
//! ## Notes
//!
//! Count how often chapter 03's expressions pass over the logits, and you find 19: forward two each for the division, the tanh,
//! the multiplication and the logarithm of the softmax, and one that writes zeros for the gradient of the picked numbers; back
//! three for the softmax, two for the multiplication, three for the tanh, two for the division. A fused loss needs two or three.
//!
//! No denominator is positive where k and m are both small: a product of narrow matrices is limited by memory however many
//! positions there are. And with N = 1, a model that writes one token after another, every product is. That is chapter 10.

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
    let [vocab_size, layers, width, context] =
        [sizes.vocab_size, sizes.layers, sizes.width, sizes.context].map(|size| size as f64);
    let positions = (sizes.rows * sizes.context) as f64;
    let product = |k: f64, m: f64| {
        let numbers = positions * k + k * m + positions * m;
        milliseconds(
            2.0 * positions * k * m,
            numbers * machine.number_bytes,
            machine,
        )
    };
    let block = 4.0 * product(width, width) + 2.0 * product(width, 4.0 * width);
    let stream = positions * width * machine.number_bytes; // bytes of one (B, T, C)
    let attention = milliseconds(12.0 * positions * width * context, 12.0 * stream, machine);
    let logits = positions * vocab_size * 4.0; // bytes
    Estimate {
        // Forward, and twice backward.
        products: 3.0 * (layers * block + product(width, vocab_size)),
        attention: layers * attention,
        pointwise: layers * milliseconds(0.0, 46.0 * stream, machine),
        loss: milliseconds(0.0, sizes.logit_passes as f64 * logits, machine),
    }
}

/// The smallest N for which the operations of (N, k) · (k, m) take at least as long as its bytes. `None` if there is none.
pub fn fewest_positions(k: i64, m: i64, machine: Machine) -> Option<i64> {
    let (k, m) = (k as f64, m as f64);
    let of_bytes = machine.number_bytes * machine.peak;
    let left = 2.0 * k * m * machine.bandwidth - of_bytes * (k + m);
    (left > 0.0).then(|| (of_bytes * k * m / left).ceil() as i64)
}

fn milliseconds(operations: f64, bytes: f64, machine: Machine) -> f64 {
    1e3 * (operations / machine.peak).max(bytes / machine.bandwidth)
}
