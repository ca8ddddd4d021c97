// ANCHOR: head
//! Bits per byte: a loss that tokenizers cannot flatter.
//!
//! A tokenizer with longer tokens has a higher loss per token and predicts the same text. Dividing the total
//! surprise by the number of *bytes* that the predicted tokens stand for makes runs with different vocabularies
//! comparable: `bits per byte = Σ nats / (ln 2 · Σ bytes)`.
//!
//! Special tokens stand for no bytes; they and ignored targets count on neither side.

use crate::Error;
use dataset::{Batch, BatchSource};
use muon::{Collective, Solo, gather_numbers};
use tch::{Device, Kind, Tensor};
use transformer::{Gpt, Kernels};
// ANCHOR_END: head

// ANCHOR: sum
/// The two sums; add batches, then divide once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BitsPerByte {
    pub nats: f64,
    pub bytes: f64,
}

impl BitsPerByte {
    /// Adds one batch.
    ///
    /// `per_token` (B, T) losses in nats, `targets` (B, T) with -1 where ignored, `token_bytes` (V) the length of
    /// each token in bytes, 0 for the special ones.
    pub fn add(&mut self, per_token: &Tensor, targets: &Tensor, token_bytes: &Tensor) {
        let known = targets.clamp_min(0); // an ignored target must not index the table at -1
        let bytes = token_bytes.index_select(0, &known.flatten(0, -1)); // (B·T)
        let bytes = bytes * targets.flatten(0, -1).ge(0).to_kind(Kind::Float);
        let counted = bytes.gt(0.0).to_kind(Kind::Float);
        // Summed in fp64 on the CPU: some devices (Metal) have no fp64.
        let nats = (per_token.flatten(0, -1).to_kind(Kind::Float) * counted).to_device(Device::Cpu);
        let bytes = bytes.to_device(Device::Cpu);
        self.nats += nats.sum(Kind::Double).double_value(&[]);
        self.bytes += bytes.sum(Kind::Double).double_value(&[]);
    }

    /// The quotient; infinite when no byte was counted, because nothing was measured.
    pub fn value(&self) -> f64 {
        if self.bytes > 0.0 {
            self.nats / (std::f64::consts::LN_2 * self.bytes)
        } else {
            f64::INFINITY
        }
    }
}
// ANCHOR_END: sum

// ANCHOR: table
/// The table of token lengths (V) as a tensor on the model's device.
pub fn token_bytes_table(token_bytes: &[usize], device: Device) -> Tensor {
    let lengths: Vec<f32> = token_bytes.iter().map(|&n| n as f32).collect();
    Tensor::from_slice(&lengths).to_device(device)
}
// ANCHOR_END: table

// ANCHOR: evaluate
/// Bits per byte of the model on given batches, without gradients.
pub fn bits_per_byte(
    gpt: &Gpt,
    kernels: &dyn Kernels,
    batches: &[Batch],
    token_bytes: &Tensor,
) -> Result<f64, Error> {
    bits_per_byte_over(&Solo, gpt, kernels, batches, token_bytes)
}

/// The same by several ranks, which take turns in the batches: all get the number that one rank gets, to the last bit,
/// because the sums of the batches are added in the same order.
pub fn bits_per_byte_over(
    ranks: &dyn Collective,
    gpt: &Gpt,
    kernels: &dyn Kernels,
    batches: &[Batch],
    token_bytes: &Tensor,
) -> Result<f64, Error> {
    let _guard = tch::no_grad_guard();
    let (mut nats, mut bytes) = (Vec::new(), Vec::new());
    for batch in batches.iter().skip(ranks.rank()).step_by(ranks.world()) {
        let (inputs, targets) = batch_tensors(batch, gpt.device());
        let loss = gpt.loss(kernels, &inputs, &targets)?;
        let mut sum = BitsPerByte::default();
        sum.add(&loss.per_token, &targets, token_bytes);
        nats.push(sum.nats);
        bytes.push(sum.bytes);
    }
    let sum = BitsPerByte {
        nats: gather_numbers(ranks, &nats, batches.len())?.iter().sum(),
        bytes: gather_numbers(ranks, &bytes, batches.len())?.iter().sum(),
    };
    Ok(sum.value())
}

/// The batch as two tensors (B, T) on the model's device.
pub fn batch_tensors(batch: &Batch, device: Device) -> (Tensor, Tensor) {
    let shape = [batch.rows as i64, batch.time as i64];
    let tensor = |ids: &[i64]| Tensor::from_slice(ids).view(shape).to_device(device);
    (tensor(&batch.inputs), tensor(&batch.targets))
}

/// The first `count` batches of a source: a validation set that stays the same for the whole run.
pub fn take_batches(source: &mut dyn BatchSource, count: usize) -> Result<Vec<Batch>, Error> {
    (0..count)
        .map(|_| source.next_batch().map_err(Error::from))
        .collect()
}
// ANCHOR_END: evaluate
