//! Asking an answer that may be wrong in any way: unwritten, panicking, never done.
//!
//! The answer is asked in a thread of its own. If none comes in time the program ends with the complaint, and the thread
//! with the program: nobody can stop it from outside.

use std::any::Any;
use std::cell::RefCell;
use std::fmt::{self, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::Duration;

/// What is asked here takes the chapters' code milliseconds.
pub const LIMIT: Duration = Duration::from_secs(20);

/// What is wrong with an answer, in words that go on from "your answer".
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// A `todo!` still stands there; `place` is `file:line`.
    Unwritten {
        place: String,
    },
    Panicked {
        message: String,
        place: String,
    },
    Silent(Duration),
    /// It gave an answer, and a wrong one.
    Wrong(String),
}

impl Display for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unwritten { place } => write!(f, "is not written yet ({place})"),
            Trouble::Panicked { message, place } => match libtorchs(message) {
                Some(said) => write!(f, "asked libtorch for something it refuses: {said}"),
                None => write!(f, "panicked at {place}: {message}"),
            },
            Trouble::Silent(limit) => {
                write!(f, "had nothing to say after {} seconds", limit.as_secs())
            }
            Trouble::Wrong(how) => f.write_str(how),
        }
    }
}

impl Trouble {
    /// The trouble with the question that brought it up; what is not written has trouble with any.
    pub fn about(&self, question: &str) -> String {
        match self {
            Trouble::Unwritten { .. } => self.to_string(),
            _ => format!("{self}, asked about {question}"),
        }
    }
}

/// What libtorch said, if the panic is one of tch's: it quotes an error of several lines, the first of which is the message. The
/// place of such a panic is inside tch and helps nobody.
fn libtorchs(message: &str) -> Option<&str> {
    let (_, said) = message.split_once("Torch(\"")?;
    said.split("\\n").next()
}

/// Calls `question` in a thread of its own and waits for what it gives, for so long and no longer.
///
/// # Errors
/// A panic, a `todo!`, and silence; a thread that overflows its stack takes the program along, and Rust prints its name.
pub fn ask<A: Send + 'static>(
    limit: Duration,
    question: impl FnOnce() -> A + Send + 'static,
) -> Result<A, Trouble> {
    remember_places();
    let (tell, hear) = mpsc::channel();
    let asked = thread::Builder::new().name(THREAD.into()).spawn(move || {
        let answer = catch_unwind(AssertUnwindSafe(question));
        // Nobody listens any more when the limit has passed.
        let _ = tell.send(answer.map_err(|payload| panicked(&*payload)));
    });
    if let Err(error) = asked {
        return Err(Trouble::Wrong(format!(
            "was not asked, because no thread can be started: {error}"
        )));
    }
    hear.recv_timeout(limit)
        .unwrap_or(Err(Trouble::Silent(limit)))
}

const THREAD: &str = "an exercise that is plugged in";

thread_local! {
    /// Where the thread's last panic happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of asked threads are kept quiet, since the complaint tells of them; all others are printed as ever.
fn remember_places() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(THREAD) {
                return others(panic);
            }
            let place = panic
                .location()
                .map(|at| format!("{}:{}", at.file(), at.line()));
            PLACE.with_borrow_mut(|kept| *kept = place.unwrap_or_default());
        }));
    });
}

fn panicked(payload: &(dyn Any + Send)) -> Trouble {
    let message = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
        .unwrap_or_default();
    let place = PLACE.with_borrow(String::clone);
    match message.starts_with("not yet implemented") {
        true => Trouble::Unwritten { place },
        false => Trouble::Panicked { message, place },
    }
}
