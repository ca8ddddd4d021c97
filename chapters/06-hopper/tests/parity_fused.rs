//! Every fused operation equals its plain twin: results and all gradients, within 1e-5 of their size.

use hopper::{Fused, FusedUpdates};
use muon::{AdamWStep, PlainUpdates, Updates};
use tch::{Device, Kind, Tensor};
use transformer::{Kernels, Plain};

const EPS: f64 = 1.1920929e-7;
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// ‖a − b‖ / ‖b‖, which zeros in a's place would not pass.
#[track_caller]
fn assert_close(what: &str, fused: &Tensor, plain: &Tensor) {
    assert_eq!(fused.size(), plain.size(), "{what}");
    let [a, b] = [fused, plain].map(|x| x.detach().to_kind(Kind::Double));
    let norm = b.norm().double_value(&[]);
    assert!(
        norm > 0.0,
        "{what}: the plain result is zero, which tests nothing"
    );
    let off = ((a - b).norm() / norm).double_value(&[]);
    assert!(off <= 1e-5, "{what} is off by {off:e}");
}

/// Runs one operation with both kernels on leaves of the same values, with the same gradient of every output, and compares
/// all of it.
#[track_caller]
fn compare(
    what: &str,
    inputs: &[Tensor],
    operation: impl Fn(&dyn Kernels, &[Tensor]) -> Vec<Tensor>,
) {
    tch::manual_seed(7);
    let run = |kernels: &dyn Kernels, weights: &mut Vec<Tensor>| {
        let leaves: Vec<Tensor> = inputs
            .iter()
            .map(|x| x.copy().set_requires_grad(x.kind() == Kind::Float))
            .collect();
        let outputs = operation(kernels, &leaves);
        if weights.is_empty() {
            *weights = outputs.iter().map(Tensor::randn_like).collect();
        }
        let loss = outputs.iter().zip(weights.iter());
        let loss = loss
            .map(|(y, w)| (y * w).sum(Kind::Float))
            .reduce(|a, b| a + b);
        loss.unwrap().backward();
        let gradients: Vec<Tensor> = leaves.iter().map(Tensor::grad).collect();
        (outputs, gradients)
    };
    let mut weights = Vec::new();
    let (plain, plain_gradients) = run(&Plain, &mut weights);
    let (fused, fused_gradients) = run(&Fused, &mut weights);
    for (index, (fused, plain)) in fused.iter().zip(&plain).enumerate() {
        assert_close(&format!("{what}: output {index}"), fused, plain);
    }
    for (index, (fused, plain)) in fused_gradients.iter().zip(&plain_gradients).enumerate() {
        assert_eq!(fused.defined(), plain.defined(), "{what}: gradient {index}");
        if plain.defined() {
            assert_close(&format!("{what}: gradient {index}"), fused, plain);
        }
    }
}

fn random(shape: &[i64]) -> Tensor {
    Tensor::randn(shape, CPU) * 1.7 + 0.1
}

/// Odd sizes: no multiple of the sixteen lanes, one row, one number; and one that is worth two threads.
const ROWS: [[i64; 3]; 6] = [
    [1, 1, 2],
    [1, 1, 17],
    [2, 3, 16],
    [3, 5, 33],
    [2, 7, 256],
    [8, 512, 130],
];

#[test]
fn parity_rms_norm() {
    for shape in ROWS {
        compare(
            &format!("rms_norm {shape:?}"),
            &[random(&shape)],
            |kernels, x| vec![kernels.rms_norm(&x[0], 1e-3)],
        );
    }
}

#[test]
fn parity_rms_norm_of_a_view() {
    compare("rms_norm", &[random(&[4, 6, 24])], |kernels, x| {
        vec![kernels.rms_norm(&x[0].transpose(0, 1).narrow(2, 3, 20), EPS)]
    });
}

#[test]
fn parity_add_norm() {
    for shape in ROWS {
        let inputs = [random(&shape), random(&shape)];
        compare(&format!("add_norm {shape:?}"), &inputs, |kernels, x| {
            let (sum, normed) = kernels.add_norm(&x[0], &x[1], 1e-3);
            vec![sum, normed]
        });
    }
}

