//! What the model is: its first values, its invariances, what it refuses.

use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Error, Gpt, Kernels, Plain, Role, Rotary};

fn small() -> Config {
    Config {
        heads: 4,
        kv_heads: 2,
        width: 32,
        ..Config::d(2, 50, 16).unwrap()
    }
}

/// A model whose zero tensors have been filled, so that every part of it does something.
fn awake(config: &Config, seed: u64) -> Gpt {
    let gpt = Gpt::new(config, Device::Cpu, seed).unwrap();
    let _guard = tch::no_grad_guard();
    for (index, parameter) in gpt.parameters().iter().enumerate() {
        let deviation = if parameter.role == Role::Embedding {
            1.0
        } else {
            0.3
        };
        // Scrambled sines instead of libtorch's generator: that one is shared by all tests that run at the same time.
        let count = parameter.tensor.numel() as i64;
        let place = Tensor::arange(count, (Kind::Double, Device::Cpu))
            + (1000 * index as i64 + seed as i64);
        let uniform = ((place * 12.9898).sin() * 43758.5453).frac();
        parameter
            .tensor
            .shallow_clone()
            .copy_(&(uniform * (3f64.sqrt() * deviation)).view_as(&parameter.tensor));
    }
    gpt
}

fn ids(rows: &[&[i64]]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

fn logits(gpt: &Gpt, ids: &Tensor) -> Tensor {
    gpt.logits(&Plain, &mut Causal, ids).unwrap().detach()
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn the_first_loss_is_the_logarithm_of_the_vocabulary() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let rows = ids(&[&[1, 2, 3, 4], &[5, 6, 7, 8]]);
    let loss = gpt
        .loss(&Plain, &rows, &rows)
        .unwrap()
        .mean()
        .double_value(&[]);
    assert!((loss - 50f64.ln()).abs() < 1e-6, "{loss}");
}

#[test]
fn the_gradient_reaches_the_weights_in_three_waves() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let rows = ids(&[&[1, 2, 3, 4], &[5, 6, 7, 8]]);
    let mut waves = Vec::new();
    for _ in 0..3 {
        gpt.loss(&Plain, &rows, &rows).unwrap().mean().backward();
        let _guard = tch::no_grad_guard();
        let mut reached = Vec::new();
        for parameter in gpt.parameters() {
            let mut gradient = parameter.tensor.grad();
            if gradient.abs().max().double_value(&[]) > 0.0 {
                reached.push(parameter.name.rsplit('.').nth(1).unwrap());
            }
            let _ = parameter
                .tensor
                .shallow_clone()
                .subtract_(&(&gradient * 0.1));
            let _ = gradient.zero_();
        }
        reached.sort_unstable();
        reached.dedup();
        waves.push(reached);
    }
    assert_eq!(waves[0], ["lm_head"]);
    assert_eq!(waves[1], ["embed_tokens", "fc2", "lm_head", "o_proj"]);
    assert_eq!(
        waves[2],
        [
            "embed_tokens",
            "fc1",
            "fc2",
            "k_proj",
            "lm_head",
            "o_proj",
            "q_proj",
            "v_proj"
        ]
    );
}

#[test]
fn first_values_have_the_spread_that_the_layout_says() {
    let config = Config {
        kv_heads: 1,
        ..Config::d(4, 2000, 16).unwrap()
    }; // width 256, 2 heads of 128
    let gpt = Gpt::new(&config, Device::Cpu, 7).unwrap();
    let spread = |name: &str| {
        let parameter = gpt
            .parameters()
            .iter()
            .find(|p| p.name.contains(name))
            .unwrap();
        parameter.tensor.std(true).double_value(&[])
    };
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.02;
    assert!(close(spread("embed_tokens"), 1.0));
    assert!(close(spread("layers.0.self_attn.q_proj"), 1.0 / 16.0));
    assert!(close(
        spread("layers.0.self_attn.k_proj"),
        0.5f64.sqrt() / 16.0
    )); // half as many outputs as inputs
    assert!(close(spread("layers.3.mlp.fc1"), 1.0 / 16.0));
    for zero in ["o_proj", "fc2", "lm_head"] {
        assert_eq!(spread(zero), 0.0);
    }
}

#[test]
fn a_tensors_first_values_depend_on_the_seed_and_its_name_alone() {
    let (shallow, deep) = (
        small(),
        Config {
            layers: 3,
            ..small()
        },
    );
    let (a, b) = (
        Gpt::new(&shallow, Device::Cpu, 1).unwrap(),
        Gpt::new(&deep, Device::Cpu, 1).unwrap(),
    );
    let other = Gpt::new(&shallow, Device::Cpu, 2).unwrap();
    for (index, parameter) in a.parameters().iter().enumerate() {
        let twin = b
            .parameters()
            .iter()
            .find(|p| p.name == parameter.name)
            .unwrap();
        assert_eq!(parameter.tensor, twin.tensor, "{}", parameter.name);
        let zero = parameter.tensor.std(true).double_value(&[]) == 0.0;
        assert_eq!(
            parameter.tensor == other.parameters()[index].tensor,
            zero,
            "{}",
            parameter.name
        );
    }
    let (q0, q1) = (&a.parameters()[1].tensor, &a.parameters()[7].tensor);
    assert_ne!(q0, q1, "the same part of two layers");
}

