//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_shared_heads::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex5_shared_heads as right;
use transformer::windows;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "shared_heads",
        properties: ex5_shared_heads::properties,
    };
    let reference = || Functions {
        shared: right::shared,
        copied: right::copied,
        cache_bytes: right::cache_bytes,
    };
    let bytes = |cache_bytes| Functions {
        cache_bytes,
        ..reference()
    };
    vec![
        of.planted(
            "sum-instead-of-mean",
            Functions {
                shared: |weight, heads, kv_heads| {
                    right::shared(weight, heads, kv_heads) * (heads / kv_heads)
                },
                ..reference()
            },
        ),
        of.planted(
            "every-kth-head-instead-of-neighbours",
            Functions {
                shared: |weight, heads, kv_heads| {
                    let (rows, width) = weight.size2().expect("a weight is [out, in]");
                    weight
                        .reshape([heads / kv_heads, kv_heads, rows / heads, width])
                        .mean_dim(0, false, weight.kind())
                        .reshape([-1, width])
                },
                ..reference()
            },
        ),
        of.planted(
            "heads-dealt-like-cards",
            Functions {
                copied: |weight, heads, kv_heads| weight.repeat([heads / kv_heads, 1]),
                ..reference()
            },
        ),
        of.planted(
            "rows-copied-instead-of-heads",
            Functions {
                copied: |weight, heads, kv_heads| {
                    weight.repeat_interleave_self_int(heads / kv_heads, 0, None)
                },
                ..reference()
            },
        ),
        of.planted(
            "keys-alone",
            bytes(|config, tokens, bytes| right::cache_bytes(config, tokens, bytes) / 2),
        ),
        of.planted(
            "query-heads-counted",
            bytes(|config, tokens, bytes| {
                right::cache_bytes(config, tokens, bytes) / config.kv_heads * config.heads
            }),
        ),
        of.planted(
            "windows-ignored",
            bytes(|config, tokens, bytes| 2 * config.layers * config.kv_width() * tokens * bytes),
        ),
        of.planted(
            "the-whole-window-reserved",
            bytes(|config, tokens, bytes| {
                let positions: i64 = windows(config)
                    .iter()
                    .map(|window| window.unwrap_or(tokens))
                    .sum();
                2 * config.kv_width() * positions * bytes
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                shared: |weight, heads, kv_heads| {
                    right::shared(weight, heads, kv_heads).zeros_like()
                },
                copied: |weight, heads, kv_heads| {
                    right::copied(weight, heads, kv_heads).zeros_like()
                },
                cache_bytes: |_, _, _| 0,
            },
        ),
        of.constant(
            "ones",
            Functions {
                shared: |weight, heads, kv_heads| {
                    right::shared(weight, heads, kv_heads).ones_like()
                },
                copied: |weight, heads, kv_heads| {
                    right::copied(weight, heads, kv_heads).ones_like()
                },
                cache_bytes: |_, _, _| 1,
            },
        ),
    ]
}
