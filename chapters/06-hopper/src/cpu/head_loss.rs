// ANCHOR: head
//! Head, softcap and cross-entropy, a *chunk* of rows at a time, with the gradient computed in the forward pass.
//!
//! For one position: raw logits r = W·x (V numbers), z = cap·tanh(r/cap), p = softmax(z), loss = ln Σ e^z − z_target. Then
//! ∂loss/∂rᵥ = (pᵥ − [v = target])·(1 − tanh²(rᵥ/cap)), and everything in it is at hand while the row is. So the row of
//! logits is overwritten by its gradient, which two matrix products turn into ∂x and ∂W, and the next chunk overwrites the
//! chunk. No (B·T, V) tensor ever exists, and the logits are computed once: autograd would either keep them or compute
//! them again.
//!
//! The softcap saves a pass, too: |z| ≤ cap, so e^z cannot overflow and needs no maximum subtracted.

use tch::{Device, Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};
use transformer::HeadLoss;

use super::exponential::{exp, tanh};
use super::lanes::{replace_and_sum, sum_of, vectorised};
use super::parallel::{each, share};
use super::slices::{integers, numbers, numbers_mut};
// ANCHOR_END: head

// ANCHOR: constants
/// Up to this softcap e^z stays far from fp32's largest number, times any vocabulary.
pub const LARGEST_CAP: f64 = 60.0;

/// Logits at a time: 16 MB, half of a common third-level cache.
const CHUNK: i64 = 4 << 20;

/// Rows of logits at a time. With fewer the matrix products become inefficient, and ∂W is fetched and added to more often; with
/// more the chunk falls out of the cache before its gradient is used.
pub fn chunk_rows(vocabulary: i64) -> i64 {
    (CHUNK / vocabulary).clamp(256, 1024)
}

/// Target of a position that is not to be counted.
const IGNORED: i64 = -1;
// ANCHOR_END: constants

// ANCHOR: head_loss
/// x (B, T, C), head `[V, C]`, targets (B, T) -> sum, count, per token; differentiable in x and head. The softcap is at
/// most [`LARGEST_CAP`]. A target of −1 does not count; any other that is no column makes the loss NaN.
pub fn head_loss(
    x: &Tensor,
    head: &Tensor,
    targets: &Tensor,
    softcap: f64,
) -> Result<HeadLoss, tensors::Error> {
    let recorded = tensors::recording() && (x.requires_grad() || head.requires_grad());
    let mut per_token = Tensor::empty([targets.numel() as i64], (Kind::Float, Device::Cpu)); // (B·T,)
    let mut outputs = differentiable(
        &[x, head],
        |inputs| {
            let rows = inputs[0].contiguous().view([-1, head.size()[1]]); // (B, T, C) -> (B·T, C)
            let head = inputs[1].contiguous();
            let targets = targets.contiguous();
            let gradients = in_chunks(
                &rows,
                &head,
                &targets,
                softcap as f32,
                recorded,
                &mut per_token,
            );
            let sum: f64 = numbers(&per_token)
                .iter()
                .map(|&loss| f64::from(loss))
                .sum();
            Forward {
                outputs: vec![Tensor::from(sum).to_kind(Kind::Float)],
                saved: gradients.map_or(Vec::new(), |(dx, dw)| vec![dx.view_as(x), dw]),
            }
        },
        // The loss is usually divided by the count of tokens: one factor for both.
        |saved, gradients| match &gradients[0] {
            None => vec![None, None],
            Some(g) => vec![Some(&saved[0] * g), Some(&saved[1] * g)],
        },
    )?;
    Ok(HeadLoss {
        sum: outputs.remove(0),
        count: targets.ne(IGNORED).sum(Kind::Int64),
        per_token: per_token.view_as(targets), // (B·T,) -> (B, T)
    })
}
// ANCHOR_END: head_loss

// ANCHOR: in_chunks
/// Writes the losses; where a gradient is wanted, returns ∂Σ/∂x (B·T, C) and ∂Σ/∂W `[V, C]`.
fn in_chunks(
    x: &Tensor,
    head: &Tensor,
    targets: &Tensor,
    cap: f32,
    recorded: bool,
    per_token: &mut Tensor,
) -> Option<(Tensor, Tensor)> {
    let (rows, vocabulary) = (x.size()[0], head.size()[0]);
    let chunk = chunk_rows(vocabulary).min(rows);
    let buffer = Tensor::empty([chunk, vocabulary], (Kind::Float, Device::Cpu));
    let dx = recorded.then(|| x.empty_like());
    let mut dw: Option<Tensor> = None;
    let targets = integers(targets);
    let losses = numbers_mut(per_token);
    let across = head.transpose(0, 1); // (C, V), a view
    for start in (0..rows).step_by(chunk as usize) {
        let count = chunk.min(rows - start);
        let x = x.narrow(0, start, count); // (chunk, C)
        let mut logits = buffer.narrow(0, 0, count);
        logits = x.mm_out(&logits, &across); // (chunk, V)
        let here = start as usize..(start + count) as usize;
        row_losses(
            &mut logits,
            &targets[here.clone()],
            &mut losses[here],
            cap,
            recorded,
        );
        if let Some(dx) = &dx {
            let _ = logits.mm_out(&dx.narrow(0, start, count), head); // (chunk, C)
            let backwards = logits.transpose(0, 1); // (V, chunk)
            dw = Some(match dw {
                None => backwards.mm(&x), // (V, C)
                Some(mut dw) => dw.addmm_(&backwards, &x),
            });
        }
    }
    dx.zip(dw)
}
// ANCHOR_END: in_chunks

// ANCHOR: row_losses
/// Loss of each row of logits (chunk, V); where a gradient is wanted, the logits become ∂loss/∂r.
fn row_losses(logits: &mut Tensor, targets: &[i64], losses: &mut [f32], cap: f32, recorded: bool) {
    let vocabulary = logits.size()[1] as usize;
    let share = share(targets.len(), 8 * vocabulary);
    let jobs = (numbers_mut(logits).chunks_mut(share * vocabulary))
        .zip(targets.chunks(share))
        .zip(losses.chunks_mut(share));
    each(jobs, |((logits, targets), losses)| {
        vectorised(
            #[inline(always)]
            || {
                let rows = logits.chunks_exact_mut(vocabulary).zip(targets);
                for ((row, &target), loss) in rows.zip(losses) {
                    if target == IGNORED {
                        *loss = 0.0;
                        row.fill(0.0);
                        continue;
                    }
                    // A target that is no column has no loss: NaN says so, where a wrong number would not.
                    let column = usize::try_from(target).ok().filter(|&at| at < vocabulary);
                    let of_target = column.map_or(f32::NAN, |at| tanh(row[at] / cap));
                    let inverse = 1.0 / cap;
                    if !recorded {
                        let sum = sum_of(row, |r| exp(cap * tanh(r * inverse)));
                        *loss = sum.ln() - cap * of_target;
                        continue;
                    }
                    let sum = replace_and_sum(row, |r| {
                        let t = tanh(r * inverse);
                        let e = exp(cap * t);
                        (e * (1.0 - t * t), e)
                    });
                    *loss = sum.ln() - cap * of_target;
                    let inverse = 1.0 / sum;
                    for r in row.iter_mut() {
                        *r *= inverse;
                    }
                    if let Some(at) = column {
                        row[at] -= 1.0 - of_target * of_target;
                    }
                }
            },
        )
    });
}
// ANCHOR_END: row_losses
