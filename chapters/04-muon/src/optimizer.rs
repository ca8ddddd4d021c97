// ANCHOR: head
//! One optimizer for all groups: reduce the gradients over the ranks, update, put the weights together again.

use crate::buffers::Buffers;
use crate::groups::{self, Group, Method};
use crate::newton_schulz::Orthogonalise;
use crate::normuon::evened_out;
use crate::sequence::Sequence;
use crate::sharding::{Arriving, Share, norm_over_ranks};
use crate::updates::{AdamWStep, Updates};
use crate::{Collective, Error, Handle};
use tch::{Kind, Tensor, no_grad_guard};
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
    pub(crate) groups: Vec<Group>,
    /// Per group, what this rank owns: of each table, or of the stack.
    pub(crate) shares: Vec<Vec<Share>>,
    pub(crate) buffers: Vec<Buffers>,
    updates: Box<dyn Updates>,
    /// `None`: the chapter's own.
    orthogonalise: Option<Orthogonalise>,
    pub(crate) collective: Box<dyn Collective>,
    /// What this rank has asked of the others, for them to compare.
    sequence: Sequence,
    /// Whether the ranks have agreed on the order of a step.
    agreed: bool,
    /// The mean gradients of this rank's shares, if they had to be waited for before the step.
    reduced: Option<Vec<Vec<Tensor>>>,
    /// Steps taken.
    pub(crate) step: i64,
}

/// Steps between two comparisons of what the ranks have asked of each other.
const COMPARE_EVERY: i64 = 100;

impl Optimizer {
    /// # Errors
    /// A tensor in two groups, or a Muon group whose tensors are not matrices of one shape.
    pub fn new(
        groups: Vec<Group>,
        updates: Box<dyn Updates>,
        collective: Box<dyn Collective>,
    ) -> Result<Self, Error> {
        groups::check(&groups)?;
        let mut groups: Vec<Group> = groups
            .into_iter()
            .filter(|group| !group.parameters.is_empty())
            .collect();
        // All ranks must ask the same things in the same order. The order of names is one that needs no agreement.
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        for group in &mut groups {
            group.parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        let (rank, world) = (collective.rank(), collective.world());
        let share = |group: &Group| -> Vec<Share> {
            let parameters = &group.parameters;
            let table = |(_, table): &(String, Tensor)| Share::of_table(&table.size(), rank, world);
            match group.method {
                Method::AdamW { .. } => parameters.iter().map(table).collect(),
                Method::Muon { .. } => vec![Share::of_stack(parameters.len(), rank, world)],
            }
        };
        let shares: Vec<Vec<Share>> = groups.iter().map(share).collect();
        let of_group = |(group, shares): (&Group, &Vec<Share>)| Buffers::new(group, shares);
        Ok(Optimizer {
            buffers: groups.iter().zip(&shares).map(of_group).collect(),
            groups,
            shares,
            updates,
            orthogonalise: None,
            collective,
            sequence: Sequence::default(),
            agreed: world == 1,
            reduced: None,
            step: 0,
        })
    }

    /// Orthogonalises by another function than the chapter's, if one is given.
    pub fn orthogonalising_by(mut self, function: Option<Orthogonalise>) -> Self {
        self.orthogonalise = function;
        self
    }

    /// The ranks that this optimizer is shared by. The rest of the training loop speaks through it too.
    pub fn collective(&self) -> &dyn Collective {
        &*self.collective
    }
    // ANCHOR_END: optimizer

    // ANCHOR: step
    /// Updates every weight from its gradient, the mean over all ranks.
    ///
    /// # Errors
    /// A tensor without a gradient, which is not part of the loss, is named, and no weight has changed. A rank that does
    /// not join: then some weights have changed and others not, and the way back is a checkpoint.
    pub fn step(&mut self, scale: &StepScale) -> Result<(), Error> {
        let _guard = no_grad_guard();
        // 1: all reductions are on their way before the first update waits for one.
        let gradients = match self.reduced.take() {
            Some(reduced) => ready(reduced),
            None => self.reduce()?,
        };
        self.step += 1;
        // 2: update what this rank owns, as it arrives, and send it on its way to the others.
        let mut arriving = Vec::new();
        for (group, handles) in gradients.into_iter().enumerate() {
            let gradients = wait(handles)?;
            self.update(group, &gradients, scale);
            self.gather(group, &mut arriving);
        }
        // 3: take over what the others own.
        for weights in arriving {
            weights.finish()?;
        }
        if self.collective.world() > 1 && self.step % COMPARE_EVERY == 0 {
            self.sequence.compare(&*self.collective)?;
        }
        Ok(())
    }
    // ANCHOR_END: step

    // ANCHOR: update
    /// Updates this rank's share of a group. `gradients`: of its share of each table, or of its matrices (N, R, C).
    fn update(&mut self, group: usize, gradients: &[Tensor], scale: &StepScale) {
        let shares = &self.shares[group];
        let (group, buffers) = (&self.groups[group], &mut self.buffers[group]);
        let lr = group.lr * scale.lr;
        let mut weights: Vec<Tensor> = match group.method {
            Method::AdamW { .. } => {
                let tables = group.parameters.iter().zip(shares);
                tables.map(|((_, table), share)| share.of(table)).collect()
            }
            Method::Muon { .. } => {
                let own = &group.parameters[shares[0].range()];
                own.iter()
                    .map(|(_, weight)| weight.shallow_clone())
                    .collect()
            }
        };
        match (group.method, buffers) {
            (Method::AdamW { betas, eps }, Buffers::AdamW(moments)) => {
                let step = AdamWStep {
                    lr,
                    betas,
                    eps,
                    weight_decay: group.weight_decay,
                    step: self.step,
                };
                let pairs = weights.iter_mut().zip(gradients);
                for ((weight, gradient), (first, second)) in pairs.zip(moments) {
                    self.updates.adamw(weight, gradient, first, second, &step);
                }
            }
            // More ranks than matrices: some have none.
            (Method::Muon { .. }, Buffers::Muon { .. }) if weights.is_empty() => {}
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
                let (updates, by) = (&*self.updates, self.orthogonalise);
                let mut updates = refinements.direction(&direction, steps, compute, updates, by); // (N, R, C)
                if let (Some(second), Some(beta)) = (second, refinements.second_moment) {
                    updates = evened_out(&updates, second, beta);
                }
                let (rows, columns) = (updates.size()[1] as f64, updates.size()[2] as f64);
                let lr = lr * (rows / columns).max(1.0).sqrt();
                let decay = group.weight_decay * scale.weight_decay;
                let mut weights: Vec<&mut Tensor> = weights.iter_mut().collect();
                let updating = &self.updates;
                match refinements.cautious {
                    true => updating.muon_apply_cautious(&mut weights, &updates, lr, decay),
                    false => updating.muon_apply(&mut weights, &updates, lr, decay),
                }
            }
            _ => unreachable!("buffers are made from the groups"),
        }
    }
    // ANCHOR_END: update

