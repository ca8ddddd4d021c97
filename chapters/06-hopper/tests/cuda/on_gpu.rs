//! The same checks on a GPU, where there is one, and what only a GPU has: FlashAttention's windows, products in fp8.

use hopper::attention::{Windowed, windowed_attention};
use hopper::cuda::graph::{Recorded, Rounds, decisions};
use hopper::cuda::{GPU, gpu::Gpu};
use hopper::precision::{Products, fp8};
use hopper::{Fused, FusedUpdates};
use muon::{PlainUpdates, Updates};
use tch::{Device, Kind, Tensor};
use transformer::causal_attention;

use crate::best_device::gpu;
use crate::checks::Check;
use crate::golden_model::{FOLDERS, holds};

fn check(kind: Kind) -> Option<Check<Gpu>> {
    Some(Check::new(GPU, gpu()?, kind))
}

#[test]
fn every_operation_is_its_plain_twin_in_fp32_on_a_gpu() {
    if let Some(check) = check(Kind::Float) {
        check.all();
    }
}

#[test]
fn every_operation_is_its_plain_twin_in_bf16_on_a_gpu() {
    if let Some(check) = check(Kind::BFloat16) {
        check.all();
    }
}

/// FlashAttention-2 with its own window in bf16, beside chapter 03's mask in fp32: y and three gradients.
#[test]
fn windows_are_chapter_03s_on_a_gpu() {
    let Some(check) = check(Kind::BFloat16) else {
        return;
    };
    for (batch, heads, kv_heads, time, width, window) in [
        (1, 1, 1, 65, 64, 7),
        (2, 4, 2, 300, 64, 128),
        (1, 6, 6, 512, 128, 200),
    ] {
        let head = |heads| check.random(&[batch, time, heads, width]); // (B, T, H, D)
        let inputs = [head(heads), head(kv_heads), head(kv_heads)];
        let attend = |attend: transformer::Attend, x: &[Tensor]| {
            let [q, k, v] = [&x[0], &x[1], &x[2]].map(|x| x.transpose(1, 2)); // -> (B, H, T, D)
            vec![attend(&q, &k, &v, Some(window)).contiguous()]
        };
        check.compare(
            &format!("window {window} of B {batch} H {heads} K {kv_heads} T {time} D {width}"),
            &inputs,
            |x| attend(windowed_attention, x),
            |x| attend(causal_attention, x),
        );
    }
}

/// The GPU's products of eight-bit numbers beside the same rounded numbers multiplied in fp32 by a CPU.
#[test]
fn fp8_products_are_those_of_a_cpu_on_a_gpu() {
    let Some(check) = check(Kind::BFloat16) else {
        return;
    };
    if !fp8_is_there(check.device) {
        return crate::best_device::skipped(
            "this GPU does not multiply fp8 (compute capability 8.9)",
        );
    }
    Products::tried(Kind::BFloat16, true, check.device).unwrap();
    let (x, weight, toward) = (
        check.random(&[2, 96, 256]),
        check.normal(&[384, 256]),
        check.random(&[2, 96, 384]),
    );
    let on = |device: Device| -> [Tensor; 3] {
        let leaf = |x: &Tensor| x.to_device(device).detach().set_requires_grad(true);
        let (x, weight) = (leaf(&x), leaf(&weight));
        let working = weight.detach().to_kind(Kind::BFloat16);
        let y = fp8::linear(&x, &weight, &working).unwrap().unwrap();
        (&y * toward.to_device(device)).sum(Kind::Float).backward();
        [y.detach(), x.grad(), weight.grad()].map(|x| x.to_device(Device::Cpu))
    };
    let (ours, theirs) = (on(check.device), on(Device::Cpu));
    for (what, (ours, theirs)) in ["y", "dx", "dw"].iter().zip(ours.iter().zip(&theirs)) {
        check.near(&format!("fp8, {what}"), ours, theirs);
    }
}

fn fp8_is_there(device: Device) -> bool {
    let Device::Cuda(index) = device else {
        return false;
    };
    tensors::cuda::compute_capability(index).is_some_and(|capability| capability >= (8, 9))
}

/// A graph, whether it pays or not: from another beginning each time, after the allocator has given memory to others and taken it back.
#[test]
fn a_graph_gives_the_bits_of_single_launches_and_touches_nobody_elses_memory_on_a_gpu() {
    let Some(check) = check(Kind::Float) else {
        return;
    };
    let Device::Cuda(device) = check.device else {
        unreachable!("a GPU")
    };
    for size in [[16, 256, 256], [4, 256, 1024], [2, 2, 32]] {
        let rounds = || {
            let polynomials = muon::polar_express::polynomials(5).collect();
            Rounds::new(size, polynomials, Kind::BFloat16, check.device).unwrap()
        };
        let (mut recorded, mut launched) = (rounds(), rounds());
        let graph = Recorded::of(device, || recorded.run()).unwrap();
        for time in 0..3 {
            let x = check.normal(&size);
            let x = &x / x.norm();
            let others: Vec<Tensor> = (0..64).map(|_| check.normal(&size)).collect();
            let before: Vec<Tensor> = others.iter().map(Tensor::copy).collect();
            recorded.input().copy_(&x);
            graph.start().unwrap();
            launched.input().copy_(&x);
            launched.run().unwrap();
            let same = recorded.output().equal(launched.output());
            assert!(same, "{size:?}, time {time}: the same bits");
            let untouched = others.iter().zip(&before).all(|(x, y)| x.equal(y));
            assert!(untouched, "{size:?}, time {time}: nobody else's memory");
        }
    }
}

/// Small stacks, the rounds of which may have become a graph by the second time.
#[test]
fn orthogonalised_stacks_are_chapter_04s_on_a_gpu() {
    let Some(check) = check(Kind::Float) else {
        return;
    };
    for size in [[16, 256, 256], [4, 1024, 256], [4, 256, 1024], [2, 2, 32]] {
        for polar_express in [true, false] {
            for time in 0..3 {
                let stack = check.normal(&size);
                let orthogonalise = |updates: &dyn Updates| {
                    updates.orthogonalise(&stack, polar_express, 5, Kind::BFloat16)
                };
                let ours = orthogonalise(&FusedUpdates);
                let again = orthogonalise(&FusedUpdates);
                assert!(ours.equal(&again), "{size:?}, time {time}: the same bits");
                let in_fp32 = PlainUpdates.orthogonalise(&stack, polar_express, 5, Kind::Float);
                let apart = |x: &Tensor| (x - &in_fp32).norm().double_value(&[]);
                let (ours, theirs) = (apart(&ours), apart(&orthogonalise(&PlainUpdates)));
                assert!(
                    ours < 1.5 * theirs,
                    "{size:?}, time {time}: {ours:e}, {theirs:e}"
                );
            }
        }
    }
    for decision in decisions() {
        println!("{decision}");
        assert!(decision.by_graph.is_ok(), "{decision}");
    }
}

#[test]
fn parity_of_the_golden_models_on_a_gpu() {
    if let Some(device) = gpu() {
        for folder in FOLDERS {
            holds(folder, device, &Fused, &mut Windowed);
        }
    }
}
