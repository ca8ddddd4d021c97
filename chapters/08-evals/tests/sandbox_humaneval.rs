//! HumanEval's own reference solutions against its own tests: an executor that fails one of them is wrong, not the
//! solution. And the other way round: a body that does nothing must fail.
#![cfg(target_os = "linux")]

mod skipped;

use evals::sandbox::{CPython, Executor, Limits, Monty};
use skipped::skip;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const WORKER: &str = env!("CARGO_BIN_EXE_sandbox-worker");

/// `(name, program with the reference solution, program with `pass`)`.
fn problems() -> Option<Vec<(String, String, String)>> {
    let Ok(root) = std::env::var("NANOCRAB_REAL_DATA") else {
        skip("NANOCRAB_REAL_DATA is not set");
        return None;
    };
    let file = std::path::Path::new(&root).join("humaneval/HumanEval.jsonl");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let problems = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let fields: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| fields[name].as_str().unwrap().to_owned();
            let whole = |body: &str| {
                format!(
                    "{}{body}\n{}\ncheck({})\n",
                    field("prompt"),
                    field("test"),
                    field("entry_point")
                )
            };
            (
                field("task_id"),
                whole(&field("canonical_solution")),
                whole("    pass\n"),
            )
        });
    Some(problems.collect())
}

/// The names of the programs that pass, two at a time.
fn passing(executor: &dyn Executor, programs: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    let limits = Limits::default().with_seconds(20.0);
    let next = AtomicUsize::new(0);
    let (passed, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, program)) = programs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let outcome = executor.run(program, &limits);
                    match outcome.passed() {
                        true => passed.lock().unwrap().push(name.clone()),
                        false => failed
                            .lock()
                            .unwrap()
                            .push(format!("{name}: {:?}", outcome.verdict)),
                    }
                }
            });
        }
    });
    (passed.into_inner().unwrap(), failed.into_inner().unwrap())
}

#[test]
fn every_reference_solution_passes_under_cpython_and_no_empty_one_does() {
    let Some(problems) = problems() else { return };
    assert_eq!(164, problems.len());
    let executor: Arc<dyn Executor> = Arc::new(CPython::with_worker(WORKER).unwrap());
    let start = std::time::Instant::now();
    let right: Vec<_> = problems
        .iter()
        .map(|(name, right, _)| (name.clone(), right.clone()))
        .collect();
    let (passed, failed) = passing(executor.as_ref(), &right);
    println!(
        "cpython: {} of 164 in {:.1} s",
        passed.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // One in four is enough to see that failing is noticed.
    let empty = problems
        .iter()
        .step_by(4)
        .map(|(name, _, empty)| (name.clone(), empty.clone()));
    let (passed, _) = passing(executor.as_ref(), &empty.collect::<Vec<_>>());
    assert!(passed.is_empty(), "{passed:?} pass without a solution");
}

#[test]
fn monty_runs_nine_in_ten_reference_solutions_and_fails_empty_ones() {
    let Some(problems) = problems() else { return };
    let executor = Monty::with_worker(WORKER).unwrap();
    let right: Vec<_> = problems
        .iter()
        .map(|(name, right, _)| (name.clone(), right.clone()))
        .collect();
    let start = std::time::Instant::now();
    let (passed, failed) = passing(&executor, &right);
    println!(
        "monty: {} of 164 in {:.1} s; not: {failed:#?}",
        passed.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(passed.len() >= 148, "{}", failed.join("\n"));
    let empty: Vec<_> = problems
        .iter()
        .map(|(name, _, empty)| (name.clone(), empty.clone()))
        .collect();
    assert!(passing(&executor, &empty).0.is_empty());
}
