//! Wrong answers to exercise 8.

use super::Of;
use crate::properties::ex8_counting::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex8_counting as right;
use transformer::Config;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 8,
        name: "counting",
        properties: ex8_counting::properties,
    };
    let reference = || Functions {
        parameters: right::parameters,
        flops_per_token: right::flops_per_token,
        context_of_half: right::context_of_half,
        deepest: right::deepest,
    };
    vec![
        of.planted(
            "key-value-heads-like-query-heads",
            Functions {
                parameters: |config, tied| {
                    let all = Config {
                        kv_heads: config.heads,
                        ..config.clone()
                    };
                    right::parameters(&all, tied)
                },
                ..reference()
            },
        ),
        of.planted(
            "tied-table-not-at-all",
            Functions {
                parameters: |config, tied| match tied {
                    true => right::parameters(config, true) - config.vocab_size * config.width,
                    false => right::parameters(config, false),
                },
                ..reference()
            },
        ),
        of.planted(
            "the-embedding-multiplied",
            Functions {
                flops_per_token: |config| {
                    right::flops_per_token(config) + 6 * config.vocab_size * config.width
                },
                ..reference()
            },
        ),
        of.planted(
            "half-of-the-scores",
            Functions {
                flops_per_token: |config| {
                    right::flops_per_token(config)
                        - 6 * config.layers * config.width * config.context
                },
                ..reference()
            },
        ),
        of.planted(
            "rounded-down",
            Functions {
                context_of_half: |config| {
                    let step = 2 * config.layers * config.width;
                    let multiplied =
                        (right::flops_per_token(config) - 6 * step * config.context) / 6;
                    multiplied / step
                },
                ..reference()
            },
        ),
        of.planted(
            "the-first-depth-that-is-too-dear",
            Functions {
                deepest: |budget, vocab_size, context| {
                    let best = right::deepest(budget, vocab_size, context)?;
                    (best + 1..100).find(|&depth| Config::d(depth, vocab_size, context).is_ok())
                },
                ..reference()
            },
        ),
        of.planted(
            "stops-at-a-depth-that-is-refused",
            Functions {
                deepest: |budget, vocab_size, context| {
                    let best = right::deepest(budget, vocab_size, context)?;
                    (1..=best)
                        .take_while(|&depth| Config::d(depth, vocab_size, context).is_ok())
                        .last()
                },
                ..reference()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                parameters: |_, _| 0,
                flops_per_token: |_| 0,
                context_of_half: |_| 0,
                deepest: |_, _, _| None,
            },
        ),
        of.constant(
            "of-d12",
            Functions {
                parameters: |_, _| 185_597_952,
                flops_per_token: |_| 1_038_090_240,
                context_of_half: |_| 7_339,
                deepest: |_, _, _| Some(12),
            },
        ),
    ]
}
