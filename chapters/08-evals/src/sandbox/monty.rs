// ANCHOR: monty
//! The small interpreter as an executor. `monty` is a crate: a Python subset on its own virtual machine, written in
//! Rust. It has no `open` that opens, no `socket`, no `os.system`; there is nothing in the machine that could do them.
//! What is left to fear is that it never ends, takes all memory, or has a bug; hence the worker and its limits.

use super::protocol::Setup;
use super::worker::Pool;
use super::{Error, Executor, Layer, Limits, Outcome};
use std::path::PathBuf;

/// Runs programs in workers that contain the interpreter `monty`.
pub struct Monty {
    pool: Pool,
}

impl Monty {
    /// The worker is the running program itself, started again; its `main` must begin with
    /// [`serve_if_worker`](super::serve_if_worker). So there is nothing to install and no path to get wrong.
    pub fn new() -> Result<Monty, Error> {
        Monty::with_worker(own_program()?)
    }

    /// The worker is another program whose `main` begins so. Test binaries have a `main` of their own and need this.
    pub fn with_worker(program: impl Into<PathBuf>) -> Result<Monty, Error> {
        Ok(Monty {
            pool: Pool::new(program.into(), Setup::Monty)?,
        })
    }
}

impl Executor for Monty {
    fn name(&self) -> &str {
        "monty"
    }

    fn protections(&self) -> Vec<Layer> {
        self.pool.layers.clone()
    }

    fn run(&self, program: &str, limits: &Limits) -> Outcome {
        self.pool.run(program, limits, false)
    }

    fn evaluate(&self, code: &str, limits: &Limits) -> Outcome {
        self.pool.run(code, limits, true)
    }
}

pub(super) fn own_program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|source| Error::NoWorker {
        program: PathBuf::from("the current program"),
        source,
    })
}
// ANCHOR_END: monty
