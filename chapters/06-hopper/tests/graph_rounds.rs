//! What a CUDA graph would record, on a CPU: chapter 04's numbers, and no memory but its own.

use hopper::cuda::Error;
use hopper::cuda::graph::{Decision, Rounds, orthogonalise};
use hopper::precision::live_bytes::LiveBytes;
use muon::{PlainUpdates, Updates, newton_schulz, polar_express};
use tch::{Device, Kind, Tensor};

/// Both iterations: whether it is Polar Express, its polynomials, the room and the addend of its division.
fn iterations(rounds: usize) -> [(bool, hopper::cpu::Iteration); 2] {
    let by_newton_schulz = hopper::cpu::Iteration {
        polynomials: newton_schulz::rounds(rounds),
        room: 1.0,
        eps: newton_schulz::EPS,
    };
    let by_polar_express = hopper::cpu::Iteration {
        polynomials: polar_express::polynomials(rounds).collect(),
        room: polar_express::ROOM,
        eps: polar_express::EPS,
    };
    [(false, by_newton_schulz), (true, by_polar_express)]
}

fn relative(ours: &Tensor, theirs: &Tensor) -> f64 {
    ((ours - theirs).norm() / theirs.norm()).double_value(&[])
}

#[test]
fn the_rounds_are_chapter_04s_and_can_be_run_again() {
    tch::manual_seed(6);
    for size in [[3, 16, 16], [2, 24, 96], [1, 2, 32]] {
        for count in [1, 4, 5] {
            for (by_polar_express, iteration) in iterations(count) {
                let polynomials = iteration.polynomials;
                let mut rounds = Rounds::new(size, polynomials, Kind::Float, Device::Cpu).unwrap();
                for _ in 0..2 {
                    let stack = Tensor::randn(size, (Kind::Float, Device::Cpu));
                    let norm = stack.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
                    let x = &stack / (norm * iteration.room + iteration.eps);
                    rounds.input().copy_(&x);
                    rounds.run().unwrap();
                    let theirs =
                        PlainUpdates.orthogonalise(&stack, by_polar_express, count, Kind::Float);
                    let apart = relative(rounds.output(), &theirs);
                    assert!(apart < 1e-5, "{size:?}, {count} rounds: {apart:e}");
                }
            }
        }
    }
}

/// In bf16 the two round Polar Express at other places, and its iteration makes small singular values and their errors larger alike:
/// percents apart, but no farther than chapter 04's from what fp32 gives.
#[test]
fn in_bf16_the_rounds_are_as_near_to_fp32_as_chapter_04s() {
    tch::manual_seed(6);
    for size in [[2, 48, 48], [2, 32, 128]] {
        for (by_polar_express, iteration) in iterations(5) {
            let polynomials = iteration.polynomials;
            let kind = Kind::BFloat16;
            let mut rounds = Rounds::new(size, polynomials, kind, Device::Cpu).unwrap();
            let stack = Tensor::randn(size, (Kind::Float, Device::Cpu));
            let x = stack.to_kind(kind);
            let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
            rounds
                .input()
                .copy_(&(&x / (norm * iteration.room + iteration.eps)));
            rounds.run().unwrap();
            let plain = |kind| PlainUpdates.orthogonalise(&stack, by_polar_express, 5, kind);
            let in_fp32 = plain(Kind::Float);
            let ours = relative(&rounds.output().to_kind(Kind::Float), &in_fp32);
            let theirs = relative(&plain(kind), &in_fp32);
            println!("{size:?}, polar express {by_polar_express}: {ours:.1e} and {theirs:.1e}");
            assert!(ours < 1.5 * theirs, "{size:?}: {ours:e}, {theirs:e}");
        }
    }
}

/// What is made and given back between two launches would be somebody else's when the graph is started again.
#[test]
fn the_rounds_make_no_tensor() {
    for (_, iteration) in iterations(5) {
        let polynomials = iteration.polynomials;
        let mut rounds = Rounds::new([4, 32, 64], polynomials, Kind::Float, Device::Cpu).unwrap();
        let counted = LiveBytes::begin();
        rounds.run().unwrap();
        assert_eq!(counted.now().peak, 0, "bytes");
        let made = rounds.output().copy();
        assert!(
            counted.now().peak >= 4 * made.numel() as i64,
            "the count counts"
        );
    }
}

#[test]
fn a_stack_on_a_cpu_is_for_somebody_else() {
    let stack = Tensor::ones([2, 8, 8], (Kind::Float, Device::Cpu));
    let [(_, iteration), _] = iterations(5);
    let error = orthogonalise(&stack, &iteration, Kind::Float).unwrap_err();
    assert!(matches!(error, Error::NotCovered { .. }), "{error}");
}

#[test]
fn a_decision_says_what_was_measured() {
    let mut decision = Decision {
        size: [16, 256, 256],
        by_launches: 4e-4,
        by_graph: Ok(1e-4),
        graph: true,
    };
    let text = decision.to_string();
    assert!(text.contains("16 matrices of 256 × 256"), "{text}");
    assert!(
        text.contains("0.400 ms by single launches, 0.100 ms by a graph, which stays"),
        "{text}"
    );
    assert_eq!(decision.json()["by_graph_seconds"], 1e-4);
    decision.by_graph = Err("the driver refuses".to_string());
    decision.graph = false;
    let text = decision.to_string();
    assert!(
        text.contains("not by a graph: the driver refuses"),
        "{text}"
    );
    assert_eq!(decision.json()["no_graph_because"], "the driver refuses");
}
