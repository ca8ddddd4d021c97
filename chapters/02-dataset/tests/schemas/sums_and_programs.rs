//! Word problems with their calculator calls, and programs.

use super::*;

#[test]
fn calculator_marks_become_tool_calls() {
    let answer = "She sold 48/2 = <<48/2=24>>24 clips.\nThat is <<48+24=72>>72.\n#### 72";
    let text = |text: &str| Part::Text(text.into());
    let call = |expression: &str, result: &str| {
        [
            Part::Python(expression.into()),
            Part::PythonOutput(result.into()),
        ]
    };
    let mut expected = vec![text("She sold 48/2 = ")];
    expected.extend(call("48/2", "24"));
    expected.push(text("24 clips.\nThat is "));
    expected.extend(call("48+24", "72"));
    expected.push(text("72.\n#### 72"));
    assert_eq!(parts_of(answer).unwrap(), expected);

    assert_eq!(parts_of("<<1+1=2>>").unwrap(), call("1+1", "2"));
    assert_eq!(parts_of("<<2==2=1>>").unwrap(), call("2==2", "1"));
    assert_eq!(parts_of("no sums").unwrap(), [text("no sums")]);

    let row = |answer: &str| format!("{{\"question\": \"Q\", \"answer\": \"{answer}\"}}");
    assert!(message(read::<WordProblem>(&row("<<1+1=2 #### 2"))).contains("never closed"));
    assert!(message(read::<WordProblem>(&row("<<1+1>> #### 2"))).contains("no `=result`"));
    let error = message(read::<WordProblem>(&row("It is 2.")));
    assert!(
        error.contains("rows.jsonl, line 1") && error.contains("#### number"),
        "{error}"
    );
}

#[test]
fn the_final_answer_is_the_number_behind_the_marks() {
    let of = |text: &str| final_answer(text);
    assert_eq!(of("so\n#### 72"), Some("72".into()));
    assert_eq!(of("#### -1,234,567.5 dollars"), Some("-1234567.5".into()));
    assert_eq!(of("####10."), Some("10".into()));
    assert_eq!(of("#### 1 then #### $2"), Some("2".into()));
    for none in ["72", "####", "#### many", "#### -", "#### 1a"] {
        assert_eq!(of(none), None, "{none}");
    }
}

#[test]
fn humaneval_is_answered_by_the_whole_function_in_a_block() {
    let row = r#"{"task_id": "HumanEval/0", "prompt": "def one():\n    \"\"\"One.\"\"\"\n", "canonical_solution": "    return 1\n", "test": "def check(candidate):\n    assert candidate() == 1\n", "entry_point": "one"}"#;
    let set: DataSet<Program> = read(row).unwrap();
    let conversation = set.get(0).unwrap();
    assert_eq!(conversation.messages[0].text(), set.rows()[0].prompt);
    assert_eq!(
        conversation.messages[1].text(),
        "```python\ndef one():\n    \"\"\"One.\"\"\"\n    return 1\n```"
    );
    assert!(
        message(read::<Program>(&row.replace("\"one\"", "\"two\"")))
            .contains("does not define the function `two`")
    );
}
