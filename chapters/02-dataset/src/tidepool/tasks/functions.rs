//! Functions to complete, in HumanEval's shape.

use super::distinct;
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::genres::programs;
use crate::tidepool::world::World;
use serde::Serialize;

// ANCHOR: functions
/// A row of HumanEval. `prompt + canonical_solution + test` and a call of `check(entry_point)` make a program that ends
/// without an error.
#[derive(Clone, Debug, Serialize)]
pub struct HumanEvalRow {
    pub task_id: String,
    pub prompt: String,
    pub canonical_solution: String,
    pub test: String,
    pub entry_point: String,
}

/// `count` problems from held-out combinations of function, number and argument, in the wordings of the tests. (Their
/// training counterparts are among the conversations.)
pub fn write(world: &World, count: usize, seed: u64) -> Result<Vec<HumanEvalRow>, Error> {
    let mut dice = Dice::stream(seed, "functions");
    let programs = distinct(
        "functions",
        count,
        |_| programs::random(world, true, &mut dice),
        |program| program.head.clone(),
    )?;
    let rows = programs.into_iter().enumerate().map(|(number, program)| {
        let checks: String = program
            .checks
            .iter()
            .map(|check| format!("    assert {check}\n"))
            .collect();
        HumanEvalRow {
            task_id: format!("Tidepool/{number}"),
            prompt: program.head,
            canonical_solution: program.body,
            test: format!("\n\ndef check(candidate):\n{checks}"),
            entry_point: program.name,
        }
    });
    Ok(rows.collect())
}
// ANCHOR_END: functions
