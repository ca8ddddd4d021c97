//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{ex1_first_green, ex2_rms_norm, ex3_rotary, ex4_causal_attention};
use crate::properties as of;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                first_loss: ex1_first_green::first_loss,
            },
        ),
        Exercise::new(
            2,
            "rms_norm",
            of::ex2_rms_norm::properties(),
            of::ex2_rms_norm::Functions {
                forward: ex2_rms_norm::forward,
                backward: ex2_rms_norm::backward,
            },
        ),
        Exercise::new(
            3,
            "rotary",
            of::ex3_rotary::properties(),
            of::ex3_rotary::Functions {
                half_split: ex3_rotary::half_split,
                neighbours: ex3_rotary::neighbours,
                to_half_split: ex3_rotary::to_half_split,
            },
        ),
        Exercise::new(
            4,
            "causal_attention",
            of::ex4_causal_attention::properties(),
            of::ex4_causal_attention::Functions {
                causal_attention: ex4_causal_attention::causal_attention,
            },
        ),
    ]
}
