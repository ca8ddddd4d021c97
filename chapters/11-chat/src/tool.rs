// ANCHOR: head
//! What answers the calls that a model writes into a conversation.
//!
//! A sum goes to chapter 10's calculator, which answers on the spot. Anything else is a program, by an author whom nobody knows:
//! it goes to chapter 08's `monty`, a part of Python without files, network or processes, in a worker process that has a second
//! and 64 MiB to spend. A call that neither answers gets no result, and the model goes on without one.
//!
//! Whoever shares the model waits while a program runs, and a model can write many of them. So all programs together get two
//! seconds in thirty; those that come when the time is used up get no result either.
//!
//! Examinations and rewards (chapters 08 and 09) stay with the calculator alone: there a model is asked for sums, thousands at a
//! time.

use clap::ValueEnum;
use engine::{ToolMachine, calculated};
use evals::sandbox::{Executor, Monty};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: tool
/// What the model may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Tools {
    /// Sums, and programs in a sandboxed part of Python
    #[default]
    Python,
    /// Sums only
    Calculator,
}

impl Tools {
    pub(crate) fn python(self) -> Option<Arc<Python>> {
        (self == Tools::Python).then(Arc::default)
    }
}

/// A Python that starts when the first program comes: most conversations have none, and a worker takes its time to start.
#[derive(Default)]
pub struct Python {
    started: OnceLock<Option<Box<dyn Executor>>>,
    used: Mutex<Used>,
}

/// The longest result, in characters: it becomes tokens of an answer, and `print(list(range(1000)))` would be all of it.
const LONGEST_RESULT: usize = 200;

/// Seconds that programs may have used, and how many are given back per second.
const SECONDS: f64 = 2.0;
const GIVEN_BACK: f64 = SECONDS / 30.0;

/// Seconds that were used by programs, as of a point in time.
#[derive(Default)]
struct Used {
    seconds: f64,
    at: Option<Instant>,
}

impl Used {
    fn now(&mut self) -> f64 {
        let since = self.at.map_or(0.0, |at| at.elapsed().as_secs_f64());
        self.seconds = (self.seconds - since * GIVEN_BACK).max(0.0);
        self.at = Some(Instant::now());
        self.seconds
    }
}

impl Python {
    /// One that runs already, such as `Monty` with another program as its worker.
    pub fn running(executor: impl Executor + 'static) -> Python {
        Python {
            started: OnceLock::from(Some(Box::new(executor) as Box<dyn Executor>)),
            used: Mutex::default(),
        }
    }

    fn answer(&self, program: &str) -> Option<String> {
        let started = self.started.get_or_init(|| match Monty::new() {
            Ok(monty) => Some(Box::new(monty)),
            Err(error) => {
                eprintln!("only sums are answered from here on: {error}");
                None
            }
        });
        // A thread that panicked while it held the lock has left two numbers, and both are numbers.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.now() >= SECONDS {
            return None;
        }
        let begun = Instant::now();
        let answer = started.as_ref()?.answer(program);
        used.seconds += begun.elapsed().as_secs_f64();
        answer.filter(|text| text.chars().count() <= LONGEST_RESULT)
    }
}

/// The calculator, and behind it Python if there is one.
pub(crate) fn machine(tokenizer: &Tokenizer, python: Option<&Arc<Python>>) -> ToolMachine {
    let python = python.cloned();
    ToolMachine::with(tokenizer, move |call| {
        calculated(call).or_else(|| python.as_ref()?.answer(call))
    })
}
// ANCHOR_END: tool

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_there_unless_sums_are_enough() {
        assert!(Tools::default().python().is_some());
        assert!(Tools::Calculator.python().is_none());
    }
}
// ANCHOR_END: tests
