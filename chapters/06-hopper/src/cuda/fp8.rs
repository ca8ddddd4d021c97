//! A matrix in fp8, with one scale for all of it.

use tch::{Kind, Tensor};

use super::error::Error;
use super::kernel::FP8;
use super::launch::{Argument, Grid, Launch};
use super::operations::{Operations, plain};

// ANCHOR: fp8
/// x ≈ `straight` · `inverse_scale`.
#[derive(Debug)]
pub struct Fp8 {
    /// (rows, columns).
    pub straight: Tensor,
    /// (columns, rows), if it was asked for.
    pub transposed: Option<Tensor>,
    /// What a product of the bytes is multiplied by, an fp32 ().
    pub inverse_scale: Tensor,
}

/// The side of the square that a block of `fp8_cast` takes.
const SIDE: i64 = 64;

/// The largest number of a format; none for other kinds.
fn largest(format: Kind) -> Option<f32> {
    match format {
        Kind::Float8e4m3fn => Some(448.0),
        Kind::Float8e5m2 => Some(57344.0),
        _ => None,
    }
}
// ANCHOR_END: fp8

// ANCHOR: cast
impl<L: Launch> Operations<L> {
    /// Casts x (rows, columns) to `Float8e4m3fn` or `Float8e5m2`. Nothing is fetched to the CPU: the scale is chosen and used on
    /// the device.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn fp8(&self, x: &Tensor, format: Kind, transposed: bool) -> Result<Fp8, Error> {
        let element = self.covers("fp8_cast", &[x])?;
        let (Some(largest), &[rows, columns]) = (largest(format), x.size().as_slice()) else {
            return Err(Error::NotCovered {
                kernel: "fp8_cast",
                reason: format!("{:?} to {format:?}", x.size()),
            });
        };
        let x = plain(x);
        let total = x.numel() as i64;
        let number = |size: &[i64]| Tensor::empty(size, (Kind::Float, x.device()));
        let bytes = |size: [i64; 2]| Tensor::empty(size, (format, x.device()));

        let chosen = self.choose_flat(&FP8, element, &[&x]);
        let grid = Grid::flat(total, chosen.width);
        let blocks = i64::from(grid.blocks.0);
        let (most, scale, inverse_scale) = (number(&[blocks]), number(&[]), number(&[]));
        chosen.run(
            "fp8_amax",
            grid,
            &[
                Argument::Tensor(&x),
                Argument::Tensor(&most),
                Argument::Long(total),
            ],
        )?;
        chosen.run(
            "fp8_scale",
            Grid::one_block(),
            &[
                Argument::Tensor(&most),
                Argument::Tensor(&scale),
                Argument::Tensor(&inverse_scale),
                Argument::Int(blocks as i32),
                Argument::Float(largest),
            ],
        )?;
        let straight = bytes([rows, columns]);
        let turned = transposed.then(|| bytes([columns, rows]));
        let by_rows = self.choose(&FP8, element, columns, &[&x]);
        by_rows.run(
            "fp8_cast",
            Grid::squares(rows, columns, SIDE),
            &[
                Argument::Tensor(&x),
                Argument::Tensor(&scale),
                Argument::Tensor(&straight),
                turned.as_ref().map_or(Argument::Nothing, Argument::Tensor),
                Argument::Long(rows),
                Argument::Long(columns),
                Argument::Int((format == Kind::Float8e5m2).into()),
            ],
        )?;
        Ok(Fp8 {
            straight,
            transposed: turned,
            inverse_scale,
        })
    }
}
// ANCHOR_END: cast
