// ANCHOR: head
//! The cases: each operation with inputs of the shapes that a training step of the given model has.

use muon::{AdamWStep, Updates};
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Context, Kernels, Rotary};

use super::cost::{self, Costs, Sizes};
use super::workload::Size;
use super::{Error, Operation};
use crate::attention::Windowed;
// ANCHOR_END: head

// ANCHOR: case
pub(super) type OfModel = Box<dyn Fn(&dyn Kernels, &[Tensor]) -> Vec<Tensor>>;
pub(super) type OfOptimizer = Box<dyn Fn(&dyn Updates)>;

pub(super) enum Apply {
    /// With the leaves that it reads, and whose gradients are asked for.
    Model(OfModel, Vec<Tensor>),
    Optimizer(OfOptimizer),
    /// Attention is no method of `Kernels`, so both sides are given.
    Context {
        plain: OfModel,
        fused: OfModel,
        leaves: Vec<Tensor>,
    },
}

pub(super) struct Case {
    /// The operation's name, and of which size where there are several.
    pub label: String,
    /// What it is a case of.
    pub operation: Operation,
    /// Of doing it once.
    pub costs: Costs,
    /// How it is done, plainly or fused.
    pub apply: Apply,
}
// ANCHOR_END: case

// ANCHOR: cases
/// # Errors
/// What libtorch says about the tables of rotations.
pub(super) fn cases(size: &Size, device: Device, compute: Kind) -> Result<Vec<Case>, Error> {
    let config = &size.config;
    let sizes = Sizes::new(config, size.rows, compute);
    let (b, t, c) = (size.rows, config.context, config.width);
    let (h, k, d) = (config.heads, config.kv_heads, config.head_width());
    let (v, l) = (config.vocab_size, config.layers);
    let (eps, factor) = (config.norm_eps, config.switches.qk_scale);
    let leaf =
        |shape: &[i64], kind: Kind| Tensor::randn(shape, (kind, device)).set_requires_grad(true);
    let activation = |shape: &[i64]| leaf(shape, compute);
    let weight = |shape: [i64; 2]| {
        let scale = (shape[1] as f64).powf(-0.5);
        (Tensor::randn(shape, (Kind::Float, device)) * scale).set_requires_grad(true)
    };
    let mut cases = Vec::new();
    let mut add = |label: &str, operation, costs, apply| {
        cases.push(Case {
            label: label.to_string(),
            operation,
            costs,
            apply,
        });
    };

    for (label, inner, out) in [
        ("linear C→C", c, c),
        ("linear C→4C", c, 4 * c),
        ("linear 4C→C", 4 * c, c),
    ] {
        let apply: OfModel = Box::new(|kernels, x| vec![kernels.linear(&x[0], &x[1])]);
        let leaves = vec![activation(&[b, t, inner]), weight([out, inner])];
        let costs = sizes.linear(inner as f64, out as f64);
        add(label, Operation::Linear, costs, Apply::Model(apply, leaves));
    }

    let plain: OfModel = Box::new(|_, x| vec![Causal.attend(0, None, &x[0], &x[1], &x[2])]);
    let fused: OfModel = Box::new(|_, x| vec![Windowed.attend(0, None, &x[0], &x[1], &x[2])]);
    let leaves = [h, k, k].map(|heads| activation(&[b, t, heads, d])).into();
    let costs = sizes.attention();
    add(
        "attention",
        Operation::Attention,
        costs,
        Apply::Context {
            plain,
            fused,
            leaves,
        },
    );

    let (targets, softcap) = (
        Tensor::randint(v, [b, t], (Kind::Int64, device)),
        config.softcap,
    );
    let apply: OfModel =
        Box::new(move |kernels, x| vec![kernels.head_loss(&x[0], &x[1], &targets, softcap).sum]);
    let leaves = vec![activation(&[b, t, c]), weight([v, c])];
    let costs = sizes.head_loss();
    add(
        "head_loss",
        Operation::HeadLoss,
        costs,
        Apply::Model(apply, leaves),
    );

    let positions = Causal.positions(b, t, device); // (1, T)
    let (cos, sin) = Rotary::new(config, device).at(&positions)?; // (1, T, 1, D/2)
    let apply: OfModel = Box::new(move |kernels, x| {
        vec![kernels.rope_qk_norm_scaled(&x[0], &cos, &sin, eps, factor)]
    });
    let leaves = vec![activation(&[b, t, h, d])];
    let costs = sizes.rope_qk_norm();
    add(
        "rope_qk_norm",
        Operation::RopeQkNorm,
        costs,
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(|kernels, x| vec![kernels.relu_squared(&x[0])]);
    let leaves = vec![activation(&[b, t, 4 * c])];
    let costs = sizes.relu_squared();
    add(
        "relu_squared",
        Operation::ReluSquared,
        costs,
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(move |kernels, x| vec![kernels.rms_norm(&x[0], eps)]);
    let leaves = vec![activation(&[b, t, c])];
    add(
        "rms_norm",
        Operation::RmsNorm,
        sizes.rms_norm(),
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(move |kernels, x| {
        let (sum, normed) = kernels.add_norm(&x[0], &x[1], eps);
        vec![sum, normed]
    });
    let leaves = vec![activation(&[b, t, c]), activation(&[b, t, c])];
    add(
        "add_norm",
        Operation::AddNorm,
        sizes.add_norm(),
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(|kernels, x| vec![kernels.mix(&x[0], &x[1], &x[2], &x[3])]);
    let scalar = || leaf(&[], Kind::Float);
    let stream = || activation(&[b, t, c]);
    let leaves = vec![scalar(), stream(), scalar(), stream()];
    add(
        "mix",
        Operation::Mix,
        sizes.mix(),
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(move |kernels, x| {
        let (mixed, normed) = kernels.mix_norm(&x[0], &x[1], &x[2], &x[3], eps);
        vec![mixed, normed]
    });
    let factor = || Tensor::ones([], (Kind::Float, device)).set_requires_grad(true);
    let leaves = vec![factor(), stream(), scalar(), stream()];
    add(
        "mix_norm",
        Operation::MixNorm,
        sizes.mix_norm(),
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(|kernels, x| vec![kernels.add_gated(&x[0], &x[1], &x[2])]);
    let values = || activation(&[b, t, k, d]);
    let leaves = vec![values(), values(), activation(&[b, t, k])];
    let costs = sizes.add_gated();
    add(
        "add_gated",
        Operation::AddGated,
        costs,
        Apply::Model(apply, leaves),
    );

    let apply: OfModel = Box::new(move |kernels, x| vec![kernels.logits(&x[0], &x[1], softcap)]);
    let leaves = vec![activation(&[b, t, c]), weight([v, c])];
    add(
        "logits",
        Operation::Logits,
        sizes.logits(),
        Apply::Model(apply, leaves),
    );

    let number = |shape: &[i64]| shape.iter().product::<i64>() as f64;
    let table = [v, c];
    add(
        "adamw, head",
        Operation::AdamW,
        cost::adamw(number(&table)),
        Apply::Optimizer(adamw(&table, device)),
    );
    // The stack of a step's largest group of matrices: fc1 of all layers, or fc2.
    let stack = [l, 4 * c, c];
    add(
        "muon_momentum, fc1",
        Operation::MuonMomentum,
        cost::muon_momentum(number(&stack)),
        Apply::Optimizer(momentum(&stack, device)),
    );
    for (label, rows) in [("orthogonalise, C×C", c), ("orthogonalise, fc1", 4 * c)] {
        let count = if rows == c { 4 * l } else { l };
        add(
            label,
            Operation::Orthogonalise,
            cost::orthogonalise(count as f64, c as f64, rows as f64, ROUNDS as f64),
            Apply::Optimizer(orthogonalise(&[count, rows, c], device, compute)),
        );
    }
    add(
        "muon_apply, fc1",
        Operation::MuonApply,
        cost::muon_apply(number(&stack)),
        Apply::Optimizer(apply_updates(&stack, device)),
    );
    Ok(cases)
}
// ANCHOR_END: cases

// ANCHOR: updates
/// Rates so small that a weight stays a number after ten thousand repetitions.
const RATE: f64 = 1e-6;

/// Of Newton–Schulz in a step.
const ROUNDS: usize = 5;

fn adamw(shape: &[i64], device: Device) -> OfOptimizer {
    let [weight, gradient, first] = [(); 3].map(|()| Tensor::randn(shape, (Kind::Float, device)));
    let second = first.square();
    let step = AdamWStep {
        lr: RATE,
        betas: (0.8, 0.95),
        eps: 1e-10,
        weight_decay: 0.0,
        step: 10,
    };
    Box::new(move |updates| {
        let [mut weight, mut first, mut second] =
            [&weight, &first, &second].map(Tensor::shallow_clone);
        updates.adamw(&mut weight, &gradient, &mut first, &mut second, &step);
    })
}

fn momentum(shape: &[i64], device: Device) -> OfOptimizer {
    let [momentum, gradient] = [(); 2].map(|()| Tensor::randn(shape, (Kind::Float, device)));
    Box::new(move |updates| {
        let _direction =
            updates.muon_momentum(&mut momentum.shallow_clone(), &gradient, 0.95, true);
    })
}

fn orthogonalise(shape: &[i64], device: Device, compute: Kind) -> OfOptimizer {
    let stack = Tensor::randn(shape, (Kind::Float, device));
    Box::new(move |updates| {
        let _directions = updates.orthogonalise(&stack, false, ROUNDS, compute);
    })
}

fn apply_updates(shape: &[i64], device: Device) -> OfOptimizer {
    let [weights, directions] = [(); 2].map(|()| Tensor::randn(shape, (Kind::Float, device)));
    Box::new(move |updates| {
        // (N, R, C) -> N of (R, C), as the optimizer has them.
        let mut weights: Vec<Tensor> = weights.unbind(0);
        let mut weights: Vec<&mut Tensor> = weights.iter_mut().collect();
        updates.muon_apply(&mut weights, &directions, RATE, 0.0);
    })
}
// ANCHOR_END: updates
