use judge::{Array, Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::{Kind, Tensor};

/// Inputs per property: each is some dozens of tensor operations.
const CASES: u32 = 48;

/// Allowed between two ways to add in fp32, relative to the largest number.
const CLOSE: f64 = 1e-4;

/// A token: its inputs, its target, whether it counts.
pub type Token = ([f32; 2], f32, bool);

/// The tokens of a micro-batch, as tensors.
pub struct Tensors {
    /// (N, C)
    pub inputs: Tensor,
    /// (N,)
    pub targets: Tensor,
    /// (N,)
    pub counted: Tensor,
}

pub struct Functions {
    pub counted: fn(Vec<Tensors>) -> i64,
    /// Weight, micro-batches, count, ranks.
    pub accumulate: fn(&mut Tensor, Vec<Tensors>, i64, i64) -> f64,
}

fn tensors(batches: &[Vec<Token>]) -> Vec<Tensors> {
    let one = |tokens: &Vec<Token>| {
        let inputs: Vec<f32> = tokens.iter().flat_map(|token| token.0).collect();
        let targets: Vec<f32> = tokens.iter().map(|token| token.1).collect();
        let counted: Vec<bool> = tokens.iter().map(|token| token.2).collect();
        Tensors {
            inputs: Tensor::from_slice(&inputs).view([-1, 2]),
            targets: Tensor::from_slice(&targets),
            counted: Tensor::from_slice(&counted),
        }
    };
    batches.iter().map(one).collect()
}

/// Where the weight stands, and what the step before has left in its gradient.
const WEIGHT: [f32; 2] = [0.5, -1.0];
const LEFT_OVER: f64 = 7.0;

fn weight() -> Tensor {
    let weight = Tensor::from_slice(&WEIGHT).set_requires_grad(true);
    (&weight * LEFT_OVER).sum(Kind::Float).backward();
    weight
}

fn count(batches: &[Vec<Token>]) -> i64 {
    batches.iter().flatten().filter(|token| token.2).count() as i64
}

/// The sum of the losses, and the gradient of the mean, on paper.
fn on_paper(batches: &[Vec<Token>], count: i64) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (inputs, target, _) in batches.iter().flatten().filter(|token| token.2) {
        let inputs = inputs.map(f64::from);
        let weight = WEIGHT.map(f64::from);
        let off = inputs[0] * weight[0] + inputs[1] * weight[1] - f64::from(*target);
        sums[0] += off * off;
        sums[1] += 2.0 * off * inputs[0] / count as f64;
        sums[2] += 2.0 * off * inputs[1] / count as f64;
    }
    sums
}

/// The same, as the answer has it.
fn asked(f: &Functions, batches: &[Vec<Token>], count: i64, ranks: i64) -> [f64; 3] {
    let mut weight = weight();
    let sum = (f.accumulate)(&mut weight, tensors(batches), count, ranks);
    let gradient = weight.grad();
    [
        sum,
        gradient.double_value(&[0]),
        gradient.double_value(&[1]),
    ]
}

fn array(numbers: [f64; 3]) -> Array {
    Array::new(&[3], numbers.to_vec())
}

fn shown(batches: &[Vec<Token>]) -> String {
    let token = |(inputs, target, counts): &Token| match counts {
        true => format!("{inputs:?} → {target}"),
        false => format!("{inputs:?} → {target}, masked"),
    };
    let batch = |batch: &Vec<Token>| {
        let tokens: Vec<String> = batch.iter().map(token).collect();
        format!("[{}]", tokens.join("; "))
    };
    let batches: Vec<String> = batches.iter().map(batch).collect();
    batches.join(" ")
}

fn one_rank(f: &Functions, batches: &[Vec<Token>]) -> Checked {
    let count = count(batches);
    let shown = shown(batches);
    let case = Case::of(&[("micro-batches", &format_args!("{shown}"))]);
    case.near(&array(on_paper(batches, count)), CLOSE, || {
        array(asked(f, batches, count, 1))
    })
}

/// Small numbers; targets that no input reaches, so that each token has a loss.
fn token(counts: impl Strategy<Value = bool>) -> impl Strategy<Value = Token> {
    let input = || (-4i8..=4).prop_map(|x| f32::from(x) / 2.0);
    let target = (5i8..9).prop_map(f32::from);
    ((input(), input()), target, counts).prop_map(|((a, b), target, counts)| {
        // Not both 0, or the gradient would not hear of the token.
        (
            [a, if a == 0.0 && b == 0.0 { 1.0 } else { b }],
            target,
            counts,
        )
    })
}

