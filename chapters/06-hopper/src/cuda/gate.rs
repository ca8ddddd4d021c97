//! Value embeddings, let in by a gate per head: v + 3 σ(gate) · looked_up.

use tch::Tensor;

use super::error::Error;
use super::kernel::ADD_GATED;
use super::launch::{Argument, Grid, Launch, lanes};
use super::norm::only;
use super::operations::{Operations, plain, recorded};

// ANCHOR: add_gated
impl<L: Launch> Operations<L> {
    /// v + 3 σ(gate) · looked_up: v and looked_up (B, T, K, D), gate (B, T, K) -> (B, T, K, D).
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn add_gated(
        &self,
        v: &Tensor,
        looked_up: &Tensor,
        gate: &Tensor,
    ) -> Result<Tensor, Error> {
        let element = self.covers("add_gated", &[v, looked_up, gate])?;
        let size = v.size();
        let of_gate = &size[..size.len().saturating_sub(1)];
        if size.is_empty() || looked_up.size() != size || gate.size() != of_gate {
            return Err(Error::NotCovered {
                kernel: "add_gated",
                reason: format!("shapes {size:?}, {:?}, {:?}", looked_up.size(), gate.size()),
            });
        }
        let (values, looked, open) = (plain(v), plain(looked_up), plain(gate));
        let y = values.empty_like();
        let (rows, length) = (open.numel() as i64, size[size.len() - 1]);
        let chosen = self.choose(&ADD_GATED, element, length, &[&values, &looked]);
        let lanes_forward = lanes(length, chosen.width);
        chosen.run(
            "add_gated_forward",
            Grid::rows(rows, lanes_forward),
            &[
                Argument::Tensor(&values),
                Argument::Tensor(&looked),
                Argument::Tensor(&open),
                Argument::Tensor(&y),
                Argument::Long(rows),
                Argument::Int(length as i32),
                Argument::Int(lanes_forward),
            ],
        )?;
        let on = self.clone();
        let inputs = [v, looked_up, gate];
        let outputs = recorded(&inputs, vec![y], vec![looked, open], move |saved, by| {
            let Some(by_y) = by[0].as_ref().map(plain) else {
                return Ok(vec![None, None, None]);
            };
            let (looked, open) = (&saved[0], &saved[1]);
            let element = on.covers("add_gated_backward", &[&by_y, looked, open])?;
            let (by_looked, by_gate) = (looked.empty_like(), open.empty_like());
            let chosen = on.choose(&ADD_GATED, element, length, &[&by_y, looked]);
            let lanes = lanes(length, chosen.width);
            chosen.run(
                "add_gated_backward",
                Grid::rows(rows, lanes),
                &[
                    Argument::Tensor(&by_y),
                    Argument::Tensor(looked),
                    Argument::Tensor(open),
                    Argument::Tensor(&by_looked),
                    Argument::Tensor(&by_gate),
                    Argument::Long(rows),
                    Argument::Int(length as i32),
                    Argument::Int(lanes),
                ],
            )?;
            Ok(vec![Some(by_y), Some(by_looked), Some(by_gate)])
        })?;
        Ok(only(outputs))
    }
}
// ANCHOR_END: add_gated
