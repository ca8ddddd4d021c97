//! Adam in a dozen lines, for the examples of this chapter that train on more than one batch. Chapter 04 explains it.

use tch::Tensor;
use transformer::{Gpt, Role};

/// The embedding's rate as a multiple of the others'.
const EMBEDDING_SHARE: f64 = 10.0;

pub struct Adam {
    /// Per tensor: running means of the gradient and of its square.
    means: Vec<(Tensor, Tensor)>,
    steps: i32,
}

impl Adam {
    pub fn new(gpt: &Gpt) -> Adam {
        let zeros = |tensor: &Tensor| tensor.detach().zeros_like();
        let means = gpt
            .parameters()
            .iter()
            .map(|parameter| (zeros(&parameter.tensor), zeros(&parameter.tensor)))
            .collect();
        Adam { means, steps: 0 }
    }

    pub fn step(&mut self, gpt: &Gpt, rate: f64) {
        let _guard = tch::no_grad_guard();
        self.steps += 1;
        // Both means begin at 0; dividing by these makes up for it.
        let started = [0.9_f64, 0.99].map(|decay| 1.0 - decay.powi(self.steps));
        for (parameter, (mean, square)) in gpt.parameters().iter().zip(&mut self.means) {
            let mut weight = parameter.tensor.shallow_clone();
            let mut gradient = weight.grad();
            *mean = &*mean * 0.9 + &gradient * 0.1;
            *square = &*square * 0.99 + gradient.square() * 0.01;
            let size = (&*square / started[1]).sqrt() + 1e-8;
            // A step changes every number by about the rate. Those of the embedding are of size 1, those of the matrices
            // of size 1/√C: what is much for these is nothing for it.
            let share = if parameter.role == Role::Embedding {
                EMBEDDING_SHARE
            } else {
                1.0
            };
            weight -= &*mean / size * (share * rate / started[0]);
            let _ = gradient.zero_();
        }
    }
}
