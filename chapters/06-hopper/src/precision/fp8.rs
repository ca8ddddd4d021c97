// ANCHOR: head
//! fp8: products of eight-bit numbers.
//!
//! Words: *e4m3* is sign, 4 exponent bits and 3 of mantissa, up to 448, for activations and weights; *e5m2* has one more bit of
//! exponent and one less of mantissa, up to 57,344, for gradients, which spread over more magnitudes. *amax* is a tensor's
//! largest absolute value. *Tensorwise* scaling multiplies a whole tensor by largest / amax before it is rounded, and the product
//! by the inverses of both. An eight-bit product runs at twice the speed of bf16; rounding and finding amax cost passes over memory,
//! which is why it pays in wide layers only, and is off below d20.
//!
//! **One form of product.** Hopper multiplies fp8 only where both factors lie in memory along the dimension that is summed: a (M, K) and
//! b (N, K), both row-major, give a bᵀ (M, N). All three products of a linear layer are brought into that form:
//!
//! ```text
//! y  (N, out) = x (N, in)   · w (out, in)ᵀ      as they are
//! dx (N, in)  = g (N, out)  · wᵀ (in, out)ᵀ     w transposed in memory
//! dw (out, in) = gᵀ (out, N) · xᵀ (in, N)ᵀ      both transposed in memory
//! ```
//!
//! Without a GPU the same rounded numbers are multiplied in fp32: what is tested here is the rounding, the scales and the three
//! products; not the speed.

use tch::{Device, Kind, Tensor};
use tensors::{Forward, differentiable};
use transformer::Config;

use super::bf16::{add_gradient, recording};
use crate::Error;
use crate::cuda::GPU;
use crate::cuda::fp8::Fp8;
use crate::fused::on_gpu;
// ANCHOR_END: head

// ANCHOR: quantise
/// The largest number of each format.
const E4M3_MAX: f64 = 448.0;
const E5M2_MAX: f64 = 57_344.0;

/// A matrix in fp8: what it stands for is `values · scale`.
#[derive(Debug)]
pub struct Rounded {
    /// (rows, columns), e4m3 or e5m2
    pub values: Tensor,
    /// () fp32, amax / largest
    pub scale: Tensor,
}

impl Rounded {
    /// Rounds x (rows, columns) to `kind`, so that its amax becomes the largest number of the format.
    ///
    /// # Errors
    /// A kind that is neither `Float8e4m3fn` nor `Float8e5m2`.
    pub fn from(x: &Tensor, kind: Kind) -> Result<Rounded, Error> {
        let largest = largest(kind)?;
        let wide = x.f_to_kind(Kind::Float)?; // amax and scale in fp32: in bf16 the scale itself would be off by 1/256
        let amax = wide.f_abs()?.f_amax(Vec::<i64>::new(), false)?; // ()
        let scale = amax.f_clamp_min(1e-12)?.f_div_scalar(largest)?; // a tensor of zeros stays one
        // Rounding of the division may lead past the largest number, which e4m3 turns into NaN.
        let values = wide.f_div(&scale)?.f_clamp(-largest, largest)?;
        Ok(Rounded {
            values: values.f_to_kind(kind)?,
            scale,
        })
    }

    /// x, and the same numbers laid out along the other dimension. On a GPU this is our own kernel: one sweep for amax, and one
    /// that rounds and writes both; elsewhere it is `from`, and a copy.
    ///
    /// # Errors
    /// As `from`.
    fn both_ways(x: &Tensor, kind: Kind) -> Result<[Rounded; 2], Error> {
        let made = on_gpu(x, || GPU.fp8(x, kind, true));
        let (straight, turned, scale) = match made {
            Some(Fp8 {
                straight,
                transposed: Some(turned),
                inverse_scale,
            }) => (straight, turned, inverse_scale),
            _ => {
                let Rounded { values, scale } = Rounded::from(x, kind)?;
                let turned = values.f_tr()?.f_contiguous()?; // (rows, columns) -> (columns, rows)
                (values, turned, scale)
            }
        };
        let rounded = |values| Rounded {
            values,
            scale: scale.shallow_clone(),
        };
        Ok([rounded(straight), rounded(turned)])
    }

    /// What it stands for, in fp32.
    pub fn restored(&self) -> Tensor {
        self.values.to_kind(Kind::Float) * &self.scale
    }
}

fn largest(kind: Kind) -> Result<f64, Error> {
    match kind {
        Kind::Float8e4m3fn => Ok(E4M3_MAX),
        Kind::Float8e5m2 => Ok(E5M2_MAX),
        other => Err(Error::Precision(format!(
            "{other:?} is no fp8 format: choose Float8e4m3fn or Float8e5m2"
        ))),
    }
}
// ANCHOR_END: quantise

// ANCHOR: product
/// a bᵀ in `kind`: (M, K) and (N, K) -> (M, N).
///
/// `fast` lets the tensor cores add up in fewer bits than fp32, as nanochat does forward and not backward, where small numbers count.
fn product(a: &Rounded, b: &Rounded, kind: Kind, fast: bool) -> Tensor {
    if a.values.device() == Device::Cpu {
        return a.restored().mm(&b.restored().tr()).to_kind(kind);
    }
    // `tr` makes the row-major (N, K) a column-major (K, N) without moving a byte: the layout that cuBLAS asks for.
    let none = None::<&Tensor>;
    a.values
        .internal_scaled_mm(&b.values.tr(), &a.scale, &b.scale, none, none, kind, fast)
}
// ANCHOR_END: product

