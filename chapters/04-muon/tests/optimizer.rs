//! What the optimizers promise, without a reference.

use muon::{
    Error, Group, Method, Optimizer, PlainUpdates, Refinements, Round, Solo, StepScale,
    orthogonalise, polar_express,
};
use tch::{Device, Kind, Tensor};

const ADAMW: Method = Method::AdamW {
    betas: (0.8, 0.95),
    eps: 1e-10,
};
const MUON: Method = Method::Muon {
    steps: 5,
    nesterov: true,
    compute: Kind::Float,
    refinements: Refinements::NONE,
};
const FULL: StepScale = StepScale {
    lr: 1.0,
    momentum: 0.9,
    weight_decay: 1.0,
};

fn parameter(name: &str, rows: i64, columns: i64) -> (String, Tensor) {
    (
        name.to_string(),
        Tensor::randn([rows, columns], (Kind::Float, Device::Cpu)).set_requires_grad(true),
    )
}

fn group(name: &str, method: Method, parameters: Vec<(String, Tensor)>) -> Group {
    Group {
        name: name.into(),
        method,
        parameters,
        lr: 0.02,
        weight_decay: 0.01,
    }
}

fn optimizer(groups: Vec<Group>) -> Result<Optimizer, Error> {
    Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))
}

/// A gradient that depends on the weight, so that a wrong step shows in all later ones.
fn backward(weights: &[Tensor]) {
    for weight in weights {
        weight.sin().square().sum(Kind::Float).backward();
    }
}

#[test]
fn orthogonalised_matrices_have_singular_values_near_one() {
    tch::manual_seed(1);
    for shape in [[3i64, 16, 16], [2, 8, 32], [2, 32, 8]] {
        let stack = Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let (_, values, _) = orthogonalise(&stack, 5, Kind::Float).svd(true, true);
        let (low, high) = (
            values.min().double_value(&[]),
            values.max().double_value(&[]),
        );
        assert!(low > 0.3 && high < 1.3, "{shape:?}: {low}…{high}");
        let each: Vec<Tensor> = (0..shape[0])
            .map(|i| orthogonalise(&stack.narrow(0, i, 1), 5, Kind::Float))
            .collect();
        let apart = (Tensor::cat(&each, 0) - orthogonalise(&stack, 5, Kind::Float))
            .abs()
            .max()
            .double_value(&[]);
        assert!(
            apart < 1e-5,
            "a stack is its matrices one by one, not {apart:e} off"
        );
    }
}

#[test]
fn saved_and_loaded_is_undisturbed_bit_for_bit() {
    tch::manual_seed(2);
    let start = [
        parameter("table", 12, 8),
        parameter("a", 8, 8),
        parameter("b", 8, 8),
    ];
    let build = || {
        let copies: Vec<(String, Tensor)> = start
            .iter()
            .map(|(n, t)| (n.clone(), t.detach().copy().set_requires_grad(true)))
            .collect();
        let weights: Vec<Tensor> = copies.iter().map(|(_, t)| t.shallow_clone()).collect();
        let mut copies = copies.into_iter();
        let table = copies.next().into_iter().collect();
        let groups = vec![
            group("tables", ADAMW, table),
            group("matrices", MUON, copies.collect()),
        ];
        (optimizer(groups).expect("groups"), weights)
    };
    let train = |optimizer: &mut Optimizer, weights: &[Tensor], steps: usize| {
        for _ in 0..steps {
            optimizer.zero_grad();
            backward(weights);
            optimizer.step(&FULL).expect("a step");
        }
    };
    let (mut whole, whole_weights) = build();
    train(&mut whole, &whole_weights, 6);

    let (mut first, first_weights) = build();
    train(&mut first, &first_weights, 3);
    let saved: Vec<(String, Tensor)> = first
        .state()
        .expect("alone")
        .into_iter()
        .map(|(name, tensor)| (name, tensor.copy()))
        .collect();
    let (mut second, mut second_weights) = build();
    tch::no_grad(|| {
        for (to, from) in second_weights.iter_mut().zip(&first_weights) {
            to.copy_(from);
        }
    });
    second.load_state(saved).expect("the same groups");
    train(&mut second, &second_weights, 3);
    for (ours, theirs) in second_weights.iter().zip(&whole_weights) {
        assert_eq!(ours.detach(), theirs.detach());
    }
}

#[test]
fn foreign_buffers_are_named() {
    let mut ours =
        optimizer(vec![group("matrices", MUON, vec![parameter("a", 4, 4)])]).expect("a group");
    let message = |error: Error| error.to_string();
    let missing = message(ours.load_state(vec![]).expect_err("no step"));
    assert!(missing.contains("step"), "{missing}");
    let mut state = ours.state().expect("alone");
    state.push((
        "b::momentum_buffer".into(),
        Tensor::zeros([4, 4], (Kind::Float, Device::Cpu)),
    ));
    let extra = message(ours.load_state(state).expect_err("b"));
    assert!(extra.contains("b::momentum_buffer"), "{extra}");
    let mut state = ours.state().expect("alone");
    state[1].1 = Tensor::zeros([4, 5], (Kind::Float, Device::Cpu));
    let shape = message(ours.load_state(state).expect_err("shape"));
    assert!(
        shape.contains("a::momentum_buffer") && shape.contains("[4, 5]"),
        "{shape}"
    );
}

