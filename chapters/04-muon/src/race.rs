// ANCHOR: head
//! One small problem, three optimizers: what orthogonalising buys.
//!
//! The problem is the regression of a matrix. There is a hidden W* (R, C), inputs x of C numbers, and targets W* x; the
//! weights W start at zero and the loss is ½ |W x − W* x|², averaged over inputs. Its gradient is (W − W*) Σ, with the
//! inputs' covariance Σ (C, C). The inputs are *ill-conditioned*: along some directions they vary a thousand times as
//! much as along others, as activations inside a network do. Where they hardly vary the gradient is tiny, and
//!
//! - **SGD**, whose step is the gradient, crawls there, for a larger rate would explode along the loud directions;
//! - **AdamW** rescales each *entry* of W, which mends little, since the quiet directions are mixtures of all columns;
//! - **Muon** replaces the singular values by ones: a step of the same size along every direction, loud or quiet.

use crate::{Error, Group, Method, Optimizer, PlainUpdates, Refinements, Solo, StepScale};
use tch::{Device, Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: problem
/// Fixed inputs and targets.
pub struct Problem {
    /// (B, C)
    inputs: Tensor,
    /// (B, R)
    targets: Tensor,
}

impl Problem {
    /// `size` is R = C. The standard deviation of the inputs falls from 1 in the loudest direction to 1/`spread` in the
    /// quietest, in equal ratios; the directions are those of a random rotation.
    pub fn new(size: i64, spread: f64, seed: i64) -> Problem {
        tensors::seed_everything(seed);
        let normal = |rows, columns| Tensor::randn([rows, columns], (Kind::Float, Device::Cpu));
        let (rotation, _) = Tensor::linalg_qr(&normal(size, size), "reduced"); // (C, C)
        let exponents = Tensor::linspace(0.0, -spread.ln(), size, (Kind::Float, Device::Cpu)); // (C)
        let inputs = (normal(8 * size, size) * exponents.exp()).matmul(&rotation); // (B, C)
        let hidden = normal(size, size); // (R, C)
        let targets = inputs.matmul(&hidden.transpose(0, 1)); // (B, C) · (C, R) -> (B, R)
        Problem { inputs, targets }
    }

    /// weights (R, C) -> the mean over the inputs, ()
    fn loss(&self, weights: &Tensor) -> Tensor {
        let outputs = self.inputs.matmul(&weights.transpose(0, 1)); // (B, C) · (C, R) -> (B, R)
        let squares = (outputs - &self.targets).square().sum_dim_intlist(
            [1i64].as_slice(),
            false,
            Kind::Float,
        ); // (B)
        squares.mean(Kind::Float) * 0.5
    }

    fn start(&self) -> Tensor {
        let (rows, columns) = (self.targets.size()[1], self.inputs.size()[1]);
        Tensor::zeros([rows, columns], (Kind::Float, Device::Cpu)).set_requires_grad(true)
    }
}
// ANCHOR_END: problem

// ANCHOR: contestants
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    Sgd,
    AdamW,
    Muon,
}

impl Contestant {
    pub const ALL: [Contestant; 3] = [Contestant::Sgd, Contestant::AdamW, Contestant::Muon];

    pub fn name(self) -> &'static str {
        match self {
            Contestant::Sgd => "SGD",
            Contestant::AdamW => "AdamW",
            Contestant::Muon => "Muon",
        }
    }

    /// Learning rates to choose from, a factor of about two apart: a race at one rate for all would measure the rate. SGD's
    /// step has the gradient's units, so its rates are of another order: with momentum 0.9 it explodes from 3.8 on, as
    /// the loudest variance is 1. (No contestant wins at the end of its list.)
    pub fn rates(self) -> &'static [f64] {
        match self {
            Contestant::Sgd => &[0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0],
            Contestant::AdamW | Contestant::Muon => &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
        }
    }
}

const MOMENTUM: f64 = 0.9;

