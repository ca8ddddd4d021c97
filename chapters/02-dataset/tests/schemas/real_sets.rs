//! The real sets, where they are at hand.

use super::*;

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
