//! Wrong answers to exercise 6: each bug alone, and some that are not in the stub.

use super::Of;
use crate::properties::ex6_three_phases::{self, Functions, Piece};
use judge::program::Wrong;
use muon::{Collective, Error, Handle, sum_over_ranks};
use tch::{Kind, Tensor};

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 6,
        name: "three_phases",
        properties: ex6_three_phases::properties,
    };
    let planted = |name, step| of.planted(name, Functions { step });
    let constant = |name, step| of.constant(name, Functions { step });
    vec![
        planted("in-the-order-given", |ranks, pieces, rate, most| {
            step(
                ranks,
                pieces,
                rate,
                most,
                Slips {
                    unsorted: true,
                    ..RIGHT
                },
            )
        }),
        planted("waits-for-each-reduction", |ranks, pieces, rate, most| {
            step(
                ranks,
                pieces,
                rate,
                most,
                Slips {
                    waits: true,
                    ..RIGHT
                },
            )
        }),
        planted("waits-for-each-gather", |ranks, pieces, rate, most| {
            step(
                ranks,
                pieces,
                rate,
                most,
                Slips {
                    gathers_one_by_one: true,
                    ..RIGHT
                },
            )
        }),
        planted(
            "whole-pieces-counted-by-all",
            |ranks, pieces, rate, most| {
                step(
                    ranks,
                    pieces,
                    rate,
                    most,
                    Slips {
                        counts_all: true,
                        ..RIGHT
                    },
                )
            },
        ),
        planted(
            "each-rank-clips-by-its-own-norm",
            |ranks, pieces, rate, most| {
                step(
                    ranks,
                    pieces,
                    rate,
                    most,
                    Slips {
                        own_norm: true,
                        ..RIGHT
                    },
                )
            },
        ),
        planted(
            "the-norm-of-its-own-gradients",
            |ranks, pieces, rate, most| {
                step(
                    ranks,
                    pieces,
                    rate,
                    most,
                    Slips {
                        before_the_mean: true,
                        ..RIGHT
                    },
                )
            },
        ),
        planted("lengthens-what-is-short", |ranks, pieces, rate, most| {
            step(
                ranks,
                pieces,
                rate,
                most,
                Slips {
                    lengthens: true,
                    ..RIGHT
                },
            )
        }),
        planted(
            "everybody-owns-the-first-rows",
            |ranks, pieces, rate, most| {
                step(
                    ranks,
                    pieces,
                    rate,
                    most,
                    Slips {
                        first_rows: true,
                        ..RIGHT
                    },
                )
            },
        ),
        constant("nothing-happens", |_, _, _, _| Ok(0.0)),
        constant("zeros", |_, pieces, _, _| {
            for (_, mut weight, _) in pieces {
                let _ = weight.zero_();
            }
            Ok(1.0)
        }),
    ]
}

/// What may go wrong in a step.
#[derive(Clone, Copy)]
struct Slips {
    unsorted: bool,
    waits: bool,
    gathers_one_by_one: bool,
    counts_all: bool,
    own_norm: bool,
    before_the_mean: bool,
    lengthens: bool,
    first_rows: bool,
}

const RIGHT: Slips = Slips {
    unsorted: false,
    waits: false,
    gathers_one_by_one: false,
    counts_all: false,
    own_norm: false,
    before_the_mean: false,
    lengthens: false,
    first_rows: false,
};

fn squared(tensor: &Tensor) -> f64 {
    tensor.square().sum(Kind::Double).double_value(&[])
}

fn step(
    ranks: &dyn Collective,
    mut pieces: Vec<Piece>,
    rate: f64,
    most: f64,
    slips: Slips,
) -> Result<f64, Error> {
    let (rank, world) = (ranks.rank() as i64, ranks.world() as i64);
    let is_cut = |weight: &Tensor| weight.size()[0] % world == 0;
    if !slips.unsorted {
        pieces.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let mut started = Vec::new();
    for (_, weight, gradient) in &pieces {
        let gradient = gradient.shallow_clone();
        let handle = match is_cut(weight) {
            true => ranks.reduce_scatter(gradient),
            false => ranks.all_reduce(gradient),
        };
        started.push(match slips.waits {
            true => Handle::ready(handle.wait()?),
            false => handle,
        });
    }
    let means: Vec<Tensor> = started
        .into_iter()
        .map(Handle::wait)
        .collect::<Result<_, _>>()?;
    let own = pieces
        .iter()
        .zip(&means)
        .filter(|((_, weight, _), _)| slips.counts_all || is_cut(weight) || rank == 0);
    let mut squares: f64 = own.map(|(_, mean)| squared(mean)).sum();
    if slips.before_the_mean {
        squares = pieces
            .iter()
            .map(|(_, _, gradient)| squared(gradient))
            .sum();
    } else if !slips.own_norm {
        squares = sum_over_ranks(ranks, [squares])?[0];
    }
    let norm = squares.sqrt();
    let factor = match slips.lengthens {
        true => most / norm,
        false => (most / norm).min(1.0),
    };
    let mut arriving = Vec::new();
    for ((_, weight, _), mean) in pieces.iter().zip(&means) {
        let rows = mean.size()[0];
        let first = match is_cut(weight) && !slips.first_rows {
            true => rank * rows,
            false => 0,
        };
        let mut own = weight.narrow(0, first, rows);
        own -= mean * (rate * factor);
        if !is_cut(weight) {
            continue;
        }
        let handle = ranks.all_gather(own);
        match slips.gathers_one_by_one {
            true => weight.shallow_clone().copy_(&handle.wait()?),
            false => arriving.push((weight, handle)),
        }
    }
    for (weight, handle) in arriving {
        weight.shallow_clone().copy_(&handle.wait()?);
    }
    Ok(norm)
}