#[test]
fn parity_add_norm_where_only_one_of_its_results_is_used() {
    let inputs = [random(&[2, 5, 24]), random(&[2, 5, 24])];
    compare("add_norm, the norm", &inputs, |kernels, x| {
        vec![kernels.add_norm(&x[0], &x[1], EPS).1]
    });
    compare("add_norm, the sum", &inputs, |kernels, x| {
        vec![kernels.add_norm(&x[0], &x[1], EPS).0]
    });
}

#[test]
fn parity_relu_squared() {
    for shape in ROWS.into_iter().skip(1) {
        compare(
            &format!("relu² {shape:?}"),
            &[random(&shape)],
            |kernels, x| vec![kernels.relu_squared(&x[0])],
        );
    }
}

#[test]
fn parity_rope_qk_norm() {
    for ([b, t, h, d], factor) in [
        ([1, 1, 1, 2], 1.0),
        ([2, 5, 3, 10], 1.0),
        ([2, 7, 2, 34], 1.2),
        ([8, 256, 2, 64], 1.2),
    ] {
        // Positions of the batch's own (B, T, 1, D/2), and positions that all rows share.
        for rows in [1, b] {
            let angle = Tensor::randn([rows, t, 1, d / 2], CPU) * 3.0;
            let (cos, sin) = (angle.cos(), angle.sin());
            let what = format!("rope_qk_norm [{b}, {t}, {h}, {d}] × {factor}");
            compare(&what, &[random(&[b, t, h, d])], |kernels, x| {
                vec![kernels.rope_qk_norm_scaled(&x[0], &cos, &sin, 1e-3, factor)]
            });
        }
    }
}

#[test]
fn parity_rope_qk_norm_where_the_gradient_arrives_transposed() {
    let angle = Tensor::randn([1, 6, 1, 8], CPU);
    let (cos, sin) = (angle.cos(), angle.sin());
    compare("rope_qk_norm", &[random(&[2, 6, 3, 16])], |kernels, x| {
        let y = kernels.rope_qk_norm(&x[0], &cos, &sin, EPS);
        vec![y.transpose(1, 2).contiguous()] // (B, T, H, D) -> (B, H, T, D)
    });
}

#[test]
fn parity_mix() {
    for shape in ROWS {
        let inputs = [
            Tensor::from(1.15f32),
            random(&shape),
            Tensor::from(-0.2f32),
            random(&shape),
        ];
        compare(&format!("mix {shape:?}"), &inputs, |kernels, x| {
            vec![kernels.mix(&x[0], &x[1], &x[2], &x[3])]
        });
    }
}

/// r and s as one tensor: alone, r's gradient may happen to be a small difference of large sums.
fn mix_norm(kernels: &dyn Kernels, x: &[Tensor]) -> [Tensor; 2] {
    kernels
        .mix_norm(&x[0].get(0), &x[1], &x[0].get(1), &x[2], 1e-3)
        .into()
}

#[test]
fn parity_mix_norm() {
    for shape in ROWS {
        // Below 1/64 r is not divided by.
        for r in [1.15f32, -0.3, 0.01] {
            let scalars = Tensor::from_slice(&[r, -0.2]);
            let inputs = [scalars, random(&shape), random(&shape)];
            let what = format!("mix_norm {shape:?}, r {r}");
            compare(&what, &inputs, |kernels, x| mix_norm(kernels, x).into());
        }
    }
}

#[test]
fn parity_mix_norm_where_only_one_of_its_results_is_used() {
    let scalars = Tensor::from_slice(&[1.15f32, 0.2]);
    let inputs = [scalars, random(&[2, 5, 24]), random(&[2, 5, 24])];
    compare("mix_norm, the norm", &inputs, |kernels, x| {
        Vec::from([&mix_norm(kernels, x)[1]].map(Tensor::shallow_clone))
    });
    compare("mix_norm, the mix", &inputs, |kernels, x| {
        Vec::from([&mix_norm(kernels, x)[0]].map(Tensor::shallow_clone))
    });
}

