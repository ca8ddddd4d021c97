// ANCHOR: head
//! Ceilings: how fast this machine multiplies matrices and copies memory, measured beside what is compared with them.
//!
//! Two kinds of matrix products: one large square one, which is the best there is; and the training step's own, shape
//! by shape, with both products of the backward pass. No step can be faster than its own products.

use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};
use transformer::{Config, Role, layout};

use super::cost::Cost;
use super::turns::{Spread, wait};
// ANCHOR_END: head

// ANCHOR: ceilings
/// The best that this machine was seen to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceilings {
    /// Floating-point operations per second of a large square product in the compute precision.
    pub gemm_flops: f64,
    /// Bytes read plus bytes written per second when one large tensor is copied into another.
    pub copy_bytes: f64,
}

/// What stands in an operation's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Products,
    Memory,
}

impl Bound {
    /// `products` or `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Products => "products",
            Bound::Memory => "memory",
        }
    }
}

impl Ceilings {
    /// Both, in about a second and a half.
    pub fn measure(device: Device, compute: Kind) -> Ceilings {
        let on_cpu = device == Device::Cpu;
        Ceilings {
            gemm_flops: square_product(device, compute, if on_cpu { 1024 } else { 8192 }),
            // Far more than caches hold.
            copy_bytes: copying(device, if on_cpu { 64 << 20 } else { 1 << 30 }),
        }
    }

    /// The shortest time that the ceilings allow, in seconds, and which of them decides.
    pub fn limit(&self, cost: Cost) -> (f64, Bound) {
        let (products, memory) = (cost.flops / self.gemm_flops, cost.bytes / self.copy_bytes);
        if products > memory {
            (products, Bound::Products)
        } else {
            (memory, Bound::Memory)
        }
    }
}

/// The best of what fits into this time: the first runs start threads, and others may use the machine.
const PATIENCE: Duration = Duration::from_millis(600);

fn best_of(device: Device, mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    while begin.elapsed() < PATIENCE || best.is_infinite() {
        wait(device);
        let run = Instant::now();
        work();
        wait(device);
        best = best.min(run.elapsed().as_secs_f64());
    }
    best
}

fn square_product(device: Device, compute: Kind, n: i64) -> f64 {
    let _unrecorded = tch::no_grad_guard();
    let left = Tensor::randn([n, n], (compute, device)); // (N, N)
    let right = Tensor::randn([n, n], (compute, device)); // (N, N)
    let product = left.zeros_like();
    let seconds = best_of(device, || {
        let _ = left.matmul_out(&product, &right);
    });
    2.0 * (n as f64).powi(3) / seconds
}

fn copying(device: Device, bytes: i64) -> f64 {
    let _unrecorded = tch::no_grad_guard();
    let from = Tensor::ones([bytes / 4], (Kind::Float, device));
    let mut to = from.zeros_like();
    let seconds = best_of(device, || to.copy_(&from));
    2.0 * bytes as f64 / seconds
}
// ANCHOR_END: ceilings

// ANCHOR: products
/// A matrix product of the step, (positions, inner) · (inner, out), and how many matrices have this shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// B·T
    pub positions: i64,
    /// Numbers that are summed over.
    pub inner: i64,
    /// Columns of the result.
    pub out: i64,
    /// Matrices of this shape in a pass.
    pub times: i64,
}

impl Product {
    /// Of all `times`, forward and backward.
    pub fn flops(&self) -> f64 {
        6.0 * self.positions as f64 * self.inner as f64 * self.out as f64 * self.times as f64
    }
}

/// The products of a step over `positions` tokens: every matrix that the FLOP formula counts, grouped by shape.
pub fn products(config: &Config, positions: i64) -> Vec<Product> {
    let mut products: Vec<Product> = Vec::new();
    for slot in layout(config) {
        let &[out, inner] = slot.shape.as_slice() else {
            continue;
        };
        if matches!(slot.role, Role::Embedding | Role::ValueTable) {
            continue;
        }
        match products
            .iter_mut()
            .find(|product| (product.inner, product.out) == (inner, out))
        {
            Some(product) => product.times += 1,
            None => products.push(Product {
                positions,
                inner,
                out,
                times: 1,
            }),
        }
    }
    products
}

/// The step's products with their matrices, ready to be timed again and again.
pub struct Products {
    device: Device,
    shapes: Vec<(Product, [Tensor; 3])>,
    /// `seconds[shape][round]`, of one matrix.
    seconds: Vec<Vec<f64>>,
}

impl Products {
    /// Three random matrices for each shape: x, W and the gradient of x Wᵀ.
    pub fn new(products: Vec<Product>, device: Device, compute: Kind) -> Products {
        let matrices = |product: &Product| {
            let Product {
                positions,
                inner,
                out,
                ..
            } = *product;
            [[positions, inner], [out, inner], [positions, out]]
                .map(|shape| Tensor::randn(shape, (compute, device)))
        };
        Products {
            device,
            seconds: vec![Vec::new(); products.len()],
            shapes: products
                .into_iter()
                .map(|product| (product, matrices(&product)))
                .collect(),
        }
    }

    /// Times each shape once: x Wᵀ, then g W and gᵀ x.
    pub fn round(&mut self) {
        let _unrecorded = tch::no_grad_guard();
        for ((_, [x, weight, gradient]), seconds) in self.shapes.iter().zip(&mut self.seconds) {
            wait(self.device);
            let begin = Instant::now();
            let _y = x.matmul(&weight.tr()); // (P, in) · (in, out) -> (P, out)
            let _dx = gradient.matmul(weight); // (P, out) · (out, in) -> (P, in)
            let _dw = gradient.tr().matmul(x); // (out, P) · (P, in) -> (out, in)
            wait(self.device);
            seconds.push(begin.elapsed().as_secs_f64());
        }
    }

    /// What was measured before this was warm.
    pub fn forget(&mut self) {
        self.seconds.iter_mut().for_each(Vec::clear);
    }

    /// Per shape the product and the median seconds of one matrix.
    pub fn each(&self) -> Vec<(Product, f64)> {
        self.shapes
            .iter()
            .zip(&self.seconds)
            .map(|((product, _), seconds)| (*product, Spread::of(seconds.iter().copied()).median))
            .collect()
    }

    /// Seconds of all products of a step, from the medians.
    pub fn seconds(&self) -> f64 {
        self.each()
            .iter()
            .map(|(product, seconds)| seconds * product.times as f64)
            .sum()
    }

    /// Their speed, in floating-point operations per second.
    pub fn flops(&self) -> f64 {
        let flops: f64 = self.shapes.iter().map(|(product, _)| product.flops()).sum();
        flops / self.seconds()
    }
}
// ANCHOR_END: products
