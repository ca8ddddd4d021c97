use super::arrays::mixed;
use judge::{Case, Property, example, property};
use proptest::prelude::*;
use tch::{Kind, Tensor};

/// Master, working copy, first and second moment.
pub type Weight = [f32; 4];

pub struct Functions {
    pub bf16: fn(f32) -> f32,
    pub average: fn(&[f32]) -> f32,
    pub step: fn(Weight, f32, f32) -> Weight,
}

/// As libtorch rounds.
fn nearest(x: f32) -> f32 {
    let tensor = Tensor::from_slice(&[x]).to_kind(Kind::BFloat16);
    tensor.to_kind(Kind::Float).double_value(&[0]) as f32
}

/// Cut off: a bf16 at any rate.
fn cut(x: f32) -> f32 {
    f32::from_bits(x.to_bits() & 0xffff_0000)
}

/// Finite numbers of all sizes but the very small ones, with any lower half.
fn any_number() -> impl Strategy<Value = f32> {
    (any::<bool>(), 20u32..230, 0u32..1 << 23).prop_map(|(is_negative, exponent, fraction)| {
        f32::from_bits((u32::from(is_negative) << 31) | (exponent << 23) | fraction)
    })
}

/// The weight after so many steps with the same gradient.
fn after(f: &Functions, steps: usize, mut weight: Weight, gradient: f32, rate: f32) -> Weight {
    for _ in 0..steps {
        weight = (f.step)(weight, gradient, rate);
    }
    weight
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "bf16 is the nearest, as libtorch rounds",
            any_number,
            |f: &Functions, x| {
                let bits = format!("{x:e} (bits {:#010x})", x.to_bits());
                let case = Case::of(&[("x", &format_args!("{bits}"))]);
                case.same(&nearest(x), || (f.bf16)(x))
            },
        ),
        property(
            "halfway between two, the even one is taken",
            || (1u32..255).prop_map(|upper| 0x3f80_8000 | (upper << 16)),
            |f: &Functions, bits| {
                let x = f32::from_bits(bits);
                Case::of(&[("x", &x)]).same(&nearest(x), || (f.bf16)(x))
            },
        ),
        property(
            "a thousand small gradients and a large one have their average",
            || 0u64..1000,
            |f: &Functions, seed| {
                let small = |at: u64| cut(1e-3 * (1.0 + (mixed(seed + at) % 100) as f32));
                let gradients: Vec<f32> =
                    std::iter::once(64.0).chain((0..1000).map(small)).collect();
                let sum: f64 = gradients.iter().map(|&g| f64::from(g)).sum();
                let expected = sum / gradients.len() as f64;
                let case = Case::of(&[(
                    "gradients",
                    &format_args!("64 and a thousand between 0.001 and 0.1"),
                )]);
                case.close(expected, 1e-4, || (f.average)(&gradients).into())
            },
        ),
        example(
            "the second moment halves in 693 steps without a gradient",
            |f: &Functions| {
                let case = Case::of(&[
                    ("second", &1.0),
                    ("gradients", &format_args!("693 times 0")),
                ]);
                case.close(0.999f64.powi(693), 1e-3, || {
                    after(f, 693, [1.0, 1.0, 0.0, 1.0], 0.0, 1e-3)[3].into()
                })
            },
        ),
        property(
            "a thousand small steps come to a thousand times one",
            || (1u32..20).prop_map(|rate| rate as f32 * 1e-5),
            |f: &Functions, rate| {
                let case = Case::of(&[
                    ("master", &1.0),
                    (
                        "gradients",
                        &format_args!("1000 times 1, and so are both moments"),
                    ),
                    ("rate", &rate),
                ]);
                case.close(1.0 - 1000.0 * f64::from(rate), 1e-3, || {
                    after(f, 1000, [1.0; 4], 1.0, rate)[0].into()
                })
            },
        ),
        property(
            "the working copy is the master's nearest bf16",
            || (1u32..200).prop_map(|rate| rate as f32 * 1e-3),
            |f: &Functions, rate| {
                let case = Case::of(&[("master", &1.0), ("gradient", &1.0), ("rate", &rate)]);
                let expected = 1.0 - rate;
                case.close(nearest(expected).into(), 1e-6, || {
                    (f.step)([1.0; 4], 1.0, rate)[1].into()
                })
            },
        ),
    ]
}
