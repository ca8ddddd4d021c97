//! A mixture deals out each conversation as often as its weight says, in an order that the seed decides.

mod words;

use dataset::SourcePosition;
use sft::{Ingredient, Mixture};
use std::collections::HashMap;
use words::{Talks, exchanges};

fn mixture(weights: &[(usize, f64)], seed: u64, rank: usize, world: usize) -> Mixture {
    let ingredient = |(number, &(count, weight)): (usize, &(usize, f64))| Ingredient {
        source: Talks::boxed(&format!("set {number}"), exchanges(count)),
        weight,
    };
    Mixture::new(
        weights.iter().enumerate().map(ingredient).collect(),
        seed,
        rank,
        world,
    )
    .expect("a mixture")
}

fn draw(mixture: &mut Mixture, count: usize) -> Vec<(u32, u32)> {
    (0..count)
        .map(|_| mixture.draw().expect("a conversation").0)
        .map(|place| (place.file, place.row))
        .collect()
}

fn tally(places: &[(u32, u32)]) -> HashMap<(u32, u32), usize> {
    let mut tally = HashMap::new();
    for &place in places {
        *tally.entry(place).or_default() += 1;
    }
    tally
}

#[test]
fn each_conversation_comes_as_often_as_its_weight_says() {
    let mut mixture = mixture(&[(10, 1.0), (4, 3.0), (20, 0.25), (7, 0.0)], 1, 0, 1);
    assert_eq!(mixture.len(), 10 + 12 + 5);
    let places = draw(&mut mixture, 27);
    let tally = tally(&places);
    assert!((0..10).all(|row| tally[&(0, row)] == 1));
    assert!((0..4).all(|row| tally[&(1, row)] == 3));
    assert_eq!(tally.keys().filter(|(source, _)| *source == 2).count(), 5);
    assert!(!tally.keys().any(|(source, _)| *source == 3));
}

#[test]
fn the_seed_decides_the_order_and_each_epoch_has_another() {
    let epochs = |seed| {
        let mut mixture = mixture(&[(40, 1.0)], seed, 0, 1);
        (draw(&mut mixture, 40), draw(&mut mixture, 40))
    };
    assert_eq!(epochs(1), epochs(1));
    let ((a, b), (c, d)) = (epochs(1), epochs(2));
    assert!(
        a != b && a != c && a != d && b != c,
        "seed 1's second epoch is not seed 2's first"
    );
    let mut sorted = a.clone();
    sorted.sort_unstable();
    assert_ne!(a, sorted, "shuffled");
}

#[test]
fn ranks_share_an_epoch_without_overlap() {
    let places: Vec<_> = (0..3)
        .flat_map(|rank| {
            let mut mixture = mixture(&[(20, 1.0)], 5, rank, 3);
            let count = mixture.len();
            draw(&mut mixture, count)
        })
        .collect();
    assert_eq!(places.len(), 20);
    assert_eq!(tally(&places).len(), 20);
}

#[test]
fn a_position_is_where_reading_goes_on() {
    let mut whole = mixture(&[(9, 1.0), (3, 2.0)], 3, 0, 1);
    draw(&mut whole, 22); // into the second epoch
    let position = whole.position();
    let mut resumed = mixture(&[(9, 1.0), (3, 2.0)], 3, 0, 1);
    resumed.seek(&position).expect("a position");
    assert_eq!(draw(&mut resumed, 30), draw(&mut whole, 30));
}

#[test]
fn what_cannot_be_mixed_is_refused_with_a_reason() {
    let refusal = |weight: f64, count: usize, rank: usize, world: usize| {
        let source = Talks::boxed("talks", exchanges(count));
        Mixture::new(vec![Ingredient { source, weight }], 0, rank, world)
            .err()
            .expect("refused")
            .to_string()
    };
    assert!(refusal(-1.0, 3, 0, 1).contains("weight of `talks` is -1"));
    assert!(refusal(f64::NAN, 3, 0, 1).contains("NaN"));
    assert!(refusal(1.0, 0, 0, 1).contains("no conversations"));
    assert!(refusal(0.0, 3, 0, 1).contains("no conversations"));
    assert!(refusal(1.0, 3, 1, 1).contains("rank 1 of 1"));
    assert!(refusal(1.0, 3, 0, 4).contains("rank 0 of 4"));
    let mut mixture = mixture(&[(3, 1.0)], 0, 0, 1);
    let beyond = SourcePosition {
        epoch: 1,
        file: 0,
        group: 0,
        row: 4,
    };
    assert!(
        mixture
            .seek(&beyond)
            .unwrap_err()
            .to_string()
            .contains("3 conversations")
    );
    let elsewhere = SourcePosition {
        epoch: 1,
        file: 7,
        group: 0,
        row: 0,
    };
    assert!(
        mixture
            .get(elsewhere)
            .unwrap_err()
            .to_string()
            .contains("fewer sources")
    );
}

#[test]
fn in_file_order_is_source_after_source_and_the_same_in_each_epoch() {
    let mut mixture = mixture(&[(3, 2.0), (4, 0.5)], 9, 0, 1)
        .in_file_order()
        .unwrap();
    let first = draw(&mut mixture, 8);
    let expected = [
        (0, 0),
        (0, 1),
        (0, 2),
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
    ];
    assert_eq!(first, expected);
    assert_eq!(draw(&mut mixture, 8), expected);
    assert_eq!(mixture.drawn(), 16);
}

#[test]
fn mixtures_that_deal_out_other_conversations_describe_themselves_differently() {
    let one = mixture(&[(3, 1.0)], 0, 0, 1).describe();
    assert!(one.contains("set 0 3×1"), "{one}");
    for other in [
        mixture(&[(3, 2.0)], 0, 0, 1),
        mixture(&[(4, 1.0)], 0, 0, 1),
        mixture(&[(3, 1.0)], 1, 0, 1),
        mixture(&[(3, 1.0), (1, 1.0)], 0, 0, 1),
        mixture(&[(3, 1.0)], 0, 0, 1).in_file_order().unwrap(),
    ] {
        assert_ne!(other.describe(), one);
    }
}

#[test]
fn a_position_before_the_first_epoch_is_refused() {
    let nowhere = SourcePosition {
        epoch: 0,
        ..SourcePosition::START
    };
    let message = mixture(&[(3, 1.0)], 0, 0, 1).seek(&nowhere).unwrap_err();
    assert!(message.to_string().contains("counted from 1"), "{message}");
}
