//! One model with one part taken out, through the seams: `Kernels` for the arithmetic, `Context` for what sees what, and
//! `Gpt::from_tensors` for other first values. The model in `src/` is not touched.

use std::cell::Cell;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Tensor};
use transformer::{Causal, Config, Context, Gpt, HeadLoss, Kernels, Law, Plain, layout};

#[derive(Clone, Copy, PartialEq)]
pub enum Inner {
    ReluSquared,
    Relu,
    Gelu,
    /// fc2 follows on fc1: the two are one matrix.
    Nothing,
}

/// Which tensors that begin at zero begin as normal numbers instead.
#[derive(Clone, Copy, PartialEq)]
pub enum Start {
    Zeros,
    /// The output matrices and fc2, which makes every block add something from the beginning.
    RandomProjections,
    RandomHead,
}

#[derive(Clone, Copy)]
pub struct Variant {
    pub name: &'static str,
    pub positions: bool,
    pub qk_norm: bool,
    pub inner: Inner,
    pub softcap: bool,
    pub embedding_norm: bool,
    pub kv_heads: i64,
    pub start: Start,
    /// Colours and things of the text: 8 make a rule of 64 cases, 16 one of 256.
    pub kinds: i64,
}

impl Variant {
    /// The model of the chapter.
    pub const WHOLE: Variant = Variant {
        name: "whole",
        positions: true,
        qk_norm: true,
        inner: Inner::ReluSquared,
        softcap: true,
        embedding_norm: true,
        kv_heads: 4,
        start: Start::Zeros,
        kinds: 8,
    };

    pub fn model(&self, config: &Config, seed: u64) -> anyhow::Result<Gpt> {
        let model = Gpt::new(config, Device::Cpu, seed)?;
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        let mut tensors = Vec::new();
        for (slot, parameter) in layout(config).into_iter().zip(model.parameters()) {
            let is_head = slot.name == "lm_head.weight";
            let random = slot.law == Law::Zero
                && match self.start {
                    Start::Zeros => false,
                    Start::RandomProjections => !is_head,
                    Start::RandomHead => is_head,
                };
            let tensor = if random {
                // The deviation of every other matrix of this shape: chapter, "First values".
                let (out, inner) = (slot.shape[0] as f64, slot.shape[1] as f64);
                let deviation = (out / inner).sqrt().min(1.0) / inner.sqrt();
                let numbers: Vec<f32> = (0..slot.elements())
                    .map(|_| (deviation * normal(&mut stream)) as f32)
                    .collect();
                Tensor::from_slice(&numbers).view(&slot.shape[..])
            } else {
                parameter.tensor.detach()
            };
            tensors.push((slot.name, tensor));
        }
        Ok(Gpt::from_tensors(config, Device::Cpu, tensors)?)
    }
}

/// Twelve uniform numbers of variance 1/12: their sum, less its mean, is as good as normal.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let uniform = |random: &mut ChaCha8Rng| random.next_u32() as f64 / 2f64.powi(32);
    (0..12).map(|_| uniform(random)).sum::<f64>() - 6.0
}

/// A variant at work, and the largest numbers it met while it was watched.
pub struct Run<'a> {
    pub variant: &'a Variant,
    /// Norms of this forward pass so far: the first one is the embedding's.
    norms: Cell<usize>,
    pub watched: Cell<bool>,
    pub largest_score: Cell<f64>,
    pub largest_logit: Cell<f64>,
}

impl<'a> Run<'a> {
    pub fn new(variant: &'a Variant) -> Run<'a> {
        Run {
            variant,
            norms: Cell::new(0),
            watched: Cell::new(false),
            largest_score: Cell::new(0.0),
            largest_logit: Cell::new(0.0),
        }
    }

    pub fn loss(&self, gpt: &Gpt, ids: &Tensor, targets: &Tensor) -> anyhow::Result<HeadLoss> {
        self.norms.set(0);
        let x = gpt.hidden(&self, &mut &*self, ids)?; // (B, T, C)
        Ok((&self).head_loss(&x, &gpt.head(), targets, gpt.config().softcap))
    }

    fn watch(&self, largest: &Cell<f64>, values: impl Fn() -> Tensor) {
        if self.watched.get() {
            let found = values().abs().max().double_value(&[]);
            largest.set(largest.get().max(found));
        }
    }
}

impl Kernels for &Run<'_> {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        let first = self.norms.replace(self.norms.get() + 1) == 0;
        if first && !self.variant.embedding_norm {
            return x.shallow_clone();
        }
        Plain.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        if self.variant.qk_norm {
            return Plain.rope_qk_norm(x, cos, sin, eps);
        }
        let halves = x.chunk(2, -1); // (B, T, H, D) -> two of (B, T, H, D/2)
        let (first, second) = (&halves[0], &halves[1]);
        Tensor::cat(
            &[first * cos + second * sin, second * cos - first * sin],
            -1,
        )
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        match self.variant.inner {
            Inner::ReluSquared => Plain.relu_squared(x),
            Inner::Relu => x.relu(),
            Inner::Gelu => x.gelu("none"),
            Inner::Nothing => x.shallow_clone(),
        }
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        self.watch(&self.largest_logit, || x.linear(head, None::<&Tensor>));
        // A cap at a million is none: tanh is the identity there, to the last digit.
        let softcap = if self.variant.softcap { softcap } else { 1e6 };
        Plain.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
}

impl Context for &Run<'_> {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        let positions = Causal.positions(batch, time, device);
        if self.variant.positions {
            positions
        } else {
            positions.zeros_like()
        }
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        self.watch(&self.largest_score, || {
            let shared = q.size()[2] / k.size()[2];
            let k = k.repeat_interleave_self_int(shared, 2, None); // (B, T, K, D) -> (B, T, H, D)
            let scores = q.transpose(1, 2).matmul(&k.transpose(1, 2).transpose(2, 3)); // (B, H, T, T)
            scores.tril(0) / (q.size()[3] as f64).sqrt()
        });
        Causal.attend(layer, window, q, k, v)
    }
}
