//! The two programs made of exercises: [`yours`] judges the learner, [`gates`] judges the exercises.

use crate::case::{Said, catch_panics_quietly};
use crate::exercise::Exercise;
use crate::report::{Outcome, Report};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the command line asks for. Words that only the standard test harness knows are passed over, so that
/// `cargo test` with its usual arguments works here too.
#[derive(Debug, Default)]
struct Wishes {
    /// These exercises alone; all of them if empty.
    exercises: Vec<u32>,
    /// This implementation alone.
    implementation: Option<String>,
    /// Exercises whose stub the learner has written over.
    edited: Vec<u32>,
    /// Where to write the counts.
    results: Option<PathBuf>,
}

impl Wishes {
    fn read(mut words: impl Iterator<Item = String>) -> Self {
        let mut wishes = Wishes::default();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
            match word.as_str() {
                "--exercise" => wishes.exercises.extend(number()),
                "--edited" => wishes.edited.extend(number()),
                "--implementation" => wishes.implementation = words.next(),
                "--results" => wishes.results = words.next().map(PathBuf::from),
                _ => {}
            }
        }
        wishes
    }

    fn wants(&self, exercise: u32) -> bool {
        self.exercises.is_empty() || self.exercises.contains(&exercise)
    }
}

/// Judges the learner's answers, prints a report for each, and fails unless all are green.
///
/// `--exercise N` (repeatable) chooses; `--results FILE` writes the counts as JSON.
pub fn yours(chapter: u32, exercises: Vec<Exercise>) -> ExitCode {
    let wishes = Wishes::read(std::env::args().skip(1));
    catch_panics_quietly();
    let mut green = true;
    let mut results = Vec::new();
    for exercise in exercises
        .iter()
        .filter(|exercise| wishes.wants(exercise.number))
    {
        let report = exercise.judge();
        print!("{}", report.in_words(chapter));
        green &= report.is_green();
        results.push(report.json());
    }
    if let Some(path) = wishes.results
        && let Err(error) = std::fs::write(&path, Value::Array(results).to_string())
    {
        eprintln!(
            "error: {}: {error}; free some space and run it again",
            path.display()
        );
        green = false;
    }
    code(green)
}

/// An answer that is wrong on purpose.
pub struct Wrong {
    pub kind: Kind,
    pub name: &'static str,
    pub exercise: Exercise,
}

/// Why it is wrong, which decides how it has to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A mistake that somebody could make: some property must refute it by an answer, not by a panic.
    Planted,
    /// Zeros, or another answer that looks at nothing: every numeric property must fail.
    Constant,
}

/// All implementations of a chapter's exercises.
pub struct Gates {
    pub reference: Vec<Exercise>,
    pub stub: Vec<Exercise>,
    pub wrong: Vec<Wrong>,
}

/// How many wrong answers of each kind an exercise has to plant.
const WRONG: usize = 2;

/// Judges the exercises: the reference must hold, the stub, every planted wrong answer and every constant must fail.
///
/// `--implementation NAME` (`reference`, `stub`, or a wrong answer's name) prints how that one fares instead;
/// `--edited N` leaves out a stub that the learner has written over.
pub fn gates(chapter: u32, gates: Gates) -> ExitCode {
    let wishes = Wishes::read(std::env::args().skip(1));
    catch_panics_quietly();
    if let Some(name) = &wishes.implementation {
        return show(chapter, &gates, name, &wishes);
    }
    let (mut complaints, mut tried) = (Vec::new(), 0);
    let mut complain = |report: &Report, who: &str, why: String| {
        complaints.push(format!(
            "{chapter:02}.{} {}: {who} {why}",
            report.number, report.name
        ));
    };
    for exercise in &gates.reference {
        let report = exercise.judge();
        tried += 1;
        if !report.is_green() {
            complain(
                &report,
                "the solution",
                format!("fails\n{}", report.in_words(chapter)),
            );
        }
        for kind in [Kind::Planted, Kind::Constant] {
            let of_kind =
                |wrong: &&Wrong| wrong.kind == kind && wrong.exercise.number == exercise.number;
            let count = gates.wrong.iter().filter(of_kind).count();
            if count < WRONG {
                complain(
                    &report,
                    "needs",
                    format!("{WRONG} of kind {kind:?} and has {count}"),
                );
            }
        }
    }
    for exercise in gates
        .stub
        .iter()
        .filter(|stub| !wishes.edited.contains(&stub.number))
    {
        let report = exercise.judge();
        tried += 1;
        if report.is_green() {
            complain(&report, "the stub", "passes".into());
        }
    }
    for wrong in &gates.wrong {
        let report = wrong.exercise.judge();
        tried += 1;
        if let Some(why) = slips_through(wrong.kind, &report) {
            complain(&report, &format!("`{}`", wrong.name), why);
        }
    }
    complaints
        .iter()
        .for_each(|complaint| println!("{complaint}"));
    println!(
        "{} exercises, {tried} implementations, {} complaints",
        gates.reference.len(),
        complaints.len()
    );
    code(complaints.is_empty())
}

