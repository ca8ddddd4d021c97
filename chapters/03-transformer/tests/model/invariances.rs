//! What may change without an effect, and what may not.

use super::*;

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
fn the_loss_goes_through_the_context_that_is_handed_in() {
    let gpt = awake(&small(), 5);
    let rows = ids(&[&[1, 2, 3, 4], &[5, 6, 7, 8]]);
    let loss = |context: &mut dyn Context| {
        let loss = gpt.loss_in(&Plain, context, &rows, &rows).unwrap();
        loss.sum.double_value(&[])
    };
    let own = gpt.loss(&Plain, &rows, &rows).unwrap().sum;
    assert_eq!(own.double_value(&[]), loss(&mut Causal));
    assert_eq!(
        loss(&mut CausalWith(causal_attention)),
        loss(&mut Causal),
        "to the bit"
    );
    // Every position sees itself alone: the value of its own head comes back.
    let alone: Attend = |_, k, v, _| {
        let groups = small().heads / k.size()[1];
        v.repeat_interleave_self_int(groups, 1, None)
    };
    assert!((loss(&mut CausalWith(alone)) - loss(&mut Causal)).abs() > 1e-3);
}