    // ANCHOR: reduce
    /// Starts the reductions: per group one handle for each table, or one for the whole stack of matrices (N, R, C).
    fn reduce(&mut self) -> Result<Vec<Vec<Handle>>, Error> {
        // Before the first operation of the first step: a rank that missed a gradient would have stopped here too.
        let pieces: Vec<Vec<(String, Tensor)>> = self
            .groups
            .iter()
            .map(gradients)
            .collect::<Result<_, _>>()?;
        self.agree()?;
        let (collective, sequence) = (&*self.collective, &mut self.sequence);
        let mut started = Vec::new();
        for (pieces, shares) in pieces.into_iter().zip(&self.shares) {
            let start = |((name, gradient), share): ((String, Tensor), &Share)| {
                share.reduce(collective, sequence, &name, gradient)
            };
            started.push(pieces.into_iter().zip(shares).map(start).collect());
        }
        Ok(started)
    }

    /// Starts to send this rank's new weights of a group to the others.
    fn gather(&mut self, group: usize, arriving: &mut Vec<Arriving>) {
        let (collective, sequence) = (&*self.collective, &mut self.sequence);
        let shares = &self.shares[group];
        let group = &self.groups[group];
        match group.method {
            Method::AdamW { .. } => {
                for ((name, table), share) in group.parameters.iter().zip(shares) {
                    let own = share.of(table);
                    if let Some(handle) = share.gather(collective, sequence, name, own) {
                        arriving.push(Arriving {
                            weights: vec![table.shallow_clone()],
                            stacked: false,
                            handle,
                        });
                    }
                }
            }
            Method::Muon { .. } if shares[0].each.is_none() => {}
            Method::Muon { .. } => {
                let weights = group.parameters.iter().map(|(_, w)| w.shallow_clone());
                let weights: Vec<Tensor> = weights.collect();
                let own = match &weights[shares[0].range()] {
                    [] => weights[0].unsqueeze(0).narrow(0, 0, 0), // (0, R, C)
                    own => Tensor::stack(own, 0),                  // (N, R, C)
                };
                if let Some(handle) = shares[0].gather(collective, sequence, &group.name, own) {
                    arriving.push(Arriving {
                        weights,
                        stacked: true,
                        handle,
                    });
                }
            }
        }
    }

