use super::arrays::{CASES, CLOSE, array, numbers};
use judge::{Case, Property, example, property_of};
use proptest::prelude::*;
use tch::{Kind, Tensor};
use transformer::{Causal, Config, Context, Switches, windows};

pub struct Functions {
    pub shared: fn(&Tensor, i64, i64) -> Tensor,
    pub copied: fn(&Tensor, i64, i64) -> Tensor,
    pub cache_bytes: fn(&Config, i64, i64) -> i64,
}

/// K, H/K, D, a seed.
fn sizes() -> impl Strategy<Value = (i64, i64, i64, u64)> {
    (1i64..4, 1i64..4, 1i64..4, 0u64..1000)
}

const WIDTH: i64 = 2;

fn case(weight: &Tensor, heads: i64, kv_heads: i64) -> Case {
    Case::of(&[
        ("weight", &array(weight)),
        ("heads", &heads),
        ("kv_heads", &kv_heads),
    ])
}

/// The mean over the heads of a group, number by number.
fn means(weight: &Tensor, heads: i64, kv_heads: i64) -> Tensor {
    let (group, head_width) = (heads / kv_heads, weight.size()[0] / heads);
    let mut rows = Vec::new();
    for kv_head in 0..kv_heads {
        for number in 0..head_width {
            let members =
                (0..group).map(|at| weight.get((kv_head * group + at) * head_width + number));
            rows.push(
                Tensor::stack(&members.collect::<Vec<_>>(), 0).sum_dim_intlist(
                    0,
                    false,
                    Kind::Float,
                ) / group as f64,
            );
        }
    }
    Tensor::stack(&rows, 0)
}

/// What attention gives at (B, T, H, D) if keys and values come from these matrices.
fn attended(q: &Tensor, x: &Tensor, [key, value]: [&Tensor; 2], heads: i64) -> Tensor {
    let (time, head_width) = (x.size()[0], key.size()[0] / heads);
    let split = |weight: &Tensor| x.matmul(&weight.tr()).reshape([1, time, heads, head_width]);
    Causal.attend(0, None, q, &split(key), &split(value))
}

/// One line of what a model keeps.
fn described(config: &Config) -> String {
    let windows = windows(config);
    let in_words = match windows.iter().all(Option::is_none) {
        true => "no windows".to_string(),
        false => {
            let each = windows.iter().enumerate();
            let each = each.map(|(layer, window)| match window {
                Some(window) => format!("layer {layer}: {window}"),
                None => format!("layer {layer}: none"),
            });
            format!("windows {}", each.collect::<Vec<_>>().join(", "))
        }
    };
    format!(
        "L {}, H {}, K {}, D {}, T {}, {in_words}",
        config.layers,
        config.heads,
        config.kv_heads,
        config.head_width(),
        config.context
    )
}

/// A model of the dial; with windows it has those of 2026.
fn config(depth: i64, kv_heads: i64, pattern: Option<&str>) -> Config {
    let config = Config::d(depth, 1000, 2048).expect("even depths are models");
    Config {
        kv_heads,
        switches: Switches {
            window_pattern: pattern.map(str::to_string),
            ..Switches::default()
        },
        ..config
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "each shared head is the mean of its group, number by number",
            sizes,
            |f: &Functions, (kv_heads, group, head_width, seed)| {
                let heads = kv_heads * group;
                let weight = numbers(&[heads * head_width, WIDTH], seed);
                let expected = means(&weight, heads, kv_heads);
                case(&weight, heads, kv_heads).near(&array(&expected), CLOSE, || {
                    array(&(f.shared)(&weight, heads, kv_heads))
                })
            },
        ),
        property_of(
            CASES,
            "a model with copied heads computes the same attention",
            sizes,
            |f: &Functions, (kv_heads, group, head_width, seed)| {
                let (heads, time) = (kv_heads * group, 3);
                let [key, value] =
                    [0, 1000].map(|more| numbers(&[kv_heads * head_width, WIDTH], seed + more));
                let x = numbers(&[time, WIDTH], seed + 2000);
                let q = numbers(&[1, time, heads, head_width], seed + 3000);
                let expected = attended(&q, &x, [&key, &value], kv_heads);
                let case = Case::of(&[
                    ("key", &array(&key)),
                    ("value", &array(&value)),
                    ("heads", &heads),
                    ("kv_heads", &kv_heads),
                ]);
                case.near(&array(&expected), CLOSE, || {
                    let copy = |weight| (f.copied)(weight, heads, kv_heads);
                    array(&attended(&q, &x, [&copy(&key), &copy(&value)], heads))
                })
            },
        ),
        property_of(
            CASES,
            "sharing what was copied gives back the original",
            sizes,
            |f: &Functions, (kv_heads, group, head_width, seed)| {
                let heads = kv_heads * group;
                let weight = numbers(&[kv_heads * head_width, WIDTH], seed);
                case(&weight, heads, kv_heads).near(&array(&weight), CLOSE, || {
                    let copied = (f.copied)(&weight, heads, kv_heads);
                    array(&(f.shared)(&copied, heads, kv_heads))
                })
            },
        ),
        example(
            "d20 with 10 heads keeps 210 MB for 2,048 tokens in bf16, with 2 heads 42 MB",
            |f: &Functions| {
                for (kv_heads, expected) in [(10, 209_715_200), (2, 41_943_040)] {
                    let config = config(20, kv_heads, None);
                    let case = Case::of(&[
                        ("config", &format_args!("{}", described(&config))),
                        ("tokens", &2048),
                        ("bytes", &2),
                    ]);
                    case.same(&expected, || (f.cache_bytes)(&config, 2048, 2))?;
                }
                Ok(())
            },
        ),
        property_of(
            CASES,
            "a layer with a window keeps no more than the window, and no more than there are tokens",
            || {
                (
                    1i64..13,
                    1i64..3000,
                    prop_oneof![Just("SSSL"), Just("SL"), Just("L")],
                )
            },
            |f: &Functions, (half, tokens, pattern)| {
                let config = config(2 * half, 1, Some(pattern));
                let mut kept = 0;
                for window in windows(&config) {
                    // The next query stands at position `tokens` and sees window positions before it.
                    kept += (0..tokens)
                        .filter(|&at| window.is_none_or(|window| tokens - at <= window))
                        .count() as i64;
                }
                let expected = kept * 2 * config.head_width() * 4;
                let case = Case::of(&[
                    ("config", &format_args!("{}", described(&config))),
                    ("tokens", &tokens),
                    ("bytes", &4),
                ]);
                case.same(&expected, || (f.cache_bytes)(&config, tokens, 4))
            },
        ),
    ]
}
