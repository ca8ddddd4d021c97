use super::arrays::{CASES, CLOSE, EXACT, array, numbers};
use judge::{Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Kernels, Plain, Rotary};

pub type Rotation = fn(&Tensor, &Tensor, f64) -> Tensor;

pub struct Functions {
    pub half_split: Rotation,
    pub neighbours: Rotation,
    pub to_half_split: fn(&Tensor, i64) -> Tensor,
}

const BASE: f64 = 100.0;

/// T, D/2, a seed.
fn sizes() -> impl Strategy<Value = (i64, i64, u64)> {
    (1i64..4, 1i64..4, 0u64..1000)
}

fn positions(from: i64, time: i64) -> Tensor {
    Tensor::arange_start(from, from + time, (Kind::Int64, Device::Cpu))
}

/// The rotation number by number; `partners` says which two indices pair i has.
fn turned(x: &Tensor, positions: &Tensor, partners: impl Fn(i64) -> (i64, i64)) -> Tensor {
    let (time, width) = x.size2().expect("(T, D)");
    let y = x.copy();
    for row in 0..time {
        for pair in 0..width / 2 {
            let t = positions.int64_value(&[row]) as f64;
            let angle = t * BASE.powf(-2.0 * pair as f64 / width as f64);
            let (first, second) = partners(pair);
            let (a, b) = (
                x.double_value(&[row, first]),
                x.double_value(&[row, second]),
            );
            let put = |at: i64, value: f64| {
                let _ = y.get(row).get(at).fill_(value);
            };
            put(first, a * angle.cos() + b * angle.sin());
            put(second, b * angle.cos() - a * angle.sin());
        }
    }
    y
}

fn by_halves(x: &Tensor, positions: &Tensor) -> Tensor {
    let half = x.size()[1] / 2;
    turned(x, positions, |pair| (pair, pair + half))
}

fn by_neighbours(x: &Tensor, positions: &Tensor) -> Tensor {
    turned(x, positions, |pair| (2 * pair, 2 * pair + 1))
}

fn case(x: &Tensor, positions: &Tensor) -> Case {
    Case::of(&[
        ("x", &array(x)),
        ("positions", &array(positions)),
        ("base", &BASE),
    ])
}

