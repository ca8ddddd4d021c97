//! The residual mix r · x + s · x₀ with its two trained scalars.

use tch::{Kind, Tensor};

use super::error::Error;
use super::kernel::MIX;
use super::launch::{Argument, Grid, Launch};
use super::norm::only;
use super::operations::{Operations, plain, recorded};

// ANCHOR: mix
impl<L: Launch> Operations<L> {
    /// r · x + s · x₀ with scalars r and s in fp32: x and x₀ (B, T, C), r and s () -> (B, T, C).
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Result<Tensor, Error> {
        let element = self.covers("mix", &[x, x0])?;
        self.covers("mix", &[r, s])?;
        fits("mix", [r, s], x, x0)?;
        let (a, b) = (plain(x), plain(x0));
        let y = a.empty_like();
        let total = a.numel() as i64;
        let chosen = self.choose_flat(&MIX, element, &[&a, &b]);
        chosen.run(
            "mix_forward",
            Grid::flat(total, chosen.width),
            &[
                Argument::Tensor(r),
                Argument::Tensor(&a),
                Argument::Tensor(s),
                Argument::Tensor(&b),
                Argument::Tensor(&y),
                Argument::Long(total),
            ],
        )?;
        let on = self.clone();
        let saved = vec![r.detach(), a, s.detach(), b];
        let outputs = recorded(&[r, x, s, x0], vec![y], saved, move |saved, by| {
            match by[0].as_ref().map(plain) {
                Some(by_y) => on.mix_gradients(&by_y, saved),
                None => Ok(vec![None, None, None, None]),
            }
        })?;
        Ok(only(outputs))
    }
    // ANCHOR_END: mix

    // ANCHOR: gradients
    /// By r, x, s and x₀, in that order.
    fn mix_gradients(&self, by_y: &Tensor, saved: &[Tensor]) -> Result<Vec<Option<Tensor>>, Error> {
        let (r, x, s, x0) = (&saved[0], &saved[1], &saved[2], &saved[3]);
        let element = self.covers("mix_backward", &[by_y, x, x0])?;
        let total = x.numel() as i64;
        let chosen = self.choose_flat(&MIX, element, &[by_y, x, x0]);
        let grid = Grid::flat(total, chosen.width);
        let blocks = i64::from(grid.blocks.0);
        let (dx, dx0) = (x.empty_like(), x0.empty_like());
        let sums = Tensor::empty([blocks, 2], (Kind::Float, x.device()));
        let (dr, ds) = (r.empty_like(), s.empty_like());
        chosen.run(
            "mix_backward",
            grid,
            &[
                Argument::Tensor(by_y),
                Argument::Tensor(r),
                Argument::Tensor(x),
                Argument::Tensor(s),
                Argument::Tensor(x0),
                Argument::Tensor(&dx),
                Argument::Tensor(&dx0),
                Argument::Tensor(&sums),
                Argument::Long(total),
            ],
        )?;
        chosen.run(
            "mix_sums",
            Grid::one_block(),
            &[
                Argument::Tensor(&sums),
                Argument::Tensor(&dr),
                Argument::Tensor(&ds),
                Argument::Int(blocks as i32),
            ],
        )?;
        Ok(vec![Some(dr), Some(dx), Some(ds), Some(dx0)])
    }
}
// ANCHOR_END: gradients

/// Refuses scalars that are no fp32 () beside x, and an x₀ of another shape.
pub(super) fn fits(
    kernel: &'static str,
    scalars: [&Tensor; 2],
    x: &Tensor,
    x0: &Tensor,
) -> Result<(), Error> {
    let scalar = |t: &Tensor| t.dim() == 0 && t.kind() == Kind::Float && t.device() == x.device();
    if scalars.into_iter().all(scalar) && x.size() == x0.size() {
        return Ok(());
    }
    Err(Error::NotCovered {
        kernel,
        reason: format!(
            "scalars that are no fp32 (), or shapes {:?} and {:?}",
            x.size(),
            x0.size()
        ),
    })
}
