// ANCHOR: head
//! One optimizer for all groups: reduce the gradients over the ranks, update, put the weights together again.
//!
//! Buffers: AdamW keeps two moments per weight, Muon one momentum per weight, stacked per group as (N, R, C).

use crate::groups::{self, Group, Method};
use crate::normuon::{evened_out, second_moment_shape};
use crate::updates::{AdamWStep, Updates};
use crate::{Collective, Error, Handle};
use tch::{Tensor, no_grad_guard};
// ANCHOR_END: head

// ANCHOR: scale
/// What the schedule says at a step: multipliers of every group's rate and of Muon's weight decay, and Muon's
/// momentum itself. AdamW's weight decay stays as it is during a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepScale {
    pub lr: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}
// ANCHOR_END: scale

// ANCHOR: optimizer
pub struct Optimizer {
    groups: Vec<Group>,
    buffers: Vec<Buffers>,
    updates: Box<dyn Updates>,
    collective: Box<dyn Collective>,
    /// Steps taken.
    step: i64,
}

enum Buffers {
    /// (first, second) moment of each parameter.
    AdamW(Vec<(Tensor, Tensor)>),
    Muon {
        /// The momenta of the group's matrices (N, R, C).
        momentum: Tensor,
        /// NorMuon's, (N, R, 1) or (N, 1, C).
        second: Option<Tensor>,
    },
}

impl Optimizer {
    /// # Errors
    /// A tensor in two groups, or a Muon group whose tensors are not matrices of one shape.
    pub fn new(
        groups: Vec<Group>,
        updates: Box<dyn Updates>,
        collective: Box<dyn Collective>,
    ) -> Result<Self, Error> {
        groups::check(&groups)?;
        let groups: Vec<Group> = groups
            .into_iter()
            .filter(|group| !group.parameters.is_empty())
            .collect();
        let buffers = groups
            .iter()
            .map(|group| match group.method {
                Method::AdamW { .. } => Buffers::AdamW(
                    group
                        .parameters
                        .iter()
                        .map(|(_, p)| (p.detach().zeros_like(), p.detach().zeros_like()))
                        .collect(),
                ),
                Method::Muon { refinements, .. } => {
                    let weights = stack(group.parameters.iter().map(|(_, p)| p.detach()));
                    let (n, rows, columns) = weights.size3().expect("checked above");
                    let shape = second_moment_shape(n, rows, columns);
                    Buffers::Muon {
                        momentum: weights.zeros_like(),
                        second: refinements
                            .second_moment
                            .map(|_| Tensor::zeros(shape, (weights.kind(), weights.device()))),
                    }
                }
            })
            .collect();
        Ok(Optimizer {
            groups,
            buffers,
            updates,
            collective,
            step: 0,
        })
    }
    // ANCHOR_END: optimizer

    // ANCHOR: step
    /// Updates every weight from its gradient.
    ///
    /// # Errors
    /// A tensor without a gradient, which is not part of the loss, is named, and no weight has changed.
    pub fn step(&mut self, scale: &StepScale) -> Result<(), Error> {
        let _guard = no_grad_guard();
        // All reductions are on their way before the first update waits for one.
        let arriving = self.reduce()?;
        self.step += 1;
        let groups = self.groups.iter_mut().zip(&mut self.buffers);
        for ((group, buffers), handles) in groups.zip(arriving) {
            let gradients: Vec<Tensor> = handles.into_iter().map(Handle::wait).collect();
            let lr = group.lr * scale.lr;
            let mut weights: Vec<&mut Tensor> = group
                .parameters
                .iter_mut()
                .map(|(_, weight)| weight)
                .collect();
            match (group.method, buffers) {
                (Method::AdamW { betas, eps }, Buffers::AdamW(moments)) => {
                    let step = AdamWStep {
                        lr,
                        betas,
                        eps,
                        weight_decay: group.weight_decay,
                        step: self.step,
                    };
                    let pairs = weights.into_iter().zip(&gradients);
                    for ((weight, gradient), (first, second)) in pairs.zip(moments) {
                        self.updates.adamw(weight, gradient, first, second, &step);
                    }
                }
                (
                    Method::Muon {
                        steps,
                        nesterov,
                        compute,
                        refinements,
                    },
                    Buffers::Muon { momentum, second },
                ) => {
                    let gradient = &gradients[0]; // (N, R, C)
                    let direction =
                        self.updates
                            .muon_momentum(momentum, gradient, scale.momentum, nesterov);
                    let mut updates = refinements.direction(&direction, steps, compute); // (N, R, C)
                    if let (Some(second), Some(beta)) = (second, refinements.second_moment) {
                        updates = evened_out(&updates, second, beta);
                    }
                    let (rows, columns) = (updates.size()[1] as f64, updates.size()[2] as f64);
                    let lr = lr * (rows / columns).max(1.0).sqrt();
                    let decay = group.weight_decay * scale.weight_decay;
                    let updating = &self.updates;
                    match refinements.cautious {
                        true => updating.muon_apply_cautious(&mut weights, &updates, lr, decay),
                        false => updating.muon_apply(&mut weights, &updates, lr, decay),
                    }
                }
                _ => unreachable!("buffers are made from the groups"),
            }
        }
        Ok(())
    }

