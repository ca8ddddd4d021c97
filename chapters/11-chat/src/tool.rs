// ANCHOR: head
//! What answers the calls that a model writes into a conversation.
//!
//! A sum goes to chapter 10's calculator, which needs a microsecond. Anything else is a program, by an author whom nobody knows:
//! it goes to chapter 08's `monty`, a part of Python without files, network or processes, in a worker process that has a second
//! and 64 MiB to spend. A call that neither answers gets no result, and the model goes on without one.
//!
//! Examinations and rewards (chapters 08 and 09) stay with the calculator alone: there a model is asked for sums, thousands at a
//! time.

use clap::ValueEnum;
use engine::{ToolMachine, calculated};
use evals::sandbox::{Executor, Monty};
use std::sync::{Arc, OnceLock};
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
}

impl Python {
    /// One that runs already, such as `Monty` with another program as its worker.
    pub fn running(executor: impl Executor + 'static) -> Python {
        Python {
            started: OnceLock::from(Some(Box::new(executor) as Box<dyn Executor>)),
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
        started.as_ref()?.answer(program)
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
