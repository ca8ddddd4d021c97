//! The exercises that plug into the speedrun, each looked at before it is let in.
//!
//! Reading order: the list below; [`asking`] (how an answer is asked that may be wrong in any way), [`beside`] (how its tensors
//! are compared), [`merges`], [`packing`], [`attention`], [`orthogonalise`], [`rate`] and [`relu_squared`] (what is asked).

pub mod asking;
pub mod attention;
pub mod beside;
pub mod merges;
pub mod orthogonalise;
pub mod packing;
pub mod rate;
pub mod relu_squared;

use speedrun::parts::Plug;

/// Whose answers these are.
const WHOSE: &str = match cfg!(feature = "reference") {
    true => "the solution",
    false => "your answer",
};

/// Every exercise that plugs in, in the order of the chapters.
pub fn plugs() -> Vec<Plug> {
    vec![
        merges::plug(WHOSE, |counts, wanted, _| {
            Ok(exercises_01::ex4_merge_chunk::merges(counts, wanted))
        }),
        packing::plug(WHOSE, exercises_02::ex2_fill_a_row::longest_that_fits),
        attention::plug(WHOSE, exercises_03::ex4_causal_attention::causal_attention),
        orthogonalise::plug(WHOSE, exercises_04::ex3_orthogonalise::orthogonalise),
        rate::plug(WHOSE, exercises_05::ex2_trapezoid::multiplier),
        relu_squared::plug(WHOSE, exercises_06::ex10_relu_squared::relu_squared),
    ]
}
