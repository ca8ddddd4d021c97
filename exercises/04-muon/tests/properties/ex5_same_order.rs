use super::arrays::mixed;
use judge::{Case, Property, example, property};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::{self, Debug, Formatter};

/// The checksums of all ranks after so many operations.
pub type Sums<'s> = &'s mut dyn FnMut(usize) -> Vec<u64>;

pub struct Functions {
    pub noted: fn(u64, &str, &str, &[i64]) -> u64,
    pub first_apart: fn(usize, Sums) -> Option<usize>,
    pub outvoted: fn(&[u64]) -> Vec<usize>,
}

#[derive(Clone, PartialEq)]
struct Operation {
    operation: &'static str,
    name: String,
    shape: Vec<i64>,
}

impl Debug for Operation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {:?}", self.operation, self.name, self.shape)
    }
}

fn operation(operation: &'static str, name: &str, shape: &[i64]) -> Operation {
    Operation {
        operation,
        name: name.into(),
        shape: shape.to_vec(),
    }
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let operations = prop_oneof![Just("reduce_scatter"), Just("all_gather")];
    (operations, "[ab]{1,2}", vec(1i64..4, 0..3)).prop_map(|(operation, name, shape)| Operation {
        operation,
        name,
        shape,
    })
}

fn sum(f: &Functions, operations: &[Operation]) -> u64 {
    operations.iter().fold(0, |sum, noted| {
        (f.noted)(sum, noted.operation, &noted.name, &noted.shape)
    })
}

/// Two ranks that note these must part.
fn part(f: &Functions, one: &[Operation], other: &[Operation]) -> judge::Checked {
    let case = Case::of(&[("one rank", &one), ("another", &other)]);
    case.obeys(|| match sum(f, one) == sum(f, other) {
        true => Err("both have the same checksum".into()),
        false => Ok(()),
    })
}

/// Checksums of ranks of which one, perhaps, does something else in operation `at`: nobody knows how they are computed.
fn sums_of(world: usize, apart: Option<usize>, n: usize) -> Vec<u64> {
    let sum = |rank: usize| {
        let strange = rank == world - 1 && apart.is_some_and(|at| n > at);
        mixed(n as u64 * 2 + u64::from(strange))
    };
    (0..world).map(sum).collect()
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "ranks that note the same agree",
            || vec(any_operation(), 1..5),
            |f: &Functions, operations| {
                let case = Case::of(&[("both ranks", &operations)]);
                case.obeys(|| match sum(f, &operations) == sum(f, &operations) {
                    true => Ok(()),
                    false => Err("their checksums differ".into()),
                })
            },
        )
        .holds_for_constants(),
        property(
            "two operations in another order are seen, whatever follows",
            || (any_operation(), any_operation(), vec(any_operation(), 0..3)),
            |f: &Functions, (one, other, after)| {
                if one == other {
                    return Ok(());
                }
                let first = [&[one.clone(), other.clone()], &after[..]].concat();
                let second = [&[other, one], &after[..]].concat();
                part(f, &first, &second)
            },
        ),
        example(
            "the same operation twice does not cancel out",
            |f: &Functions| {
                let head = operation("all_gather", "head", &[4, 2]);
                let before = operation("all_gather", "embedding", &[4, 2]);
                part(f, &[before.clone(), head.clone(), head], &[before])
            },
        ),
        example("the operation counts", |f: &Functions| {
            part(
                f,
                &[operation("reduce_scatter", "head", &[4, 2])],
                &[operation("all_gather", "head", &[4, 2])],
            )
        }),
        example("the name counts", |f: &Functions| {
            part(
                f,
                &[operation("all_gather", "h.0.c_fc", &[32, 8])],
                &[operation("all_gather", "h.1.c_fc", &[32, 8])],
            )
        }),
        example("the shape counts", |f: &Functions| {
            part(
                f,
                &[operation("all_gather", "head", &[4, 2])],
                &[operation("all_gather", "head", &[2, 4])],
            )
        }),
        example(
            "what stands beside each other does not run together",
            |f: &Functions| {
                let pairs = [
                    (
                        operation("all_gather", "s", &[]),
                        operation("all_gathers", "", &[]),
                    ),
                    (
                        operation("sum", "x", &[1, 23]),
                        operation("sum", "x", &[12, 3]),
                    ),
                    (operation("sum", "x", &[1]), operation("sum", "x", &[1, 1])),
                    (operation("sum", "x1", &[]), operation("sum", "x", &[1])),
                ];
                pairs.iter().try_for_each(|(one, other)| {
                    part(f, std::slice::from_ref(one), std::slice::from_ref(other))
                })
            },
        ),
        property(
            "the first operation that is not the same is found",
            || (1usize..5, 1usize..40, 0usize..40),
            |f: &Functions, (others, count, at)| {
                let (world, at) = (others + 1, at % count);
                let case = Case::of(&[
                    ("operations", &count),
                    ("ranks", &world),
                    ("another from", &at),
                ]);
                case.same(&Some(at), || {
                    (f.first_apart)(count, &mut |n| sums_of(world, Some(at), n))
                })
            },
        ),
        property(
            "where there is none, none is found",
            || (1usize..5, 0usize..40),
            |f: &Functions, (world, count)| {
                let case = Case::of(&[("operations", &count), ("ranks", &world)]);
                case.same(&None, || {
                    (f.first_apart)(count, &mut |n| sums_of(world, None, n))
                })
            },
        )
        .holds_for_constants(),
        property(
            "it takes 1 + ⌈log₂ count⌉ gathers at most",
            || (1usize..2000, 0usize..2000),
            |f: &Functions, (count, at)| {
                let at = at % count;
                let most = 1 + count.next_power_of_two().trailing_zeros();
                let case = Case::of(&[("operations", &count), ("another from", &at)]);
                case.obeys(|| {
                    let mut asked = 0;
                    (f.first_apart)(count, &mut |n| {
                        asked += 1;
                        sums_of(3, Some(at), n)
                    });
                    match asked <= most {
                        true => Ok(()),
                        false => Err(format!("it took {asked}, and {most} are enough")),
                    }
                })
            },
        )
        .holds_for_constants(),
        property(
            "more than half are believed, and the others named; without so many, all are",
            || vec(1u64..4, 1..7),
            |f: &Functions, sums| {
                let count = |sum: &u64| sums.iter().filter(|other| *other == sum).count();
                let believed = |rank: usize| count(&sums[rank]) * 2 > sums.len();
                let named: Vec<usize> = (0..sums.len()).filter(|rank| !believed(*rank)).collect();
                Case::of(&[("sums", &sums)]).same(&named, || (f.outvoted)(&sums))
            },
        ),
        example("of 7, 7, 9, 7 it is rank 2", |f: &Functions| {
            Case::of(&[("sums", &[7, 7, 9, 7])]).same(&vec![2], || (f.outvoted)(&[7, 7, 9, 7]))
        }),
    ]
}
