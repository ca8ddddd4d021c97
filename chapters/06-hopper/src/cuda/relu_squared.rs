//! max(x, 0)².

use tch::Tensor;

use super::error::Error;
use super::kernel::RELU_SQUARED;
use super::launch::{Argument, Grid, Launch};
use super::norm::only;
use super::operations::{Operations, plain, recorded};

// ANCHOR: relu_squared
impl<L: Launch> Operations<L> {
    /// max(x, 0)², of any shape.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn relu_squared(&self, x: &Tensor) -> Result<Tensor, Error> {
        let element = self.covers("relu_squared", &[x])?;
        let input = plain(x);
        let y = input.empty_like();
        let total = input.numel() as i64;
        let chosen = self.choose_flat(&RELU_SQUARED, element, &[&input]);
        chosen.run(
            "relu_squared_forward",
            Grid::flat(total, chosen.width),
            &[
                Argument::Tensor(&input),
                Argument::Tensor(&y),
                Argument::Long(total),
            ],
        )?;
        let on = self.clone();
        // y, and not x: see the kernel.
        let saved = vec![y.shallow_clone()];
        let outputs = recorded(&[x], vec![y], saved, move |saved, by| {
            let Some(by_y) = by[0].as_ref().map(plain) else {
                return Ok(vec![None]);
            };
            let y = &saved[0];
            let element = on.covers("relu_squared_backward", &[y, &by_y])?;
            let dx = y.empty_like();
            let chosen = on.choose_flat(&RELU_SQUARED, element, &[y, &by_y]);
            chosen.run(
                "relu_squared_backward",
                Grid::flat(total, chosen.width),
                &[
                    Argument::Tensor(&by_y),
                    Argument::Tensor(y),
                    Argument::Tensor(&dx),
                    Argument::Long(total),
                ],
            )?;
            Ok(vec![Some(dx)])
        })?;
        Ok(only(outputs))
    }
}
// ANCHOR_END: relu_squared
