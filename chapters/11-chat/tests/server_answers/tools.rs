//! Answers with a call of the calculator.

use super::*;

/// so ⟨12*7 = 84⟩ it is
fn with_a_sum(gate: Gate) -> Running {
    let tokenizer = babbler::tokenizer(290);
    let special = |s| tokenizer.special(s);
    let mut ids = tokenizer.encode("so ");
    ids.push(special(Special::PythonStart));
    ids.extend(tokenizer.encode("12*7"));
    ids.push(special(Special::PythonEnd));
    // While the result is forced, nobody looks at the logits.
    let forced = tokenizer.encode("84").len() + 2;
    ids.extend(std::iter::repeat_n(special(Special::Bos), forced));
    ids.extend(tokenizer.encode("it is"));
    ids.push(special(Special::AssistantEnd));
    start_with(ServerSettings::default(), gate, ids)
}

#[test]
fn a_tool_call_is_shown_beside_the_text() {
    let body = with(
        question("12*7?"),
        json!({"temperature": 0, "max_tokens": 50}),
    );
    let answer = with_a_sum(Gate::open()).chat(body.clone());
    assert_eq!(answer.content(), "so it is");
    let json = answer.json();
    let parts = json!([
        {"type": "text", "text": "so "}, {"type": "python", "text": "12*7"},
        {"type": "python_output", "text": "84"}, {"type": "text", "text": "it is"},
    ]);
    assert_eq!(json["choices"][0]["message"]["nanocrab"]["parts"], parts);
    assert_eq!(json["choices"][0]["finish_reason"], "stop");

    let server = with_a_sum(Gate::open());
    let body = with(body, json!({"logprobs": true}));
    let chunks = server.events("/v1/chat/completions", body).chunks();
    assert_eq!(added_up(&chunks), "so it is");
    let tool: Vec<&Value> = chunks
        .iter()
        .filter(|chunk| chunk["choices"][0]["delta"].get("nanocrab").is_some())
        .collect();
    let call = &tool[0]["choices"][0];
    assert_eq!(
        call["delta"],
        json!({"content": "", "nanocrab": {"kind": "python", "text": "12*7"}})
    );
    // The whole call, both marks included.
    let entries = call["logprobs"]["content"].as_array().unwrap();
    assert_eq!(entries.len(), server.tokenizer.encode("12*7").len() + 2);
    assert_eq!(entries[0]["token"], "<|python_start|>");
    assert_eq!(entries[0]["bytes"], Value::Null);
    let output = &tool[1]["choices"][0];
    assert_eq!(
        output["delta"],
        json!({"content": "", "nanocrab": {"kind": "output", "text": "84"}})
    );
    assert_eq!(output["logprobs"], Value::Null, "nobody chose it");
}

#[test]
fn an_answer_with_a_tool_call_can_be_sent_back() {
    let server = babbling();
    let parts =
        json!([{"type": "python", "text": "12*7"}, {"type": "python_output", "text": "84"}]);
    let body = json!({"max_tokens": 3, "messages": [
        {"role": "user", "content": "12*7?"},
        {"role": "assistant", "content": parts},
        {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": " now?"}]},
    ]});
    let answer = server.chat(body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let encoded = |text: &str| server.tokenizer.encode(text).len();
    // bos; two marks around each of three messages, around the call and its result; assistant_start
    let expected = 1 + 3 * 2 + 2 * 2 + 1 + 2 * encoded("12*7?") - encoded("?")
        + encoded("84")
        + encoded("and now?");
    assert_eq!(answer.json()["usage"]["prompt_tokens"], expected);
}
