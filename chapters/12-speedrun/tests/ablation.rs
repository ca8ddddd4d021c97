//! The ablation: what is compared with what, the log that survives a kill, the interval.

use speedrun::ablation::{Family, Log, Row, SpeedLog, effects, variants};
use speedrun::recipe::Recipe;
use std::collections::HashSet;

fn recipe() -> Recipe {
    Recipe::named("ablate").expect("a recipe")
}

fn row(variant: &str, seed: u64, bits_per_byte: f64) -> Row {
    Row {
        variant: variant.into(),
        seed,
        bits_per_byte,
        last_loss: 1.0,
        parameters: 10,
        tokens: 100,
        seconds: 1.0,
    }
}

#[test]
fn every_variant_trains_another_recipe_than_its_base() {
    let variants = variants();
    let names: HashSet<&str> = variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    assert_eq!(names.len(), variants.len(), "two variants have one name");
    for variant in &variants {
        let Some(base) = variant.base else { continue };
        let base = variants
            .iter()
            .find(|other| other.name == base)
            .expect("a base is a variant");
        assert!(
            variant.recipe(&recipe()) != base.recipe(&recipe()) || variant.adamw.is_some(),
            "{} changes nothing",
            variant.name
        );
    }
}

#[test]
fn a_change_on_alone_and_off_alone_are_each_others_complement() {
    let variants = variants();
    let named = |name: &str| {
        let variant = variants.iter().find(|variant| variant.name == name);
        variant.expect("a variant").recipe(&recipe())
    };
    let (seed, all) = (named("seed"), named("all switches"));
    let (on, off) = (named("smear, on alone"), named("smear, off alone"));
    assert!(!seed.model.switches.smear && all.model.switches.smear);
    assert!(on.model.switches.smear && !off.model.switches.smear);
    assert!(!on.model.switches.backout && off.model.switches.backout);
    assert_eq!(on.train, seed.train, "a switch leaves the training alone");
}

#[test]
fn the_log_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ablation.csv");
    let mut log = Log::open(&path, &recipe()).expect("a log");
    log.append(row("QK scale 1.2, on alone", 1, 0.5))
        .expect("append");
    log.append(row("seed", 2, 0.25)).expect("append");
    // A kill in the middle of a line.
    let text = std::fs::read_to_string(&path).expect("read");
    std::fs::write(&path, format!("{text}\"smear, on alo")).expect("write");
    let log = Log::open(&path, &recipe()).expect("a log");
    assert_eq!(log.rows().len(), 2);
    assert!(log.holds("QK scale 1.2, on alone", 1) && !log.holds("QK scale 1.2, on alone", 2));
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
    // A line that is whole and no row.
    std::fs::write(&path, format!("{text}nonsense\n")).expect("write");
    let error = Log::open(&path, &recipe())
        .err()
        .expect("wrong")
        .to_string();
    assert!(
        error.contains("line 5") && error.contains("nonsense"),
        "{error}"
    );
    // Another recipe.
    std::fs::write(&path, text).expect("write");
    let mut other = recipe();
    other.model.context = 512;
    let error = Log::open(&path, &other).err().expect("wrong").to_string();
    assert!(error.contains("another recipe"), "{error}");
}

#[test]
fn an_effect_is_the_mean_over_pairs() {
    let folder = tempfile::tempdir().expect("a folder");
    let speeds = SpeedLog::open(&folder.path().join("speed.csv")).expect("a log");
    let rows = [
        row("seed", 1, 1.0),
        row("seed", 2, 2.0),
        row("smear, on alone", 1, 0.9),
        row("smear, on alone", 2, 1.7),
        // no partner: not a pair
        row("smear, on alone", 3, 9.0),
    ];
    let effects = effects(&variants(), &rows, &speeds, Family::Model);
    assert_eq!(effects.len(), 1);
    let effect = &effects[0];
    assert_eq!(effect.pairs, 2);
    assert!((effect.difference + 0.2).abs() < 1e-12);
    // differences −0.1 and −0.3: deviation 0.1414, over √2 0.1, times t(1) = 12.706
    assert!(
        (effect.half_width - 1.2706).abs() < 1e-3,
        "{}",
        effect.half_width
    );
}
