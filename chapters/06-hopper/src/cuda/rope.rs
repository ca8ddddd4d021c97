//! Rotary positions, the norm of queries and keys, and their factor, in one operation.
//!
//! Kept are y, which attention keeps anyway, and one number per head, factor/√(mean + eps).

use tch::{Kind, Tensor};

use super::error::Error;
use super::kernel::{Element, ROPE_NORM};
use super::launch::{Argument, Grid, Launch, lanes};
use super::norm::{only, scales};
use super::operations::{Operations, plain, recorded};

// ANCHOR: heads
/// The shape that the kernels count in.
#[derive(Clone, Copy)]
struct Heads {
    rows: i64,
    half: i64,
    heads: i64,
    positions: i64,
}

impl Heads {
    /// x (B, T, H, D) and a table (B or 1, T, 1, D/2).
    fn of(x: &Tensor, table: &Tensor) -> Option<Heads> {
        let &[batch, time, heads, width] = x.size().as_slice() else {
            return None;
        };
        let &[table_batch, table_time, 1, half] = table.size().as_slice() else {
            return None;
        };
        let fits =
            (table_batch == 1 || table_batch == batch) && table_time == time && half * 2 == width;
        fits.then_some(Heads {
            rows: batch * time * heads,
            half,
            heads,
            positions: table_batch * time,
        })
    }
}
// ANCHOR_END: heads

// ANCHOR: rope
impl<L: Launch> Operations<L> {
    /// Rotates each head by its position, RMS-normalises it and multiplies it by `factor`: (B, T, H, D) -> (B, T, H, D).
    /// `cos` and `sin` are (B or 1, T, 1, D/2) in fp32.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Result<Tensor, Error> {
        let element = self.covers("rope_norm", &[x])?;
        let (cos, sin) = (plain(cos), plain(sin));
        let table = self.covers("rope_norm", &[&cos, &sin])?;
        let shape = Heads::of(x, &cos).filter(|_| {
            table == Element::Float && cos.device() == x.device() && cos.size() == sin.size()
        });
        let Some(shape) = shape else {
            return Err(Error::NotCovered {
                kernel: "rope_norm",
                reason: format!(
                    "x {:?} with tables {:?} of {:?} ({:?} wanted)",
                    x.size(),
                    cos.size(),
                    cos.kind(),
                    Kind::Float
                ),
            });
        };
        let input = plain(x);
        let (y, scales) = (input.empty_like(), scales(&input, shape.rows));
        self.rope(
            "rope_norm_forward",
            (element, shape),
            &[&input],
            &[&cos, &sin, &y, &scales],
            &[eps, factor],
        )?;
        let on = self.clone();
        let saved = vec![y.shallow_clone(), scales, cos, sin];
        let outputs = recorded(&[x], vec![y], saved, move |saved, by| {
            let Some(by_y) = by[0].as_ref().map(plain) else {
                return Ok(vec![None]);
            };
            let (y, scales, cos, sin) = (&saved[0], &saved[1], &saved[2], &saved[3]);
            on.covers("rope_norm_backward", &[y, &by_y])?;
            let dx = y.empty_like();
            on.rope(
                "rope_norm_backward",
                (element, shape),
                &[&by_y, y],
                &[cos, sin, scales, &dx],
                &[factor],
            )?;
            Ok(vec![Some(dx)])
        })?;
        Ok(only(outputs))
    }

    /// What forward and backward share: a kernel takes the `packed` tensors, which are read in packs, the `others`, the shape, and
    /// its `numbers`.
    fn rope(
        &self,
        function: &'static str,
        (element, shape): (Element, Heads),
        packed: &[&Tensor],
        others: &[&Tensor],
        numbers: &[f64],
    ) -> Result<(), Error> {
        let chosen = self.choose(&ROPE_NORM, element, shape.half, packed);
        let lanes = lanes(shape.half, chosen.width);
        let tensors = packed.iter().chain(others);
        let mut arguments: Vec<Argument> = tensors.map(|x| Argument::Tensor(x)).collect();
        arguments.extend([
            Argument::Long(shape.rows),
            Argument::Int(shape.half as i32),
            Argument::Int(lanes),
            Argument::Int(shape.heads as i32),
            Argument::Long(shape.positions),
        ]);
        arguments.extend(numbers.iter().map(|&x| Argument::Float(x as f32)));
        chosen.run(function, Grid::rows(shape.rows, lanes), &arguments)
    }
}
// ANCHOR_END: rope
