//! The tool machine forces results into the row that called, and nothing anywhere else.

use engine::ToolMachine;
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::Tool;

fn tokenizer() -> Tokenizer {
    let text = "the crab counts its legs and the legs count the crab ".repeat(20);
    tokenizer::train(std::iter::once(text), &TrainSettings::new(280), &mut |_| ())
        .expect("enough text")
}

/// What is forced after each id, joined.
fn forced(machine: &mut ToolMachine, row: usize, ids: &[u32]) -> Vec<u32> {
    ids.iter()
        .filter_map(|&id| machine.accept(row, id))
        .flatten()
        .collect()
}

fn call(tokenizer: &Tokenizer, expression: &str) -> Vec<u32> {
    let mut ids = vec![tokenizer.special(Special::PythonStart)];
    tokenizer.encode_into(expression, &mut ids);
    ids.push(tokenizer.special(Special::PythonEnd));
    ids
}

fn output(tokenizer: &Tokenizer, result: &str) -> Vec<u32> {
    let mut ids = vec![tokenizer.special(Special::OutputStart)];
    tokenizer.encode_into(result, &mut ids);
    ids.push(tokenizer.special(Special::OutputEnd));
    ids
}

#[test]
fn a_call_is_answered_with_its_result() {
    let tokenizer = tokenizer();
    let mut machine = ToolMachine::new(&tokenizer);
    for (expression, result) in [("12*7", "84"), ("80/8", "10"), ("'crab'.count('a')", "1")] {
        let ids = call(&tokenizer, expression);
        assert_eq!(
            forced(&mut machine, 0, &ids),
            output(&tokenizer, result),
            "{expression}"
        );
    }
}

#[test]
fn a_call_without_a_result_is_answered_with_nothing() {
    let tokenizer = tokenizer();
    let mut machine = ToolMachine::new(&tokenizer);
    for expression in ["", "1/0", "the crab", "import os"] {
        assert_eq!(
            forced(&mut machine, 0, &call(&tokenizer, expression)),
            Vec::<u32>::new(),
            "{expression}"
        );
    }
    let endless = call(&tokenizer, &"1+1+".repeat(10_000));
    assert_eq!(forced(&mut machine, 0, &endless), Vec::<u32>::new());
}

#[test]
fn rows_do_not_hear_each_other() {
    let tokenizer = tokenizer();
    let mut machine = ToolMachine::new(&tokenizer);
    let (a, b) = (call(&tokenizer, "1+2"), call(&tokenizer, "3+4"));
    let mut answers = [Vec::new(), Vec::new()];
    for (&x, &y) in a.iter().zip(&b) {
        answers[0].extend(machine.accept(0, x).unwrap_or_default());
        answers[1].extend(machine.accept(1, y).unwrap_or_default());
    }
    assert_eq!(answers, [output(&tokenizer, "3"), output(&tokenizer, "7")]);
}

#[test]
fn a_second_beginning_starts_anew_and_an_end_alone_means_nothing() {
    let tokenizer = tokenizer();
    let mut machine = ToolMachine::new(&tokenizer);
    let end = tokenizer.special(Special::PythonEnd);
    assert_eq!(machine.accept(0, end), None);
    let mut ids = call(&tokenizer, "9*9");
    ids.pop();
    ids.extend(call(&tokenizer, "2*3"));
    assert_eq!(forced(&mut machine, 0, &ids), output(&tokenizer, "6"));
    assert_eq!(machine.accept(0, end), None);
}

#[test]
fn a_forgotten_row_has_no_call() {
    let tokenizer = tokenizer();
    let mut machine = ToolMachine::new(&tokenizer);
    let mut ids = call(&tokenizer, "6*7");
    let end = ids.pop().expect("the end of the call");
    forced(&mut machine, 0, &ids);
    forced(&mut machine, 1, &ids);
    machine.forget(0);
    assert_eq!(machine.accept(0, end), None);
    assert_eq!(machine.accept(1, end), Some(output(&tokenizer, "42")));
}
