// ANCHOR: head
//! AdamW in one sweep: four tensors are read, three written, where the expressions of chapter 04 take six passes.

use muon::AdamWStep;
use tch::Tensor;

use super::lanes::vectorised;
use super::parallel::{each, share};
use super::slices::{numbers, numbers_mut};
// ANCHOR_END: head

// ANCHOR: adamw
/// In place; all four tensors have one shape and are contiguous.
pub fn adamw(
    weight: &mut Tensor,
    gradient: &Tensor,
    first: &mut Tensor,
    second: &mut Tensor,
    step: &AdamWStep,
) {
    let (beta1, beta2) = step.betas;
    let correction = |beta: f64| 1.0 - beta.powi(step.step as i32);
    let shrink = (1.0 - step.lr * step.weight_decay) as f32;
    let rate = (step.lr / correction(beta1)) as f32;
    let to_root = (1.0 / correction(beta2).sqrt()) as f32;
    let (new1, new2) = ((1.0 - beta1) as f32, (1.0 - beta2) as f32);
    let (beta2, eps) = (beta2 as f32, step.eps as f32);
    let share = share(weight.numel(), 28);
    let jobs = (numbers_mut(weight).chunks_mut(share))
        .zip(numbers(gradient).chunks(share))
        .zip(numbers_mut(first).chunks_mut(share))
        .zip(numbers_mut(second).chunks_mut(share));
    each(jobs, |(((weight, gradient), first), second)| {
        vectorised(
            #[inline(always)]
            || {
                let numbers = weight.iter_mut().zip(gradient).zip(first).zip(second);
                for (((w, g), m), v) in numbers {
                    *m += new1 * (g - *m);
                    *v = beta2 * *v + new2 * g * g;
                    *w = shrink * *w - rate * *m / (v.sqrt() * to_root + eps);
                }
            },
        )
    });
}
// ANCHOR_END: adamw