#[test]
fn parity_mix_norm_of_the_stream_with_itself() {
    let inputs = [Tensor::from_slice(&[1.15f32, 0.2]), random(&[2, 5, 24])];
    compare("mix_norm, x is x₀", &inputs, |kernels, x| {
        let (mixed, normed) = kernels.mix_norm(&x[0].get(0), &x[1], &x[0].get(1), &x[1], 1e-3);
        vec![mixed, normed]
    });
}

#[test]
fn parity_add_gated() {
    for [b, t, k, d] in [[1, 1, 1, 1], [2, 3, 2, 17], [8, 256, 2, 64]] {
        let inputs = [
            random(&[b, t, k, d]),
            random(&[b, t, k, d]),
            random(&[b, t, k]),
        ];
        compare(
            &format!("add_gated [{b}, {t}, {k}, {d}]"),
            &inputs,
            |kernels, x| vec![kernels.add_gated(&x[0], &x[1], &x[2])],
        );
    }
}

/// x (B, T, C), head `[V, C]`, and targets of which about a fifth do not count.
fn head_inputs([b, t, c, v]: [i64; 4]) -> [Tensor; 3] {
    let targets = Tensor::randint(v, [b, t], (Kind::Int64, Device::Cpu));
    let ignored = Tensor::rand([b, t], CPU).lt(0.2);
    [
        random(&[b, t, c]),
        random(&[v, c]),
        targets.masked_fill(&ignored, -1),
    ]
}

#[test]
fn parity_head_loss() {
    for shape in [[1, 9, 3, 5], [3, 7, 12, 33], [2, 300, 16, 50]] {
        let [x, head, targets] = head_inputs(shape);
        for softcap in [15.0, 60.0] {
            compare(
                &format!("head_loss {shape:?}, cap {softcap}"),
                &[x.copy(), head.copy()],
                |kernels, x| {
                    let loss = kernels.head_loss(&x[0], &x[1], &targets, softcap);
                    assert!(!loss.per_token.requires_grad());
                    vec![loss.sum]
                },
            );
            let [fused, plain] = [&Fused as &dyn Kernels, &Plain]
                .map(|kernels| kernels.head_loss(&x, &head, &targets, softcap));
            assert_close("loss per token", &fused.per_token, &plain.per_token);
            assert_eq!(fused.count.int64_value(&[]), plain.count.int64_value(&[]));
        }
    }
}

#[test]
fn parity_head_loss_without_a_gradient() {
    let [x, head, targets] = head_inputs([2, 40, 16, 50]);
    let [x, head] = [x, head].map(|x| x.set_requires_grad(true));
    let [fused, plain] = [&Fused as &dyn Kernels, &Plain]
        .map(|kernels| tch::no_grad(|| kernels.head_loss(&x, &head, &targets, 15.0)));
    assert!(!fused.sum.requires_grad());
    assert_close("loss", &fused.sum, &plain.sum);
}

#[test]
fn parity_head_loss_with_nothing_to_count() {
    let [x, head, targets] = head_inputs([2, 3, 4, 5]);
    let [x, head] = [x, head].map(|x| x.set_requires_grad(true));
    let loss = Fused
        .head_loss(&x, &head, &targets.full_like(-1), 15.0)
        .mean();
    loss.backward();
    assert_eq!(loss.double_value(&[]), 0.0);
    assert_eq!(x.grad().abs().sum(Kind::Float).double_value(&[]), 0.0);
}

#[test]
fn parity_updates() {
    for shape in [[1, 1, 1], [2, 3, 17], [3, 128, 130]] {
        let draw = || Tensor::randn(shape, CPU);
        let (weight, gradient, first, second) = (draw(), draw(), draw(), draw().square());
        let step = AdamWStep {
            lr: 0.02,
            betas: (0.8, 0.95),
            eps: 1e-10,
            weight_decay: 0.1,
            step: 3,
        };
        let adamw = |updates: &dyn Updates| {
            let [mut w, mut m, mut v] = [&weight, &first, &second].map(Tensor::copy);
            updates.adamw(&mut w, &gradient, &mut m, &mut v, &step);
            [w, m, v]
        };
        for (fused, plain) in adamw(&FusedUpdates).iter().zip(&adamw(&PlainUpdates)) {
            assert_close("AdamW", fused, plain);
        }
        for nesterov in [true, false] {
            let momentum = |updates: &dyn Updates| {
                let mut m = first.copy();
                let ahead = updates.muon_momentum(&mut m, &gradient, 0.95, nesterov);
                [m, ahead]
            };
            for (fused, plain) in momentum(&FusedUpdates).iter().zip(&momentum(&PlainUpdates)) {
                assert_close("momentum", fused, plain);
            }
        }
        for cautious in [true, false] {
            let apply = |updates: &dyn Updates| {
                let mut weights: Vec<Tensor> = weight.unbind(0).iter().map(Tensor::copy).collect();
                let mut handles: Vec<&mut Tensor> = weights.iter_mut().collect();
                match cautious {
                    true => updates.muon_apply_cautious(&mut handles, &gradient, 0.02, 0.3),
                    false => updates.muon_apply(&mut handles, &gradient, 0.02, 0.3),
                }
                Tensor::stack(&weights, 0)
            };
            assert_close("Muon's step", &apply(&FusedUpdates), &apply(&PlainUpdates));
        }
    }
}

