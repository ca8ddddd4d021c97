// ANCHOR: head
//! HumanEval: the judge runs the program (Chen et al. 2021).
//!
//! What is run is made of four pieces:
//!
//! ```text
//! the prompt's imports            the answer may rely on them and leave them out
//! the program in the answer
//! the tests                       a function check(candidate) full of assertions
//! check(name of the function)
//! ```
//!
//! An answer is right if this ends without an error and in time. Nobody has read the program, so it runs in a sandbox.

use std::path::Path;
use std::sync::Arc;

use dataset::Conversation;
use dataset::schemas::{DataSet, Program, Schema};

use super::choice_task::out_of_range;
use crate::sandbox::{Executor, Limits, Verdict};
use crate::{Error, Kind, Task};
// ANCHOR_END: head

// ANCHOR: task
pub struct HumanEval {
    name: String,
    rows: Vec<Program>,
    executor: Arc<dyn Executor>,
    limits: Limits,
}

impl HumanEval {
    pub fn open(
        name: &str,
        file: &Path,
        executor: Arc<dyn Executor>,
        limits: Limits,
    ) -> Result<HumanEval, Error> {
        let rows: DataSet<Program> = DataSet::open(name, file)?;
        Ok(HumanEval {
            name: name.to_owned(),
            rows: rows.rows().to_vec(),
            executor,
            limits,
        })
    }

    fn row(&self, index: usize) -> Result<&Program, Error> {
        self.rows
            .get(index)
            .ok_or_else(|| out_of_range(&self.name, index, self.rows.len()))
    }

    /// The whole program that decides about `answer`.
    pub fn test_program(&self, index: usize, answer: &str) -> Result<String, Error> {
        let row = self.row(index)?;
        Ok(format!(
            "{}\n\n{}\n\n{}\ncheck({})\n",
            imports_of(&row.prompt),
            program_of(answer),
            row.test,
            row.entry_point
        ))
    }
}

impl Task for HumanEval {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Generative
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn conversation(&self, index: usize) -> Result<Conversation, Error> {
        Ok(self.row(index)?.conversation())
    }

    /// A program that fails is a wrong answer; a sandbox that does not start is an error, for it says nothing about the answer.
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, Error> {
        let outcome = self
            .executor
            .run(&self.test_program(index, answer)?, &self.limits);
        match outcome.verdict {
            Verdict::NotStarted(problem) => Err(Error::Sandbox {
                task: self.name.clone(),
                index,
                problem,
            }),
            _ => Ok(outcome.passed()),
        }
    }
}
// ANCHOR_END: task

// ANCHOR: extract
/// The program in an answer: what stands in the first fenced block that is closed, or all of it if there is none.
///
/// A fence is ```` ``` ```` or ```` ```python ```` and the end of its line; it is closed by a line that begins with ```` ``` ````.
pub fn program_of(answer: &str) -> &str {
    let mut rest = answer;
    while let Some((_, opened)) = rest.split_once("```") {
        rest = opened;
        let inside = opened.strip_prefix("python").unwrap_or(opened);
        let Some((first_line, body)) = inside.split_once('\n') else {
            break;
        };
        if first_line.trim().is_empty()
            && let Some((program, _)) = body.split_once("\n```")
        {
            return program.trim();
        }
    }
    answer.trim()
}

/// The import lines at the top of a prompt, up to the first line that is neither an import, nor a comment, nor empty.
pub fn imports_of(prompt: &str) -> String {
    let lines = prompt.lines().map(str::trim);
    let head = lines.take_while(|line| line.is_empty() || line.starts_with('#') || is_import(line));
    head.filter(|line| is_import(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_import(line: &str) -> bool {
    line.starts_with("import ") || line.starts_with("from ")
}
// ANCHOR_END: extract
