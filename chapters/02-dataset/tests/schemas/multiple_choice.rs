//! Questions with options.

use super::*;

#[test]
fn mmlu_rows_become_lettered_questions() {
    let row = r#"{"question": "Which is a fish?", "subject": "sea", "choices": ["crab ", "cod", "kelp", "gull"], "answer": 1}"#;
    let set: DataSet<MultipleChoice> = read(row).unwrap();
    let conversation = set.get(0).unwrap();
    assert_eq!(
        conversation.messages[0].text(),
        "Pick the right answer and give its letter only.\n\n- crab=A\n- cod=B\n- kelp=C\n- gull=D\n\nWhich is a fish?"
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
fn the_letter_touches_its_option_and_the_answer_is_one_token() {
    let text = "- one=A\n- two=B\n- three=C\n- four=D\nA B C D\nIs one two?\nThe cod, the crab.\n"
        .repeat(200);
    // 33 merges: each of the text's chunks has become one token, and no more can be learnt from it.
    let tokenizer =
        tokenizer::train(std::iter::once(text), &TrainSettings::new(298), &mut |_| {}).unwrap();
    for option in ["cod", "the crab", "x y cod", "魚"] {
        let choices = vec![option.to_owned(), "one".to_owned(), "two".to_owned()];
        let question = MultipleChoice {
            question: "Which?".into(),
            choices,
            answer: 1,
            subject: String::new(),
        };
        let prompt = tokenizer.encode(&question.prompt());
        // The option as it stands in a sentence, and right behind it its letter.
        let mut wanted = tokenizer.encode(&format!(" {option}"));
        wanted.extend(tokenizer.encode("=A"));
        assert!(
            prompt.windows(wanted.len()).any(|window| window == wanted),
            "{option}"
        );
        for letter in question.letters() {
            assert_eq!(tokenizer.encode(&letter.to_string()).len(), 1);
            assert_eq!(
                tokenizer.encode(&format!("={letter}")).len(),
                1,
                "a vocabulary that has seen such lists has a token ={letter}"
            );
        }
        assert!(
            question.prompt().ends_with("Which?"),
            "the question is last"
        );
    }
}
