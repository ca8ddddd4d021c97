//! What is said about an implementation: sentence by sentence, and where one does not hold, the input that shows it.

use crate::case::{Checked, Failure, Said};
use serde_json::{Value, json};
use std::fmt::{self, Display, Formatter};

/// How one property came out.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub says: &'static str,
    pub holds_for_constants: bool,
    pub checked: Checked,
}

/// How all properties of an exercise came out.
#[derive(Debug, Clone)]
pub struct Report {
    pub number: u32,
    pub name: &'static str,
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Every property held.
    pub fn is_green(&self) -> bool {
        self.held() == self.outcomes.len()
    }

    /// How many properties held.
    pub fn held(&self) -> usize {
        let held = |outcome: &&Outcome| outcome.checked.is_ok();
        self.outcomes.iter().filter(held).count()
    }

    /// Nothing was answered: every property that failed met a `todo!`.
    pub fn is_unwritten(&self) -> bool {
        let unwritten = |outcome: &Outcome| matches!(&outcome.checked, Err(failure) if matches!(failure.said, Said::Unwritten { .. }));
        self.outcomes.iter().any(unwritten)
            && self
                .outcomes
                .iter()
                .all(|outcome| outcome.checked.is_ok() || unwritten(outcome))
    }

    /// The counts, for programs.
    pub fn json(&self) -> Value {
        json!({
            "exercise": self.number,
            "held": self.held(),
            "properties": self.outcomes.len(),
            "unwritten": self.is_unwritten(),
        })
    }

    /// The report for people; `chapter` stands before the exercise's number.
    pub fn in_words(&self, chapter: u32) -> String {
        let (held, all) = (self.held(), self.outcomes.len());
        let sum = match (self.is_green(), self.is_unwritten()) {
            (true, _) if all == 1 => "its one property holds".to_string(),
            (true, _) => format!("all {all} properties hold"),
            (_, true) => "not written yet".to_string(),
            _ => format!("{held} of {all} properties hold"),
        };
        let mut text = format!("{chapter:02}.{} {}: {sum}\n", self.number, self.name);
        let mut unwritten = false;
        for outcome in &self.outcomes {
            match &outcome.checked {
                Ok(()) => text += &format!("  ✓ {}\n", outcome.says),
                Err(failure) if failure.said == Said::Untried => {
                    text += &format!("  – {} (not tried)\n", outcome.says);
                }
                Err(failure) => {
                    text += &format!("  ✗ {}\n", outcome.says);
                    let is_todo = matches!(failure.said, Said::Unwritten { .. });
                    // The same `todo!` is named once.
                    if !is_todo || !unwritten {
                        text += &failure.to_string();
                    }
                    unwritten |= is_todo;
                }
            }
        }
        text
    }
}

/// One `label  value` line, the value's own lines below each other.
fn line(f: &mut Formatter<'_>, label: &str, value: &str) -> fmt::Result {
    let value = value.replace('\n', &format!("\n      {:<10}", ""));
    writeln!(f, "      {label:<10}{value}")
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Said::Unwritten { place } = &self.said {
            return line(f, "todo", &format!("not written yet: {place}"));
        }
        for (at, (name, value)) in self.given.iter().enumerate() {
            let label = if at == 0 { "given" } else { "" };
            line(f, label, &format!("{name} = {value}"))?;
        }
        match &self.said {
            Said::Differs { expected, yours } => {
                line(f, "expected", expected)?;
                line(f, "yours", yours)
            }
            Said::Breaks(rule) => line(f, "but", rule),
            Said::Panicked { message, place } => {
                line(f, "yours", &format!("panicked at {place}: {message}"))
            }
            Said::StillRunning(limit) => line(
                f,
                "yours",
                &format!(
                    "still running after {} s: a loop that does not end, or far too slow",
                    limit.as_secs()
                ),
            ),
            Said::Unwritten { .. } | Said::Untried => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(checked: Vec<Checked>) -> Report {
        let outcome = |checked| Outcome {
            says: "it counts",
            holds_for_constants: false,
            checked,
        };
        Report {
            number: 3,
            name: "counting",
            outcomes: checked.into_iter().map(outcome).collect(),
        }
    }

    fn failure(said: Said) -> Checked {
        Err(Failure {
            given: vec![("text", "\"ab\"".into()), ("size", "2".into())],
            said,
        })
    }

    #[test]
    fn a_failure_reads_as_a_sentence_with_its_input() {
        let differs = Said::Differs {
            expected: "3".into(),
            yours: "4".into(),
        };
        let report = report(vec![Ok(()), failure(differs)]);
        assert_eq!(
            report.in_words(1),
            "01.3 counting: 1 of 2 properties hold\n  ✓ it counts\n  ✗ it counts\n      \
             given     text = \"ab\"\n                size = 2\n      expected  3\n      yours     4\n"
        );
        assert_eq!(report.json()["held"], 1);
    }

    #[test]
    fn a_stub_is_not_written_yet_and_says_so_once() {
        let unwritten = || {
            failure(Said::Unwritten {
                place: "src/a.rs:7".into(),
            })
        };
        let stub = report(vec![unwritten(), Ok(()), unwritten()]);
        assert!(stub.is_unwritten() && !stub.is_green());
        let words = stub.in_words(1);
        assert_eq!(words.matches("src/a.rs:7").count(), 1, "{words}");
        let begun = report(vec![unwritten(), failure(Said::Breaks("no".into()))]);
        assert!(!begun.is_unwritten());
        assert!(!report(vec![Ok(())]).is_unwritten());
    }
}