    // ANCHOR_END: step

    // ANCHOR: reduce
    /// Starts the reductions: per group one handle for each table, or one for the whole stack of matrices (N, R, C).
    fn reduce(&self) -> Result<Vec<Vec<Handle>>, Error> {
        let start = |group: &Group| {
            let gradients: Vec<Tensor> = group
                .parameters
                .iter()
                .map(gradient)
                .collect::<Result<_, _>>()?;
            let pieces = match group.method {
                Method::AdamW { .. } => gradients,
                Method::Muon { .. } => vec![stack(gradients.into_iter())],
            };
            Ok(pieces
                .into_iter()
                .map(|piece| self.collective.all_reduce(piece))
                .collect())
        };
        self.groups.iter().map(start).collect()
    }
    // ANCHOR_END: reduce

    // ANCHOR: gradients
    /// Forgets the gradients before the next backward pass.
    pub fn zero_grad(&mut self) {
        for (_, parameter) in self.groups.iter().flat_map(|group| &group.parameters) {
            tensors::clear_gradient(parameter);
        }
    }

    /// Scales all gradients down so that their common norm is at most `max_norm`; returns the norm before, a scalar
    /// on the device. Nothing is read back, so a GPU is not made to wait.
    ///
    /// With several ranks each clips its own gradients, before they are averaged, as nanochat's first version did.
    pub fn clip_gradients(&mut self, max_norm: f64) -> Tensor {
        let _guard = no_grad_guard();
        let parameters = self.groups.iter().flat_map(|group| &group.parameters);
        let gradients: Vec<Tensor> = parameters
            .filter_map(|named| gradient(named).ok())
            .collect();
        let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
        if norms.is_empty() {
            return Tensor::from(0.0f32);
        }
        let norm = Tensor::stack(&norms, 0).norm(); // (P) -> ()
        let factor = (max_norm / (&norm + 1e-6)).clamp_max(1.0);
        for mut gradient in gradients {
            let _ = gradient.g_mul_(&factor);
        }
        norm
    }
    // ANCHOR_END: gradients

    // ANCHOR: state
    /// Every buffer under `PARAMETER::BUFFER`, and the number of steps: what a checkpoint keeps.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = vec![("step".to_string(), Tensor::from_slice(&[self.step]))];
        for (group, buffers) in self.groups.iter().zip(&self.buffers) {
            for (index, (name, _)) in group.parameters.iter().enumerate() {
                match buffers {
                    Buffers::AdamW(moments) => {
                        state.push((format!("{name}::exp_avg"), moments[index].0.shallow_clone()));
                        state.push((
                            format!("{name}::exp_avg_sq"),
                            moments[index].1.shallow_clone(),
                        ));
                    }
                    Buffers::Muon { momentum, second } => {
                        let index = index as i64;
                        state.push((format!("{name}::momentum_buffer"), momentum.get(index)));
                        if let Some(second) = second {
                            let name = format!("{name}::second_momentum_buffer");
                            state.push((name, second.get(index)));
                        }
                    }
                }
            }
        }
        state
    }

    /// Takes the buffers of a checkpoint over.
    ///
    /// # Errors
    /// A buffer that is missing, left over, or of another shape is named, and nothing is changed.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), Error> {
        let own = self.state();
        for (name, tensor) in &own {
            let found = state
                .iter()
                .find(|(known, _)| known == name)
                .ok_or_else(|| Error::Missing {
                    buffer: name.clone(),
                })?;
            if found.1.size() != tensor.size() {
                return Err(Error::BufferShape {
                    buffer: name.clone(),
                    expected: tensor.size(),
                    found: found.1.size(),
                });
            }
        }
        if let Some((extra, _)) = state
            .iter()
            .find(|(name, _)| own.iter().all(|(known, _)| known != name))
        {
            return Err(Error::Extra {
                buffer: extra.clone(),
            });
        }
        let _guard = no_grad_guard();
        for (name, mut tensor) in own {
            let (_, saved) = state
                .iter()
                .find(|(known, _)| *known == name)
                .expect("checked above");
            if name == "step" {
                self.step = saved.int64_value(&[0]);
            } else {
                tensor.copy_(saved); // a view of the buffer itself
            }
        }
        Ok(())
    }
}
// ANCHOR_END: state

// ANCHOR: pieces
/// N tensors (R, C) -> (N, R, C)
fn stack(tensors: impl Iterator<Item = Tensor>) -> Tensor {
    Tensor::stack(&tensors.collect::<Vec<_>>(), 0)
}

fn gradient((name, tensor): &(String, Tensor)) -> Result<Tensor, Error> {
    let gradient = tensor.grad();
    if gradient.defined() {
        Ok(gradient)
    } else {
        Err(Error::NoGradient {
            tensor: name.clone(),
        })
    }
}
// ANCHOR_END: pieces