/// Why a wrong answer is not refuted as it has to be.
fn slips_through(kind: Kind, report: &Report) -> Option<String> {
    let refuted = |outcome: &Outcome| match &outcome.checked {
        Ok(()) => false,
        Err(failure) => matches!(failure.said, Said::Differs { .. } | Said::Breaks(_)),
    };
    match kind {
        Kind::Planted if report.is_green() => Some("is wrong and passes".into()),
        Kind::Planted if !report.outcomes.iter().any(refuted) => {
            Some("only panics or hangs: plant a mistake that answers".into())
        }
        Kind::Planted => None,
        Kind::Constant => {
            let passed: Vec<&str> = report
                .outcomes
                .iter()
                .filter(|outcome| outcome.checked.is_ok() && !outcome.holds_for_constants)
                .map(|outcome| outcome.says)
                .collect();
            let why = format!("is constant and satisfies: {}", passed.join("; "));
            (!passed.is_empty() || report.is_green()).then_some(why)
        }
    }
}

/// Prints the reports of one implementation, as the learner would see them.
fn show(chapter: u32, gates: &Gates, name: &str, wishes: &Wishes) -> ExitCode {
    let named = |wrong: &&Wrong| wrong.name == name;
    let exercises: Vec<&Exercise> = match name {
        "reference" => gates.reference.iter().collect(),
        "stub" => gates.stub.iter().collect(),
        _ => gates
            .wrong
            .iter()
            .filter(named)
            .map(|wrong| &wrong.exercise)
            .collect(),
    };
    if exercises.is_empty() {
        let names: Vec<&str> = gates.wrong.iter().map(|wrong| wrong.name).collect();
        eprintln!(
            "error: no implementation `{name}`: use reference, stub, {}",
            names.join(", ")
        );
        return ExitCode::FAILURE;
    }
    for exercise in exercises
        .iter()
        .filter(|exercise| wishes.wants(exercise.number))
    {
        print!("{}", exercise.judge().in_words(chapter));
    }
    ExitCode::SUCCESS
}

fn code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, Property, example};

    type Answer = fn(u32) -> u32;

    fn properties() -> Vec<Property<Answer>> {
        let asks = |n: u32| {
            example("it doubles", move |f: &Answer| {
                Case::of(&[("n", &n)]).same(&(2 * n), || f(n))
            })
        };
        vec![
            asks(3),
            asks(5),
            example("it is even", |f: &Answer| {
                Case::of(&[]).obeys(|| {
                    if f(1).is_multiple_of(2) {
                        Ok(())
                    } else {
                        Err("odd".into())
                    }
                })
            })
            .holds_for_constants(),
        ]
    }

    fn verdict(kind: Kind, answer: Answer) -> Option<String> {
        slips_through(
            kind,
            &Exercise::new(1, "double", properties(), answer).judge(),
        )
    }

    #[test]
    fn a_constant_must_fail_every_numeric_property() {
        assert_eq!(verdict(Kind::Constant, |_| 0), None);
        let why = verdict(Kind::Constant, |_| 6).unwrap();
        assert!(why.contains("it doubles") && !why.contains("even"), "{why}");
    }

    #[test]
    fn a_planted_answer_must_be_refuted_by_an_answer() {
        assert_eq!(verdict(Kind::Planted, |n| n + 3), None);
        assert!(
            verdict(Kind::Planted, |n| 2 * n)
                .unwrap()
                .contains("passes")
        );
        assert!(
            verdict(Kind::Planted, |_| panic!("no"))
                .unwrap()
                .contains("panics")
        );
    }

    #[test]
    fn words_of_the_standard_harness_are_passed_over() {
        let words = "--test-threads=1 --exercise 3 --show-output --exercise 5 --results out.json";
        let wishes = Wishes::read(words.split(' ').map(str::to_string));
        assert_eq!(wishes.exercises, [3, 5]);
        assert!(wishes.wants(5) && !wishes.wants(4));
        assert_eq!(wishes.results, Some("out.json".into()));
    }
}