/// Both conventions must give what is expected of them.
fn both(
    f: &Functions,
    (x, positions): (&Tensor, &Tensor),
    expected: [&Tensor; 2],
    answer: impl Fn(Rotation) -> Tensor,
) -> Checked {
    let rotations = [("half_split", f.half_split), ("neighbours", f.neighbours)];
    for ((name, rotation), expected) in rotations.into_iter().zip(expected) {
        let case = Case::of(&[
            ("function", &format_args!("{name}")),
            ("x", &array(x)),
            ("positions", &array(positions)),
            ("base", &BASE),
        ]);
        case.near(&array(expected), EXACT, || array(&answer(rotation)))?;
    }
    Ok(())
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "at position 1, half-split turns (1, 0, 0, 0) into (cos 1, 0, −sin 1, 0)",
            |f: &Functions| {
                let x = Tensor::from_slice(&[1.0f64, 0.0, 0.0, 0.0]).reshape([1, 4]);
                let at = positions(1, 1);
                let (sin, cos) = 1.0f64.sin_cos();
                let expected = Tensor::from_slice(&[cos, 0.0, -sin, 0.0]).reshape([1, 4]);
                case(&x, &at).near(&array(&expected), EXACT, || {
                    array(&(f.half_split)(&x, &at, BASE))
                })
            },
        ),
        example(
            "at position 1, neighbours turns (1, 0, 0, 0) into (cos 1, −sin 1, 0, 0)",
            |f: &Functions| {
                let x = Tensor::from_slice(&[1.0f64, 0.0, 0.0, 0.0]).reshape([1, 4]);
                let at = positions(1, 1);
                let (sin, cos) = 1.0f64.sin_cos();
                let expected = Tensor::from_slice(&[cos, -sin, 0.0, 0.0]).reshape([1, 4]);
                case(&x, &at).near(&array(&expected), EXACT, || {
                    array(&(f.neighbours)(&x, &at, BASE))
                })
            },
        ),
        property_of(
            CASES,
            "half-split, normalised, is the chapter's",
            sizes,
            |f: &Functions, (time, pairs, seed)| {
                let x = numbers(&[time, 2 * pairs], seed);
                let at = positions(0, time);
                let config = Config {
                    heads: 1,
                    kv_heads: 1,
                    width: 2 * pairs,
                    rope_base: BASE,
                    ..Config::d(2, 16, 8).expect("depth 2 is a model")
                };
                let rotary = Rotary::new(&config, Device::Cpu);
                let (cos, sin) = rotary.at(&at.unsqueeze(0)).expect("positions below 8");
                let heads = x.reshape([1, time, 1, -1]);
                let expected = Plain
                    .rope_qk_norm(&heads, &cos, &sin, 1e-7)
                    .reshape(x.size());
                case(&x, &at).near(&array(&expected), CLOSE, || {
                    array(&Plain.rms_norm(&(f.half_split)(&x, &at, BASE), 1e-7))
                })
            },
        ),
        property_of(
            CASES,
            "each pair turns by its own angle, in both conventions",
            sizes,
            |f: &Functions, (time, pairs, seed)| {
                let x = numbers(&[time, 2 * pairs], seed).to_kind(Kind::Double);
                let at = positions(seed as i64 % 50, time);
                let expected = [&by_halves(&x, &at), &by_neighbours(&x, &at)];
                both(f, (&x, &at), expected, |rotation| rotation(&x, &at, BASE))
            },
        ),
        example(
            "what comes in fp32 leaves in fp32, and what comes in fp64 in fp64",
            |f: &Functions| {
                let at = positions(3, 2);
                for kind in [Kind::Float, Kind::Double] {
                    let x = numbers(&[2, 4], 1).to_kind(kind);
                    for (name, rotation) in
                        [("half_split", f.half_split), ("neighbours", f.neighbours)]
                    {
                        let case = Case::of(&[
                            ("function", &format_args!("{name}")),
                            ("kind of x", &kind),
                        ]);
                        case.same(&kind, || rotation(&x, &at, BASE).kind())?;
                    }
                }
                Ok(())
            },
        )
        .holds_for_constants(),
        property_of(
            CASES,
            "lengths stay",
            sizes,
            |f: &Functions, (time, pairs, seed)| {
                let x = numbers(&[time, 2 * pairs], seed).to_kind(Kind::Double);
                let at = positions(seed as i64 % 50, time);
                let length = |x: &Tensor| x.square().sum_dim_intlist(-1, false, Kind::Double);
                both(f, (&x, &at), [&length(&x); 2], |rotation| {
                    length(&rotation(&x, &at, BASE))
                })
            },
        ),
        property_of(
            CASES,
            "a turn at −t undoes a turn at t",
            sizes,
            |f: &Functions, (time, pairs, seed)| {
                let x = numbers(&[time, 2 * pairs], seed).to_kind(Kind::Double);
                let at = positions(1 + seed as i64 % 50, time);
                both(f, (&x, &at), [&x; 2], |rotation| {
                    rotation(&rotation(&x, &at, BASE), &-&at, BASE)
                })
            },
        ),
        property_of(
            CASES,
            "the score of a query at t and a key at s depends on t − s alone",
            || (sizes(), 0i64..20, 1i64..100),
            |f: &Functions, ((_, pairs, seed), distance, shift)| {
                let two = numbers(&[2, 2 * pairs], seed).to_kind(Kind::Double);
                let (q, k) = (two.narrow(0, 0, 1), two.narrow(0, 1, 1));
                for (name, rotation) in [("half_split", f.half_split), ("neighbours", f.neighbours)]
                {
                    let score = |t: i64, s: i64| {
                        let turned = |x: &Tensor, at| rotation(x, &positions(at, 1), BASE);
                        (turned(&q, t) * turned(&k, s)).sum(Kind::Double)
                    };
                    let case = Case::of(&[
                        ("q", &array(&q)),
                        ("k", &array(&k)),
                        ("t, s", &(distance, 0)),
                        ("both moved by", &shift),
                    ]);
                    case.obeys(|| {
                        let here = score(distance, 0).double_value(&[]);
                        let there = score(distance + shift, shift).double_value(&[]);
                        if (here - there).abs() <= 1e-9 * (1.0 + here.abs()) {
                            return Ok(());
                        }
                        Err(format!(
                            "in {name} the score is {here:.4} and then {there:.4}, a difference of {:.1e}",
                            (here - there).abs()
                        ))
                    })?;
                }
                Ok(())
            },
        )
        .holds_for_constants(),
        property_of(
            CASES,
            "re-ordered weights give half-split the scores that neighbours had",
            || (1i64..3, 1i64..4, 0u64..1000),
            |f: &Functions, (heads, pairs, seed)| {
                let (time, width) = (2, 2);
                let shape = [heads * 2 * pairs, width];
                let weights =
                    [seed, seed + 1000].map(|seed| numbers(&shape, seed).to_kind(Kind::Double));
                let x = numbers(&[time, width], seed + 2000).to_kind(Kind::Double);
                let at = positions(3, time);
                // (H, T, T): all scores of all heads.
                let scores =
                    |weights: &[Tensor; 2], rotation: &dyn Fn(&Tensor, &Tensor) -> Tensor| {
                        let [q, k] = weights.each_ref().map(|weight| {
                            let all = x.matmul(&weight.tr()); // (T, H·D)
                            let heads = all.chunk(heads, -1);
                            let turned: Vec<Tensor> =
                                heads.iter().map(|head| rotation(head, &at)).collect();
                            Tensor::stack(&turned, 0)
                        });
                        q.matmul(&k.transpose(1, 2))
                    };
                let case = Case::of(&[
                    ("weight", &array(&weights[0])),
                    ("heads", &heads),
                    ("and for k", &array(&weights[1])),
                ]);
                case.near(&array(&scores(&weights, &by_neighbours)), EXACT, || {
                    let weights = weights
                        .each_ref()
                        .map(|weight| (f.to_half_split)(weight, heads));
                    array(&scores(&weights, &by_halves))
                })
            },
        ),
    ]
}
