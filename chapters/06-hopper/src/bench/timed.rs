// ANCHOR: head
//! `Timed`: kernels, a context and updates that do what others do, and write down how long it took.
//!
//! Forward is a clock before and a clock after. Backward is autograd's, which tells nobody when it reaches what. So each
//! operation is put between two *marks*: a mark is a differentiable operation that hands its inputs on and, when the
//! gradients come through on their way back, looks at the clock. On one device autograd walks the recorded operations
//! in the reverse of the order in which they were made, so what happens between the mark behind an operation and the mark
//! before it is that operation's backward pass and nothing else; the accumulation of its weight's gradient included.
//! A test holds that: the marks' spans never overlap.

use std::sync::{Arc, Mutex};

use muon::{AdamWStep, Updates};
use tch::{Device, Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};
use transformer::{Context, HeadLoss, Kernels};

use super::Operation;
use super::log::{Direction, Log, What};
// ANCHOR_END: head

// ANCHOR: marks
/// Hands tensors on unchanged; calls `note` when the backward pass comes through, which is once.
fn marked<const N: usize>(tensors: [&Tensor; N], note: impl Fn() + Send + 'static) -> [Tensor; N] {
    let passed = differentiable(
        &tensors,
        |given| Forward {
            outputs: given.iter().map(Tensor::shallow_clone).collect(),
            saved: Vec::new(),
        },
        move |_, gradients| {
            note();
            let hand_on = |gradient: &Option<Tensor>| gradient.as_ref().map(Tensor::shallow_clone);
            gradients.iter().map(hand_on).collect()
        },
    );
    passed
        .ok()
        .and_then(|passed| passed.try_into().ok())
        .expect("libtorch records an operation that hands on what it is given")
}

/// Computes between two marks.
fn timed<const IN: usize, const OUT: usize>(
    log: &Log,
    operation: Operation,
    inputs: [&Tensor; IN],
    compute: impl FnOnce([&Tensor; IN]) -> [Tensor; OUT],
) -> [Tensor; OUT] {
    if !log.is_on() {
        return compute(inputs);
    }
    let shape = inputs.first().map(|input| input.size()).unwrap_or_default();
    let began: Arc<Mutex<Option<f64>>> = Arc::default();

    let before = {
        let (log, began, shape) = (log.clone(), Arc::clone(&began), shape.clone());
        marked(inputs, move || {
            let begin = began
                .lock()
                .expect("nothing panics while it holds the time");
            if let Some(begin) = *begin {
                log.ended(
                    What::Operation(operation, Direction::Backward),
                    &shape,
                    begin,
                );
            }
        })
    };
    let begin = log.now();
    let outputs = compute(before.each_ref());
    log.ended(
        What::Operation(operation, Direction::Forward),
        &shape,
        begin,
    );
    let log = log.clone();
    marked(outputs.each_ref(), move || {
        *began
            .lock()
            .expect("nothing panics while it holds the time") = Some(log.now());
    })
}
// ANCHOR_END: marks

// ANCHOR: kernels
/// Joins are handed on as joins, so that nothing is timed inside something else.
pub struct Timed<'a> {
    pub kernels: &'a dyn Kernels,
    pub log: Log,
}

impl Kernels for Timed<'_> {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        let [y] = timed(&self.log, Operation::Linear, [x], |[x]| {
            [self.kernels.linear(x, weight)]
        });
        y
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        let [y] = timed(&self.log, Operation::RmsNorm, [x], |[x]| {
            [self.kernels.rms_norm(x, eps)]
        });
        y
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        let [y] = timed(&self.log, Operation::ReluSquared, [x], |[x]| {
            [self.kernels.relu_squared(x)]
        });
        y
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        let mut rest = None;
        let [sum] = timed(&self.log, Operation::HeadLoss, [x], |[x]| {
            let loss = self.kernels.head_loss(x, head, targets, softcap);
            rest = Some((loss.count, loss.per_token));
            [loss.sum]
        });
        let (count, per_token) = rest.expect("it was computed a line above");
        HeadLoss {
            sum,
            count,
            per_token,
        }
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        let [y] = timed(&self.log, Operation::Logits, [x], |[x]| {
            [self.kernels.logits(x, head, softcap)]
        });
        y
    }

    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        let [sum, normed] = timed(&self.log, Operation::AddNorm, [x, change], |[x, change]| {
            self.kernels.add_norm(x, change, eps).into()
        });
        (sum, normed)
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        let [y] = timed(&self.log, Operation::RopeQkNorm, [x], |[x]| {
            [self.kernels.rope_qk_norm_scaled(x, cos, sin, eps, factor)]
        });
        y
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        let [y] = timed(&self.log, Operation::Mix, [x, x0], |[x, x0]| {
            [self.kernels.mix(r, x, s, x0)]
        });
        y
    }

    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        let [mixed, normed] = timed(&self.log, Operation::MixNorm, [x, x0], |[x, x0]| {
            self.kernels.mix_norm(r, x, s, x0, eps).into()
        });
        (mixed, normed)
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        let [y] = timed(
            &self.log,
            Operation::AddGated,
            [v, looked_up, gate],
            |[v, looked_up, gate]| [self.kernels.add_gated(v, looked_up, gate)],
        );
        y
    }
}
// ANCHOR_END: kernels

// ANCHOR: context
/// A context whose attention is put between marks.
pub struct TimedContext<'a> {
    pub context: &'a mut dyn Context,
    pub log: Log,
}

impl Context for TimedContext<'_> {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        self.context.positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        let [y] = timed(&self.log, Operation::Attention, [q, k, v], |[q, k, v]| {
            [self.context.attend(layer, window, q, k, v)]
        });
        y
    }

    fn previous(&mut self, x: &Tensor) -> Tensor {
        self.context.previous(x)
    }
}
// ANCHOR_END: context

// ANCHOR: updates
/// No gradients here, so no marks.
pub struct TimedUpdates<U> {
    pub updates: U,
    pub log: Log,
}

impl<U> TimedUpdates<U> {
    fn timed<T>(&self, operation: Operation, work: impl FnOnce() -> T) -> T {
        self.log
            .during(What::Operation(operation, Direction::Forward), work)
    }
}

impl<U: Updates> Updates for TimedUpdates<U> {
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) {
        self.timed(Operation::AdamW, || {
            self.updates.adamw(weight, gradient, first, second, step)
        });
    }

    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        self.timed(Operation::MuonMomentum, || {
            self.updates.muon_momentum(momentum, gradient, mu, nesterov)
        })
    }

    fn orthogonalise(
        &self,
        stack: &Tensor,
        by_polar_express: bool,
        rounds: usize,
        compute: Kind,
    ) -> Tensor {
        self.timed(Operation::Orthogonalise, || {
            self.updates
                .orthogonalise(stack, by_polar_express, rounds, compute)
        })
    }

    fn muon_apply(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        self.timed(Operation::MuonApply, || {
            self.updates.muon_apply(weights, updates, lr, weight_decay)
        });
    }

    fn muon_apply_cautious(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        self.timed(Operation::MuonApply, || {
            self.updates
                .muon_apply_cautious(weights, updates, lr, weight_decay)
        });
    }
}
// ANCHOR_END: updates
