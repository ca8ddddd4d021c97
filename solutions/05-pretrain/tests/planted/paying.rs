//! Wrong answers to exercise 1.

use super::Of;
use crate::properties::ex1_first_green::{Functions, properties};
use judge::program::Wrong;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 1,
        name: "first_green",
        properties,
    };
    let share = |share_lost| Functions { share_lost };
    vec![
        of.planted(
            "kills-cost-nothing",
            share(|every, waiting, _| waiting / every),
        ),
        of.planted(
            "all-of-the-interval-is-done-again",
            share(|every, waiting, between| waiting / every + every / between),
        ),
        of.constant("zeros", share(|_, _, _| 0.0)),
        of.constant("ones", share(|_, _, _| 1.0)),
    ]
}
