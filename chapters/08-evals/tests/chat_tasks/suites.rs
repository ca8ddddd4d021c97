//! The six tasks together: their judges, their scores, how they are drawn.

use super::*;

/// Names, sizes, and that the judges take the reference answers and no others.
fn check_suite(folder: &Path) {
    let suite = suite(folder);
    let all: Vec<&dyn Task> = suite
        .choice
        .iter()
        .map(|task| task as &dyn Task)
        .chain(suite.generative.iter().map(|task| task.as_ref()))
        .collect();
    let names: Vec<&str> = all.iter().map(|task| task.name()).collect();
    assert_eq!(
        names,
        [
            "ARC-Easy",
            "ARC-Challenge",
            "MMLU",
            "GSM8K",
            "HumanEval",
            "SpellingBee"
        ]
    );
    for task in &all {
        assert!(!task.is_empty());
        for index in drawn(*task, Some(60)) {
            let conversation = task.conversation(index).unwrap();
            assert_eq!(conversation.messages.last().unwrap().role, Role::Assistant);
            let answer = reference(&conversation);
            assert!(
                task.is_correct(index, &answer).unwrap(),
                "{} {index}: {answer}",
                task.name()
            );
            assert_eq!(task.reward(index, &answer).unwrap(), 1.0);
            let choices = task.choices(index).unwrap();
            match task.kind() {
                Kind::Categorical => {
                    let right = choices
                        .iter()
                        .filter(|letter| task.is_correct(index, letter).unwrap());
                    assert_eq!(right.count(), 1, "{} {index}", task.name());
                }
                Kind::Generative => assert!(choices.is_empty()),
            }
            if task.name() != "HumanEval" {
                for wrong in ["", "####", "#### 123456789", "#### none", "I do not know."] {
                    assert!(
                        !task.is_correct(index, wrong).unwrap(),
                        "{} {index}: {wrong}",
                        task.name()
                    );
                    assert_eq!(task.reward(index, wrong).unwrap(), 0.0);
                }
            }
        }
        let beyond = task.is_correct(task.len(), "A").unwrap_err();
        assert!(beyond.to_string().contains(task.name()), "{beyond}");
        assert!(task.conversation(task.len()).is_err());
    }
}

#[test]
fn tidepools_twins_are_asked_and_judged() {
    check_suite(&tidepool("chat-twins"));
}

#[test]
fn a_folder_that_lacks_a_task_is_named_with_what_belongs_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let says = |words: &[&str]| {
        let told = Told::new(Verdict::Finished);
        let error = ChatSuite::open(folder.path(), Some(told)).err().unwrap();
        let message = error.to_string();
        let path = folder.path().display().to_string();
        for word in words.iter().copied().chain([path.as_str(), "tidepool's"]) {
            assert!(message.contains(word), "{message}");
        }
    };
    says(&["no arc/ARC-Easy/test.jsonl", "ARC-Easy is read"]);
    let whole = tidepool("chat-lacking");
    for (file, next) in [
        ("arc/ARC-Easy/test.jsonl", "no arc/ARC-Challenge/test.jsonl"),
        ("arc/ARC-Challenge/test.jsonl", "no mmlu/test.jsonl"),
        ("mmlu/test.jsonl", "no gsm8k/test.jsonl"),
        ("gsm8k/test.jsonl", "no humaneval/HumanEval.jsonl"),
        ("humaneval/HumanEval.jsonl", "no words/words_alpha.txt"),
    ] {
        let copy = folder.path().join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(whole.join(file), copy).unwrap();
        says(&[next]);
    }
}

#[test]
fn the_real_sets_are_asked_and_judged() {
    let Some(data) = real_data() else { return };
    check_suite(&data);
    let suite = suite(&data);
    assert_eq!(
        suite.choice.iter().map(Task::len).collect::<Vec<_>>(),
        [2376, 1172, 14042]
    );
    assert_eq!(
        suite
            .generative
            .iter()
            .map(|task| task.len())
            .collect::<Vec<_>>(),
        [1319, 164, 256]
    );
}

#[test]
fn a_number_counts_where_it_stands_behind_the_marker() {
    let suite = suite(&tidepool("chat-numbers"));
    let sums = suite.generative[0].as_ref();
    let answer = reference(&sums.conversation(0).unwrap());
    let (_, number) = answer.rsplit_once("#### ").unwrap();
    for (text, right) in [
        (format!("Let me see.\n#### {number}"), true),
        (format!("#### {number}\n"), true),
        (format!("#### {number}."), true),
        (format!("#### 1\nno, #### {number}"), true),
        (format!("The answer is {number}."), false),
        (format!("#### {number}0"), false),
        (format!("####{}", "9".repeat(400)), false),
    ] {
        assert_eq!(sums.is_correct(0, &text).unwrap(), right, "{text}");
    }
}

#[test]
fn the_whole_suite_is_asked_of_a_model() {
    let dir = tidepool("chat-suite");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let means = ChatMeans::new(&tokenizer, 512);
    let settings = WritingSettings {
        max_tokens: 4,
        ..WritingSettings::default()
    };
    let mut done = Vec::new();
    let scores = suite(&dir)
        .evaluate(
            Some(6),
            &settings,
            &means,
            &PlainScorer::new(&gpt, &Plain),
            &mut NaiveSampler::new(&gpt, &Plain),
            None,
            &mut |score| done.push(score.task.clone()),
        )
        .unwrap();
    assert_eq!(done.len(), 6);
    assert!(scores.iter().all(|score| score.total() == 6));
    let (mean, interval) = chat_core(&scores, &Bootstrap::default()).unwrap();
    let by_hand = scores.iter().map(|score| score.centred()).sum::<f64>() / 6.0;
    assert!((mean - by_hand).abs() < 1e-12 && interval.low <= mean && mean <= interval.high);
    let text = table(&scores, &Bootstrap::default());
    assert!(
        text.contains("ChatCORE") && text.contains("SpellingBee"),
        "{text}"
    );
    let csv = csv(&scores);
    assert!(
        csv.lines().count() == 7 && csv.lines().all(|line| line.split(',').count() == 11),
        "{csv}"
    );
}

#[test]
fn chat_core_centres_by_a_quarter_for_options_and_by_nothing_for_writing() {
    let score = |method, right: usize| ChatScore {
        task: "x".into(),
        method,
        correct: (0..100).map(|place| place < right).collect(),
        too_long: 0,
        tool: None,
    };
    let scores = [score(Method::Letter, 40), score(Method::Writing, 40)];
    let (mean, _) = chat_core(&scores, &Bootstrap::default()).unwrap();
    assert!((mean - (0.2 + 0.4) / 2.0).abs() < 1e-12);
    assert!(chat_core(&[], &Bootstrap::default()).is_none());
}

#[test]
fn a_capped_task_is_drawn_evenly_and_always_alike() {
    let suite = suite(&tidepool("chat-drawn"));
    let task = &suite.choice[2];
    let some = drawn(task, Some(20));
    assert_eq!(some, drawn(task, Some(20)));
    assert_eq!(some.len(), 20);
    assert!(
        some.iter().any(|&index| index > task.len() / 2)
            && some.iter().any(|&index| index < task.len() / 2)
    );
    assert_eq!(
        drawn(task, Some(1_000_000)),
        (0..task.len()).collect::<Vec<_>>()
    );
}