    /// Gives every rank the weights of rank 0. Call it before the first forward pass: copies that begin apart stay apart, because
    /// all take the same steps.
    ///
    /// # Errors
    /// Ranks with other tensors than rank 0's, before anything is sent; a rank that does not join.
    pub fn same_weights(&mut self) -> Result<(), Error> {
        let _guard = no_grad_guard();
        self.agree()?;
        if self.collective.world() == 1 {
            return Ok(());
        }
        for (_, weight) in self
            .groups
            .iter_mut()
            .flat_map(|group| &mut group.parameters)
        {
            let sent = self.collective.broadcast(weight.shallow_clone(), 0);
            weight.copy_(&sent.wait()?);
        }
        Ok(())
    }

    /// Before the first step: the ranks compare what each of them is about to send, matrix by matrix. Afterwards they compare
    /// what they did send.
    fn agree(&mut self) -> Result<(), Error> {
        if !self.agreed {
            let mut plan = Sequence::default();
            for (name, weight) in self.groups.iter().flat_map(|group| &group.parameters) {
                plan.note("gradient", name, weight);
            }
            plan.compare(&*self.collective)?;
            self.agreed = true;
        }
        Ok(())
    }
    // ANCHOR_END: reduce

    // ANCHOR: gradients
    /// Forgets the gradients before the next backward pass.
    pub fn zero_grad(&mut self) {
        self.reduced = None;
        for (_, parameter) in self.groups.iter().flat_map(|group| &group.parameters) {
            tensors::clear_gradient(parameter);
        }
    }

    /// Scales all gradients down so that their common norm is at most `max_norm`; returns the norm before, a scalar
    /// on the device. Nothing is read back, so a GPU is not made to wait.
    ///
    /// With several ranks it is the norm of the *mean* gradient, as one rank with all rows would find it. So the gradients are
    /// reduced here already, and [`Optimizer::step`] goes on with them: no update can start before the last gradient has arrived.
    ///
    /// # Errors
    /// Those of [`Optimizer::step`], and no weight has changed.
    pub fn clip_gradients(&mut self, max_norm: f64) -> Result<Tensor, Error> {
        let _guard = no_grad_guard();
        let handles = match self.reduced.take() {
            Some(reduced) => ready(reduced),
            None => self.reduce()?,
        };
        let reduced = handles.into_iter().map(wait);
        let reduced: Vec<Vec<Tensor>> = reduced.collect::<Result<_, _>>()?;
        let rank = self.collective.rank();
        let parts = self.shares.iter().flatten().zip(reduced.iter().flatten());
        let norms: Vec<Tensor> = parts
            .filter(|(share, _)| share.counts(rank))
            .map(|(_, gradient)| gradient.norm())
            .collect();
        let own = match norms.is_empty() {
            true => Tensor::zeros([0], (Kind::Float, self.collective.device())).norm(),
            false => Tensor::stack(&norms, 0).norm(), // (P) -> ()
        };
        let norm = norm_over_ranks(&*self.collective, &mut self.sequence, own)?;
        let factor = (max_norm / (&norm + 1e-6)).clamp_max(1.0);
        for gradient in reduced.iter().flatten() {
            let _ = gradient.shallow_clone().g_mul_(&factor);
        }
        self.reduced = Some(reduced);
        Ok(norm)
    }
}
// ANCHOR_END: gradients

// ANCHOR: pieces
/// What a group sends, with names: each table's gradient, or the stack (N, R, C) of its matrices'.
fn gradients(group: &Group) -> Result<Vec<(String, Tensor)>, Error> {
    let named = |(name, tensor): &(String, Tensor)| {
        let gradient = tensor.grad();
        match gradient.defined() {
            true => Ok((name.clone(), gradient)),
            false => Err(Error::NoGradient {
                tensor: name.clone(),
            }),
        }
    };
    let named = group.parameters.iter().map(named);
    let named: Vec<(String, Tensor)> = named.collect::<Result<_, _>>()?;
    Ok(match group.method {
        Method::AdamW { .. } => named,
        Method::Muon { .. } => {
            let gradients: Vec<Tensor> = named.into_iter().map(|(_, gradient)| gradient).collect();
            vec![(group.name.clone(), Tensor::stack(&gradients, 0))]
        }
    })
}

fn wait(handles: Vec<Handle>) -> Result<Vec<Tensor>, Error> {
    handles.into_iter().map(Handle::wait).collect()
}

fn ready(gradients: Vec<Vec<Tensor>>) -> Vec<Vec<Handle>> {
    let ready = |gradients: Vec<Tensor>| gradients.into_iter().map(Handle::ready).collect();
    gradients.into_iter().map(ready).collect()
}
// ANCHOR_END: pieces
