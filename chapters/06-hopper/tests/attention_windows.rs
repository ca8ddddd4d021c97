//! Attention with windows is chapter 03's, forward and backward, at every shape.

use hopper::attention::backend::{self, Backend, ChangingShapes};
use hopper::attention::{Windowed, windowed_attention};
use tch::{Device, Kind, Tensor};
use transformer::{Attend, Config, Gpt, Plain, causal_attention};

/// q (B, T, H, D) turned to (B, H, T, D), as the model hands it over; k and v likewise.
fn inputs(batch: i64, heads: i64, kv_heads: i64, time: i64, width: i64, kind: Kind) -> [Tensor; 3] {
    [heads, kv_heads, kv_heads].map(|heads| {
        let x = Tensor::randn([batch, time, heads, width], (kind, Device::Cpu));
        x.transpose(1, 2).set_requires_grad(true)
    })
}

/// (y, dq, dk, dv) of y · weight.
fn run(attend: Attend, inputs: &[Tensor; 3], window: Option<i64>, weight: &Tensor) -> Vec<Tensor> {
    let leaves = inputs
        .each_ref()
        .map(|x| x.detach().set_requires_grad(true));
    let y = attend(&leaves[0], &leaves[1], &leaves[2], window);
    (&y * weight).sum(Kind::Float).backward();
    let gradients = leaves.iter().map(Tensor::grad);
    std::iter::once(y.detach()).chain(gradients).collect()
}

/// Relative to the largest number, or to 1 where all are smaller: inputs are of that size, and with a window of 0 the exact dq
/// is zero.
fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let scale = b.abs().max().double_value(&[]).max(1.0);
    (a - b).abs().max().double_value(&[]) / scale
}

#[test]
fn windows_of_all_shapes_agree_with_chapter_03_forward_and_backward() {
    tch::manual_seed(3);
    let mut largest = 0.0f64;
    for (batch, heads, kv_heads, time, width) in [
        (1, 1, 1, 1, 2),
        (2, 2, 2, 63, 8),
        (1, 4, 4, 64, 16),
        (2, 4, 2, 65, 8),
        (1, 6, 1, 129, 10),
        (3, 2, 1, 200, 6),
        (1, 3, 3, 257, 32),
    ] {
        for window in [
            None,
            Some(0),
            Some(1),
            Some(7),
            Some(63),
            Some(64),
            Some(128),
            Some(time - 2),
            Some(time - 1),
            Some(time),
            Some(10 * time),
        ] {
            if window.is_some_and(|window| window < 0) {
                continue;
            }
            let inputs = inputs(batch, heads, kv_heads, time, width, Kind::Float);
            let weight = inputs[0].detach().randn_like();
            let ours = run(windowed_attention, &inputs, window, &weight);
            let plain = run(causal_attention, &inputs, window, &weight);
            for (name, (ours, plain)) in ["y", "dq", "dk", "dv"].iter().zip(ours.iter().zip(&plain))
            {
                let difference = largest_difference(ours, plain);
                largest = largest.max(difference);
                assert!(
                    difference < 1e-5,
                    "{name} differs by {difference:e} at B {batch} H {heads} K {kv_heads} T {time} D {width}, window {window:?}"
                );
            }
        }
    }
    println!("largest relative difference {largest:.1e}");
}

/// Normal numbers in bf16, the same in each run: libtorch's generator is shared with tests that run at the same time, and how far
/// off the worst of many rounded sums is depends on the numbers.
fn drawn(shape: [i64; 4], salt: f64) -> Tensor {
    let count: i64 = shape.iter().product();
    let uniform = |salt: f64| -> Tensor {
        let line = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898;
        let line: Tensor = (line + salt * 78.233).sin() * 43_758.545_3;
        line.frac().abs().clamp(1e-9, 1.0)
    };
    let radius = (uniform(salt).log() * -2.0).sqrt();
    let normal = radius * (uniform(salt + 0.5) * std::f64::consts::TAU).cos();
    normal.to_kind(Kind::BFloat16).view(shape)
}

#[test]
fn windows_agree_in_bf16_within_its_digits() {
    for (heads, kv_heads, time, width, window) in [
        (4, 2, 130, 16, 50),
        (2, 2, 65, 64, 3),
        (3, 1, 400, 32, 256),
        (2, 2, 700, 32, 600),
    ] {
        let head = |heads, salt| drawn([1, time, heads, width], salt).transpose(1, 2); // (B, H, T, D)
        let inputs = [head(heads, 1.0), head(kv_heads, 2.0), head(kv_heads, 3.0)];
        let weight = head(heads, 4.0);
        let ours = run(windowed_attention, &inputs, Some(window), &weight);
        let wide = inputs.map(|x| x.detach().to_kind(Kind::Float));
        let weight = weight.to_kind(Kind::Float);
        let plain = run(causal_attention, &wide, Some(window), &weight);
        for (name, (ours, plain)) in ["y", "dq", "dk", "dv"].iter().zip(ours.iter().zip(&plain)) {
            let difference = largest_difference(&ours.to_kind(Kind::Float), plain);
            println!("T {time}, window {window}: {name} {difference:.1e}");
            assert!(
                difference < 1e-2,
                "{name} differs by {difference:e} at T {time}, window {window}"
            );
        }
    }
}