#[test]
fn a_position_does_not_see_what_comes_after_it() {
    let gpt = awake(&small(), 3);
    let (a, b) = (
        logits(&gpt, &ids(&[&[1, 2, 3, 4, 5]])),
        logits(&gpt, &ids(&[&[1, 2, 3, 9, 8]])),
    );
    assert!(apart(&a.narrow(1, 0, 3), &b.narrow(1, 0, 3)) < 1e-5);
    assert!(apart(&a.narrow(1, 3, 2), &b.narrow(1, 3, 2)) > 1e-2);
}

#[test]
fn rows_of_a_batch_do_not_see_each_other() {
    let gpt = awake(&small(), 4);
    let (row, other) = ([1, 2, 3, 4].as_slice(), [9, 9, 9, 9].as_slice());
    let (alone, beside) = (
        logits(&gpt, &ids(&[row])),
        logits(&gpt, &ids(&[other, row])),
    );
    assert!(apart(&alone.get(0), &beside.get(1)) < 1e-5);
}

#[test]
fn the_order_of_earlier_tokens_matters() {
    let gpt = awake(&small(), 5);
    let (a, b) = (
        logits(&gpt, &ids(&[&[1, 2, 3]])),
        logits(&gpt, &ids(&[&[2, 1, 3]])),
    );
    assert!(apart(&a.narrow(1, 2, 1), &b.narrow(1, 2, 1)) > 1e-2);
}

#[test]
fn logits_stay_inside_the_softcap() {
    let gpt = awake(&small(), 6);
    let _guard = tch::no_grad_guard();
    let _ = gpt
        .parameters()
        .last()
        .unwrap()
        .tensor
        .shallow_clone()
        .normal_(0.0, 100.0);
    let largest = logits(&gpt, &ids(&[&[1, 2, 3]]))
        .abs()
        .max()
        .double_value(&[]);
    assert!(largest <= 15.0 && largest > 14.9, "{largest}");
}

#[test]
fn rope_depends_on_distance_alone() {
    let config = small();
    let rotary = Rotary::new(&config, Device::Cpu);
    tch::manual_seed(8);
    let (q, k) = (
        Tensor::randn([1, 1, 1, 8], (Kind::Float, Device::Cpu)),
        Tensor::randn([1, 1, 1, 8], (Kind::Float, Device::Cpu)),
    );
    let turned = |x: &Tensor, position: i64| {
        let (cos, sin) = rotary
            .at(&Tensor::from_slice(&[position]).view([1, 1]))
            .unwrap();
        Plain.rope_qk_norm(x, &cos, &sin, 1e-7)
    };
    let score = |t: i64, s: i64| {
        (turned(&q, t) * turned(&k, s))
            .sum(Kind::Float)
            .double_value(&[])
    };
    assert!((score(5, 2) - score(12, 9)).abs() < 1e-5);
    assert!((score(5, 2) - score(5, 3)).abs() > 1e-3);
}

#[test]
fn rope_turns_by_minus_theta() {
    // pair (1, 0) at position 1: x[0] -> cos 1, x[D/2] -> −sin 1
    let rotary = Rotary::new(&small(), Device::Cpu);
    let (cos, sin) = rotary
        .at(&Tensor::from_slice(&[1i64]).view([1, 1]))
        .unwrap();
    let x = Tensor::from_slice(&[1f32, 0., 0., 0., 0., 0., 0., 0.]).view([1, 1, 1, 8]);
    let y = Plain.rope_qk_norm(&x, &cos, &sin, 1e-12) / 8f64.sqrt(); // the norm made its mean square 1
    assert!((y.double_value(&[0, 0, 0, 0]) - 1f64.cos()).abs() < 1e-6);
    assert!((y.double_value(&[0, 0, 0, 4]) + 1f64.sin()).abs() < 1e-6);
}

#[test]
fn attention_is_the_formula_of_the_book_with_and_without_a_window() {
    tch::manual_seed(9);
    let (heads, kv_heads, time, width) = (4, 2, 7, 8);
    let random = |heads| Tensor::randn([2, time, heads, width], (Kind::Float, Device::Cpu));
    let (q, k, v) = (random(heads), random(kv_heads), random(kv_heads));
    for window in [None, Some(0), Some(2), Some(100)] {
        let y = Causal.attend(0, window, &q, &k, &v);
        for head in 0..heads {
            let shared = head / (heads / kv_heads);
            let (q, k, v) = (q.select(2, head), k.select(2, shared), v.select(2, shared)); // (B, T, D)
            let scores = q.matmul(&k.transpose(1, 2)) / (width as f64).sqrt(); // (B, T, T)
            for t in 0..time {
                let first = (t - window.unwrap_or(t)).max(0);
                let weights = scores
                    .select(1, t)
                    .narrow(1, first, t - first + 1)
                    .softmax(-1, Kind::Float); // (B, s)
                let expected = weights
                    .unsqueeze(1)
                    .matmul(&v.narrow(1, first, t - first + 1))
                    .squeeze_dim(1);
                let off = apart(&y.select(1, t).select(1, head), &expected);
                assert!(
                    off < 1e-5,
                    "window {window:?}, head {head}, position {t}: {off}"
                );
            }
        }
    }
}

