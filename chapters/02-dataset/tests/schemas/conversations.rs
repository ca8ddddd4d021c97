//! Sets of conversations.

use super::*;

#[test]
fn messages_are_strings_or_parts_in_json() {
    let text = r#"{"messages":[{"role":"user","content":"6*7?"},{"role":"assistant","content":[{"type":"python","text":"6*7"},{"type":"python_output","text":"42"},{"type":"text","text":"42"}]}]}"#;
    let conversation: Conversation = serde_json::from_str(text).unwrap();
    assert_eq!(conversation.messages[0], Message::user("6*7?"));
    assert_eq!(
        conversation.messages[1].parts[0],
        Part::Python("6*7".into())
    );
    assert_eq!(conversation.messages[1].text(), "6*74242");
    assert_eq!(serde_json::to_string(&conversation).unwrap(), text);

    for bad in [
        r#"{"role":"user","content":[{"type":"text","text":"x"}]}"#,
        r#"{"role":"assistant","content":[{"type":"image","text":"x"}]}"#,
        r#"{"role":"robot","content":"x"}"#,
    ] {
        assert!(serde_json::from_str::<Message>(bad).is_err(), "{bad}");
    }
}

#[test]
fn smoltalk_is_read_from_both_forms() {
    let lines = r#"{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "source": "made"}"#;
    let of_lines: DataSet<SmolTalk> = read(lines).unwrap();
    let talk = of_lines.get(0).unwrap();
    assert_eq!(
        talk.messages,
        [
            Message::system("Be brief."),
            Message::user("Hi"),
            Message::assistant("Hello")
        ]
    );

    // As in the published files: inside a message `content` comes before `role`.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    let messages = structs(vec![
        ("content", strings(&["Be brief.", "Hi", "Hello"])),
        ("role", strings(&["system", "user", "assistant"])),
    ]);
    let field = Arc::new(Field::new("item", messages.data_type().clone(), true));
    let list = arrow::array::ListArray::new(
        field,
        OffsetBuffer::from_lengths([3]),
        Arc::new(messages),
        None,
    );
    write_parquet(
        &path,
        vec![("messages", Arc::new(list)), ("source", strings(&["made"]))],
    );
    let of_parquet: DataSet<SmolTalk> = DataSet::open("smoltalk", &path).unwrap();
    assert_eq!(of_parquet.rows(), of_lines.rows());
    assert_eq!((of_parquet.name(), of_parquet.len()), ("smoltalk", 1));
    assert!(message(of_parquet.get(1)).contains("item 1 does not exist in smoltalk"));
}

#[test]
fn conversations_that_do_not_alternate_are_refused_with_their_line() {
    let good = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
    let twice =
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}"#;
    let error = message(read::<SmolTalk>(&format!("{good}\n\n{twice}\n")));
    assert!(
        error.contains("rows.jsonl, line 3: message 2 is from user, expected assistant"),
        "{error}"
    );
    let alone = r#"{"messages": [{"role": "system", "content": "a"}]}"#;
    assert!(message(read::<SmolTalk>(alone)).contains("at least 2 are needed"));
    let error = message(read::<SmolTalk>(r#"{"dialogue": []}"#));
    assert!(
        error.contains("`messages`") && error.contains("found: `dialogue`"),
        "{error}"
    );
    assert!(message(read::<SmolTalk>("\n")).contains("no documents"));
}

#[test]
fn identity_lines_are_arrays_of_plain_messages() {
    let set: DataSet<Identity> =
        read(r#"[{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A crab."}]"#).unwrap();
    assert_eq!(set.get(0).unwrap().messages[1].text(), "A crab.");
    assert!(message(read::<Identity>(r#"{"messages": []}"#)).contains("an array of messages"));
    let system = r#"[{"role": "system", "content": "x"}, {"role": "user", "content": "y"}, {"role": "assistant", "content": "z"}]"#;
    assert!(message(read::<Identity>(system)).contains("begin with the user"));
}
