// ANCHOR: head
//! What operations cost at the least: bytes that must be read or written once, and floating-point operations.
//!
//! Words: P = B·T is the number of positions, *e* the size of an activation in bytes (4 in fp32, 2 in bf16). The bytes of an
//! operation are those of its inputs and outputs, each moved once; temporaries, a second reading, and what autograd
//! keeps for later are not counted, because a better program could do without. Gradients of weights are fp32, as the weights are.
//!
//! An addition, a multiplication, a comparison, a root, a power and a tangent count one operation each. For matrix
//! products that is the convention of the field; for the rest it is rough, and does not matter: they are bound by bytes.

use tch::Kind;
use transformer::Config;
// ANCHOR_END: head

// ANCHOR: cost
/// What something costs at the least.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Floating-point operations.
    pub flops: f64,
    /// Bytes, read and written together.
    pub bytes: f64,
}

/// Of one operation, forward and (where it has one) backward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Of one forward pass; for an update of the optimizer, of the whole.
    pub forward: Cost,
    /// `None` where nothing is derived.
    pub backward: Option<Cost>,
}

impl Costs {
    fn new(forward: (f64, f64), backward: (f64, f64)) -> Costs {
        let cost = |(flops, bytes)| Cost { flops, bytes };
        Costs {
            forward: cost(forward),
            backward: Some(cost(backward)),
        }
    }

    fn forward_only(flops: f64, bytes: f64) -> Costs {
        Costs {
            forward: Cost { flops, bytes },
            backward: None,
        }
    }
}
// ANCHOR_END: cost

// ANCHOR: sizes
/// The sizes that the formulas read, as numbers to multiply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// P = B·T
    pub positions: f64,
    /// T
    pub time: f64,
    /// C
    pub width: f64,
    /// H
    pub heads: f64,
    /// K
    pub kv_heads: f64,
    /// D
    pub head_width: f64,
    /// V
    pub vocab: f64,
    /// e, bytes
    pub element: f64,
}

/// Of a weight, its gradient or a moment: fp32.
const MASTER: f64 = 4.0;
/// Of a target: i64.
const TARGET: f64 = 8.0;

impl Sizes {
    /// For `rows` rows of the model's whole context.
    pub fn new(config: &Config, rows: i64, compute: Kind) -> Sizes {
        Sizes {
            positions: (rows * config.context) as f64,
            time: config.context as f64,
            width: config.width as f64,
            heads: config.heads as f64,
            kv_heads: config.kv_heads as f64,
            head_width: config.head_width() as f64,
            vocab: config.vocab_size as f64,
            element: if compute == Kind::Float { 4.0 } else { 2.0 },
        }
    }
    // ANCHOR_END: sizes

    // ANCHOR: products
    /// (P, in) times `[out, in]`. Backward: two products, and the weight's gradient is written in fp32.
    pub fn linear(&self, inner: f64, out: f64) -> Costs {
        let (p, e) = (self.positions, self.element);
        let product = 2.0 * p * inner * out;
        let forward = e * (p * inner + inner * out + p * out); // x, W -> y
        let backward = e * (p * out + p * inner + inner * out + p * inner) // dy, x, W -> dx
            + MASTER * inner * out; // -> dW
        Costs::new((product, forward), (2.0 * product, backward))
    }

    /// The head, softcap and cross-entropy in one: the logits are never in memory. Per logit the cap costs a division, a
    /// tangent and a multiplication, the softmax a power and an addition; backward about as many.
    pub fn head_loss(&self) -> Costs {
        let (p, c, v, e) = (self.positions, self.width, self.vocab, self.element);
        let product = 2.0 * p * c * v;
        let per_logit = 5.0 * p * v;
        let forward = e * (p * c + c * v) + TARGET * p + MASTER * p; // x, W, targets -> a loss per token
        let backward = e * (p * c + c * v + p * c) + TARGET * p + MASTER * c * v; // x, W, targets -> dx, dW
        Costs::new(
            (product + per_logit, forward),
            (2.0 * product + per_logit, backward),
        )
    }

    /// (P, C) -> (P, V) in fp32, capped; nothing learns from it.
    pub fn logits(&self) -> Costs {
        let (p, c, v, e) = (self.positions, self.width, self.vocab, self.element);
        Costs::forward_only(
            2.0 * p * c * v + 3.0 * p * v,
            e * (p * c + c * v) + 4.0 * p * v,
        )
    }