/// One step at a rate, from the gradient that the weights carry.
enum Stepper {
    Sgd {
        weights: Tensor,
        velocity: Tensor,
    },
    /// AdamW or Muon, as the model uses them.
    Ours(Box<Optimizer>),
}

impl Stepper {
    fn new(contestant: Contestant, weights: &Tensor) -> Result<Stepper, Error> {
        let method = match contestant {
            Contestant::Sgd => {
                let velocity = weights.detach().zeros_like();
                return Ok(Stepper::Sgd {
                    weights: weights.shallow_clone(),
                    velocity,
                });
            }
            Contestant::AdamW => Method::AdamW {
                betas: (MOMENTUM, 0.95),
                eps: 1e-10,
            },
            Contestant::Muon => Method::Muon {
                steps: 5,
                nesterov: true,
                compute: Kind::Float,
                refinements: Refinements::NONE,
            },
        };
        let parameters = vec![("weights".to_string(), weights.shallow_clone())];
        let group = Group {
            name: contestant.name().to_string(),
            method,
            parameters,
            lr: 1.0,
            weight_decay: 0.0,
        };
        Ok(Stepper::Ours(Box::new(Optimizer::new(
            vec![group],
            Box::new(PlainUpdates),
            Box::new(Solo),
        )?)))
    }

    fn step(&mut self, lr: f64) -> Result<(), Error> {
        match self {
            Stepper::Sgd { weights, velocity } => {
                let _no_graph = tch::no_grad_guard();
                let _ = velocity.g_mul_scalar_(MOMENTUM).g_add_(&weights.grad());
                let _ = weights.g_sub_(&(&*velocity * lr));
                Ok(())
            }
            Stepper::Ours(optimizer) => optimizer.step(&StepScale {
                lr,
                momentum: MOMENTUM,
                weight_decay: 1.0,
            }),
        }
    }
}
// ANCHOR_END: contestants

// ANCHOR: race
/// A contestant's best run.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub contestant: Contestant,
    /// The rate that ended lowest.
    pub rate: f64,
    /// Before each step and after the last: `steps + 1` numbers.
    pub losses: Vec<f64>,
}

/// Runs every contestant at each of its rates and keeps its best.
///
/// # Errors
/// What the optimizer says (nothing, for a problem of this kind).
pub fn race(problem: &Problem, steps: usize) -> Result<Vec<Curve>, Error> {
    let mut curves = Vec::new();
    for contestant in Contestant::ALL {
        let mut best: Option<Curve> = None;
        for &rate in contestant.rates() {
            let losses = run(problem, contestant, rate, steps)?;
            let (end, best_end) = (
                last(&losses),
                best.as_ref()
                    .map_or(f64::INFINITY, |best| last(&best.losses)),
            );
            if best.is_none() || end < best_end {
                best = Some(Curve {
                    contestant,
                    rate,
                    losses,
                });
            }
        }
        curves.extend(best);
    }
    Ok(curves)
}

/// The rate falls to zero in a straight line, for all alike: Muon's steps do not shrink with the gradient, so without
/// that it would end up dancing around the solution.
fn run(
    problem: &Problem,
    contestant: Contestant,
    rate: f64,
    steps: usize,
) -> Result<Vec<f64>, Error> {
    let weights = problem.start();
    let mut stepper = Stepper::new(contestant, &weights)?;
    let mut losses = Vec::with_capacity(steps + 1);
    for step in 0..steps {
        tensors::clear_gradient(&weights);
        let loss = problem.loss(&weights);
        loss.backward();
        losses.push(loss.double_value(&[]));
        stepper.step(rate * (1.0 - step as f64 / steps as f64))?;
    }
    losses.push(tch::no_grad(|| problem.loss(&weights)).double_value(&[]));
    Ok(losses)
}

/// The last loss; a run that exploded counts as infinitely bad.
fn last(losses: &[f64]) -> f64 {
    losses
        .last()
        .copied()
        .filter(|loss| loss.is_finite())
        .unwrap_or(f64::INFINITY)
}
// ANCHOR_END: race
