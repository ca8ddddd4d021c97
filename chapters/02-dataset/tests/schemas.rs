//! Every schema is read from JSON lines and from parquet, and a bad row is an error that names file and place.

mod fixtures;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int64Array, ListBuilder, StringArray, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use dataset::schemas::gsm8k::{final_answer, parts_of};
use dataset::schemas::spelling::Split;
use dataset::schemas::{
    DataSet, Identity, MultipleChoice, Program, Schema, SimpleSpelling, SmolTalk, SpellingBee,
    WordList, WordProblem,
};
use dataset::{Conversation, ConversationSource, Error, Message, Part, Role};
use fixtures::real_data;
use parquet::arrow::ArrowWriter;
use tokenizer::TrainSettings;

fn read<S: Schema>(lines: &str) -> Result<DataSet<S>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    std::fs::write(&path, lines).unwrap();
    DataSet::open("test", &path)
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn string_lists(rows: &[&[&str]]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.iter()
            .for_each(|text| builder.values().append_value(text));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn structs(members: Vec<(&str, ArrayRef)>) -> StructArray {
    let member = |(name, values): (&str, ArrayRef)| {
        (
            Arc::new(Field::new(name, values.data_type().clone(), true)),
            values,
        )
    };
    StructArray::from(members.into_iter().map(member).collect::<Vec<_>>())
}

// --- conversations ------------------------------------------------------------------------------------------------

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

// --- multiple choice ----------------------------------------------------------------------------------------------

#[test]
fn mmlu_rows_become_lettered_questions() {
    let row = r#"{"question": "Which is a fish?", "subject": "sea", "choices": ["crab ", "cod", "kelp", "gull"], "answer": 1}"#;
    let set: DataSet<MultipleChoice> = read(row).unwrap();
    let conversation = set.get(0).unwrap();
    assert_eq!(
        conversation.messages[0].text(),
        "Pick the right answer and give its letter only.\n\nWhich is a fish?\n\ncrab =A\ncod =B\nkelp =C\ngull =D"
    );
    assert_eq!(conversation.messages[1], Message::assistant("B"));
    assert_eq!(set.rows()[0].letters().collect::<String>(), "ABCD");
    // The older form, wrapped once more.
    let wrapped: DataSet<MultipleChoice> = read(&format!("{{\"train\": {row}}}")).unwrap();
    assert_eq!(wrapped.rows(), set.rows());

    let folder = tempfile::tempdir().unwrap();
    let columns = || -> Vec<(&str, ArrayRef)> {
        vec![
            ("question", strings(&["Which is a fish?"])),
            ("subject", strings(&["sea"])),
            (
                "choices",
                string_lists(&[&["crab ", "cod", "kelp", "gull"]]),
            ),
            ("answer", Arc::new(Int64Array::from(vec![1]))),
        ]
    };
    // A folder as the hub's converter leaves it, with the files numbered.
    write_parquet(&folder.path().join("00000.parquet"), columns());
    write_parquet(
        &folder.path().join("00001.parquet"),
        vec![("train", Arc::new(structs(columns())))],
    );
    std::fs::write(folder.path().join("manifest.json"), "[]").unwrap();
    let of_parquet: DataSet<MultipleChoice> = DataSet::open("mmlu", folder.path()).unwrap();
    assert_eq!(
        of_parquet.rows(),
        [set.rows()[0].clone(), set.rows()[0].clone()]
    );
}

#[test]
fn arc_answers_are_looked_up_among_the_labels() {
    let row = |labels: &str, key: &str| {
        format!(
            r#"{{"id": "x", "question": "Q", "choices": {{"text": ["a", "b", "c"], "label": {labels}}}, "answerKey": "{key}"}}"#
        )
    };
    let digits: DataSet<MultipleChoice> = read(&row(r#"["1", "2", "3"]"#, "3")).unwrap();
    assert_eq!(digits.get(0).unwrap().messages[1], Message::assistant("C"));
    // Labels in an order of their own.
    let turned: DataSet<MultipleChoice> = read(&row(r#"["C", "A", "B"]"#, "A")).unwrap();
    assert_eq!(turned.rows()[0].answer, 1);
    let error = message(read::<MultipleChoice>(&row(r#"["A", "B", "C"]"#, "3")));
    assert!(
        error.contains("line 1") && error.contains("answerKey `3` is none of the labels A, B, C"),
        "{error}"
    );
    assert!(
        message(read::<MultipleChoice>(&row(r#"["A", "B"]"#, "A")))
            .contains("3 choices with 2 labels")
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arc.parquet");
    let choices = structs(vec![
        ("text", string_lists(&[&["a", "b", "c"]])),
        ("label", string_lists(&[&["1", "2", "3"]])),
    ]);
    write_parquet(
        &path,
        vec![
            ("id", strings(&["x"])),
            ("question", strings(&["Q"])),
            ("choices", Arc::new(choices)),
            ("answerKey", strings(&["3"])),
        ],
    );
    assert_eq!(
        DataSet::<MultipleChoice>::open("arc", &path)
            .unwrap()
            .rows(),
        digits.rows()
    );
}

#[test]
fn answers_out_of_range_and_types_out_of_place_are_refused() {
    let error = message(read::<MultipleChoice>(
        r#"{"question": "Q", "choices": ["a", "b"], "answer": 2}"#,
    ));
    assert!(error.contains("answer 2 of 2 choices"), "{error}");
    assert!(
        message(read::<MultipleChoice>(
            r#"{"question": "Q", "choices": ["a", "b"], "answer": -1}"#
        ))
        .contains("below 0")
    );
    assert!(
        message(read::<MultipleChoice>(
            r#"{"question": "Q", "choices": ["a"], "answer": 0}"#
        ))
        .contains("1 choices")
    );
    let error = message(read::<MultipleChoice>(r#"{"question": "Q", "answer": 0}"#));
    assert!(
        error.contains("missing field `choices`") && error.contains("found: `question`, `answer`"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.parquet");
    let dates: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![1]));
    write_parquet(&path, vec![("question", strings(&["Q"])), ("date", dates)]);
    let error = message(DataSet::<MultipleChoice>::open("odd", &path));
    assert!(
        error.contains("odd.parquet, row 1") && error.contains("`date`"),
        "{error}"
    );
    std::fs::write(&path, "not parquet").unwrap();
    assert!(
        message(DataSet::<MultipleChoice>::open("odd", &path)).contains("truncated or damaged")
    );
}

#[test]
fn the_letter_is_one_token_and_the_same_in_prompt_and_answer() {
    // A text that tempts: `=A` and ` A` are among its commonest strings.
    let text = "one =A\ntwo =B\nthree=A four=B A B A B =A =B crab =C gull =D\n".repeat(200);
    let tokenizer =
        tokenizer::train(std::iter::once(text), &TrainSettings::new(285), &mut |_| {}).unwrap();
    assert_eq!(
        tokenizer.encode("three=A").len(),
        tokenizer.encode("three").len() + 1,
        "=A has become one token"
    );

    for last in [
        "cod", "cod.", "a (cod)", "7", "100%", "x = y", "«cod»", "魚",
    ] {
        let choices = vec!["crab".to_owned(), last.to_owned(), "kelp".to_owned()];
        let question = MultipleChoice {
            question: "Which?".into(),
            choices,
            answer: 1,
            subject: String::new(),
        };
        let prompt = tokenizer.encode(&question.prompt());
        for letter in question.letters() {
            let answer = tokenizer.encode(&letter.to_string());
            assert_eq!(answer.len(), 1);
            let count = prompt.iter().filter(|&&id| id == answer[0]).count();
            assert_eq!(
                count, 1,
                "the letter {letter} is a token of its own in the prompt with `{last}`"
            );
        }
    }
}

// --- sums and programs --------------------------------------------------------------------------------------------

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

// --- spelling -----------------------------------------------------------------------------------------------------

fn words() -> WordList {
    WordList::new(["strawberry", "tide", "crab", "x", "it's"].map(str::to_owned)).unwrap()
}

#[test]
fn spelling_is_right_and_the_same_every_time() {
    let bee = SpellingBee::new(words(), 500, Split::Train);
    for index in 0..bee.len() {
        let counted = bee.question(index);
        assert_eq!(counted.count, counted.word.matches(counted.letter).count());
        assert!(["strawberry", "tide", "crab"].contains(&counted.word.as_str()));
        let conversation = bee.get(index).unwrap();
        conversation.check().unwrap();
        assert_eq!(conversation, bee.get(index).unwrap());
        let [
            Part::Text(walk),
            Part::Python(call),
            Part::PythonOutput(output),
            Part::Text(end),
        ] = conversation.messages[1].parts.as_slice()
        else {
            panic!("four parts");
        };
        let letters: String = walk
            .lines()
            .filter(|line| line.len() == 3)
            .map(|line| &line[..1])
            .collect();
        assert_eq!(letters, counted.word);
        assert_eq!(
            *call,
            format!("'{}'.count('{}')", counted.word, counted.letter)
        );
        assert_eq!(
            (output, end),
            (
                &counted.count.to_string(),
                &format!("\n#### {}", counted.count)
            )
        );
        assert_eq!(
            final_answer(&conversation.messages[1].text()),
            Some(output.clone())
        );
    }
    let absent = (0..500)
        .filter(|&index| bee.question(index).count == 0)
        .count();
    assert!(
        (15..80).contains(&absent),
        "about one letter in ten is any letter: {absent}"
    );
}

#[test]
fn train_and_test_spelling_differ() {
    let (train, test) = (
        SimpleSpelling::new(words(), 50, Split::Train),
        SimpleSpelling::new(words(), 50, Split::Test),
    );
    let all = |source: &SimpleSpelling| {
        (0..50)
            .map(|index| source.get(index).unwrap())
            .collect::<Vec<_>>()
    };
    assert_ne!(all(&train), all(&test));
    let tide = all(&train)
        .into_iter()
        .find(|talk| talk.messages[0].text().ends_with("tide"))
        .unwrap();
    assert_eq!(tide.messages[1].text(), "tide: t i d e");
    assert!(
        message(train.get(50)).contains("item 50 does not exist in simple spelling, which has 50")
    );
    assert!(WordList::new(["a".to_owned()]).is_none());
}

// --- real data ----------------------------------------------------------------------------------------------------

fn open<S: Schema>(path: &Path) -> DataSet<S> {
    let set = DataSet::open(path.display().to_string(), path).unwrap();
    for index in 0..set.len() {
        let conversation = set.get(index).unwrap();
        conversation
            .check()
            .unwrap_or_else(|problem| panic!("{} {index}: {problem}", set.name()));
        assert!(
            conversation
                .messages
                .iter()
                .all(|message| message.role != Role::System)
        );
    }
    set
}

#[test]
fn real_conversations_are_read() {
    let Some(data) = real_data() else { return };
    assert_eq!(
        open::<SmolTalk>(&data.join("chat/sgd_dialogues.jsonl")).len(),
        708
    );
    assert_eq!(
        open::<SmolTalk>(&data.join("chat/mt_bench_ref.jsonl")).len(),
        30
    );
    assert_eq!(
        open::<Identity>(&data.join("chat/identity_style.jsonl")).len(),
        500
    );
}

#[test]
fn real_multiple_choice_is_read() {
    let Some(data) = real_data() else { return };
    for (file, rows) in [
        ("test", 14_042),
        ("validation", 1_531),
        ("dev", 285),
        ("auxiliary_style_sample", 1_500),
    ] {
        let set = open::<MultipleChoice>(&data.join(format!("mmlu/{file}.jsonl")));
        assert_eq!(set.len(), rows);
        assert!(set.rows().iter().all(|row| row.choices.len() == 4));
    }
    for (config, sizes) in [
        ("ARC-Easy", [2_251, 570, 2_376]),
        ("ARC-Challenge", [1_119, 299, 1_172]),
    ] {
        for (split, rows) in ["train", "validation", "test"].into_iter().zip(sizes) {
            let set = open::<MultipleChoice>(&data.join(format!("arc/{config}/{split}.jsonl")));
            assert_eq!(set.len(), rows);
            assert!(
                set.rows()
                    .iter()
                    .all(|row| (3..=5).contains(&row.choices.len()))
            );
        }
    }
    // The first question with digits for labels: id MCAS style, answered by a letter all the same.
    let text = std::fs::read_to_string(data.join("arc/ARC-Easy/validation.jsonl")).unwrap();
    let index = text
        .lines()
        .position(|line| line.contains(r#""label": ["1""#))
        .unwrap();
    let row: serde_json::Value = serde_json::from_str(text.lines().nth(index).unwrap()).unwrap();
    let digit: usize = row["answerKey"].as_str().unwrap().parse().unwrap();
    let set = open::<MultipleChoice>(&data.join("arc/ARC-Easy/validation.jsonl"));
    assert_eq!(set.rows()[index].answer, digit - 1);
}

#[test]
fn real_sums_and_programs_are_read() {
    let Some(data) = real_data() else { return };
    for (split, rows) in [("train", 7_473), ("test", 1_319)] {
        let set = open::<WordProblem>(&data.join(format!("gsm8k/{split}.jsonl")));
        assert_eq!(set.len(), rows);
        for (index, row) in set.rows().iter().enumerate() {
            let parts = parts_of(&row.answer).unwrap();
            let calls = parts
                .iter()
                .filter(|part| matches!(part, Part::Python(_)))
                .count();
            assert_eq!(calls, row.answer.matches("<<").count(), "{split} {index}");
            assert!(final_answer(&row.answer).is_some());
            assert!(!set.get(index).unwrap().messages[1].text().contains("<<"));
        }
    }
    assert_eq!(
        open::<Program>(&data.join("humaneval/HumanEval.jsonl")).len(),
        164
    );
}

#[test]
fn the_real_word_list_is_read() {
    let Some(data) = real_data() else { return };
    let bee = SpellingBee::new(
        WordList::open(&data.join("words/words_alpha.txt")).unwrap(),
        1000,
        Split::Test,
    );
    for index in 0..bee.len() {
        assert!(
            bee.question(index)
                .word
                .chars()
                .all(|letter| letter.is_ascii_lowercase())
        );
    }
}