#[test]
fn parity_orthogonalise() {
    tch::manual_seed(5);
    // Square, tall, wide, sides that are no whole tiles, a stretch of columns that is not full.
    for shape in [
        [2, 16, 16],
        [3, 40, 23],
        [2, 33, 300],
        [5, 64, 64],
        [4, 300, 64],
        [2, 256, 1024],
    ] {
        let momenta = random(&shape);
        for (polar_express, rounds) in [(false, 5), (false, 1), (true, 5), (true, 7)] {
            let of = |updates: &dyn Updates| {
                updates.orthogonalise(&momenta, polar_express, rounds, Kind::Float)
            };
            let iteration = hopper::cpu::Iteration {
                polynomials: vec![(1.5, -0.5, 0.0)],
                room: 1.0,
                eps: 1e-7,
            };
            assert!(
                hopper::cpu::orthogonalise(&momenta, &iteration).is_some(),
                "{shape:?} must be one of those that are computed here"
            );
            let what = format!("{shape:?}, Polar Express {polar_express}, {rounds} rounds");
            assert_close(&what, &of(&FusedUpdates), &of(&PlainUpdates));
        }
    }
}

#[test]
fn parity_orthogonalise_of_a_matrix_with_hardly_any_directions() {
    // Three directions and a little noise. Five rounds multiply the noise by 485, and with it whatever rounding has added; so
    // here the plain expression in fp32 is itself off by more than 1e-5, and what holds is that ours is no further from fp64.
    tch::manual_seed(6);
    let few = random(&[2, 128, 3]).matmul(&random(&[2, 3, 256]));
    let momenta = &few + random(&[2, 128, 256]) * 1e-3;
    let exact = muon::orthogonalise(&momenta.to_kind(Kind::Double), 5, Kind::Double);
    let off = |updates: &dyn Updates| {
        let directions = updates.orthogonalise(&momenta, false, 5, Kind::Float);
        ((directions.to_kind(Kind::Double) - &exact).norm() / exact.norm()).double_value(&[])
    };
    let (ours, plain) = (off(&FusedUpdates), off(&PlainUpdates));
    println!("off from fp64 by {ours:.1e}, plainly by {plain:.1e}");
    assert!(ours < 2.0 * plain, "off by {ours:e}, plainly by {plain:e}");
}