#[test]
fn ignored_targets_give_no_loss_and_no_gradient() {
    let gpt = awake(&small(), 10);
    let rows = ids(&[&[1, 2, 3, 4]]);
    let loss = gpt.loss(&Plain, &rows, &ids(&[&[-1, -1, -1, -1]])).unwrap();
    loss.mean().backward();
    assert_eq!(loss.mean().double_value(&[]), 0.0);
    assert_eq!(loss.count.int64_value(&[]), 0);
    for parameter in gpt.parameters() {
        assert_eq!(
            parameter.tensor.grad().abs().max().double_value(&[]),
            0.0,
            "{}",
            parameter.name
        );
    }
    let loss = gpt.loss(&Plain, &rows, &ids(&[&[2, -1, 4, -1]])).unwrap();
    assert_eq!(loss.count.int64_value(&[]), 2);
    assert_eq!(loss.per_token.double_value(&[0, 1]), 0.0);
    assert!(
        (loss.per_token.sum(Kind::Float) - loss.sum)
            .double_value(&[])
            .abs()
            < 1e-5
    );
}

#[test]
fn bf16_activations_stay_near_fp32_and_gradients_reach_the_fp32_masters() {
    let (wide, narrow) = (
        awake(&small(), 11),
        awake(&small(), 11).with_compute(Kind::BFloat16),
    );
    let rows = ids(&[&[1, 2, 3, 4], &[4, 3, 2, 1]]);
    let off = apart(&logits(&wide, &rows), &logits(&narrow, &rows));
    assert!(off > 0.0 && off < 0.5, "{off}");
    narrow.loss(&Plain, &rows, &rows).unwrap().mean().backward();
    for parameter in narrow.parameters() {
        assert_eq!(parameter.tensor.kind(), Kind::Float);
        assert_eq!(parameter.tensor.grad().kind(), Kind::Float);
    }
}

#[test]
fn a_row_longer_than_the_context_is_refused() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let error = gpt
        .hidden(
            &Plain,
            &mut Causal,
            &Tensor::zeros([1, 17], (Kind::Int64, Device::Cpu)),
        )
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                time: 17,
                context: 16
            }
        ),
        "{error}"
    );
}

#[test]
fn ids_and_targets_outside_the_vocabulary_are_refused_and_named() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let good = ids(&[&[1, 2], &[3, 4]]);
    for (bad, place) in [
        (ids(&[&[1, 2], &[50, 4]]), "id 50 at row 1, position 0"),
        (ids(&[&[1, -1], &[3, 4]]), "id -1 at row 0, position 1"),
    ] {
        let error = gpt
            .logits(&Plain, &mut Causal, &bad)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(place) && error.contains("tokenizer"),
            "{error}"
        );
    }
    let error = gpt
        .loss(&Plain, &good, &ids(&[&[1, 2], &[3, 99]]))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("target 99 at row 1, position 1"), "{error}");
    assert!(gpt.loss(&Plain, &good, &ids(&[&[1, 2]])).is_err());
    assert!(gpt.upload(&[1, 2, 50], 1, 3).is_err());
    assert!(gpt.upload(&[1, 2, 3], 2, 2).is_err());
    assert!(
        gpt.config()
            .check_vocabulary(51)
            .unwrap_err()
            .to_string()
            .contains("tokenizer.json")
    );
}

#[test]
fn positions_beyond_the_tables_are_refused() {
    struct TooFar;
    impl Context for TooFar {
        fn positions(&self, _: i64, time: i64, device: Device) -> Tensor {
            (Tensor::arange(time, (Kind::Int64, device)) + 15).unsqueeze(0)
        }
        fn attend(
            &mut self,
            _: usize,
            _: Option<i64>,
            q: &Tensor,
            _: &Tensor,
            _: &Tensor,
        ) -> Tensor {
            q.shallow_clone()
        }
    }
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let error = gpt
        .hidden(&Plain, &mut TooFar, &ids(&[&[1, 2]]))
        .unwrap_err();
    assert!(
        matches!(error, Error::Position { context: 16, .. }),
        "{error}"
    );
}

#[test]
fn shapes_that_cannot_be_built_say_what_to_change() {
    let cases = [
        (
            Config {
                width: 30,
                ..small()
            },
            "width 30 is not a multiple of 4 heads",
        ),
        (
            Config {
                width: 20,
                ..small()
            },
            "odd",
        ),
        (
            Config {
                kv_heads: 3,
                ..small()
            },
            "kv_heads must divide heads",
        ),
        (
            Config {
                layers: 0,
                ..small()
            },
            "layers is 0",
        ),
        (
            Config {
                softcap: f64::NAN,
                ..small()
            },
            "softcap",
        ),
    ];
    for (config, words) in cases {
        let error = Gpt::new(&config, Device::Cpu, 1).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
}
