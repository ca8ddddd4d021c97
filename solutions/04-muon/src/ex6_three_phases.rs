//! # Four bugs in three phases
//!
//! Goal: find out why ranks that share a step hang, drift apart, or wait for nothing.
//!
//! Minutes: 60. Difficulty: 4 of 5.
//!
//! Below is one step of gradient descent, clipped, shared by the ranks of a `Collective`: the chapter's three phases in fifty lines.
//! A piece whose rows divide by the number of ranks is *cut*: each rank owns, updates and sends its share of the rows. Any other piece
//! is owned and updated by all.
//!
//! There are four bugs. What must be true:
//!
//! - The step is that of one rank with the mean of all gradients, and afterwards every rank has the same weights.
//! - The norm that is returned, and clipped with, is the norm of the mean gradient of all pieces together.
//! - Ranks may be handed their pieces in any order. The order of their operations must not depend on it. (That of the pieces
//!   when the function returns does not matter.)
//! - All reductions are on their way before the first is waited for, and all gathers before the first of those is.
//!
//! With one rank all of this holds already. Ranks are threads here, as in the chapter's tests.
//!
//! ## Hint 1
//!
//! Take the promises one by one, and read the code with two ranks in mind, one of which is called 1. What does it start first? When
//! does it wait? Which numbers are in its sum of squares, and who else has these numbers?
//!
//! ## Hint 2
//!
//! One bug is a line too few, at the top: something has to be sorted. One waits where it should start. One counts what every rank has
//! once per rank. One stops where the ranks should tell each other what they have found.
//!
//! ## Hint 3
//!
//! `pieces.sort_by(|a, b| a.name.cmp(&b.name))` before anything is started; push the handle and not its result; only rank 0
//! counts what is not cut; `let squares = muon::sum_over_ranks(collective, [squares])?[0];` before the root is taken.
//!
//! ## Notes
//!
//! Two of the four are silent. With norms of its own, each rank updates its own rows by a factor of its own. All ranks have the
//! same weights in the end, and the step has another direction than the gradient. Counting the whole pieces on every rank makes the
//! norm a little too large, so that everything is clipped a little too much, and the more ranks there are the more: the run depends
//! on the number of ranks, and no loss curve says so.
//!
//! Waiting at once is right and slow. In the chapter the time between the start of the reductions and the last of them is when
//! the first groups are updated.

use muon::{Collective, Error, Handle, sum_over_ranks};
use tch::{Kind, Tensor};

/// A weight with this rank's gradient for it, both (rows, …).
pub struct Piece {
    pub name: String,
    pub weight: Tensor,
    pub gradient: Tensor,
}

/// weight ← weight − rate · factor · mean gradient, where the factor shortens the mean gradient of all pieces to `max_norm` if it is
/// longer. Gives the norm of the mean gradient.
///
/// # Errors
/// A rank that does not join.
pub fn step(
    collective: &dyn Collective,
    pieces: &mut [Piece],
    rate: f64,
    max_norm: f64,
) -> Result<f64, Error> {
    let (rank, world) = (collective.rank() as i64, collective.world() as i64);
    // solution
    pieces.sort_by(|a, b| a.name.cmp(&b.name));
    // end solution

    // Phase 1: the mean gradients, each rank its share.
    let mut started = Vec::new();
    for piece in pieces.iter() {
        let gradient = piece.gradient.shallow_clone();
        let mean = match is_cut(piece, world) {
            true => collective.reduce_scatter(gradient), // (rows, …) -> (rows / world, …)
            false => collective.all_reduce(gradient),
        };
        // solution
        started.push(mean);
        // end solution
        //+ started.push(Handle::ready(mean.wait()?));
    }
    let means = started.into_iter().map(Handle::wait);
    let means: Vec<Tensor> = means.collect::<Result<_, _>>()?;

    let mut squares = 0.0;
    for (piece, mean) in pieces.iter().zip(&means) {
        // solution
        let counts = is_cut(piece, world) || rank == 0;
        // end solution
        //+ let counts = is_cut(piece, world) || mean.size() == piece.weight.size();
        if counts {
            squares += mean.square().sum(Kind::Double).double_value(&[]);
        }
    }
    // solution
    let squares = sum_over_ranks(collective, [squares])?[0];
    // end solution
    let norm = squares.sqrt();
    let factor = (max_norm / norm).min(1.0);

    // Phase 2: the update of what this rank owns, and its way to the others.
    let mut arriving = Vec::new();
    for (piece, mean) in pieces.iter().zip(means) {
        let update = mean * (rate * factor);
        let rows = update.size()[0];
        let first = if is_cut(piece, world) { rank * rows } else { 0 };
        let mut own = piece.weight.narrow(0, first, rows); // a view: (rows, …) or (rows / world, …)
        own -= update;
        if is_cut(piece, world) {
            arriving.push((piece, collective.all_gather(own)));
        }
    }

    // Phase 3: what the others own.
    for (piece, handle) in arriving {
        piece.weight.shallow_clone().copy_(&handle.wait()?);
    }
    Ok(norm)
}

// given
/// Whether each of `world` ranks owns a share of the rows.
fn is_cut(piece: &Piece, world: i64) -> bool {
    piece.weight.size()[0] % world == 0
}
