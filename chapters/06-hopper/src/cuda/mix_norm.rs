//! The residual mix r · x + s · x₀ together with its norm. Kept are the norm, a number per row and x₀, which all layers share; not x.

use tch::{Kind, Tensor};

use super::error::Error;
use super::kernel::MIX_NORM;
use super::launch::{Argument, Grid, Launch, lanes};
use super::mix::fits;
use super::norm::{only, rows, scales};
use super::operations::{Operations, plain, recorded};

// ANCHOR: mix_norm
impl<L: Launch> Operations<L> {
    /// r · x + s · x₀ with scalars r and s in fp32, and its `rms_norm`: x and x₀ (…, C), r and s () -> two of (…, C).
    ///
    /// In bf16 the gradient of r carries the rounding of the norm: an error of about 1/256 of √Σ (g·x)², not of the gradient itself.
    /// Where |r| < 1/64 the gradient of r comes out shorter than it is, by |r| · 64: see the kernel.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> Result<(Tensor, Tensor), Error> {
        let element = self.covers("mix_norm", &[x, x0])?;
        self.covers("mix_norm", &[r, s])?;
        fits("mix_norm", [r, s], x, x0)?;
        let (a, b) = (plain(x), plain(x0));
        let (stream, y) = (a.empty_like(), a.empty_like());
        let (rows, length) = rows(&a);
        let scales = scales(&a, rows);
        let chosen = self.choose(&MIX_NORM, element, length, &[&a, &b]);
        let lanes = lanes(length, chosen.width);
        chosen.run(
            "mix_norm_forward",
            Grid::rows(rows, lanes),
            &[
                Argument::Tensor(r),
                Argument::Tensor(&a),
                Argument::Tensor(s),
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
        let saved = vec![y.shallow_clone(), scales, r.detach(), s.detach(), b];
        let inputs = [r, x, s, x0];
        let mut outputs = recorded(&inputs, vec![stream, y], saved, move |saved, by| {
            on.mix_norm_gradients(saved, by[0].as_ref(), by[1].as_ref())
        })?;
        let y = only(outputs.split_off(1));
        Ok((only(outputs), y))
    }
    // ANCHOR_END: mix_norm

    // ANCHOR: gradients
    /// By r, x, s and x₀, in that order.
    fn mix_norm_gradients(
        &self,
        saved: &[Tensor],
        by_stream: Option<&Tensor>,
        by_y: Option<&Tensor>,
    ) -> Result<Vec<Option<Tensor>>, Error> {
        let (y, scales, r, s, x0) = (&saved[0], &saved[1], &saved[2], &saved[3], &saved[4]);
        let given = [by_stream, by_y].map(|gradient| gradient.map(plain));
        if given.iter().all(Option::is_none) {
            return Ok(vec![None, None, None, None]);
        }
        let mut tensors = vec![y, x0];
        tensors.extend(given.iter().flatten());
        let element = self.covers("mix_norm_backward", &tensors)?;
        let (rows, length) = rows(y);
        let chosen = self.choose(&MIX_NORM, element, length, &tensors);
        let lanes = lanes(length, chosen.width);
        let grid = Grid::rows(rows, lanes);
        let blocks = i64::from(grid.blocks.0);
        let (dx, dx0) = (y.empty_like(), y.empty_like());
        let sums = Tensor::empty([blocks, 2], (Kind::Float, y.device()));
        let (dr, ds) = (r.empty_like(), s.empty_like());
        let [by_stream, by_y] = given.each_ref().map(|gradient| {
            gradient
                .as_ref()
                .map_or(Argument::Nothing, Argument::Tensor)
        });
        chosen.run(
            "mix_norm_backward",
            grid,
            &[
                by_stream,
                by_y,
                Argument::Tensor(y),
                Argument::Tensor(scales),
                Argument::Tensor(r),
                Argument::Tensor(s),
                Argument::Tensor(x0),
                Argument::Tensor(&dx),
                Argument::Tensor(&dx0),
                Argument::Tensor(&sums),
                Argument::Long(rows),
                Argument::Int(length as i32),
                Argument::Int(lanes),
            ],
        )?;
        chosen.run(
            "mix_norm_sums",
            Grid::one_block(),
            &[
                Argument::Tensor(&sums),
                Argument::Tensor(r),
                Argument::Tensor(s),
                Argument::Tensor(&dr),
                Argument::Tensor(&ds),
                Argument::Int(blocks as i32),
            ],
        )?;
        Ok(vec![Some(dr), Some(dx), Some(ds), Some(dx0)])
    }
}
// ANCHOR_END: gradients
