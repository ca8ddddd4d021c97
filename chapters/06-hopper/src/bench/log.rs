// ANCHOR: head
//! The log of a step: which operation ran from when to when.
//!
//! Words: a *span* is a stretch of time with a name. Spans nest: a step holds phases (forward, backward, clip, optimizer),
//! a phase holds operations. A log that is switched off costs nothing and waits for nobody; one that is switched on
//! waits for the device at both ends of every span, or a GPU's spans would all be short and the last one long. A step
//! that is logged is therefore slower than one that is not, and its times are for comparing parts, not for reporting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tch::Device;

use super::Operation;
use super::turns::wait;
// ANCHOR_END: head

// ANCHOR: span
/// Which pass an operation's span belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// What a span is the time of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Step,
    Phase(&'static str),
    Operation(Operation, Direction),
}

/// Phases of a step.
pub const FORWARD: &str = "forward";
pub const BACKWARD: &str = "backward";
pub const CLIP: &str = "clip";
pub const OPTIMIZER: &str = "optimizer";

/// A stretch of time with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its name.
    pub what: What,
    /// The shape of what an operation works on; empty for steps and phases.
    pub shape: Vec<i64>,
    /// Seconds since the log was made.
    pub begin: f64,
    pub end: f64,
}

impl Span {
    /// How long it was.
    pub fn seconds(&self) -> f64 {
        self.end - self.begin
    }
}
// ANCHOR_END: span

// ANCHOR: log
/// A handle; clones write to the same log. (Backward passes may run on autograd's threads, hence the locks.)
#[derive(Debug, Clone)]
pub struct Log {
    device: Device,
    start: Instant,
    on: Arc<AtomicBool>,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Log {
    /// Switched off.
    pub fn new(device: Device) -> Log {
        Log {
            device,
            start: Instant::now(),
            on: Arc::default(),
            spans: Arc::default(),
        }
    }

    /// Spans that are under way are not affected.
    pub fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// Whether spans are written down.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Seconds since the log was made, after the device has caught up.
    pub fn now(&self) -> f64 {
        wait(self.device);
        self.start.elapsed().as_secs_f64()
    }

    /// A span that has ended now.
    pub fn ended(&self, what: What, shape: &[i64], begin: f64) {
        let end = self.now();
        self.lock().push(Span {
            what,
            shape: shape.to_vec(),
            begin,
            end,
        });
    }

    /// Does the work, and writes down how long it took if the log is on.
    pub fn during<T>(&self, what: What, work: impl FnOnce() -> T) -> T {
        if !self.is_on() {
            return work();
        }
        let begin = self.now();
        let result = work();
        self.ended(what, &[], begin);
        result
    }

    /// What was written so far, in the order of beginnings, longer spans before those that they hold. Empties the log.
    pub fn take(&self) -> Vec<Span> {
        let mut spans = std::mem::take(&mut *self.lock());
        spans.sort_by(|a, b| a.begin.total_cmp(&b.begin).then(b.end.total_cmp(&a.end)));
        spans
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        self.spans
            .lock()
            .expect("nothing panics while it holds the log")
    }
}
// ANCHOR_END: log

// ANCHOR: breakdown
/// Where the time of a step went, in seconds, averaged over the logged steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakdown {
    /// The whole step.
    pub step: f64,
    /// In the order in which they began.
    pub phases: Vec<(&'static str, f64)>,
    /// Those that ran, in the order of [`Operation::ALL`].
    pub operations: Vec<OperationTime>,
}

/// All calls of one operation in one step, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperationTime {
    /// Which one.
    pub operation: Operation,
    /// For the optimizer's operations, all there is.
    pub forward: f64,
    /// 0 for the optimizer's.
    pub backward: f64,
    /// In one step, forward.
    pub calls: f64,
}

impl Breakdown {
    /// `None` without a step among the spans.
    pub fn of(spans: &[Span]) -> Option<Breakdown> {
        let steps = spans.iter().filter(|span| span.what == What::Step).count() as f64;
        if steps == 0.0 {
            return None;
        }
        let sum = |what: What| -> f64 {
            let found = spans.iter().filter(|span| span.what == what);
            found.map(Span::seconds).sum::<f64>() / steps
        };
        let mut phases: Vec<&'static str> = Vec::new();
        for span in spans {
            if let What::Phase(name) = span.what
                && !phases.contains(&name)
            {
                phases.push(name);
            }
        }
        let operations = Operation::ALL.into_iter().filter_map(|operation| {
            let forward = What::Operation(operation, Direction::Forward);
            let calls = spans.iter().filter(|span| span.what == forward).count();
            (calls > 0).then(|| OperationTime {
                operation,
                forward: sum(forward),
                backward: sum(What::Operation(operation, Direction::Backward)),
                calls: calls as f64 / steps,
            })
        });
        Some(Breakdown {
            step: sum(What::Step),
            operations: operations.collect(),
            phases: phases
                .into_iter()
                .map(|name| (name, sum(What::Phase(name))))
                .collect(),
        })
    }

    /// What a phase did besides the operations that were timed in it.
    pub fn rest_of(&self, phase: &str) -> f64 {
        let whole: f64 = self
            .phases
            .iter()
            .filter(|(name, _)| *name == phase)
            .map(|(_, seconds)| seconds)
            .sum();
        let timed: f64 = self
            .operations
            .iter()
            .map(|time| match phase {
                FORWARD if time.operation.of_the_model() => time.forward,
                BACKWARD => time.backward,
                OPTIMIZER if !time.operation.of_the_model() => time.forward,
                _ => 0.0,
            })
            .sum();
        whole - timed
    }

    /// What a step did besides its phases.
    pub fn between(&self) -> f64 {
        self.step - self.phases.iter().map(|(_, seconds)| seconds).sum::<f64>()
    }
}
// ANCHOR_END: breakdown
