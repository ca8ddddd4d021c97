//! One input, and what is said when it breaks a property.
//!
//! A case is noted before the answer is asked for. So its input can be named also when the answer panics, and, from
//! another thread, when it never comes.

use crate::Array;
use std::any::Any;
use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer values are cut in print: what breaks a property is shrunk first, and is seldom long.
const SHOWN_CHARS: usize = 400;

/// Two long values are shown from a little before the place where they part.
const BEFORE_CHARS: usize = 40;

/// Input with the names under which it is shown.
pub type Given = Vec<(&'static str, String)>;

/// Whether a property held for a case.
pub type Checked = Result<(), Failure>;

/// A case for which a property does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub given: Given,
    pub said: Said,
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Another answer was due.
    Differs { expected: String, yours: String },
    /// The answer breaks a rule, in words.
    Breaks(String),
    /// The answer panicked; `place` is `file:line` where it is known.
    Panicked { message: String, place: String },
    /// A `todo!` still stands there.
    Unwritten { place: String },
    /// No answer within the limit.
    StillRunning(Duration),
    /// Left out, because another property of the same answer is still running.
    Untried,
}

/// One input of a property.
#[derive(Debug, Clone)]
pub struct Case {
    given: Given,
}

impl Case {
    /// A case with its input, by name.
    pub fn of(given: &[(&'static str, &dyn Debug)]) -> Self {
        let given: Given = given
            .iter()
            .map(|(name, value)| (*name, shown(value)))
            .collect();
        note(Some(given.clone()));
        Case { given }
    }

    /// The answer must be equal to `expected`.
    pub fn same<A: PartialEq + Debug>(&self, expected: &A, answer: impl FnOnce() -> A) -> Checked {
        let yours = self.attempt(answer)?;
        if yours == *expected {
            return Ok(());
        }
        let (expected, yours) = where_they_part(&format!("{expected:?}"), &format!("{yours:?}"));
        Err(self.failure(Said::Differs { expected, yours }))
    }

    /// The answer must be within `tolerance` of `expected`, relative to it.
    pub fn close(&self, expected: f64, tolerance: f64, answer: impl FnOnce() -> f64) -> Checked {
        let yours = self.attempt(answer)?;
        // Written so that a NaN is far from everything.
        if (yours - expected).abs() <= tolerance * expected.abs() {
            return Ok(());
        }
        Err(self.failure(Said::Differs {
            expected: shown(&expected),
            yours: shown(&yours),
        }))
    }

    /// Every number must be within `tolerance` of the expected one, relative to the largest expected one.
    pub fn near(
        &self,
        expected: &Array,
        tolerance: f64,
        answer: impl FnOnce() -> Array,
    ) -> Checked {
        let yours = self.attempt(answer)?;
        match expected.differs(&yours, tolerance) {
            None => Ok(()),
            Some((expected, yours)) => Err(self.failure(Said::Differs { expected, yours })),
        }
    }

    /// The answer must obey a rule; the error says which it breaks.
    pub fn obeys(&self, answer: impl FnOnce() -> Result<(), String>) -> Checked {
        self.attempt(answer)?
            .map_err(|broken| self.failure(Said::Breaks(broken)))
    }

    fn attempt<A>(&self, answer: impl FnOnce() -> A) -> Result<A, Failure> {
        catch_unwind(AssertUnwindSafe(answer))
            .map_err(|payload| self.failure(panicked(payload.as_ref())))
    }

    fn failure(&self, said: Said) -> Failure {
        Failure {
            given: self.given.clone(),
            said,
        }
    }
}

/// Two values in print; of long ones the part around the first difference.
fn where_they_part(one: &str, other: &str) -> (String, String) {
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let longest = one.chars().count().max(other.chars().count());
    if longest <= SHOWN_CHARS || same <= BEFORE_CHARS {
        return (cut(one), cut(other));
    }
    let part = |text: &str| {
        let rest: String = text.chars().skip(same - BEFORE_CHARS).collect();
        format!("…{}", cut(&rest))
    };
    (part(one), part(other))
}

/// A value in print, cut if it is long.
fn shown(value: &(impl Debug + ?Sized)) -> String {
    cut(&format!("{value:?}"))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes in print)", &text[..end], text.len()),
        None => text.to_string(),
    }
}

thread_local! {
    /// Where the thread's last panic happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    /// Who is told about the case that this thread works on.
    static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) };
}

/// Keeps panics quiet, and remembers where they were: the report says it in its own words.
pub(crate) fn catch_panics_quietly() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| match at.file() {
            // A line of a library says nothing to a learner; the function of theirs that called it does.
            file if Path::new(file).is_absolute() => {
                let frames = std::backtrace::Backtrace::force_capture().to_string();
                learners_line(&frames).unwrap_or_else(|| file.to_string())
            }
            file => format!("{file}:{}", at.line()),
        });
        PLACE.with_borrow_mut(|kept| *kept = place.unwrap_or_default());
    }));
}

/// The innermost line of an exercise on the stack, `exercises/03-transformer/src/ex4_causal_attention.rs:33`.
fn learners_line(frames: &str) -> Option<String> {
    let places = frames
        .lines()
        .filter_map(|line| line.trim().strip_prefix("at "));
    let is_theirs = |place: &&str| {
        let in_folder = place.contains("exercises/") || place.contains("solutions/");
        in_folder && place.contains("/src/ex")
    };
    let (place, _column) = places.into_iter().find(is_theirs)?.rsplit_once(':')?;
    Some(place.trim_start_matches("./").to_string())
}

