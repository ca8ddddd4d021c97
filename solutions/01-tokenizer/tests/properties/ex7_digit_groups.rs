use judge::{Case, Property, example, property};
use proptest::prelude::*;
use tokenizer::pattern::Pattern;

pub struct Functions {
    pub from_left: fn(&str, usize) -> Vec<&str>,
    pub from_right: fn(&str, usize) -> Vec<&str>,
    pub aligned_share: fn(&[(u64, u64)], usize) -> f64,
}

/// Whether borders from the left fall on the same heights, by arithmetic: a number of L digits has them where the height
/// leaves the same remainder as L.
fn aligned(one: u64, other: u64, size: usize) -> bool {
    let (one, other) = (one.to_string().len(), other.to_string().len());
    (1..one.min(other))
        .all(|height| (height % size == one % size) == (height % size == other % size))
}

fn share(sums: &[(u64, u64)], size: usize) -> f64 {
    let good = |&&(a, b): &&(u64, u64)| {
        aligned(a, b, size) && aligned(a, a + b, size) && aligned(b, a + b, size)
    };
    sums.iter().filter(good).count() as f64 / sums.len() as f64
}

/// Numbers of one to nine digits, all lengths alike.
fn number() -> impl Strategy<Value = u64> {
    (1u32..9).prop_flat_map(|digits| 10u64.pow(digits - 1)..10u64.pow(digits))
}

fn sums() -> impl Strategy<Value = (Vec<(u64, u64)>, usize)> {
    let sums = proptest::collection::vec((number(), number()), 1..12);
    (sums, 2usize..5).prop_filter("some aligned", |(sums, size)| share(sums, *size) > 0.0)
}

pub fn properties() -> Vec<Property<Functions>> {
    let pattern = Pattern::default();
    vec![
        example("12345 from the left in twos is 12 34 5", |f: &Functions| {
            Case::of(&[("digits", &"12345"), ("size", &2)])
                .same(&vec!["12", "34", "5"], || (f.from_left)("12345", 2))
        }),
        example(
            "12345 from the right in twos is 1 23 45",
            |f: &Functions| {
                Case::of(&[("digits", &"12345"), ("size", &2)])
                    .same(&vec!["1", "23", "45"], || (f.from_right)("12345", 2))
            },
        ),
        property(
            "from the left in twos is what the split pattern does",
            || "[0-9]{1,14}",
            move |f: &Functions, digits: String| {
                let expected: Vec<&str> = pattern.split(&digits).collect();
                Case::of(&[("digits", &digits), ("size", &2)])
                    .same(&expected, || (f.from_left)(&digits, 2))
            },
        ),
        property(
            "from the right is from the left, seen in a mirror",
            || ("[0-9]{1,14}", 1usize..6),
            |f: &Functions, (digits, size)| {
                let mirrored: Vec<u8> = digits.bytes().rev().collect();
                let mut expected: Vec<String> = mirrored
                    .chunks(size)
                    .map(|group| group.iter().rev().map(|&digit| char::from(digit)).collect())
                    .collect();
                expected.reverse();
                Case::of(&[("digits", &digits), ("size", &size)]).same(&expected, || {
                    let groups = (f.from_right)(&digits, size);
                    groups.into_iter().map(str::to_string).collect()
                })
            },
        ),
        example(
            "of 12 + 34, 123 + 4567 and 12 + 3456, the first and the last are aligned in twos",
            |f: &Functions| {
                let sums = [(12, 34), (123, 4567), (12, 3456)];
                Case::of(&[("sums", &sums), ("size", &2)])
                    .close(2.0 / 3.0, 1e-9, || (f.aligned_share)(&sums, 2))
            },
        ),
        example(
            "the sum is one of the three numbers: 99 + 1 is not aligned in twos",
            |f: &Functions| {
                let sums = [(99, 1), (12, 34), (50, 49), (11, 22), (10, 10)];
                Case::of(&[("sums", &sums), ("size", &2)])
                    .close(0.8, 1e-9, || (f.aligned_share)(&sums, 2))
            },
        ),
        property(
            "the share is that of the arithmetic of lengths",
            sums,
            |f: &Functions, (sums, size)| {
                Case::of(&[("sums", &sums), ("size", &size)]).close(
                    share(&sums, size),
                    1e-9,
                    || (f.aligned_share)(&sums, size),
                )
            },
        ),
        example(
            "a group of one digit is always aligned, and a size of 0 harms nobody",
            |f: &Functions| {
                Case::of(&[("digits", &"12"), ("sizes", &(1, 0))]).obeys(|| {
                    let _ = ((f.from_left)("12", 0), (f.from_right)("12", 0));
                    match (f.aligned_share)(&[(123, 4567)], 1) {
                        1.0 => Ok(()),
                        share => Err(format!(
                            "in groups of one, 123 + 4567 gives {share} and not 1"
                        )),
                    }
                })
            },
        )
        .holds_for_constants(),
    ]
}
