// ANCHOR: head
//! Ranks working together: the few operations by which an optimizer is shared between them.
//!
//! Words: a *rank* is one of `world` programs that train the same model on different rows. *Reduce* adds up what
//! all ranks have, *scatter* and *gather* cut a tensor into equal pieces along its first dimension and put it
//! together again. Every operation is started and returns a [`Handle`]; the result is there after `wait`, and in
//! between a rank can compute. All ranks must start the same operations in the same order.

use tch::Tensor;
// ANCHOR_END: head

// ANCHOR: collective
/// A result that may still be on its way.
#[must_use = "the result is there only after wait()"]
pub struct Handle {
    finish: Box<dyn FnOnce() -> Tensor>,
}

impl Handle {
    /// A handle whose `wait` runs `finish`.
    pub fn new(finish: impl FnOnce() -> Tensor + 'static) -> Self {
        Handle {
            finish: Box::new(finish),
        }
    }

    /// A result that is there already.
    pub fn ready(tensor: Tensor) -> Self {
        Handle::new(move || tensor)
    }

    pub fn wait(self) -> Tensor {
        (self.finish)()
    }
}

/// Reductions take the *mean* over the ranks: each has averaged over its own rows already.
pub trait Collective {
    fn rank(&self) -> usize;
    fn world(&self) -> usize;
    /// (world·n, …) on every rank -> (n, …): this rank's piece of the mean.
    fn reduce_scatter(&self, tensor: Tensor) -> Handle;
    /// (n, …) on every rank -> (world·n, …): all pieces, in the order of the ranks.
    fn all_gather(&self, tensor: Tensor) -> Handle;
    /// The mean on every rank.
    fn all_reduce(&self, tensor: Tensor) -> Handle;
    /// What rank `root` has.
    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle;
    /// Returns when all ranks have called it.
    fn barrier(&self);
}
// ANCHOR_END: collective

// ANCHOR: solo
/// One rank: everything is there already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Solo;

impl Collective for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn world(&self) -> usize {
        1
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        Handle::ready(tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        Handle::ready(tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        Handle::ready(tensor)
    }

    fn broadcast(&self, tensor: Tensor, _root: usize) -> Handle {
        Handle::ready(tensor)
    }

    fn barrier(&self) {}
}
// ANCHOR_END: solo
