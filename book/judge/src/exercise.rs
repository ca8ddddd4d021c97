//! An exercise: its properties, bound to one implementation, and judged one after another under a time limit.

use crate::case::{Checked, Failure, Said, Watched};
use crate::property::Property;
use crate::report::{Outcome, Report};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long one case may take. A right answer needs milliseconds; the rest is for a busy machine. It ends loops that
/// never would, and it measures nothing.
const LIMIT: Duration = Duration::from_secs(10);

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(50);

/// The properties of one exercise and the implementation that they are asked of.
pub struct Exercise {
    pub number: u32,
    pub name: &'static str,
    bound: Vec<Bound>,
    limit: Duration,
}

/// A property and an implementation, of whatever type.
struct Bound {
    says: &'static str,
    holds_for_constants: bool,
    check: Arc<dyn Fn() -> Checked + Send + Sync>,
}

impl Exercise {
    /// Binds an exercise's properties to an implementation.
    pub fn new<T: Send + Sync + 'static>(
        number: u32,
        name: &'static str,
        properties: Vec<Property<T>>,
        implementation: T,
    ) -> Self {
        let implementation = Arc::new(implementation);
        let bind = |property: Property<T>| {
            let implementation = implementation.clone();
            let check = property.check;
            Bound {
                says: property.says,
                holds_for_constants: property.holds_for_constants,
                check: Arc::new(move || check(&implementation)),
            }
        };
        Exercise {
            number,
            name,
            bound: properties.into_iter().map(bind).collect(),
            limit: LIMIT,
        }
    }

    /// Tries one property after the other. One that does not end is the last: whoever waits should not wait for each.
    pub fn judge(&self) -> Report {
        let mut endless = false;
        let outcomes = self.bound.iter().map(|bound| {
            let untried = || {
                Err(Failure {
                    given: Vec::new(),
                    said: Said::Untried,
                })
            };
            let checked = if endless {
                untried()
            } else {
                self.watched(bound)
            };
            endless |=
                matches!(&checked, Err(failure) if matches!(failure.said, Said::StillRunning(_)));
            Outcome {
                says: bound.says,
                holds_for_constants: bound.holds_for_constants,
                checked,
            }
        });
        Report {
            number: self.number,
            name: self.name,
            outcomes: outcomes.collect(),
        }
    }

    /// Tries a property in a thread of its own: a loop that never ends cannot be stopped, but it can be left behind.
    fn watched(&self, bound: &Bound) -> Checked {
        let watched = Watched::default();
        let (sender, receiver) = mpsc::channel();
        let (check, noted) = (bound.check.clone(), watched.clone());
        thread::spawn(move || {
            noted.watch_this_thread();
            // Nobody listens any more if the limit has passed.
            let _ = sender.send(check());
        });
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(checked) => return checked,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(failure) = watched.overdue(self.limit) {
                        return Err(failure);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("checks catch their panics, and send before they end")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, example};

    #[test]
    fn an_endless_loop_is_left_behind_and_its_input_named() {
        let properties = || {
            vec![
                example("it ends", |answer: &fn() -> u32| {
                    Case::of(&[("n", &5)]).same(&1, answer)
                }),
                example("it is one", |answer: &fn() -> u32| {
                    Case::of(&[]).same(&1, answer)
                }),
            ]
        };
        let endless: fn() -> u32 = || loop {
            thread::sleep(TICK);
        };
        let mut exercise = Exercise::new(1, "loops", properties(), endless);
        exercise.limit = Duration::from_millis(100);
        let report = exercise.judge();
        let failure = report.outcomes[0].checked.clone().unwrap_err();
        assert_eq!(failure.given, [("n", "5".to_string())]);
        assert!(matches!(failure.said, Said::StillRunning(_)));
        let untried = report.outcomes[1].checked.clone().unwrap_err();
        assert_eq!(untried.said, Said::Untried);
        assert!(
            Exercise::new(1, "one", properties(), (|| 1) as fn() -> u32)
                .judge()
                .is_green()
        );
    }
}
