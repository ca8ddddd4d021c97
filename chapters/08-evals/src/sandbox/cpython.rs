// ANCHOR: cpython
//! The real Python as an executor, for programs whose verdict must be the official one. On Linux only: the fences are
//! Linux's. Elsewhere the type exists and making one is an error that says what to do.

use super::protocol::Setup;
use super::worker::Pool;
use super::{Error, Executor, Layer, Limits, Outcome};
use std::path::PathBuf;

/// Runs programs as `python3 -I -S` under namespaces, Landlock, seccomp and resource limits.
pub struct CPython {
    pool: Pool,
}

/// How an executor is made; [`CPython::new`] is the usual way.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    worker: Option<PathBuf>,
    python: Option<PathBuf>,
    allow_unprotected: bool,
}

impl CPython {
    /// The running program as worker, the first usable `python3` of `PATH`, and no run without protection.
    pub fn new() -> Result<CPython, Error> {
        CPython::builder().build()
    }

    /// As [`Monty::with_worker`](super::Monty::with_worker).
    pub fn with_worker(program: impl Into<PathBuf>) -> Result<CPython, Error> {
        CPython::builder().worker(program).build()
    }

    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    pub fn worker(mut self, program: impl Into<PathBuf>) -> Builder {
        self.worker = Some(program.into());
        self
    }

    /// One certain Python instead of a search.
    pub fn python(mut self, program: impl Into<PathBuf>) -> Builder {
        self.python = Some(program.into());
        self
    }

    /// Run although the machine refuses a layer that matters. Only for programs that you would run yourself.
    pub fn allow_unprotected(mut self) -> Builder {
        self.allow_unprotected = true;
        self
    }

    pub fn build(self) -> Result<CPython, Error> {
        if !cfg!(target_os = "linux") {
            return Err(Error::OnlyLinux);
        }
        let worker = match self.worker {
            Some(program) => program,
            None => super::monty::own_program()?,
        };
        let setup = Setup::CPython {
            candidates: match self.python {
                Some(python) => vec![python],
                None => search(),
            },
            allow_unprotected: self.allow_unprotected,
        };
        Ok(CPython {
            pool: Pool::new(worker, setup)?,
        })
    }
}

/// `python3` of each folder of `PATH`, then where distributions put it. Each is tried with a program of one line: a
/// Python in a home folder that only root may enter exists, but not for the user `nobody` that runs it.
fn search() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in folders.map(|folder| folder.join("python3")) {
        if candidate.is_absolute() && candidate.is_file() && !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

impl Executor for CPython {
    fn name(&self) -> &str {
        "cpython"
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
// ANCHOR_END: cpython
