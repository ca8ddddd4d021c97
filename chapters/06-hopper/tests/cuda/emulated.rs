//! The kernels' own sources, run on the CPU.

use std::cell::Cell;

use hopper::cuda::Operations;
use hopper::cuda::kernel::SOURCES;
use tch::{Device, Kind, Tensor};
use transformer::{Kernels, Plain};

use crate::checks::Check;
use crate::emulator::{Emulator, Order};

fn check(kind: Kind) -> Check<Emulator> {
    let on = Operations(Emulator::new(Order::Forward));
    Check::new(on, Device::Cpu, kind)
}

macro_rules! emulated {
    ($($operation:ident)*) => {$(
        mod $operation {
            use super::*;

            #[test]
            fn is_its_plain_twin_in_fp32() {
                check(Kind::Float).$operation();
            }

            #[test]
            fn is_its_plain_twin_in_bf16() {
                check(Kind::BFloat16).$operation();
            }
        }
    )*};
}

emulated!(rms_norm add_norm rope_qk_norm relu_squared mix mix_norm add_gated head_loss head_loss_at_extremes adamw muon fp8);

#[test]
fn the_checks_reach_every_function_in_both_widths() {
    let check = check(Kind::Float);
    check.all();
    let runs = check.on.0.runs.lock().unwrap();
    for source in SOURCES {
        for &function in source.functions {
            for width in [1, 4] {
                let ran = runs
                    .iter()
                    .any(|kernel| kernel.function == function && kernel.width == width);
                assert!(ran, "{function} of width {width} was never run");
            }
        }
    }
}

/// Results of everything in which threads hand something to one another.
fn handed_over(on: Emulator) -> Vec<Tensor> {
    let on = Operations(on);
    // Numbers without order that are the same whatever the other tests draw, and other ones at each call.
    let calls = Cell::new(0.0);
    let random = |size: &[i64]| {
        let total: i64 = size.iter().product();
        calls.set(calls.get() + 1.0);
        let line = Tensor::arange(total, (Kind::Float, Device::Cpu)) * 12.9898;
        let numbers: Tensor = (line + calls.get()).sin() * 3.0;
        numbers.view(size).set_requires_grad(true)
    };
    let (x, x0) = (random(&[9, 131]), random(&[9, 131]));
    let (r, s) = (random(&[]), random(&[]));
    let mixed = on.mix(&r, &x, &s, &x0).unwrap();
    let (mixed, again) = on.mix_norm(&r, &mixed, &s, &x0, 1e-6).unwrap();
    let (stream, norm) = on.add_norm(&mixed, &x0, 1e-6).unwrap();
    let targets = Tensor::from_slice(&[3i64, 1, -1, 0, 5, 7, 8, 100, 2]).view([1, 9]);
    let head = random(&[333, 131]);
    let both = (stream + norm + again).unsqueeze(0);
    let loss = on
        .head_loss_in_chunks(&both, &head, &targets, 15.0, 4)
        .unwrap();
    loss.sum.backward();
    let fp8 = on.fp8(&x.detach(), Kind::Float8e4m3fn, true).unwrap();
    let bytes = [fp8.straight, fp8.transposed.unwrap()].map(|bytes| bytes.to_kind(Kind::Float));
    let mut all = vec![loss.sum.detach(), head.grad(), fp8.inverse_scale];
    all.extend([x.grad(), x0.grad(), r.grad(), s.grad()]);
    all.extend(bytes);
    all
}

/// Whether the results are the same when the threads of a block take turns from the last to the first.
fn order_matters(change: Option<(&'static str, &'static str)>) -> bool {
    let run = |order| {
        let mut emulator = Emulator::new(order);
        emulator.change = change;
        handed_over(emulator)
    };
    let (forward, backward) = (run(Order::Forward), run(Order::Backward));
    forward
        .iter()
        .zip(&backward)
        .any(|(one, other)| !one.equal(other))
}

#[test]
fn the_order_in_which_threads_run_changes_nothing() {
    assert!(!order_matters(None));
}

#[test]
fn a_barrier_that_is_taken_out_is_noticed() {
    for barrier in [
        "__syncthreads();\n  float sum = 0.0f;",
        "__syncthreads();\n  Online all",
        "__syncthreads();  // thread 0 has read",
        "__syncthreads();\n  if (!transposed)",
    ] {
        let without = barrier.trim_start_matches("__syncthreads();");
        assert!(order_matters(Some((barrier, without))), "{barrier}");
    }
}

/// The gradient of r is a sum divided by r, and never by less than 1/64.
#[test]
fn a_small_factor_of_the_stream_shortens_its_gradient() {
    let on = Operations(Emulator::new(Order::Forward));
    tch::manual_seed(20261129);
    let [x, x0, weight] = [(); 3].map(|()| Tensor::randn([3, 24], (Kind::Float, Device::Cpu)));
    let gradient = |kernels: &dyn Fn(&Tensor, &Tensor) -> (Tensor, Tensor), r: f64| {
        let scalars = [r as f32, 0.2].map(|x| Tensor::from(x).set_requires_grad(true));
        let (stream, norm) = kernels(&scalars[0], &scalars[1]);
        ((stream + norm) * &weight).sum(Kind::Float).backward();
        scalars[0].grad().double_value(&[])
    };
    let fused = |r: &Tensor, s: &Tensor| on.mix_norm(r, &x, s, &x0, 1e-6).unwrap();
    let plain = |r: &Tensor, s: &Tensor| Plain.mix_norm(r, &x, s, &x0, 1e-6);
    for (r, share) in [
        (1.0 / 32.0, 1.0),
        (1.0 / 128.0, 0.5),
        (-1.0 / 256.0, 0.25),
        (0.0, 0.0),
    ] {
        let (ours, theirs) = (gradient(&fused, r), gradient(&plain, r));
        let off = (ours - share * theirs).abs() / theirs.abs();
        assert!(off < 1e-3, "r {r}: {ours} of {theirs}");
    }
}

#[test]
fn what_is_not_covered_is_said_and_not_computed() {
    let on = Operations(Emulator::new(Order::Forward));
    let x = Tensor::ones([2, 4], (Kind::Double, Device::Cpu));
    let empty = Tensor::ones([0, 4], (Kind::Float, Device::Cpu));
    let one = Tensor::ones([2, 4], (Kind::Float, Device::Cpu));
    let half = one.to_kind(Kind::BFloat16);
    let refused = [
        on.rms_norm(&x, 1e-6).unwrap_err(),
        on.rms_norm(&empty, 1e-6).unwrap_err(),
        on.add_norm(&one, &half, 1e-6).unwrap_err(),
        on.add_norm(&one, &one.narrow(0, 0, 1), 1e-6).unwrap_err(),
        on.mix(&one, &one, &one, &one).unwrap_err(),
        on.mix_norm(&one, &one, &one, &one, 1e-6).unwrap_err(),
        on.rope_qk_norm_scaled(&one, &one, &one, 1e-6, 1.0)
            .unwrap_err(),
        on.muon_apply(
            &mut [&mut one.tr()],
            &one.tr().unsqueeze(0),
            0.1,
            0.0,
            false,
        )
        .unwrap_err(),
    ];
    for error in refused {
        assert!(error.is_not_covered(), "{error}");
    }
    assert!(on.0.runs.lock().unwrap().is_empty());
    assert!(
        hopper::cuda::GPU
            .rms_norm(&one, 1e-6)
            .unwrap_err()
            .is_not_covered()
    );
}