#[test]
fn wrong_groups_are_named() {
    let twice = parameter("a", 4, 4);
    let copy = (twice.0.clone(), twice.1.shallow_clone());
    let error = optimizer(vec![
        group("one", ADAMW, vec![twice]),
        group("two", MUON, vec![copy]),
    ])
    .err()
    .expect("twice");
    assert!(error.to_string().contains("another group"), "{error}");
    let error = optimizer(vec![group(
        "mixed",
        MUON,
        vec![parameter("a", 4, 4), parameter("b", 4, 8)],
    )])
    .err()
    .expect("shapes");
    assert!(error.to_string().contains("[4, 8]"), "{error}");
    let mut ours =
        optimizer(vec![group("one", ADAMW, vec![parameter("a", 4, 4)])]).expect("a group");
    let error = ours.step(&FULL).expect_err("no gradient");
    assert!(error.to_string().contains("no gradient"), "{error}");
}

#[test]
fn clipping_leaves_a_small_gradient_alone() {
    let weight = parameter("a", 4, 4);
    let tensor = weight.1.shallow_clone();
    let mut ours = optimizer(vec![group("one", ADAMW, vec![weight])]).expect("a group");
    (&tensor * 0.01).sum(Kind::Float).backward();
    let before = tensor.grad().copy();
    let norm = ours
        .clip_gradients(1.0)
        .expect("gradients")
        .double_value(&[]);
    assert!((norm - 0.04).abs() < 1e-6);
    assert_eq!(before, tensor.grad());
}

/// An iteration of somebody else's: the polynomials on the singular values themselves.
fn by_svd(stack: &Tensor, rounds: &[Round], compute: Kind) -> Tensor {
    let exact = stack.to_kind(Kind::Double);
    let norm = exact.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
    let (u, s, v) = (exact / norm).svd(true, true);
    let p = |s: Tensor, &(a, b, c): &Round| {
        &s * a + s.pow_tensor_scalar(3) * b + s.pow_tensor_scalar(5) * c
    };
    let s = rounds.iter().fold(s, p);
    let result = (u * s.unsqueeze(-2)).matmul(&v.transpose(-2, -1));
    result.to_kind(compute).to_kind(stack.kind())
}

#[test]
fn another_iteration_is_given_the_polynomials_of_the_chapters() {
    tch::manual_seed(2);
    for shape in [[2i64, 6, 6], [2, 4, 9], [1, 9, 4]] {
        let stack = Tensor::randn(shape, (Kind::Float, Device::Cpu));
        for rounds in [0, 1, 5, 7] {
            let apart = |ours: Tensor, refinements: Refinements| {
                let theirs = by_svd(&stack, &refinements.rounds(rounds), Kind::Float);
                (ours - theirs).abs().max().double_value(&[])
            };
            let with = |polar_express| Refinements {
                polar_express,
                ..Refinements::NONE
            };
            let plain = apart(orthogonalise(&stack, rounds, Kind::Float), with(false));
            assert!(plain < 1e-4, "Newton–Schulz, {rounds} rounds: {plain:e}");
            // Without any round there is no polynomial to divide the room out of.
            let room = if rounds == 0 { 0.02 } else { 1e-4 };
            let express = apart(polar_express(&stack, rounds, Kind::Float), with(true));
            assert!(
                express < room,
                "Polar Express, {rounds} rounds: {express:e}"
            );
        }
    }
}

#[test]
fn an_optimizer_orthogonalises_by_what_it_is_given() {
    let weights_after = |by: Option<muon::Orthogonalise>| {
        // Waves: other tests draw from the same generator at the same time.
        let waves = |name: &str, speed: f64| {
            let numbers = (Tensor::arange(24, (Kind::Float, Device::Cpu)) * speed).sin();
            (
                name.to_string(),
                numbers.view([4, 6]).set_requires_grad(true),
            )
        };
        let parameters = vec![waves("a", 0.77), waves("b", 1.9)];
        let weights: Vec<Tensor> = parameters.iter().map(|(_, w)| w.shallow_clone()).collect();
        let mut optimizer = optimizer(vec![group("matrices", MUON, parameters)])
            .expect("a group")
            .orthogonalising_by(by);
        backward(&weights);
        optimizer.step(&FULL).expect("gradients");
        Tensor::stack(&weights, 0).detach()
    };
    let ours = weights_after(None);
    let apart = |other: Tensor| (&ours - other).abs().max().double_value(&[]);
    assert!(apart(weights_after(Some(by_svd))) < 1e-5);
    assert!(apart(weights_after(Some(|stack, _, _| stack.zeros_like()))) > 1e-3);
}