#[test]
fn a_query_sees_its_window_and_not_one_key_more() {
    // Values are one-hot by position and all scores are equal: y says who was seen.
    let (time, window) = (150, 40);
    let zeros = Tensor::zeros([1, 1, time, time], (Kind::Float, Device::Cpu));
    let v = Tensor::eye(time, (Kind::Float, Device::Cpu)).view([1, 1, time, time]);
    let y = windowed_attention(&zeros, &zeros, &v, Some(window));
    for t in 0..time {
        for s in 0..time {
            let seen = y.double_value(&[0, 0, t, s]) > 0.0;
            assert_eq!(seen, s <= t && t - s <= window, "query {t}, key {s}");
        }
    }
}

#[test]
fn a_whole_model_with_windows_has_the_same_loss_and_gradients() -> anyhow::Result<()> {
    let mut config = Config::d_2026(2, 96, 512, 32)?;
    config.layers = 3;
    config.switches.window_pattern = Some("SL".to_string());
    let ids = Tensor::randint(96, [2, 300], (Kind::Int64, Device::Cpu));
    let losses = |attend: bool| -> anyhow::Result<(f64, Vec<(String, Tensor)>)> {
        let gpt = Gpt::new(&config, Device::Cpu, 5)?;
        {
            let _unrecorded = tch::no_grad_guard();
            for parameter in gpt.parameters() {
                // The projections start at zero, behind which no gradient would reach the attention. (A
                // constant would make all positions alike, and gradients differences of nearly equal numbers.)
                let count = parameter.tensor.numel() as i64;
                let noise = Tensor::arange(count, (Kind::Float, Device::Cpu)) * 12.9898;
                let noise = noise.sin().view_as(&parameter.tensor) * 0.05;
                let _ = parameter.tensor.shallow_clone().g_add_(&noise);
            }
        }
        let loss = match attend {
            true => gpt.loss_in(&Plain, &mut Windowed, &ids, &ids)?,
            false => gpt.loss(&Plain, &ids, &ids)?,
        };
        loss.sum.backward();
        let gradients = gpt.parameters().iter();
        let gradients = gradients
            .map(|p| (p.name.clone(), p.tensor.grad()))
            .collect();
        Ok((loss.sum.double_value(&[]), gradients))
    };
    let (ours, plain) = (losses(true)?, losses(false)?);
    assert!((ours.0 - plain.0).abs() < 1e-5 * plain.0);
    let mut largest = 0.0f64;
    for ((name, ours), (_, plain)) in ours.1.iter().zip(&plain.1) {
        let difference = largest_difference(ours, plain);
        largest = largest.max(difference);
        // Three layers multiply the rounding of one: 6e-6 was seen.
        assert!(difference < 1e-4, "{name} differs by {difference:e}");
    }
    println!("largest relative difference of a gradient {largest:.1e}");
    Ok(())
}

#[test]
fn switches_of_back_ends_change_what_libtorch_would_run() -> anyhow::Result<()> {
    let x = Tensor::randn([1, 2, 16, 8], (Kind::Float, Device::Cpu));
    assert_eq!(backend::would_run(&x, &x, &x, None, true)?, Backend::Flash);
    backend::allow(Backend::Flash, false);
    let without = backend::would_run(&x, &x, &x, None, true);
    backend::allow(Backend::Flash, true);
    assert_eq!(without?, Backend::Math);

    let before = backend::order()?;
    backend::set_order(&[Backend::Efficient, Backend::Math])?;
    let after = backend::order()?;
    backend::set_order(&before)?;
    assert_eq!(after[..2], [Backend::Efficient, Backend::Math]);
    assert_eq!(after.len(), before.len());
    assert_eq!(backend::order()?, before);

    let report = backend::report(&Config::d(2, 64, 32)?, Kind::Float, Device::Cpu)?;
    println!("{report}");
    assert_eq!(report.full, Backend::Flash);
    assert!(!report.native_window);
    Ok(())
}

#[test]
fn while_shapes_change_cudnn_is_not_asked_and_afterwards_it_is_what_it_was() {
    let at_first = backend::allowed(Backend::CuDnn);
    for was in [true, false] {
        backend::allow(Backend::CuDnn, was);
        // Guards may overlap: the last one that goes is the one that counts.
        let (first, second) = (ChangingShapes::begin(), ChangingShapes::begin());
        assert!(!backend::allowed(Backend::CuDnn));
        drop(first);
        assert!(!backend::allowed(Backend::CuDnn));
        drop(second);
        assert_eq!(backend::allowed(Backend::CuDnn), was);
    }
    backend::allow(Backend::CuDnn, at_first);
}
