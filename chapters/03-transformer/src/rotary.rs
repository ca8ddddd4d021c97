// ANCHOR: head
//! Rotary position embedding (RoPE): position as a rotation of queries and keys.
//!
//! The D numbers of a head are D/2 *pairs*; pair i is (x[i], x[i + D/2]), the "half-split" pairing. At position t pair i is
//! turned by the angle −t · base^(−2i/D). The score of a query at t with a key at s then depends on t − s alone.
//! This file holds the tables of cosines and sines; `Kernels::rope_qk_norm` does the turning.

use tch::{Device, Kind, Tensor};

use crate::{Config, Error};
// ANCHOR_END: head

// ANCHOR: rotary
pub struct Rotary {
    /// (context, D/2), fp32
    cos: Tensor,
    sin: Tensor,
    context: i64,
}

impl Rotary {
    /// Angles in fp32: at position 2,000 bf16 could not tell one position from the next seven.
    pub fn new(config: &Config, device: Device) -> Rotary {
        let _guard = tch::no_grad_guard();
        let (context, width) = (config.context, config.head_width());
        let exponent = Tensor::arange_start_step(0, width, 2, (Kind::Float, device)) / width as f64; // (D/2,)
        let frequency = (exponent * -config.rope_base.ln()).exp(); // (D/2,): radians per position
        let position = Tensor::arange(context, (Kind::Float, device)); // (context,)
        let angle = position.outer(&frequency); // (context, D/2)
        Rotary {
            cos: angle.cos(),
            sin: angle.sin(),
            context,
        }
    }

    /// The rows of the tables for these positions: (B or 1, T) i64 -> twice (B or 1, T, 1, D/2). The 1 is there to
    /// broadcast over heads.
    pub fn at(&self, positions: &Tensor) -> Result<(Tensor, Tensor), Error> {
        let (batch, time) = positions.size2()?;
        let flat = positions.flatten(0, 1);
        let rows = |table: &Tensor| match table.f_index_select(0, &flat) {
            Ok(rows) => Ok(rows.view([batch, time, 1, -1])),
            Err(source) => Err(Error::Position {
                context: self.context,
                source,
            }),
        };
        Ok((rows(&self.cos)?, rows(&self.sin)?))
    }
}
// ANCHOR_END: rotary
