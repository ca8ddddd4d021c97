//! The demonstration's race, and its picture.

use muon::chart;
use muon::race::{Contestant, Problem, race};
use std::sync::{Mutex, PoisonError};

/// Races draw from libtorch's one generator: two at a time would take each other's numbers.
static GENERATOR: Mutex<()> = Mutex::new(());

#[test]
fn muon_ends_lowest_and_each_contestant_learns() {
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let curves = race(&Problem::new(24, 300.0, 1), 120).expect("a race");
    let ends: Vec<f64> = curves.iter().map(|curve| curve.losses[120]).collect();
    for (curve, end) in curves.iter().zip(&ends) {
        assert_eq!(curve.losses.len(), 121);
        let (name, rates) = (curve.contestant.name(), curve.contestant.rates());
        assert!(*end < 0.2 * curve.losses[0], "{name}: {end}");
        assert!(
            curve.rate != rates[0] && Some(&curve.rate) != rates.last(),
            "{name}'s list ends too early"
        );
    }
    assert_eq!(curves[2].contestant, Contestant::Muon);
    assert!(
        ends[2] < 0.1 * ends[0] && ends[2] < 0.1 * ends[1],
        "{ends:?}"
    );
}

#[test]
fn the_picture_names_every_contestant_and_takes_the_pages_colour() {
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let curves = race(&Problem::new(8, 10.0, 2), 20).expect("a race");
    let picture = chart::svg(&curves, "a title").expect("a picture");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    for text in [
        "a title",
        "SGD, rate",
        "AdamW, rate",
        "Muon, rate",
        "currentColor",
    ] {
        assert!(picture.contains(text), "{text} is missing");
    }
    assert!(
        !picture.contains("#000000"),
        "black would vanish on a dark page"
    );
}
