// ANCHOR: head
//! Switch: the first values of July 2026, and those of the tensors that only switches bring.
//!
//! Uniform numbers replace normal ones in the matrices: the same spread without outliers. The embedding is a little
//! smaller, the head tiny instead of zero (so the first backward pass reaches every layer), the MLP's inner layer starts
//! at 0.4 of the others.

use crate::layout::{Law, deviation};
use crate::{Config, Initialisation};
// ANCHOR_END: head

// ANCHOR: laws
/// The laws of one model's first values.
pub struct Laws {
    pub embedding: Law,
    pub head: Law,
    /// Queries.
    pub query: Law,
    /// Keys, values, and the value tables.
    pub key_value: Law,
    /// fc1; both output projections start at zero in either year.
    pub up: Law,
}

impl Laws {
    pub fn of(config: &Config) -> Laws {
        let width = config.width;
        match config.switches.initialisation {
            Initialisation::October2025 => Laws {
                embedding: Law::Normal(1.0),
                head: Law::Zero,
                query: Law::Normal(deviation(width, width)),
                key_value: Law::Normal(deviation(config.kv_width(), width)),
                up: Law::Normal(deviation(config.hidden_width(), width)),
            },
            Initialisation::July2026 => {
                // The standard deviation of U(−b, b) is b/√3: this bound makes it 1/√C.
                let bound = (3.0 / width as f64).sqrt();
                Laws {
                    embedding: Law::Normal(0.8),
                    head: Law::Normal(0.001),
                    query: Law::Uniform(-bound, bound),
                    key_value: Law::Uniform(-bound, bound),
                    up: Law::Uniform(-0.4 * bound, 0.4 * bound),
                }
            }
        }
    }
}

/// Both gates: slightly open on average, and not all alike.
pub const GATE: Law = Law::Uniform(0.0, 0.02);
pub const RESIDUAL: Law = Law::Ramp(1.15, 1.05);
pub const START: Law = Law::Ramp(0.20, 0.05);
pub const SMEAR: Law = Law::Zero;
pub const BACKOUT: Law = Law::Ramp(0.2, 0.2);
// ANCHOR_END: laws
