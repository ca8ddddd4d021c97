//! Tokens become text as they arrive, whole characters only, and tool calls are told apart.

mod babbler;

use babbler::tokenizer;
use chat::{Answer, Event};
use dataset::Part;
use tokenizer::Special;

fn text(text: &str) -> Event {
    Event::Text(text.to_string())
}

#[test]
fn half_a_character_is_never_shown() {
    let tokenizer = tokenizer(270); // 🦀 is four tokens
    let ids = tokenizer.encode("a🦀b");
    assert!(ids.len() >= 5, "{ids:?}");
    let mut answer = Answer::new(&tokenizer);
    let mut shown = String::new();
    for id in ids {
        let Event::Text(piece) = answer.push(id) else {
            panic!("only text")
        };
        assert!(!piece.contains('\u{FFFD}'));
        shown += &piece;
    }
    assert_eq!(shown, "a🦀b");
    assert_eq!(
        answer.finish(),
        (text(""), vec![Part::Text("a🦀b".to_string())])
    );
}

#[test]
fn what_is_held_back_comes_at_the_end() {
    let tokenizer = tokenizer(270);
    let ids = tokenizer.encode("🦀");
    let mut answer = Answer::new(&tokenizer);
    for &id in &ids[..ids.len() - 1] {
        assert_eq!(answer.push(id), text(""));
    }
    assert_eq!(answer.finish().0, text("\u{FFFD}"));
}

#[test]
fn a_tool_call_is_an_event_of_its_own() {
    let tokenizer = tokenizer(270);
    let mut ids = tokenizer.encode("so ");
    for (start, words, end) in [
        (Special::PythonStart, "12*7", Special::PythonEnd),
        (Special::OutputStart, "84", Special::OutputEnd),
    ] {
        ids.push(tokenizer.special(start));
        tokenizer.encode_into(words, &mut ids);
        ids.push(tokenizer.special(end));
    }
    tokenizer.encode_into("eighty-four", &mut ids);
    let mut answer = Answer::new(&tokenizer);
    let events: Vec<Event> = ids
        .iter()
        .map(|&id| answer.push(id))
        .filter(|event| *event != text(""))
        .collect();
    let call = events
        .iter()
        .position(|event| *event == Event::ToolCall("12*7".to_string()))
        .expect("the call");
    assert_eq!(events[call + 1], Event::ToolResult("84".to_string()));
    let parts = answer.finish().1;
    assert_eq!(
        parts,
        [
            Part::Text("so ".into()),
            Part::Python("12*7".into()),
            Part::PythonOutput("84".into()),
            Part::Text("eighty-four".into())
        ]
    );
}

#[test]
fn an_answer_that_is_cut_inside_a_call_still_has_its_parts() {
    let tokenizer = tokenizer(270);
    let mut answer = Answer::new(&tokenizer);
    answer.push(tokenizer.special(Special::PythonStart));
    for id in tokenizer.encode("1+") {
        answer.push(id);
    }
    assert_eq!(
        answer.finish(),
        (
            Event::ToolCall("1+".into()),
            vec![Part::Python("1+".into())]
        )
    );
    assert_eq!(
        Answer::new(&tokenizer).finish().1,
        [Part::Text(String::new())]
    );
}