#[test]
fn parity_attention() {
    for (batch, heads, kv_heads, time, width) in [
        (1, 1, 1, 1, 1),
        (2, 2, 2, 63, 8),
        (1, 4, 4, 64, 16),
        (2, 4, 2, 65, 8),
        (1, 6, 1, 129, 10),
        (3, 2, 1, 200, 6),
        (1, 3, 3, 257, 32),
        (2, 2, 1, 512, 64),
    ] {
        for window in [
            None,
            Some(0),
            Some(1),
            Some(63),
            Some(64),
            Some(70),
            Some(128),
            Some(time),
        ] {
            tch::manual_seed(8);
            // As the model hands them over: (B, T, H, D) in memory, seen as (B, H, T, D).
            let inputs =
                [heads, kv_heads, kv_heads].map(|heads| random(&[batch, time, heads, width]));
            let weight = random(&[batch, time, heads, width]).transpose(1, 2);
            let run = |ours: bool| {
                let leaves = inputs.each_ref().map(|x| x.copy().set_requires_grad(true));
                let [q, k, v] = leaves.each_ref().map(|x| x.transpose(1, 2));
                let y = match ours {
                    true => hopper::cpu::causal_attention(&q, &k, &v, window).expect("recorded"),
                    false => transformer::causal_attention(&q, &k, &v, window),
                };
                (&y * &weight).sum(Kind::Float).backward();
                let [dq, dk, dv] = leaves.map(|x| x.grad());
                [y.detach(), dv, dq, dk]
            };
            let (ours, plain) = (run(true), run(false));
            // A query that sees one key has no choice: its ∂q and ∂k are zeros, up to rounding.
            let compared = if window == Some(0) || time == 1 { 2 } else { 4 };
            let shape =
                format!("B {batch} H {heads} K {kv_heads} T {time} D {width}, window {window:?}");
            for ((name, ours), plain) in ["y", "∂v", "∂q", "∂k"]
                .iter()
                .zip(&ours)
                .zip(&plain)
                .take(compared)
            {
                assert_close(&format!("{name} at {shape}"), ours, plain);
            }
        }
    }
}

#[test]
fn parity_attention_where_scores_are_large_and_rise_from_block_to_block() {
    // Each block of keys has larger scores than the one before: the online softmax corrects its sums every time.
    tch::manual_seed(9);
    let q = Tensor::ones([1, 2, 300, 8], CPU);
    let rise = Tensor::arange(300, CPU).view([1, 1, 300, 1]) * 0.5;
    let k = &rise + random(&[1, 2, 300, 8]);
    let v = random(&[1, 2, 300, 8]);
    let ours = hopper::cpu::causal_attention(&q, &k, &v, None).expect("nothing to record");
    let [q, k, v] = [&q, &k, &v].map(|x| x.to_kind(Kind::Double));
    let exact = transformer::causal_attention(&q, &k, &v, None);
    assert_close("rising scores", &ours, &exact);
}

#[test]
fn parity_exp_and_tanh() {
    for step in -880_000..=880_000 {
        let x = step as f32 / 10_000.0;
        let exact = f64::from(x).exp();
        // Below e^−87 fp32 has fewer digits left, and the function is cut off.
        if x > -87.0 {
            let off = ((f64::from(hopper::cpu::exp(x)) - exact) / exact).abs();
            assert!(off < 3e-7, "exp({x}) is off by {off:e}");
        }
        let off = (f64::from(hopper::cpu::tanh(x)) - f64::from(x).tanh()).abs();
        assert!(off < 3e-7, "tanh({x}) is off by {off:e}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let x = random(&[8, 512, 96]);
    let threads = tch::get_num_threads();
    let results = [1, 2, 5].map(|count| {
        tch::set_num_threads(count);
        let leaf = x.copy().set_requires_grad(true);
        let (sum, normed) = Fused.add_norm(&leaf, &leaf, EPS);
        (sum * normed).sum(Kind::Float).backward();
        let heads = x
            .view([8, 512, 6, 16])
            .transpose(1, 2)
            .set_requires_grad(true);
        let y = hopper::cpu::causal_attention(&heads, &heads, &heads, Some(100)).expect("recorded");
        y.square().sum(Kind::Float).backward();
        let momenta = x.transpose(1, 2).contiguous(); // (8, 96, 512)
        let directions = FusedUpdates.orthogonalise(&momenta, false, 5, Kind::Float);
        [leaf.grad(), heads.grad(), directions]
    });
    tch::set_num_threads(threads);
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn what_the_kernels_do_not_cover_is_computed_plainly() {
    let x = random(&[2, 3, 8]).to_kind(Kind::BFloat16);
    let [fused, plain] = [&Fused as &dyn Kernels, &Plain].map(|kernels| kernels.rms_norm(&x, EPS));
    assert_eq!(fused, plain);
    let [x, head, targets] = head_inputs([2, 3, 4, 5]);
    let [fused, plain] = [&Fused as &dyn Kernels, &Plain]
        .map(|kernels| kernels.head_loss(&x, &head, &targets, 100.0));
    assert_eq!(fused.sum, plain.sum);
}
