//! What answers the calls of a model: sums, programs, and what neither can be.

mod babbler;

use babbler::babbler;
use chat::{Model, Python};
use evals::sandbox::Monty;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokenizer::Special;
use transformer::Tool;

/// A model whose Python runs in this chapter's program.
fn with_python() -> Model {
    let monty = Monty::with_worker(env!("CARGO_BIN_EXE_chat")).expect("the program is a worker");
    let mut model = babbler(64);
    model.python = Some(Arc::new(Python::running(monty)));
    model
}

/// What is forced after this call, without the tokens around it.
fn answered(model: &Model, call: &str) -> Option<String> {
    let mut tool = model.tool();
    let tokenizer = &model.tokenizer;
    assert_eq!(
        tool.accept(7, tokenizer.special(Special::PythonStart)),
        None
    );
    for id in tokenizer.encode(call) {
        assert_eq!(tool.accept(7, id), None);
    }
    let forced = tool.accept(7, tokenizer.special(Special::PythonEnd))?;
    let [first, result @ .., last] = forced.as_slice() else {
        panic!("{forced:?}");
    };
    assert_eq!(*first, tokenizer.special(Special::OutputStart));
    assert_eq!(*last, tokenizer.special(Special::OutputEnd));
    Some(tokenizer.decode(result))
}

#[test]
fn sums_need_no_python_and_programs_do() {
    let model = babbler(64);
    assert_eq!(answered(&model, "12*(3+4)").as_deref(), Some("84"));
    assert_eq!(answered(&model, "sum(range(5))"), None);
}

#[test]
fn programs_are_run_in_a_worker() {
    let model = with_python();
    assert_eq!(answered(&model, "12*(3+4)").as_deref(), Some("84"));
    assert_eq!(answered(&model, "sum(range(5))").as_deref(), Some("10"));
    let program = "total = 0\nfor n in range(4):\n    total += n * n\nprint(total)";
    assert_eq!(answered(&model, program).as_deref(), Some("14"));
}

#[test]
fn long_results_and_too_many_programs_are_left_out() {
    let model = with_python();
    assert_eq!(answered(&model, "list(range(300))"), None);
    assert!(answered(&model, "list(range(30))").is_some());
    for _ in 0..3 {
        assert_eq!(answered(&model, "while True: pass"), None);
    }
    assert_eq!(answered(&model, "sum(range(5))"), None, "no time is left");
    assert_eq!(
        answered(&model, "2+3").as_deref(),
        Some("5"),
        "sums need none"
    );
}

#[test]
fn a_program_that_never_ends_or_reaches_out_gets_no_result() {
    // The costly ones have an allowance each: used up, it would refuse the next program whatever that is.
    for program in ["while True: pass", "9**9**9"] {
        let model = with_python();
        assert!(answered(&model, "sorted([2, 1])").is_some());
        let started = Instant::now();
        assert_eq!(answered(&model, program), None);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    let model = with_python();
    assert_eq!(answered(&model, "open('/etc/passwd').read()"), None);
    assert_eq!(
        answered(&model, "sorted([3, 1, 2])").as_deref(),
        Some("[1, 2, 3]"),
        "the one before has taken nobody along"
    );
}
