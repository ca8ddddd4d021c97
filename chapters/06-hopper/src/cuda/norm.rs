//! RMS norm, and the addition to the stream together with its norm.
//!
//! Both keep what they gave, y, and one number per row, the scale 1/√(mean + eps): y is kept anyway by the product that reads it, what
//! the norm read is needed by nobody else.

use tch::{Kind, Tensor};

use super::error::Error;
use super::kernel::{ADD_NORM, RMS_NORM};
use super::launch::{Argument, Grid, Launch, lanes};
use super::operations::{Operations, plain, recorded};

// ANCHOR: shape
/// (…, C): how many rows of how many numbers.
pub(super) fn rows(x: &Tensor) -> (i64, i64) {
    let length = x.size().last().copied().unwrap_or(1);
    (x.numel() as i64 / length, length)
}

/// A number per row, to be written.
pub(super) fn scales(x: &Tensor, rows: i64) -> Tensor {
    Tensor::empty([rows], (Kind::Float, x.device()))
}
// ANCHOR_END: shape

// ANCHOR: rms_norm
impl<L: Launch> Operations<L> {
    /// x / √(mean(x²) + eps) over the last dimension: (…, C) -> (…, C).
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn rms_norm(&self, x: &Tensor, eps: f64) -> Result<Tensor, Error> {
        let element = self.covers("rms_norm", &[x])?;
        let input = plain(x);
        let (rows, length) = rows(&input);
        let (y, scales) = (input.empty_like(), scales(&input, rows));
        let chosen = self.choose(&RMS_NORM, element, length, &[&input]);
        let lanes = lanes(length, chosen.width);
        chosen.run(
            "rms_norm_forward",
            Grid::rows(rows, lanes),
            &[
                Argument::Tensor(&input),
                Argument::Tensor(&y),
                Argument::Tensor(&scales),
                Argument::Long(rows),
                Argument::Int(length as i32),
                Argument::Int(lanes),
                Argument::Float(eps as f32),
            ],
        )?;
        let on = self.clone();
        let saved = vec![y.shallow_clone(), scales];
        let outputs = recorded(&[x], vec![y], saved, move |saved, by| {
            Ok(vec![on.rms_norm_gradient(saved, by[0].as_ref(), None)?])
        })?;
        Ok(only(outputs))
    }

    /// The gradient by x from y and the scales, the gradient by y and that by x itself; none where neither is there.
    fn rms_norm_gradient(
        &self,
        saved: &[Tensor],
        by_y: Option<&Tensor>,
        by_x: Option<&Tensor>,
    ) -> Result<Option<Tensor>, Error> {
        let Some(by_y) = by_y.map(plain) else {
            return Ok(by_x.map(Tensor::shallow_clone));
        };
        let (y, scales, by_x) = (&saved[0], &saved[1], by_x.map(plain));
        let mut tensors = vec![y, &by_y];
        tensors.extend(&by_x);
        let element = self.covers("rms_norm_backward", &tensors)?;
        let dx = y.empty_like();
        let (rows, length) = rows(y);
        let chosen = self.choose(&RMS_NORM, element, length, &tensors);
        let lanes = lanes(length, chosen.width);
        chosen.run(
            "rms_norm_backward",
            Grid::rows(rows, lanes),
            &[
                Argument::Tensor(&by_y),
                Argument::Tensor(y),
                Argument::Tensor(scales),
                by_x.as_ref().map_or(Argument::Nothing, Argument::Tensor),
                Argument::Tensor(&dx),
                Argument::Long(rows),
                Argument::Int(length as i32),
                Argument::Int(lanes),
            ],
        )?;
        Ok(Some(dx))
    }
}
// ANCHOR_END: rms_norm

// ANCHOR: add_norm
impl<L: Launch> Operations<L> {
    /// The stream and what a layer adds to it, both (…, C) -> the new stream, and its `rms_norm`.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn add_norm(
        &self,
        x: &Tensor,
        change: &Tensor,
        eps: f64,
    ) -> Result<(Tensor, Tensor), Error> {
        let element = self.covers("add_norm", &[x, change])?;
        if x.size() != change.size() {
            return Err(Error::NotCovered {
                kernel: "add_norm",
                reason: format!("shapes {:?} and {:?}", x.size(), change.size()),
            });
        }
        let (a, b) = (plain(x), plain(change));
        let (stream, y) = (a.empty_like(), a.empty_like());
        let (rows, length) = rows(&a);
        let scales = scales(&a, rows);
        let chosen = self.choose(&ADD_NORM, element, length, &[&a, &b]);
        let lanes = lanes(length, chosen.width);
        chosen.run(
            "add_norm_forward",
            Grid::rows(rows, lanes),
            &[
                Argument::Tensor(&a),
                Argument::Tensor(&b),
                Argument::Tensor(&stream),
                Argument::Tensor(&y),
                Argument::Tensor(&scales),
                Argument::Long(rows),
                Argument::Int(length as i32),
                Argument::Int(lanes),
                Argument::Float(eps as f32),
            ],
        )?;
        let on = self.clone();
        let saved = vec![y.shallow_clone(), scales];
        let mut outputs = recorded(&[x, change], vec![stream, y], saved, move |saved, by| {
            let gradient = on.rms_norm_gradient(saved, by[1].as_ref(), by[0].as_ref())?;
            // The stream is a sum: both parts have its gradient.
            Ok(vec![gradient.as_ref().map(Tensor::shallow_clone), gradient])
        })?;
        let y = only(outputs.split_off(1));
        Ok((only(outputs), y))
    }
}
// ANCHOR_END: add_norm

/// The output of an operation that has one.
pub(super) fn only(mut outputs: Vec<Tensor>) -> Tensor {
    outputs
        .pop()
        .expect("as many outputs come back as were recorded")
}
