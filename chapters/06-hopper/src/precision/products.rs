// ANCHOR: head
//! What `linear` is, all together: fp8 where it is switched on and fits, otherwise bf16 (or fp32) with a gradient that adds itself.
//!
//! [`InTraining`](crate::InTraining) puts it into training, if [`Products::tried`] finds on the device at hand that it computes
//! what a cast and autograd compute.

use tch::{Device, Kind, Tensor};

use super::bf16::{WorkingCopies, linear_adding};
use super::fp8;
use crate::Error;
// ANCHOR_END: head

// ANCHOR: products
/// The products of a training step, with the copies of weights that they read.
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

    /// The same, after a trial on the device: two micro-batches forward and backward, beside chapter 03's cast and autograd.
    ///
    /// A product that begins from what is there, and writes there, is a promise of the device's library. One that is not kept
    /// would train a worse model and say nothing.
    ///
    /// # Errors
    /// As [`new`](Self::new); what libtorch says where it cannot do such products; and which number is off.
    pub fn tried(kind: Kind, fp8: bool, device: Device) -> Result<Products, Error> {
        let products = Products::new(kind, fp8)?;
        let allowed = match (kind, fp8) {
            (Kind::BFloat16, true) => 0.2,   // two and three bits of mantissa
            (Kind::BFloat16, false) => 0.02, // eight, and a sum of two
            _ => 1e-4,
        };
        // As good as drawn, and the same on every machine: what lies behind the point of a large sine.
        let numbers = |rows: i64, columns: i64, scale: f64| {
            let at = Tensor::arange(rows * columns, (Kind::Double, Device::Cpu)) * 12.9898;
            let drawn = (at.sin() * 43_758.545_3).frac() * (2.0 * scale);
            let drawn = drawn.reshape([rows, columns]);
            drawn.to_kind(Kind::Float).to_device(device)
        };
        let weight = || numbers(256, 128, 0.1).set_requires_grad(true); // (out, in)
        let (ours, plain) = (weight(), weight());
        for batch in 1..=2 {
            let x = || {
                numbers(160, 128, f64::from(batch))
                    .to_kind(kind)
                    .set_requires_grad(true)
            }; // (N, in)
            let toward = numbers(160, 256, 0.01).to_kind(kind); // (N, out)
            let (x_ours, x_plain) = (x(), x());
            let y = products.linear(&x_ours, &ours)?;
            let expected = x_plain.f_linear(&plain.f_to_kind(kind)?, None::<&Tensor>)?;
            for y in [&y, &expected] {
                (y * &toward).f_sum(Kind::Float)?.f_backward()?;
            }
            for (what, ours, plain) in [
                ("the product", &y, &expected),
                ("the activations' gradient", &x_ours.grad(), &x_plain.grad()),
                ("the weight's gradient", &ours.grad(), &plain.grad()),
            ] {
                let off = distance(ours, plain)?;
                if off.is_nan() || off > allowed {
                    return Err(Error::Precision(format!(
                        "{what} differs by {off:.1e} of its largest number from the one of a cast and autograd, and by {allowed:e} it may"
                    )));
                }
            }
        }
        products.copies.clear();
        Ok(products)
    }

    /// The copies of weights that have been made so far.
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

// ANCHOR: distance
/// The largest difference, as a share of the largest number of `b`; infinite if one of them has no numbers.
fn distance(a: &Tensor, b: &Tensor) -> Result<f64, Error> {
    if !a.defined() || !b.defined() {
        return Ok(f64::INFINITY);
    }
    let (a, b) = (
        a.detach().f_to_kind(Kind::Float)?,
        b.detach().f_to_kind(Kind::Float)?,
    );
    let largest = b.f_abs()?.f_max()?.double_value(&[]);
    Ok((a - b).f_abs()?.f_max()?.double_value(&[]) / largest.max(f64::MIN_POSITIVE))
}
// ANCHOR_END: distance
