use super::arrays::{CASES, CLOSE, array, tensor};
use judge::{Array, Case, Property, example, property_of};
use muon::Refinements;
use proptest::collection::vec;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

pub type Round = (f64, f64, f64);

pub struct Functions {
    pub orthogonalise: fn(&Tensor, &[Round], Kind) -> Tensor,
}

/// Through the singular values themselves, in fp64.
fn by_svd(stack: &Tensor, rounds: &[Round]) -> Array {
    let exact = stack.to_kind(Kind::Double);
    let norm = exact.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
    let (u, s, v) = (exact / norm).svd(true, true);
    let s = rounds.iter().fold(s, |s, &(a, b, c)| {
        &s * a + s.pow_tensor_scalar(3) * b + s.pow_tensor_scalar(5) * c
    });
    array(&(u * s.unsqueeze(-2)).matmul(&v.transpose(-2, -1)))
}

/// Coefficients that keep numbers in bounds, and take none of them to 0, in quarters.
fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let quarters = |range: std::ops::Range<i32>| range.prop_map(|n| f64::from(n) / 4.0);
    vec((quarters(4..7), quarters(-3..1), quarters(0..3)), 1..4)
}

fn is_the_svds(f: &Functions, stack: &Tensor, rounds: &[Round]) -> judge::Checked {
    let case = Case::of(&[("stack", &array(stack)), ("rounds", &rounds)]);
    case.near(&by_svd(stack, rounds), CLOSE, || {
        array(&(f.orthogonalise)(stack, rounds, Kind::Float))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "one round (1.5, −0.5, 0) of diag(3, 4): 0.6 becomes 0.792 and 0.8 becomes 0.944",
            |f: &Functions| {
                let stack = Tensor::from_slice(&[3.0f32, 0.0, 0.0, 4.0]).view([1, 2, 2]);
                is_the_svds(f, &stack, &[(1.5, -0.5, 0.0)])
            },
        ),
        property_of(
            CASES,
            "singular values go through the polynomials one after the other, directions stay",
            || (1i64..5, rounds(), 0u64..1000),
            |f: &Functions, (size, rounds, seed)| {
                is_the_svds(f, &tensor(&[1, size, size], seed), &rounds)
            },
        ),
        property_of(
            CASES,
            "wide and tall ones too",
            || (1i64..5, 1i64..7, rounds(), 0u64..1000),
            |f: &Functions, (rows, columns, rounds, seed)| {
                is_the_svds(f, &tensor(&[1, rows, columns], seed), &rounds)
            },
        ),
        property_of(
            CASES,
            "each matrix of a stack has its own norm",
            || (2i64..4, rounds(), 0u64..1000),
            |f: &Functions, (count, rounds, seed)| {
                // Each ten times as large as the one before.
                let sizes: Vec<f32> = (0..count).map(|n| 10f32.powi(n as i32)).collect();
                let stack =
                    tensor(&[count, 2, 3], seed) * Tensor::from_slice(&sizes).view([-1, 1, 1]);
                is_the_svds(f, &stack, &rounds)
            },
        ),
        example(
            "with the chapter's rounds it is Newton–Schulz, and Polar Express",
            |f: &Functions| {
                let stack = tensor(&[2, 6, 9], 77);
                let polar = Refinements {
                    polar_express: true,
                    ..Refinements::NONE
                };
                let both = |newton: Tensor, polar: Tensor| array(&Tensor::cat(&[newton, polar], 0));
                let expected = both(
                    muon::orthogonalise(&stack, 5, Kind::Float),
                    muon::polar_express(&stack, 5, Kind::Float),
                );
                let case = Case::of(&[("stack", &array(&stack)), ("rounds", &"five of each")]);
                case.near(&expected, 1e-3, || {
                    let by = |refinements: Refinements| {
                        (f.orthogonalise)(&stack, &refinements.rounds(5), Kind::Float)
                    };
                    both(by(Refinements::NONE), by(polar))
                })
            },
        ),
        example("a matrix of zeros stays one", |f: &Functions| {
            let stack = Tensor::zeros([1, 2, 3], (Kind::Float, Device::Cpu));
            let case = Case::of(&[("stack", &array(&stack))]);
            let rounds = [(3.4445, -4.775, 2.0315); 5];
            case.same(&array(&stack), || {
                array(&(f.orthogonalise)(&stack, &rounds, Kind::Float))
            })
        })
        .holds_for_constants(),
        example(
            "computed in bf16 the result is near, and has the kind of the stack",
            |f: &Functions| {
                let stack = tensor(&[2, 4, 6], 5);
                let rounds = [(1.5, -0.5, 0.0); 3];
                let case = Case::of(&[("stack", &array(&stack)), ("compute", &Kind::BFloat16)]);
                let expected = by_svd(&stack, &rounds);
                let found = || (f.orthogonalise)(&stack, &rounds, Kind::BFloat16);
                case.same(&Kind::Float, || found().kind())?;
                case.near(&expected, 0.03, || array(&found()))?;
                case.obeys(|| {
                    let in_fp32 = (f.orthogonalise)(&stack, &rounds, Kind::Float);
                    match found().equal(&in_fp32) {
                        true => Err("it was computed in fp32, to the last bit".into()),
                        false => Ok(()),
                    }
                })
            },
        ),
        example(
            "a column of 8,000,000 numbers is a matter of milliseconds",
            |f: &Functions| {
                // On the long side it would take a matrix that no memory holds.
                let column = Tensor::ones([1, 8_000_000, 1], (Kind::Float, Device::Cpu));
                let case = Case::of(&[("stack", &"(1, 8000000, 1), all of them 1")]);
                let expected = 1.25 / 8e6f64.sqrt();
                case.close(expected, 1e-2, || {
                    let found = (f.orthogonalise)(&column, &[(2.0, -1.0, 0.25)], Kind::Float);
                    found.max().double_value(&[])
                })
            },
        ),
    ]
}