    /// By nanochat's formula: 4 · P · T · H·D forward and twice that backward, the half that the mask hides included. A
    /// kernel that skips the hidden half may therefore come out faster than the limit.
    pub fn attention(&self) -> Costs {
        let (p, e) = (self.positions, self.element);
        let (queries, keys) = (
            self.heads * self.head_width,
            self.kv_heads * self.head_width,
        );
        let flops = 4.0 * p * self.time * queries;
        let forward = e * p * (2.0 * queries + 2.0 * keys); // q, k, v -> y
        let backward = e * p * (4.0 * queries + 4.0 * keys); // q, k, v, y, dy -> dq, dk, dv
        Costs::new((flops, forward), (2.0 * flops, backward))
    }
    // ANCHOR_END: products

    // ANCHOR: pointwise
    /// Forward x -> y: square, add up, scale. Backward g, x -> dx = s · (g − y · mean(g · y)).
    pub fn rms_norm(&self) -> Costs {
        let n = self.positions * self.width;
        Costs::new(
            (3.0 * n, 2.0 * n * self.element),
            (6.0 * n, 3.0 * n * self.element),
        )
    }

    /// For queries, (P, H, D): two multiplications and an addition per number, then the norm, then nothing for a factor,
    /// which goes into the norm's. The tables (T, D/2) of cosines and sines are fp32 and read once.
    pub fn rope_qk_norm(&self) -> Costs {
        let n = self.positions * self.heads * self.head_width;
        let tables = 2.0 * self.time * self.head_width / 2.0 * 4.0;
        Costs::new(
            (6.0 * n, 2.0 * n * self.element + tables),
            (9.0 * n, 3.0 * n * self.element + tables),
        )
    }

    /// (P, 4C): a comparison and a multiplication; backward g · 2x where x is positive.
    pub fn relu_squared(&self) -> Costs {
        let n = self.positions * 4.0 * self.width;
        Costs::new(
            (2.0 * n, 2.0 * n * self.element),
            (2.0 * n, 3.0 * n * self.element),
        )
    }

    /// Forward x, change -> their sum, its norm. Backward: two gradients and the sum -> one gradient, which is both inputs'.
    pub fn add_norm(&self) -> Costs {
        let n = self.positions * self.width;
        Costs::new(
            (4.0 * n, 4.0 * n * self.element),
            (7.0 * n, 4.0 * n * self.element),
        )
    }

    /// Forward x, x₀ -> r · x + s · x₀. Backward g, x, x₀ -> dx, dx₀, and two sums over everything.
    pub fn mix(&self) -> Costs {
        let n = self.positions * self.width;
        Costs::new(
            (3.0 * n, 3.0 * n * self.element),
            (6.0 * n, 5.0 * n * self.element),
        )
    }

    /// Forward x, x₀ -> the mix, its norm. Backward: two gradients, the norm and x₀ -> dx, dx₀, and two sums over everything.
    pub fn mix_norm(&self) -> Costs {
        let n = self.positions * self.width;
        Costs::new(
            (6.0 * n, 4.0 * n * self.element),
            (13.0 * n, 6.0 * n * self.element),
        )
    }

    /// Forward v, looked up, gate -> v + 3 σ(gate) · looked up. Backward g, looked up, gate -> their gradients; v's is g itself.
    pub fn add_gated(&self) -> Costs {
        let gates = self.positions * self.kv_heads;
        let n = gates * self.head_width;
        Costs::new(
            (2.0 * n + 4.0 * gates, (3.0 * n + gates) * self.element),
            (
                3.0 * n + 4.0 * gates,
                (3.0 * n + 2.0 * gates) * self.element,
            ),
        )
    }
}
// ANCHOR_END: pointwise

// ANCHOR: updates
/// Weight, gradient and two moments are read, all but the gradient written: 28 bytes per parameter.
pub fn adamw(parameters: f64) -> Costs {
    Costs::forward_only(12.0 * parameters, 7.0 * MASTER * parameters)
}

/// Momentum and gradient are read, momentum and direction written; two linear interpolations.
pub fn muon_momentum(parameters: f64) -> Costs {
    Costs::forward_only(6.0 * parameters, 4.0 * MASTER * parameters)
}

/// `rounds` rounds of X ← (aI + bA + cA²)X for N matrices of R × C, R <= C: of the symmetric A = XXᵀ and A² half is needed. (Rounds
/// on A alone need less than this, where X is wide.) Read and
/// written once: all rounds of a matrix can happen in a cache.
pub fn orthogonalise(count: f64, short: f64, long: f64, rounds: f64) -> Costs {
    let round = short * short * long + short.powi(3) + 2.0 * short * short * long;
    Costs::forward_only(count * rounds * round, 2.0 * MASTER * count * short * long)
}

/// Weight and update are read, the weight is written.
pub fn muon_apply(parameters: f64) -> Costs {
    Costs::forward_only(3.0 * parameters, 3.0 * MASTER * parameters)
}
// ANCHOR_END: updates
