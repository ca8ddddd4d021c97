// ANCHOR: head
//! What nanochat added to Muon until July 2026, each to be had alone.
//!
//! A step then goes: momentum, *equilibrate*, orthogonalise with *Polar Express*, *renormalise*, even out with
//! *NorMuon* ([`crate::normuon`]), and subtract with *cautious* weight decay ([`crate::Updates::muon_apply_cautious`]).

use crate::newton_schulz::{self, Orthogonalise, Round};
use crate::polar_express;
use crate::updates::Updates;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: refinements
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refinements {
    /// MuonEq: rows get one length before they are orthogonalised together.
    pub equilibrate: bool,
    /// Other coefficients in each round, instead of Newton–Schulz's.
    pub polar_express: bool,
    /// Muon+: the result gets the Frobenius norm that an orthogonal matrix has.
    pub renormalise: bool,
    /// NorMuon: a second moment per row (or column) with this β.
    pub second_moment: Option<f64>,
    /// Weights decay only where the update shrinks them too.
    pub cautious: bool,
}

impl Refinements {
    /// The Muon of October 2025.
    pub const NONE: Refinements = Refinements {
        equilibrate: false,
        polar_express: false,
        renormalise: false,
        second_moment: None,
        cautious: false,
    };

    pub const JULY_2026: Refinements = Refinements {
        equilibrate: true,
        polar_express: true,
        renormalise: true,
        second_moment: Some(0.9),
        cautious: true,
    };
}
// ANCHOR_END: refinements

// ANCHOR: direction
impl Refinements {
    /// From momenta (N, R, C) to directions (N, R, C) of the same kind. `updates` orthogonalises, or another program's iteration, `by`,
    /// if one was brought.
    pub fn direction(
        &self,
        momenta: &Tensor,
        rounds: usize,
        compute: Kind,
        updates: &dyn Updates,
        by: Option<Orthogonalise>,
    ) -> Tensor {
        let given = match self.equilibrate {
            true => equilibrated(&momenta.to_kind(compute)),
            false => momenta.shallow_clone(),
        };
        let direction = match by {
            Some(by) => by(&given, &self.rounds(rounds), compute),
            None => updates.orthogonalise(&given, self.polar_express, rounds, compute),
        };
        let direction = match self.renormalise {
            true => renormalised(&direction),
            false => direction,
        };
        direction.to_kind(momenta.kind())
    }

    /// The polynomials of so many rounds.
    pub fn rounds(&self, count: usize) -> Vec<Round> {
        match self.polar_express {
            true => polar_express::rounds(count),
            false => newton_schulz::rounds(count),
        }
    }
}
// ANCHOR_END: direction

// ANCHOR: equilibrate
/// Every row at the length of the root-mean-square row. A row of a weight matrix belongs to one output; where one output's
/// gradient is a thousand times another's, the small one is lost in the iteration's first rounds. The Frobenius norm
/// stays what it was.
pub fn equilibrated(stack: &Tensor) -> Tensor {
    let rows = stack.size()[1] as f64;
    let length = stack.square().sum_dim_intlist(-1, true, Kind::Float).sqrt(); // (N, R, C) -> (N, R, 1)
    let mean = length
        .square()
        .sum_dim_intlist(-2, true, Kind::Float)
        .sqrt()
        / rows.sqrt(); // (N, 1, 1)
    stack * (mean / length.clamp_min(1e-6)).to_kind(stack.kind())
}
// ANCHOR_END: equilibrate

// ANCHOR: renormalise
/// An orthogonal R × C matrix has min(R, C) singular values of 1, so its Frobenius norm is √min(R, C). Five rounds leave
/// the values near 1, not at it; this puts their mean square right.
pub fn renormalised(stack: &Tensor) -> Tensor {
    let size = stack.size();
    let target = (size[1].min(size[2]) as f64).sqrt();
    let norm = stack
        .square()
        .sum_dim_intlist([-2, -1].as_slice(), true, None)
        .sqrt(); // (N, 1, 1)
    stack * (norm.clamp_min(1e-6).reciprocal() * target)
}
// ANCHOR_END: renormalise
