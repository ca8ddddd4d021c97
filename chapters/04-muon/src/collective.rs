// ANCHOR: head
//! Ranks working together: the few operations by which an optimizer is shared between them.
//!
//! Words: a *rank* is one of `world` programs that train the same model on different rows. *Reduce* adds up what
//! all ranks have, *scatter* and *gather* cut a tensor into equal pieces along its first dimension and put it
//! together again. Every operation is started and returns a [`Handle`]; the result is there after `wait`, and in
//! between a rank can compute. All ranks must start the same operations in the same order.

use crate::Error;
use std::rc::Rc;
use tch::{Device, Tensor};
// ANCHOR_END: head

// ANCHOR: collective
/// A result that may still be on its way.
#[must_use = "the result is there only after wait()"]
pub struct Handle {
    finish: Box<dyn FnOnce() -> Result<Tensor, Error>>,
}

impl Handle {
    /// A handle whose `wait` runs `finish`.
    pub fn new(finish: impl FnOnce() -> Result<Tensor, Error> + 'static) -> Self {
        Handle {
            finish: Box::new(finish),
        }
    }

    /// A result that is there already.
    pub fn ready(tensor: Tensor) -> Self {
        Handle::new(move || Ok(tensor))
    }

    /// Waits until all ranks have joined.
    ///
    /// # Errors
    /// A rank that died, that does not come, or that started something else. The operation cannot be repeated.
    pub fn wait(self) -> Result<Tensor, Error> {
        (self.finish)()
    }
}

/// Reductions take the *mean* over the ranks, of floating-point numbers: each rank has averaged over its own rows already.
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
    fn barrier(&self) -> Result<(), Error>;

    /// Where tensors have to be that are sent.
    fn device(&self) -> Device {
        Device::Cpu
    }

    /// Says why this rank will join no more, so that the others can repeat it.
    fn leave(&self, _why: &str) {}
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

    fn barrier(&self) -> Result<(), Error> {
        Ok(())
    }
}
// ANCHOR_END: solo

// ANCHOR: rc
/// One rank's collective in several hands: the optimizer's, and an evaluation's.
impl<C: Collective + ?Sized> Collective for Rc<C> {
    fn rank(&self) -> usize {
        (**self).rank()
    }

    fn world(&self) -> usize {
        (**self).world()
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        (**self).reduce_scatter(tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        (**self).all_gather(tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        (**self).all_reduce(tensor)
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        (**self).broadcast(tensor, root)
    }

    fn barrier(&self) -> Result<(), Error> {
        (**self).barrier()
    }

    fn device(&self) -> Device {
        (**self).device()
    }

    fn leave(&self, why: &str) {
        (**self).leave(why);
    }
}
// ANCHOR_END: rc
