// ANCHOR: head
//! The rounds of Muon's iteration in memory of their own.
//!
//! A recorded launch keeps the addresses that it was recorded with. If an operation makes a tensor and gives it back, the allocator
//! hands the same address to somebody else later on, and the graph writes into that tensor when it is started again. So nothing
//! is made here between the first round and the last: all results go to tensors that were made before, and nothing but this reads or
//! writes them. That holds on a CPU as well, where it can be counted.

use std::ffi::c_char;

use muon::newton_schulz::Round;
use tch::{Device, Kind, TchError, Tensor};
use torch_sys::C_tensor;

use crate::cuda::Error;
use crate::glue::said;
// ANCHOR_END: head

// ANCHOR: rounds
/// For a stack of N matrices whose rows are the short side: m ≤ n.
#[derive(Debug)]
pub struct Rounds {
    polynomials: Vec<Round>,
    /// What goes into a round and what comes out of it, (N, m, n); the next one goes back.
    x: [Tensor; 2],
    /// A = X Xᵀ, (N, m, m).
    gram: Tensor,
    /// b A + c A², (N, m, m).
    polynomial: Tensor,
}

impl Rounds {
    /// With room for a stack of this size.
    ///
    /// # Errors
    /// libtorch's, if there is no memory for it.
    pub fn new(
        [count, short, long]: [i64; 3],
        polynomials: Vec<Round>,
        kind: Kind,
        device: Device,
    ) -> Result<Rounds, Error> {
        let room = |columns| Tensor::f_zeros([count, short, columns], (kind, device));
        Ok(Rounds {
            polynomials,
            x: [room(long)?, room(long)?],
            gram: room(short)?,
            polynomial: room(short)?,
        })
    }

    /// Where X goes before [`run`](Self::run), (N, m, n), of Frobenius norm 1 at most.
    pub fn input(&self) -> Tensor {
        self.x[0].shallow_clone()
    }

    /// Where the result is afterwards, until the next run.
    pub fn output(&self) -> &Tensor {
        &self.x[self.polynomials.len() % 2]
    }

    /// p(X) for each polynomial, one after the other. The expressions are those of chapter 04's `orthogonalise`, also for Polar Express,
    /// where chapter 04 rounds more often in bf16.
    ///
    /// # Errors
    /// libtorch's.
    pub fn run(&mut self) -> Result<(), Error> {
        let [mut from, mut to] = self.x.each_ref().map(Tensor::shallow_clone);
        for &(a, b, c) in &self.polynomials {
            let _ = from.f_bmm_out(&self.gram, &from.transpose(-2, -1))?;
            self.polynomial.f_copy_(&self.gram)?;
            add_product(&self.polynomial, &self.gram, &self.gram, b, c)?; // b A + c A²
            to.f_copy_(&from)?;
            add_product(&to, &self.polynomial, &from, a, 1.0)?; // a X + (b A + c A²) X
            std::mem::swap(&mut from, &mut to);
        }
        Ok(())
    }
}
// ANCHOR_END: rounds

// ANCHOR: add_product
unsafe extern "C" {
    fn nanocrab_add_product(
        out: *mut C_tensor,
        left: *const C_tensor,
        right: *const C_tensor,
        beta: f64,
        alpha: f64,
    ) -> *mut c_char;
}

/// `out ← beta·out + alpha·left·right`, in place.
fn add_product(
    out: &Tensor,
    left: &Tensor,
    right: &Tensor,
    beta: f64,
    alpha: f64,
) -> Result<(), Error> {
    // SAFETY: valid handles; the glue changes what `out` holds, and returns null or a message from malloc.
    let message = unsafe {
        let (out, left, right) = (out.as_ptr().cast_mut(), left.as_ptr(), right.as_ptr());
        nanocrab_add_product(out, left, right, beta, alpha)
    };
    match said(message) {
        None => Ok(()),
        Some(said) => Err(TchError::Torch(said).into()),
    }
}
// ANCHOR_END: add_product
