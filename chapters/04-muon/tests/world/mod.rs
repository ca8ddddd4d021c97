//! A regression small enough for eight ranks on one core: two tables and three kinds of matrices, uneven in number.

#![allow(dead_code)] // each test program uses a part of it

use muon::{
    Collective, Error, Group, Method, Optimizer, PlainUpdates, Refinements, Solo, StepScale,
};
use std::ops::Range;
use tch::{Kind, Tensor};

pub const STEPS: usize = 50;
/// Of one step, over all ranks.
pub const MICRO_BATCHES: usize = 24;

pub struct Run {
    pub optimizer: Optimizer,
    /// By name.
    parameters: Vec<(String, Tensor)>,
}

impl Run {
    pub fn set_weights(&mut self, weights: &[Vec<f32>]) {
        tch::no_grad(|| {
            for ((_, parameter), saved) in self.parameters.iter_mut().zip(weights) {
                let saved = Tensor::from_slice(saved).view(parameter.size().as_slice());
                parameter.copy_(&saved);
            }
        });
    }
}

/// Three layers: 5 square matrices, 3 tall ones, 1 wide one. Eight ranks have fewer matrices than ranks, three ranks do
/// not divide 5, and the head's 250 rows divide by 2 only.
fn parameters() -> Vec<(String, Tensor)> {
    let mut shapes: Vec<(String, Vec<i64>)> = vec![
        ("wte".into(), vec![192, 8]),
        ("lm_head".into(), vec![250, 8]),
        ("scalars".into(), vec![3]),
        ("wide".into(), vec![8, 32]),
    ];
    shapes.extend((0..5).map(|layer| (format!("h.{layer}.c_q"), vec![8, 8])));
    shapes.extend((0..3).map(|layer| (format!("h.{layer}.c_fc"), vec![32, 8])));
    let start = |(index, (name, shape)): (usize, (String, Vec<i64>))| {
        let tensor = noise(index as i64, &shape) * 0.3;
        (name, tensor.set_requires_grad(true))
    };
    shapes.into_iter().enumerate().map(start).collect()
}

/// Numbers between −1 and 1 that look random, the same in every thread.
fn noise(seed: i64, shape: &[i64]) -> Tensor {
    let count: i64 = shape.iter().product();
    let numbers: Vec<f32> = (0..count)
        .map(|i| {
            let mut z = ((seed * 1_000_003 + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z >> 40) as f32 / (1u64 << 23) as f32) - 1.0
        })
        .collect();
    Tensor::from_slice(&numbers).view(shape)
}

fn groups_of(recipe: u32, parameters: &[(String, Tensor)]) -> Vec<Group> {
    let adamw = Method::AdamW {
        betas: (0.8, 0.95),
        eps: 1e-10,
    };
    let muon = Method::Muon {
        steps: 5,
        nesterov: true,
        compute: Kind::Float,
        refinements: match recipe {
            2025 => Refinements::NONE,
            _ => Refinements::JULY_2026,
        },
    };
    let group = |name: &str, method, lr, wanted: &dyn Fn(&str) -> bool| Group {
        name: name.into(),
        method,
        parameters: parameters
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
            .collect(),
        lr,
        weight_decay: 0.01,
    };
    vec![
        group("tables", adamw, 0.01, &|name| {
            ["wte", "lm_head", "scalars"].contains(&name)
        }),
        group("squares", muon, 0.01, &|name| name.ends_with("c_q")),
        group("tall", muon, 0.01, &|name| name.ends_with("c_fc")),
        group("wide", muon, 0.01, &|name| name == "wide"),
    ]
}

/// The groups of a recipe; `swapped`: two matrices of one shape have each other's names.
pub fn groups_named(recipe: u32, swapped: bool) -> (Vec<Group>, Vec<(String, Tensor)>) {
    let mut parameters = parameters();
    if swapped {
        for (name, _) in &mut parameters {
            if name == "h.0.c_fc" {
                *name = "h.9.c_fc".into();
            }
        }
    }
    (groups_of(recipe, &parameters), parameters)
}

pub fn optimizer(
    (groups, parameters): (Vec<Group>, Vec<(String, Tensor)>),
    collective: Box<dyn Collective>,
) -> Run {
    let optimizer = Optimizer::new(groups, Box::new(PlainUpdates), collective).expect("groups");
    Run {
        optimizer,
        parameters,
    }
}

pub fn build(recipe: u32, collective: Box<dyn Collective>) -> Run {
    optimizer(groups_named(recipe, false), collective)
}

/// Every weight is pulled towards targets that differ from one micro-batch to the next.
fn loss(parameters: &[(String, Tensor)], step: usize, micro_batch: usize) -> Tensor {
    let mut loss = Tensor::from(0.0f32);
    for (index, (_, parameter)) in parameters.iter().enumerate() {
        let seed = ((step * MICRO_BATCHES + micro_batch) * 64 + index + 100) as i64;
        let target =
            noise(index as i64 + 50, &parameter.size()) + noise(seed, &parameter.size()) * 0.5;
        loss += (parameter - target).square().sum(Kind::Float);
    }
    loss
}

/// Trains on this rank's micro-batches of each step; the norms, if clipped.
pub fn train(run: &mut Run, steps: Range<usize>, clip: Option<f64>) -> Result<Vec<f64>, Error> {
    let (rank, world) = {
        let collective = run.optimizer.collective();
        (collective.rank(), collective.world())
    };
    let mut norms = Vec::new();
    for step in steps {
        run.optimizer.zero_grad();
        for micro_batch in (rank..MICRO_BATCHES).step_by(world) {
            // The mean over this rank's micro-batches; the optimizer takes the mean over the ranks.
            let share = (MICRO_BATCHES / world) as f64;
            (loss(&run.parameters, step, micro_batch) / share).backward();
        }
        if let Some(limit) = clip {
            norms.push(run.optimizer.clip_gradients(limit)?.double_value(&[]));
        }
        run.optimizer.step(&StepScale {
            lr: 1.0 - step as f64 / STEPS as f64,
            momentum: 0.9,
            weight_decay: 1.0,
        })?;
    }
    Ok(norms)
}

pub fn one_rank(recipe: u32, steps: usize, clip: Option<f64>) -> Vec<Vec<f32>> {
    let mut run = build(recipe, Box::new(Solo));
    train(&mut run, 0..steps, clip).expect("alone");
    weights_of(&run)
}

pub fn weights_of(run: &Run) -> Vec<Vec<f32>> {
    let numbers = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().view([-1]));
    run.parameters
        .iter()
        .map(|(_, tensor)| numbers(tensor).expect("numbers"))
        .collect()
}

/// The worst relative L2 distance of any tensor.
pub fn apart(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f64 {
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let of_tensor = |(ours, theirs): (&Vec<f32>, &Vec<f32>)| {
        let pairs = ours.iter().zip(theirs);
        let difference = norm(&mut pairs.map(|(a, b)| f64::from(a - b)));
        difference / norm(&mut theirs.iter().map(|&b| f64::from(b)))
    };
    ours.iter().zip(theirs).map(of_tensor).fold(0.0, f64::max)
}
