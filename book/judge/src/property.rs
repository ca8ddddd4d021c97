//! Sentences that must be true of an implementation, and how they are tried.

use crate::case::{Checked, Failure, Said, panicked};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Inputs tried per property. Each is microseconds for a right answer.
const CASES: u32 = 256;

/// Steps taken to make an input that breaks a property smaller.
const SHRINK_STEPS: u32 = 4096;

/// A sentence about the implementations of type `T`, and the check that tries to refute it.
pub struct Property<T> {
    pub(crate) says: &'static str,
    pub(crate) holds_for_constants: bool,
    pub(crate) check: Box<dyn Fn(&T) -> Checked + Send + Sync>,
}

impl<T> Property<T> {
    /// Says that an answer which ignores its input may satisfy this property too: it forbids something rather than
    /// asking for something. Every other property has to fail for zeros and constants.
    #[must_use]
    pub fn holds_for_constants(mut self) -> Self {
        self.holds_for_constants = true;
        self
    }
}

/// A property that is tried on inputs drawn from a strategy. The same inputs are drawn in every run, so that the same
/// answer gets the same verdict; an input that breaks the property is made as small as it can be.
pub fn property<T, S: Strategy>(
    says: &'static str,
    inputs: impl Fn() -> S + Send + Sync + 'static,
    check: impl Fn(&T, S::Value) -> Checked + Send + Sync + 'static,
) -> Property<T> {
    property_of(CASES, says, inputs, check)
}

/// As [`property`], with another number of inputs: for answers that take longer than microseconds.
pub fn property_of<T, S: Strategy>(
    cases: u32,
    says: &'static str,
    inputs: impl Fn() -> S + Send + Sync + 'static,
    check: impl Fn(&T, S::Value) -> Checked + Send + Sync + 'static,
) -> Property<T> {
    let tried = move |implementation: &T| {
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: SHRINK_STEPS,
            ..Config::default()
        };
        let seeded = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, seeded);
        let last: RefCell<Option<Failure>> = RefCell::new(None);
        let result = runner.run(&inputs(), |input| {
            check(implementation, input).map_err(|failure| {
                *last.borrow_mut() = Some(failure);
                TestCaseError::fail("refuted")
            })
        });
        match result {
            Ok(()) => Ok(()),
            // The last failure that the runner saw need not be that of the smallest input.
            Err(TestError::Fail(_, smallest)) => {
                match guarded(|| check(implementation, smallest)) {
                    Ok(()) => Err(last
                        .take()
                        .unwrap_or_else(|| in_words("it fails only sometimes"))),
                    failed => failed,
                }
            }
            Err(TestError::Abort(reason)) => Err(in_words(reason.message())),
        }
    };
    Property {
        says,
        holds_for_constants: false,
        check: Box::new(tried),
    }
}

/// A property that is tried on inputs written down by hand.
pub fn example<T>(
    says: &'static str,
    check: impl Fn(&T) -> Checked + Send + Sync + 'static,
) -> Property<T> {
    Property {
        says,
        holds_for_constants: false,
        check: Box::new(move |implementation| guarded(|| check(implementation))),
    }
}

/// A check that panics outside the answer it asked for is a failure too.
fn guarded(check: impl FnOnce() -> Checked) -> Checked {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|payload| {
        Err(Failure {
            given: Vec::new(),
            said: panicked(payload.as_ref()),
        })
    })
}

fn in_words(said: &str) -> Failure {
    Failure {
        given: Vec::new(),
        said: Said::Breaks(said.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Case;

    type Double = fn(u32) -> u32;

    fn doubles() -> Property<Double> {
        property(
            "it doubles",
            || 0u32..1000,
            |double: &Double, n| Case::of(&[("n", &n)]).same(&(2 * n), || double(n)),
        )
    }

    #[test]
    fn a_refuted_property_names_the_smallest_input() {
        let right: Double = |n| n + n;
        assert_eq!((doubles().check)(&right), Ok(()));
        let wrong: Double = |n| if n < 7 { 2 * n } else { 0 };
        let failure = (doubles().check)(&wrong).unwrap_err();
        assert_eq!(failure.given, [("n", "7".to_string())]);
        assert_eq!(
            failure,
            (doubles().check)(&wrong).unwrap_err(),
            "twice the same"
        );
    }

    #[test]
    fn a_property_is_tried_on_as_many_inputs_as_it_asks_for() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static TRIED: AtomicU32 = AtomicU32::new(0);
        let counts = property_of(
            7,
            "it is tried",
            || 0u32..1000,
            |_: &Double, _| {
                TRIED.fetch_add(1, Ordering::Relaxed);
                Ok(())
            },
        );
        let any: Double = |n| n;
        assert_eq!((counts.check)(&any), Ok(()));
        assert_eq!(TRIED.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn a_panic_is_shrunk_like_any_failure() {
        let wrong: Double = |n| 2 * n.checked_sub(0).filter(|&n| n < 5).expect("small");
        let failure = (doubles().check)(&wrong).unwrap_err();
        assert_eq!(failure.given, [("n", "5".to_string())]);
        assert!(matches!(failure.said, Said::Panicked { .. }));
    }

    #[test]
    fn an_example_that_panics_by_itself_is_a_failure() {
        let broken = example("never", |_: &Double| panic!("in the test"));
        let any: Double = |n| n;
        assert!((broken.check)(&any).is_err());
    }
}