/// What a library says, without what only its authors can read: libtorch adds a stack of C++ frames, and tch wraps it
/// into a complaint about `unwrap`.
fn in_plain_words(message: &str) -> String {
    let message = match message.split_once(r"\nException raised from") {
        Some((said, _)) => said,
        None => message,
    };
    match message.split_once("`Err` value: Torch(\"") {
        Some((_, said)) => {
            let said = said
                .trim_end_matches("\")")
                .replace(r"\n", "\n")
                .replace(r#"\""#, "\"");
            format!("libtorch says: {said}")
        }
        None => message.to_string(),
    }
}

/// A panic in words.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Said {
    let message = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
        .unwrap_or_default();
    let place = PLACE.with_borrow(String::clone);
    match message.starts_with("not yet implemented") {
        true => Said::Unwritten { place },
        false => Said::Panicked {
            message: in_plain_words(&message),
            place,
        },
    }
}

/// The case that another thread works on, and since when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<Option<(Given, Instant)>>>);

impl Watched {
    /// From now on this thread's cases are noted here.
    pub(crate) fn watch_this_thread(&self) {
        WATCHED.with_borrow_mut(|kept| *kept = Some(self.clone()));
    }

    /// The case, if it has been worked on for longer than `limit`.
    pub(crate) fn overdue(&self, limit: Duration) -> Option<Failure> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (given, since) = current.as_ref()?;
        (since.elapsed() > limit).then(|| Failure {
            given: given.clone(),
            said: Said::StillRunning(limit),
        })
    }
}

fn note(given: Option<Given>) {
    WATCHED.with_borrow(|watched| {
        if let Some(Watched(current)) = watched {
            *current.lock().unwrap_or_else(PoisonError::into_inner) =
                given.map(|given| (given, Instant::now()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_differs_is_shown_with_its_input() {
        let case = Case::of(&[("text", &"ab"), ("size", &2)]);
        assert_eq!(case.same(&3, || 3), Ok(()));
        let failure = case.same(&3, || 4).unwrap_err();
        assert_eq!(
            failure.given,
            [("text", "\"ab\"".into()), ("size", "2".into())]
        );
        assert_eq!(
            failure.said,
            Said::Differs {
                expected: "3".into(),
                yours: "4".into()
            }
        );
    }

    #[test]
    fn numbers_are_compared_relative_to_what_is_expected() {
        let case = Case::of(&[]);
        assert!(case.close(1000.0, 1e-3, || 1000.9).is_ok());
        for far in [0.0, 1002.0, f64::NAN] {
            assert!(case.close(1000.0, 1e-3, || far).is_err());
        }
        // Small values give no room to zero.
        assert!(case.close(1e-9, 1e-3, || 0.0).is_err());
    }

    #[test]
    fn arrays_are_compared_number_by_number() {
        let case = Case::of(&[]);
        let array = |x| Array::new(&[2], vec![1.0, x]);
        assert_eq!(case.near(&array(2.0), 1e-3, || array(2.001)), Ok(()));
        let said = case
            .near(&array(2.0), 1e-3, || array(3.0))
            .unwrap_err()
            .said;
        let Said::Differs { expected, yours } = said else {
            panic!("two arrays that differ");
        };
        assert_eq!(
            (expected.as_str(), yours.as_str()),
            ("(2,) [1, 2]", "(2,) [1, 3]")
        );
    }

    #[test]
    fn a_panic_is_told_from_what_is_not_written_yet() {
        let case = Case::of(&[]);
        let said = |answer: fn() -> u32| case.same(&1, answer).unwrap_err().said;
        assert!(matches!(said(|| todo!("count")), Said::Unwritten { .. }));
        let Said::Panicked { message, .. } = said(|| Vec::new()[0]) else {
            panic!("an index out of bounds is a panic");
        };
        assert!(message.contains("out of bounds"), "{message}");
    }

    #[test]
    fn of_a_librarys_complaint_the_first_sentence_is_kept() {
        let raw = "called `Result::unwrap()` on an `Err` value: Torch(\"The size of tensor a (3) must match\\n\
            Exception raised from infer_size_impl at ../aten:35 (most recent call first):\\nframe #0: c10\")";
        assert_eq!(
            in_plain_words(raw),
            "libtorch says: The size of tensor a (3) must match"
        );
        assert_eq!(in_plain_words("index out of bounds"), "index out of bounds");
    }

    #[test]
    fn the_line_that_called_the_library_is_named() {
        let frames = "   0: tch::Tensor::matmul\n             at /registry/tch/src/a.rs:1:2\n   \
            1: attention\n             at ./exercises/03-x/src/ex4.rs:33:15\n   \
            2: {closure#0}\n             at ./exercises/03-x/tests/properties/ex4.rs:70:16\n";
        assert_eq!(
            learners_line(frames).as_deref(),
            Some("exercises/03-x/src/ex4.rs:33")
        );
        assert_eq!(learners_line("   0: judge::case::attempt\n"), None);
    }

    #[test]
    fn long_values_that_differ_late_are_shown_where_they_differ() {
        let ids = |last: u32| [(0..500).collect(), vec![last]].concat();
        let case = Case::of(&[]);
        let Said::Differs { expected, yours } = case.same(&ids(7), || ids(8)).unwrap_err().said
        else {
            panic!("two lists that differ");
        };
        assert!(
            expected.starts_with('…') && expected.ends_with("499, 7]"),
            "{expected}"
        );
        assert!(yours.ends_with("499, 8]") && yours.len() < 100, "{yours}");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let text = shown(&"é".repeat(1000));
        assert!(text.contains('…') && text.ends_with("(2002 bytes in print)"));
    }
}