// ANCHOR: fits
/// Sizes that fp8 products take: multiples of this …
const MULTIPLE: i64 = 16;
/// … and no smaller than this, below which rounding costs more than the product saves (nanochat's limit).
const LEAST: i64 = 128;

/// Whether a layer's product can be made in fp8: x (…, in), weight `[out, in]`. The rows of x count too, because the weight's
/// gradient sums over them.
pub fn fits(x: &Tensor, weight: &Tensor) -> bool {
    let sides = weight.size();
    let rows = x.numel() as i64 / sides.last().copied().unwrap_or(1).max(1);
    sides.len() == 2
        && sides
            .iter()
            .all(|side| side % MULTIPLE == 0 && *side >= LEAST)
        && rows % MULTIPLE == 0
}

/// Depth from which fp8 is worth its passes over memory: nanochat measured d12 slower and d26 17 % faster.
const WORTH_IT: i64 = 20;

/// The first compute capability, (major, minor), whose tensor cores multiply fp8: Ada's.
const MULTIPLIES: (i32, i32) = (8, 9);

/// Whether fp8 is worth it for a model of so many layers on a GPU of this compute capability.
pub fn pays(layers: i64, capability: (i32, i32)) -> bool {
    layers >= WORTH_IT && capability >= MULTIPLIES
}

/// Whether a run uses fp8 if nobody says: where it [`pays`].
pub fn by_default(config: &Config, device: Device) -> bool {
    let Device::Cuda(index) = device else {
        return false;
    };
    tensors::cuda::compute_capability(index)
        .is_some_and(|capability| pays(config.layers, capability))
}
// ANCHOR_END: fits

// ANCHOR: linear
/// x Wᵀ in fp8: x (…, in), weight fp32 `[out, in]`, `working` the weight in x's kind -> (…, out) in x's kind. The weight's
/// gradient is added to `weight.grad()` in fp32, as in [`bf16`](super::bf16).
///
/// Where nothing is recorded, as in evaluation, and where the sizes do not [fit](fits), the product is bf16's: `None`.
///
/// # Errors
/// Whatever libtorch says.
pub fn linear(x: &Tensor, weight: &Tensor, working: &Tensor) -> Result<Option<Tensor>, Error> {
    if !recording() || !weight.requires_grad() || !fits(x, weight) {
        return Ok(None);
    }
    let (out, inner) = working.size2()?;
    let (shape, kind, weight_kind) = (x.size(), x.kind(), weight.kind());
    let leaf = weight.is_leaf().then(|| weight.shallow_clone());
    let ask_x = x.requires_grad();
    let ([x8, x_turned], [w8, w_turned]) = {
        let _unrecorded = tch::no_grad_guard();
        let rows = x.detach().reshape([-1, inner]); // (…, in) -> (N, in)
        (
            Rounded::both_ways(&rows, Kind::Float8e4m3fn)?,
            Rounded::both_ways(&working.detach(), Kind::Float8e4m3fn)?,
        )
    };

    // The backward pass reads the transposed ones alone. One byte per number is kept for it instead of bf16's two.
    let forward = move |_: &[Tensor]| {
        let mut wide_shape = shape.clone();
        if let Some(last) = wide_shape.last_mut() {
            *last = out;
        }
        let y = product(&x8, &w8, kind, true).view(&wide_shape[..]); // (N, out) -> (…, out)
        let saved = vec![
            x_turned.values,
            x_turned.scale,
            w_turned.values,
            w_turned.scale,
        ];
        Forward {
            outputs: vec![y],
            saved,
        }
    };
    let backward = move |saved: &[Tensor], gradients: &[Option<Tensor>]| {
        let Some(gradient) = &gradients[0] else {
            return vec![None, None];
        };
        let kept = |values: usize| Rounded {
            values: saved[values].shallow_clone(),
            scale: saved[values + 1].shallow_clone(),
        };
        let (x_turned, w_turned) = (kept(0), kept(2));
        let rows = gradient.reshape([-1, out]); // (…, out) -> (N, out)
        let [g8, g_turned] =
            Rounded::both_ways(&rows, Kind::Float8e5m2).expect("e5m2 is a format of fp8");
        let dx = ask_x.then(|| {
            let mut narrow_shape = gradient.size();
            if let Some(last) = narrow_shape.last_mut() {
                *last = inner;
            }
            product(&g8, &w_turned, kind, false).view(&narrow_shape[..]) // (N, in) -> (…, in)
        });
        let dw = product(&g_turned, &x_turned, kind, false).to_kind(weight_kind); // (out, in)
        match &leaf {
            Some(leaf) => {
                add_gradient(leaf, dw);
                vec![dx, None]
            }
            None => vec![dx, Some(dw)],
        }
    };
    let mut outputs = differentiable(&[x, weight], forward, backward)?;
    Ok(Some(outputs.swap_remove(0)))
}
// ANCHOR_END: linear
