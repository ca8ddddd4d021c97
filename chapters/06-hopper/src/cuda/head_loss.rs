//! The head and its loss, some rows at a time.
//!
//! Logits are the largest tensor of a step: 65,536 tokens times 32,768 columns are 4.3 GB in bf16, and the plain expression makes
//! several copies in fp32. Here they exist for one *chunk* of rows at a time. A chunk's logits become its losses and, in
//! place, the gradient by the logits; two products turn that into the gradients by x and by the head before the next
//! chunk overwrites it. So the gradient is computed in the forward pass, when the loss's own gradient is not yet known: the
//! backward pass multiplies by it, which is all that it can be, a number.

use tch::{Kind, Tensor};
use transformer::HeadLoss;

use super::error::Error;
use super::kernel::HEAD_LOSS;
use super::launch::{Argument, Grid, Launch};
use super::norm::only;
use super::operations::{Operations, plain, recorded};

// ANCHOR: chunk
/// Logits of a chunk: 2²⁸ bf16 numbers are 512 MB, and the 8,192 rows of a vocabulary of 32,768 are plenty for a product.
pub const CHUNK: i64 = 1 << 28;

/// Target of a position that is not to be counted.
const IGNORED: i64 = -1;
// ANCHOR_END: chunk

// ANCHOR: head_loss
impl<L: Launch> Operations<L> {
    /// Cross-entropy of softcapped logits, from x (B, T, C), head `[V, C]` and targets (B, T), where target −1 means "do not
    /// count this position". A target that is no column makes the loss NaN.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn head_loss(
        &self,
        x: &Tensor,
        head: &Tensor,
        targets: &Tensor,
        softcap: f64,
    ) -> Result<HeadLoss, Error> {
        let vocabulary = head.size().first().copied().unwrap_or(1);
        self.head_loss_in_chunks(
            x,
            head,
            targets,
            softcap,
            (CHUNK / vocabulary.max(1)).max(1),
        )
    }

    /// As `head_loss`, `chunk` rows at a time.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn head_loss_in_chunks(
        &self,
        x: &Tensor,
        head: &Tensor,
        targets: &Tensor,
        softcap: f64,
        chunk: i64,
    ) -> Result<HeadLoss, Error> {
        self.covers("head_loss", &[x])?;
        self.covers("head_loss", &[head])?;
        let (x_size, head_size) = (x.size(), head.size());
        let &[vocabulary, width] = head_size.as_slice() else {
            return Err(refused(x, head, targets));
        };
        let fits = x_size.last() == Some(&width)
            && targets.size() == x_size[..x_size.len() - 1]
            && targets.kind() == Kind::Int64
            && targets.device() == x.device()
            && head.device() == x.device();
        if !fits {
            return Err(refused(x, head, targets));
        }
        let rows = Rows {
            x: plain(x).view([-1, width]),          // (B, T, C) -> (B·T, C)
            head: plain(head).to_kind(x.kind()),    // (V, C), cast as `linear` does
            targets: plain(targets).flatten(0, -1), // (B, T) -> (B·T,)
            vocabulary,
        };
        let with_gradient = tensors::recording() && (x.requires_grad() || head.requires_grad());
        let (losses, gradients) = self.losses(&rows, softcap, chunk, with_gradient)?;
        let (count, per_token) = (
            targets.ne(IGNORED).sum(Kind::Int64),
            losses.view_as(targets),
        );
        let sum = losses.sum(Kind::Float);
        let saved = gradients.map_or_else(Vec::new, |(by_x, by_head)| {
            vec![by_x.view(&x_size[..]), by_head]
        });
        let kinds = [x.kind(), head.kind()];
        let outputs = recorded(&[x, head], vec![sum], saved, move |saved, by| {
            let scaled = |(gradient, kind): (&Tensor, Kind)| {
                by[0]
                    .as_ref()
                    .map(|by_sum| (gradient * by_sum).to_kind(kind))
            };
            Ok(saved.iter().zip(kinds).map(scaled).collect())
        })?;
        Ok(HeadLoss {
            sum: only(outputs),
            count,
            per_token,
        })
    }
}

fn refused(x: &Tensor, head: &Tensor, targets: &Tensor) -> Error {
    Error::NotCovered {
        kernel: "head_loss",
        reason: format!(
            "x {:?}, head {:?}, targets {:?} of {:?}, on {:?}, {:?} and {:?}",
            x.size(),
            head.size(),
            targets.size(),
            targets.kind(),
            x.device(),
            head.device(),
            targets.device()
        ),
    }
}
// ANCHOR_END: head_loss

// ANCHOR: losses
/// What the loss is computed from, unrecorded.
struct Rows {
    x: Tensor,
    head: Tensor,
    targets: Tensor,
    vocabulary: i64,
}

impl<L: Launch> Operations<L> {
    /// The loss of each row (B·T,), and if wanted the gradients of their sum by x (B·T, C) and by the head (V, C) in fp32.
    fn losses(
        &self,
        rows: &Rows,
        softcap: f64,
        chunk: i64,
        with_gradient: bool,
    ) -> Result<(Tensor, Option<(Tensor, Tensor)>), Error> {
        let Rows {
            x,
            head,
            targets,
            vocabulary,
        } = rows;
        let element = self.covers("head_loss", &[x, head])?;
        let total = x.size()[0];
        let losses = Tensor::empty([total], (Kind::Float, x.device()));
        let gradients = with_gradient.then(|| {
            (
                x.empty_like(),
                Tensor::zeros(head.size(), (Kind::Float, x.device())),
            )
        });
        let mut start = 0;
        while start < total {
            let count = chunk.min(total - start);
            let part = |tensor: &Tensor| tensor.narrow(0, start, count);
            let (x, losses) = (part(x), part(&losses));
            let logits = x.matmul(&head.tr()); // (n, C) · (C, V) -> (n, V)
            let chosen = self.choose(&HEAD_LOSS, element, *vocabulary, &[&logits]);
            chosen.run(
                "head_loss",
                Grid::block_per_row(count, *vocabulary, chosen.width),
                &[
                    Argument::Tensor(&logits),
                    Argument::Tensor(&part(targets)),
                    Argument::Tensor(&losses),
                    Argument::Int(*vocabulary as i32),
                    Argument::Float(softcap as f32),
                    Argument::Int(with_gradient.into()),
                ],
            )?;
            if let Some((by_x, by_head)) = &gradients {
                let by_logits = logits;
                let _ = by_logits.f_matmul_out(&part(by_x), head)?; // (n, V) · (V, C) -> (n, C)
                add_product(by_head, &by_logits.tr(), &x)?; // (V, n) · (n, C) -> (V, C)
            }
            start += count;
        }
        Ok((losses, gradients))
    }
}

/// `sum += a · b`, where the sum is fp32 whatever a and b are: in bf16, what many chunks add would be lost in what is there.
fn add_product(sum: &Tensor, a: &Tensor, b: &Tensor) -> Result<(), Error> {
    if a.kind() == Kind::Float {
        let _ = sum.f_addmm_out(sum, a, b)?;
        return Ok(());
    }
    // One product with an fp32 result exists on GPUs alone.
    if a.device().is_cuda() && sum.f_addmm_dtype_out(sum, a, b, Kind::Float).is_ok() {
        return Ok(());
    }
    let _ = sum
        .shallow_clone()
        .f_add_(&a.f_matmul(b)?.to_kind(Kind::Float))?;
    Ok(())
}
// ANCHOR_END: losses
