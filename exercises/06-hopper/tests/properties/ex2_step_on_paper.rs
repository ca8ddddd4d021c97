use judge::{Case, Property, example, property};
use proptest::prelude::*;

/// V, L, C, T, rows, passes over the logits.
pub type Sizes = [i64; 6];

/// Operations per second, bytes per second, bytes of a number.
pub type Machine = [f64; 3];

/// Milliseconds of the products, of attention, of the pointwise passes, of the loss.
pub type Estimate = [f64; 4];

pub struct Functions {
    pub estimate: fn(Sizes, Machine) -> Estimate,
    pub fewest_positions: fn(i64, i64, Machine) -> Option<i64>,
}

const EXACT: f64 = 1e-9;

/// d20 with 32 rows of 2,048 in bf16 on an H100, whose loss passes over the logits three times.
const D20: (Sizes, Machine) = ([65_536, 20, 1280, 2048, 32, 3], [989e12, 3.35e12, 2.0]);

/// Machines on both sides of most operations: from a bandwidth that is never the limit to one that always is.
fn machine() -> impl Strategy<Value = Machine> {
    let bytes = prop_oneof![Just(2.0), Just(4.0)];
    (50.0f64..200.0, 0.5f64..100.0, bytes)
        .prop_map(|(peak, bandwidth, bytes)| [peak * 1e9, bandwidth * 1e9, bytes])
}

fn sizes() -> impl Strategy<Value = Sizes> {
    let dials = (
        10i64..5000,
        1i64..9,
        8i64..300,
        1i64..300,
        1i64..9,
        2i64..20,
    );
    dials.prop_map(|(vocab, layers, width, context, rows, passes)| {
        [vocab, layers, width, context, rows, passes]
    })
}

/// Of a matrix: narrow ones are limited by memory whatever they are multiplied with.
fn side() -> impl Strategy<Value = i64> {
    prop_oneof![2i64..12, 12i64..2000]
}

fn case([vocab, layers, width, context, rows, passes]: Sizes, machine: Machine) -> Case {
    let sizes = format!(
        "V {vocab}, L {layers}, C {width}, T {context}, {rows} rows, {passes} passes over the logits"
    );
    let machine = in_words(machine);
    Case::of(&[
        ("sizes", &format_args!("{sizes}")),
        ("machine", &format_args!("{machine}")),
    ])
}

fn in_words([peak, bandwidth, bytes]: Machine) -> String {
    format!("{peak:.4e} operations and {bandwidth:.4e} bytes per second, {bytes} bytes per number")
}

/// Milliseconds of one operation.
fn roof(operations: f64, bytes: f64, [peak, bandwidth, _]: Machine) -> f64 {
    let (computing, moving) = (operations / peak, bytes / bandwidth);
    1000.0
        * if computing > moving {
            computing
        } else {
            moving
        }
}

/// All products of a step one by one: rows of the left matrix, what is summed over, columns of the right one.
fn products([vocab, layers, width, context, rows, _]: Sizes) -> Vec<[f64; 3]> {
    let positions = rows * context;
    let mut weights = vec![(width, vocab)];
    for _ in 0..layers {
        weights.extend([(width, width); 4]);
        weights.extend([(width, 4 * width), (4 * width, width)]);
    }
    let both_ways = weights
        .into_iter()
        .flat_map(|(k, m)| [[positions, k, m], [positions, m, k], [k, positions, m]]);
    both_ways
        .map(|sizes| sizes.map(|size| size as f64))
        .collect()
}

fn group(group: usize, sizes: Sizes, machine: Machine) -> f64 {
    let [vocab, layers, width, context, rows, passes] = sizes.map(|size| size as f64);
    let (positions, bytes) = (rows * context, machine[2]);
    match group {
        0 => products(sizes)
            .into_iter()
            .map(|[rows, inner, columns]| {
                let numbers = rows * inner + inner * columns + rows * columns;
                roof(2.0 * rows * inner * columns, bytes * numbers, machine)
            })
            .sum(),
        1 => {
            let one = 12.0 * positions * width;
            layers * roof(one * context, one * bytes, machine)
        }
        2 => {
            let [norm, sum, turn, relu] = [2.0 + 3.0, 3.0, 2.0 + 3.0, 4.0 * (2.0 + 3.0)];
            let passes = 2.0 * norm + 2.0 * sum + 2.0 * turn + relu;
            layers * roof(0.0, passes * positions * width * bytes, machine)
        }
        _ => roof(0.0, passes * positions * vocab * 4.0, machine),
    }
}

fn is_right(of: usize, says: &'static str) -> Property<Functions> {
    property(
        says,
        || (sizes(), machine()),
        move |f: &Functions, (sizes, machine)| {
            let expected = group(of, sizes, machine);
            case(sizes, machine).close(expected, EXACT, || (f.estimate)(sizes, machine)[of])
        },
    )
}

/// Both halves of a product with so many positions.
fn halves(positions: i64, k: i64, m: i64, [peak, bandwidth, bytes]: Machine) -> (f64, f64) {
    let [n, k, m] = [positions, k, m].map(|size| size as f64);
    let computing = 2.0 * n * k * m / peak;
    (computing, bytes * (n * k + k * m + n * m) / bandwidth)
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "a d20 on an H100 multiplies for 190 ms, if it reaches its roof",
            |f: &Functions| {
                let (sizes, machine) = D20;
                let expected = group(0, sizes, machine);
                case(sizes, machine).close(expected, EXACT, || (f.estimate)(sizes, machine)[0])
            },
        ),
        is_right(
            0,
            "products: each at its own roof, and two more on the way back",
        ),
        is_right(1, "attention: the roof above it decides, layer by layer"),
        is_right(
            2,
            "pointwise: what the table of passes comes to, block by block",
        ),
        is_right(3, "loss: so many passes over logits of four bytes"),
        property(
            "with the fewest positions arithmetic decides, with one less it does not",
            || (side(), side(), machine()),
            |f: &Functions, (k, m, machine)| {
                let shown = in_words(machine);
                let case = Case::of(&[("k", &k), ("m", &m), ("machine", &format_args!("{shown}"))]);
                // With no end of positions the weight's bytes no longer matter.
                let (computing, moving) = halves(1 << 50, k, m, machine);
                let there_is_one = computing > moving * (1.0 + 1e-6);
                let there_is_none = computing < moving * (1.0 - 1e-6);
                case.obeys(|| match (f.fewest_positions)(k, m, machine) {
                    None if there_is_one => {
                        Err("you say that no number of positions is enough, and one is".into())
                    }
                    None => Ok(()),
                    Some(found) if there_is_none => Err(format!(
                        "no number of positions is enough, and you say {found}"
                    )),
                    Some(found) if found < 1 => Err(format!("{found} positions are no product")),
                    Some(found) => {
                        let (computing, moving) = halves(found, k, m, machine);
                        if computing < moving * (1.0 - 1e-9) {
                            return Err(format!(
                                "with your {found} positions the bytes still take longer: {:.4e} s, the operations {:.4e} s",
                                moving, computing
                            ));
                        }
                        let (computing, moving) = halves(found - 1, k, m, machine);
                        if computing >= moving * (1.0 + 1e-9) {
                            return Err(format!(
                                "your {found} positions are too many: with one less the operations take longer already"
                            ));
                        }
                        Ok(())
                    }
                })
            },
        ),
    ]
}
