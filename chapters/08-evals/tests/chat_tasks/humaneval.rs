//! Programs: cut out of an answer, put together, judged.

use super::*;

#[test]
fn the_program_is_the_first_closed_fence_or_everything() {
    for (answer, program) in [
        ("x = 1\n", "x = 1"),
        ("Sure:\n```python\nx = 1\n```\nDone.", "x = 1"),
        ("```\nx = 1\n```", "x = 1"),
        (
            "```python  \n  x = 1\n\n```\n```python\nx = 2\n```",
            "x = 1",
        ),
        ("```python\nx = 1", "```python\nx = 1"),
        ("```rust\nlet x = 1;\n```", "```rust\nlet x = 1;\n```"),
        ("no fence ``` here", "no fence ``` here"),
        ("", ""),
    ] {
        assert_eq!(program_of(answer), program, "{answer:?}");
    }
}

#[test]
fn imports_are_taken_from_the_top_of_the_prompt() {
    let prompt = "# typing\nfrom typing import List\n\nimport math\n\ndef f():\n    import os\n";
    assert_eq!(imports_of(prompt), "from typing import List\nimport math");
    assert_eq!(imports_of("def f():\n    pass\nimport os"), "");
}

#[test]
fn a_program_is_put_together_and_judged_by_how_it_ends() {
    let file = tidepool("chat-humaneval").join("humaneval/HumanEval.jsonl");
    let open = |verdict| {
        let told = Told::new(verdict);
        let task = HumanEval::open("HumanEval", &file, told.clone(), Limits::default()).unwrap();
        (task, told)
    };
    let (task, told) = open(Verdict::Finished);
    let answer = reference(&task.conversation(0).unwrap());
    assert!(task.is_correct(0, &answer).unwrap());
    let program = told.programs.lock().unwrap().remove(0);
    assert!(
        program.contains("def check(candidate)") && !program.contains("```"),
        "{program}"
    );
    let name = program
        .trim_end()
        .rsplit_once("\ncheck(")
        .unwrap()
        .1
        .trim_end_matches(')');
    assert!(program.contains(&format!("def {name}(")), "{program}");

    for verdict in [
        Verdict::Failed("AssertionError".into()),
        Verdict::TimedOut,
        Verdict::OutOfMemory,
    ] {
        assert!(!open(verdict).0.is_correct(0, &answer).unwrap());
    }
    let (task, _) = open(Verdict::NotStarted("no python3".into()));
    let message = task.is_correct(0, &answer).unwrap_err().to_string();
    assert!(
        message.contains("no python3") && message.contains("question 0"),
        "{message}"
    );
}
