use super::arrays::mixed;
use judge::{Case, Property, example, property, property_of};
use proptest::prelude::*;

pub struct Functions {
    pub rounded: fn(f32, u16) -> f32,
    pub sum: fn(&[f32], &mut dyn FnMut() -> u16) -> f32,
}

/// All chances of a number are tried.
const CASES: u32 = 64;

/// Numbers from 2⁻²⁰ to 2²⁰, of either sign, with any lower half.
fn any_number() -> impl Strategy<Value = f32> {
    (any::<bool>(), 107u32..147, 0u32..1 << 23).prop_map(|(is_negative, exponent, fraction)| {
        f32::from_bits((u32::from(is_negative) << 31) | (exponent << 23) | fraction)
    })
}

fn bf16s() -> impl Strategy<Value = f32> {
    any_number().prop_map(|x| f32::from_bits(x.to_bits() & 0xffff_0000))
}

/// The smallest and the largest, and any.
fn any_chance() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), Just(u16::MAX), any::<u16>()]
}

fn case(x: f32) -> Case {
    let text = format!("{x:e} (bits {:#010x})", x.to_bits());
    Case::of(&[("x", &format_args!("{text}"))])
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "a bf16 never moves",
            || (bf16s(), any_chance()),
            |f: &Functions, (x, chance)| {
                let case = Case::of(&[("x", &x), ("chance", &chance)]);
                case.same(&x, || (f.rounded)(x, chance))
            },
        ),
        property(
            "what comes is one of the two bf16s around x",
            || (any_number(), any_chance()),
            |f: &Functions, (x, chance)| {
                let inner = x.to_bits() & 0xffff_0000;
                let around = [inner, inner.wrapping_add(0x1_0000)].map(f32::from_bits);
                case(x).obeys(|| {
                    let found = (f.rounded)(x, chance);
                    match around.contains(&found) {
                        true => Ok(()),
                        false => Err(format!(
                            "with chance {chance} it is {found:e}, and neither {:e} nor {:e}",
                            around[0], around[1]
                        )),
                    }
                })
            },
        ),
        property_of(
            CASES,
            "a number whose lower half is k moves away from 0 in k of 65,536 cases",
            any_number,
            |f: &Functions, x| {
                let lower = x.to_bits() & 0xffff;
                case(x).same(&lower, || {
                    let moves = |chance: &u16| (f.rounded)(x, *chance).abs() > x.abs();
                    (0..=u16::MAX).filter(moves).count() as u32
                })
            },
        ),
        example(
            "the average over all chances of 1 + 1/300 is 1 + 1/300",
            |f: &Functions| {
                let x = 1.0 + 1.0 / 300.0f32;
                case(x).close(x.into(), 1e-9, || {
                    let all = (0..=u16::MAX).map(|chance| f64::from((f.rounded)(x, chance)));
                    all.sum::<f64>() / 65_536.0
                })
            },
        ),
        property_of(
            CASES,
            "two thousand thousandths and a 1 come to 3, or nearly",
            || 0u64..1000,
            |f: &Functions, seed| {
                let numbers = [vec![1.0], vec![1e-3; 2000]].concat();
                let case = Case::of(&[
                    ("numbers", &format_args!("1, and 2,000 times 0.001")),
                    ("seed", &seed),
                ]);
                case.close(3.0, 0.25, || {
                    let mut at = seed << 20;
                    let mut chance = || {
                        at += 1;
                        mixed(at) as u16
                    };
                    (f.sum)(&numbers, &mut chance).into()
                })
            },
        ),
        property(
            "a sum is rounded once after each addition",
            || proptest::collection::vec(1u8..200, 1..8),
            |f: &Functions, numbers| {
                let numbers: Vec<f32> = numbers.iter().map(|&n| f32::from(n) / 7.0).collect();
                let mut expected = 0.0f32;
                for number in &numbers {
                    // With the largest chance everything moves that is no bf16.
                    let exact = (expected + number).to_bits();
                    expected = f32::from_bits(exact.wrapping_add(0xffff) & 0xffff_0000);
                }
                let case = Case::of(&[("numbers", &numbers), ("chance", &u16::MAX)]);
                case.same(&(expected, numbers.len()), || {
                    let mut asked = 0;
                    let sum = (f.sum)(&numbers, &mut || {
                        asked += 1;
                        u16::MAX
                    });
                    (sum, asked)
                })
            },
        ),
    ]
}