/// One micro-batch at least, of which one token counts.
fn batches(counts: fn() -> BoxedStrategy<bool>) -> impl Strategy<Value = Vec<Vec<Token>>> {
    let batch = prop::collection::vec(token(counts()), 1..5);
    prop::collection::vec(batch, 1..5).prop_map(|mut batches| {
        batches[0][0].2 = true;
        batches
    })
}

fn always() -> BoxedStrategy<bool> {
    Just(true).boxed()
}

fn sometimes() -> BoxedStrategy<bool> {
    any::<bool>().boxed()
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "the tokens that count are counted",
            || batches(sometimes),
            |f: &Functions, batches| {
                let shown = shown(&batches);
                let case = Case::of(&[("micro-batches", &format_args!("{shown}"))]);
                case.same(&count(&batches), || (f.counted)(tensors(&batches)))
            },
        ),
        property_of(
            CASES,
            "one micro-batch in which all tokens count (shown: sum of losses, then the gradient)",
            || batches(always).prop_map(|batches| vec![batches[0].clone()]),
            |f: &Functions, batches| one_rank(f, &batches),
        ),
        example(
            "one counted token beside three: each has a quarter of the weight",
            |f: &Functions| {
                let batches = vec![
                    vec![([1.0, 0.0], 8.0, true), ([1.0, 0.0], 8.0, false)],
                    vec![([0.0, 1.0], 6.0, true); 3],
                ];
                one_rank(f, &batches)
            },
        ),
        property_of(
            CASES,
            "several micro-batches, with masks",
            || batches(sometimes),
            |f: &Functions, batches| one_rank(f, &batches),
        ),
        example(
            "a micro-batch that is masked throughout changes nothing",
            |f: &Functions| {
                let batches = vec![
                    vec![([1.0, 2.0], 8.0, true)],
                    vec![([2.0, 1.0], 5.0, false); 3],
                ];
                one_rank(f, &batches)
            },
        ),
        property_of(
            CASES,
            "the targets of masked tokens may be NaN",
            || batches(sometimes),
            |f: &Functions, mut batches| {
                for token in batches.iter_mut().flatten().filter(|token| !token.2) {
                    token.1 = f32::NAN;
                }
                one_rank(f, &batches)
            },
        ),
        property_of(
            CASES,
            "the mean over the ranks is the gradient of the step",
            || prop::collection::vec(batches(sometimes), 1..4),
            |f: &Functions, mut ranks| {
                // One of them has nothing to learn.
                let idle = ranks[0].clone();
                ranks.push(idle);
                for token in ranks.last_mut().into_iter().flatten().flatten() {
                    token.2 = false;
                }
                let all = ranks.concat();
                let count = count(&all);
                let texts: Vec<String> = ranks.iter().map(|batches| shown(batches)).collect();
                let case = Case::of(&[("ranks", &format_args!("{}", texts.join(" | ")))]);
                case.near(&array(on_paper(&all, count)), CLOSE, || {
                    let world = ranks.len() as i64;
                    let parts = ranks.iter().map(|own| asked(f, own, count, world));
                    let sums = parts.fold([0.0; 3], |sum, part| {
                        [sum[0] + part[0], sum[1] + part[1], sum[2] + part[2]]
                    });
                    array([sums[0], sums[1] / world as f64, sums[2] / world as f64])
                })
            },
        ),
        example(
            "a rank whose tokens are all masked has a gradient of zeros",
            |f: &Functions| {
                let batches = vec![vec![([1.0, 2.0], 8.0, false)]];
                let shown = shown(&batches);
                let case = Case::of(&[("micro-batches", &format_args!("{shown}"))]);
                case.obeys(|| {
                    let mut weight = weight();
                    (f.accumulate)(&mut weight, tensors(&batches), 4, 2);
                    let gradient = weight.grad();
                    if !gradient.defined() {
                        return Err("the weight has no gradient at all".into());
                    }
                    let found = [gradient.double_value(&[0]), gradient.double_value(&[1])];
                    match found == [0.0; 2] {
                        true => Ok(()),
                        false => Err(format!("the gradient is {found:?}")),
                    }
                })
            },
        ),
    ]
}
