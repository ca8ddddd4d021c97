//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_rms_norm, ex3_rotary, ex4_causal_attention, ex5_shared_heads,
    ex6_from_the_output, ex7_three_bugs, ex8_counting, ex9_value_embeddings, ex10_window_in_blocks,
    ex11_loss_in_chunks,
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
        Exercise::new(
            5,
            "shared_heads",
            of::ex5_shared_heads::properties(),
            of::ex5_shared_heads::Functions {
                shared: ex5_shared_heads::shared,
                copied: ex5_shared_heads::copied,
                cache_bytes: ex5_shared_heads::cache_bytes,
            },
        ),
        Exercise::new(
            6,
            "from_the_output",
            of::ex6_from_the_output::properties(),
            of::ex6_from_the_output::Functions {
                softcap_backward: ex6_from_the_output::softcap_backward,
                relu_squared_backward: ex6_from_the_output::relu_squared_backward,
                softmax_backward: ex6_from_the_output::softmax_backward,
            },
        ),
        Exercise::new(
            7,
            "three_bugs",
            of::ex7_three_bugs::properties(),
            of::ex7_three_bugs::Functions {
                logits: ex7_three_bugs::logits,
            },
        ),
        Exercise::new(
            8,
            "counting",
            of::ex8_counting::properties(),
            of::ex8_counting::Functions {
                parameters: ex8_counting::parameters,
                flops_per_token: ex8_counting::flops_per_token,
                context_of_half: ex8_counting::context_of_half,
                deepest: ex8_counting::deepest,
            },
        ),
        Exercise::new(
            9,
            "value_embeddings",
            of::ex9_value_embeddings::properties(),
            of::ex9_value_embeddings::Functions {
                gate: ex9_value_embeddings::gate,
                add: ex9_value_embeddings::add,
                backward: ex9_value_embeddings::backward,
            },
        ),
        Exercise::new(
            10,
            "window_in_blocks",
            of::ex10_window_in_blocks::properties(),
            of::ex10_window_in_blocks::Functions {
                window_in_blocks: ex10_window_in_blocks::window_in_blocks,
            },
        ),
        Exercise::new(
            11,
            "loss_in_chunks",
            of::ex11_loss_in_chunks::properties(),
            of::ex11_loss_in_chunks::Functions {
                forward: |x, targets, settings, rows| {
                    ex11_loss_in_chunks::forward(x, targets, head(settings), rows)
                },
                backward: |x, targets, lse, settings, rows| {
                    ex11_loss_in_chunks::backward(x, targets, lse, head(settings), rows)
                },
            },
        ),
    ]
}

fn head(
    (vocab_size, softcap, chunk): of::ex11_loss_in_chunks::Settings,
) -> ex11_loss_in_chunks::Head {
    ex11_loss_in_chunks::Head {
        vocab_size,
        softcap,
        chunk,
    }
}
