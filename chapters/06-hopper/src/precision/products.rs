// ANCHOR: head
//! What `linear` is, all together: fp8 where it is switched on and fits, otherwise bf16 (or fp32) with a gradient that adds itself.
//!
//! This is what the fused `Kernels::linear` calls, as in
//!
//! ```text
//! fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
//!     self.products.linear(x, weight).unwrap_or_else(|error| panic!("{error}"))
//! }
//! ```
//!
//! and the training loop calls `products.copies().invalidate()` after each optimizer step.

use tch::{Kind, Tensor};

use super::bf16::{WorkingCopies, linear_adding};
use super::fp8;
use crate::Error;
// ANCHOR_END: head

// ANCHOR: products
#[derive(Debug)]
pub struct Products {
    copies: WorkingCopies,
    fp8: bool,
}

impl Products {
    /// For activations of `kind`; `fp8` says whether training uses it ([`fp8::by_default`]).
    ///
    /// # Errors
    /// fp16, with the reason; fp8 around fp32 activations, which would save nothing.
    pub fn new(kind: Kind, fp8: bool) -> Result<Products, Error> {
        if fp8 && kind != Kind::BFloat16 {
            return Err(Error::Precision(format!(
                "fp8 products go with bf16 activations, and these are {kind:?}: choose bf16, or leave fp8 off"
            )));
        }
        let copies = WorkingCopies::new(kind)?;
        Ok(Products { copies, fp8 })
    }

    pub fn copies(&self) -> &WorkingCopies {
        &self.copies
    }

    /// x Wᵀ: (…, in) with `[out, in]` -> (…, out), in x's kind.
    ///
    /// # Errors
    /// Whatever libtorch says; x of another kind than was announced.
    pub fn linear(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, Error> {
        let working = self.copies.of_kind(x, weight)?;
        if self.fp8
            && let Some(y) = fp8::linear(x, weight, &working)?
        {
            return Ok(y);
        }
        linear_adding(x, weight, &working)
    }
}
// ANCHOR_END: products
