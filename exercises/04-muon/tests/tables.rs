//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_adamw, ex3_orthogonalise, ex4_who_owns_what, ex5_same_order,
    ex6_three_phases,
};
use crate::properties as of;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                corrected_mean: ex1_first_green::corrected_mean,
            },
        ),
        Exercise::new(
            2,
            "adamw",
            of::ex2_adamw::properties(),
            of::ex2_adamw::Functions {
                step: |weights, gradients, first, second, number, of_settings| {
                    let settings = settings(of_settings);
                    ex2_adamw::step(weights, gradients, first, second, number, settings)
                },
                coasting: ex2_adamw::coasting,
            },
        ),
        Exercise::new(
            3,
            "orthogonalise",
            of::ex3_orthogonalise::properties(),
            of::ex3_orthogonalise::Functions {
                orthogonalise: ex3_orthogonalise::orthogonalise,
            },
        ),
        Exercise::new(
            4,
            "who_owns_what",
            of::ex4_who_owns_what::properties(),
            of::ex4_who_owns_what::Functions {
                deal: |of_stacks, world| ex4_who_owns_what::deal(&stacks(of_stacks), world),
                slots: ex4_who_owns_what::slots,
                places: ex4_who_owns_what::places,
            },
        ),
        Exercise::new(
            5,
            "same_order",
            of::ex5_same_order::properties(),
            of::ex5_same_order::Functions {
                noted: ex5_same_order::noted,
                first_apart: ex5_same_order::first_apart,
                outvoted: ex5_same_order::outvoted,
            },
        ),
        Exercise::new(
            6,
            "three_phases",
            of::ex6_three_phases::properties(),
            of::ex6_three_phases::Functions {
                step: |collective, pieces, rate, max_norm| {
                    let mut pieces: Vec<_> = pieces.into_iter().map(piece).collect();
                    ex6_three_phases::step(collective, &mut pieces, rate, max_norm)
                },
            },
        ),
    ]
}

fn settings([rate, beta1, beta2, eps, decay]: of::ex2_adamw::Settings) -> ex2_adamw::Settings {
    ex2_adamw::Settings {
        rate,
        betas: (beta1, beta2),
        eps,
        decay,
    }
}

fn stacks(stacks: &[of::ex4_who_owns_what::Stack]) -> Vec<ex4_who_owns_what::Stack> {
    let stack = |&(count, cost): &(usize, u64)| ex4_who_owns_what::Stack { count, cost };
    stacks.iter().map(stack).collect()
}

fn piece((name, weight, gradient): of::ex6_three_phases::Piece) -> ex6_three_phases::Piece {
    ex6_three_phases::Piece {
        name,
        weight,
        gradient,
    }
}
