// ANCHOR: head
//! What Muon does besides its matrix products: the momentum before them, the step after them.

use tch::Tensor;

use super::lanes::vectorised;
use super::parallel::{each, share};
use super::slices::{empty_like, numbers, numbers_mut};
// ANCHOR_END: head

// ANCHOR: momentum
/// `momentum ← momentum + (1 − μ)·(gradient − momentum)`, in place, and Nesterov's `gradient + μ·(momentum − gradient)`: two
/// results of one sweep over (N, R, C).
pub fn muon_momentum(momentum: &mut Tensor, gradient: &Tensor, mu: f64) -> Tensor {
    let mut ahead = empty_like(gradient);
    let (mu, new) = (mu as f32, (1.0 - mu) as f32);
    let share = share(gradient.numel(), 16);
    let jobs = (numbers_mut(momentum).chunks_mut(share))
        .zip(numbers(gradient).chunks(share))
        .zip(numbers_mut(&mut ahead).chunks_mut(share));
    each(jobs, |((momentum, gradient), ahead)| {
        vectorised(
            #[inline(always)]
            || {
                for ((m, g), ahead) in momentum.iter_mut().zip(gradient).zip(ahead) {
                    *m += new * (g - *m);
                    *ahead = g + mu * (*m - g);
                }
            },
        )
    });
    ahead
}
// ANCHOR_END: momentum

// ANCHOR: apply
/// `weight ← (1 − lr·decay)·weight − lr·update` for one weight (R, C); `cautious`: decay only where the update has the weight's
/// sign.
pub fn muon_apply(weight: &mut Tensor, update: &Tensor, lr: f64, decay: f64, cautious: bool) {
    let (lr, decay) = (lr as f32, (lr * decay) as f32);
    let share = share(weight.numel(), 12);
    let jobs = (numbers_mut(weight).chunks_mut(share)).zip(numbers(update).chunks(share));
    each(jobs, |(weight, update)| {
        vectorised(
            #[inline(always)]
            || {
                for (w, u) in weight.iter_mut().zip(update) {
                    let decays = if !cautious || u * *w >= 0.0 {
                        decay
                    } else {
                        0.0
                    };
                    *w -= lr * u + decays * *w;
                }
            },
        )
    });
}
// ANCHOR_END: apply
