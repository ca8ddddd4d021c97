//! Facts about the files of a tidepool corpus: complete, reproducible, and with the tests kept out of the training text.

use dataset::tidepool::corpus::documents;
use dataset::tidepool::{CorpusSettings, Error, Genre, Mixture, World, write_corpus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn settings() -> CorpusSettings {
    CorpusSettings {
        bytes: 2_500_000,
        chat_conversations: 4_000,
        choice_questions: 1_500,
        word_problems: 2_000,
        spelling_conversations: 1_500,
        ..CorpusSettings::default()
    }
}

/// The corpus that most tests look at, written once.
fn corpus() -> &'static (World, PathBuf) {
    static CORPUS: OnceLock<(World, PathBuf)> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let world = World::new(1, 120).unwrap();
        let dir = folder("corpus");
        write_corpus(&world, &dir, &settings()).unwrap();
        (world, dir)
    })
}

/// An empty place below cargo's folder for temporary files of tests.
fn folder(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tidepool-{name}"));
    fs::remove_dir_all(&dir).ok();
    dir
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(
                    path.strip_prefix(dir).unwrap().to_path_buf(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    found
}

/// All training text: the pretraining documents (validation too) and every string of the training sets.
fn training_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (world, dir) = corpus();
        let mut all = documents(world, &settings()).unwrap().join("\n\n");
        for file in [
            "chat/train.jsonl",
            "chat/identity.jsonl",
            "spelling/train.jsonl",
            "gsm8k/train.jsonl",
            "mmlu/auxiliary_train.jsonl",
            "arc/ARC-Easy/train.jsonl",
            "arc/ARC-Challenge/train.jsonl",
        ] {
            for row in rows(&dir.join(file)) {
                collect_strings(&row, &mut all);
            }
        }
        all
    })
}

fn collect_strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => *out += &format!("\n\n{text}"),
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, out)),
        Value::Object(map) => map.values().for_each(|item| collect_strings(item, out)),
        _ => {}
    }
}

#[test]
fn no_two_documents_are_alike_and_the_mixture_is_kept() {
    let world = World::new(1, 120).unwrap();
    let all = documents(&world, &settings()).unwrap();
    let different: HashSet<&String> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    let bytes: usize = all.iter().map(String::len).sum();
    assert!((2_500_000..2_503_000).contains(&bytes), "{bytes}");
    let functions: usize = all
        .iter()
        .filter(|text| text.starts_with("def "))
        .map(String::len)
        .sum();
    assert!(
        (functions * 1000 / bytes).abs_diff(60) < 5,
        "{functions} of {bytes}"
    );
}

#[test]
fn each_fact_is_told_at_least_thirty_times() {
    let (world, _) = corpus();
    let text = documents(world, &CorpusSettings::default()).unwrap();
    // Sentences, and questions with their answers, that name an entity and a value of its attribute.
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let facts: BTreeMap<&str, Vec<&str>> = world
        .entities()
        .iter()
        .map(|it| {
            (
                it.name.as_str(),
                it.facts
                    .iter()
                    .map(|f| world.attributes()[f.attribute].values[f.value].as_str())
                    .collect(),
            )
        })
        .collect();
    for part in text
        .iter()
        .flat_map(|text| text.split(". "))
        .flat_map(|part| part.split("\nQ"))
    {
        for word in part
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .collect::<BTreeSet<_>>()
        {
            if let Some((name, values)) = facts.get_key_value(word) {
                let lower = part.to_lowercase();
                for value in values
                    .iter()
                    .filter(|value| lower.contains(&value.to_lowercase()))
                {
                    *told.entry((name, value)).or_default() += 1;
                }
            }
        }
    }
    let (fact, least) = told.iter().min_by_key(|(_, count)| **count).unwrap();
    println!(
        "least told: {fact:?}, {least} times; mean {}",
        told.values().sum::<usize>() / told.len()
    );
    assert_eq!(told.len(), world.facts().count());
    assert!(*least >= 30, "{fact:?} is told {least} times");
}

#[test]
fn no_item_of_a_test_occurs_in_training_text() {
    let (world, dir) = corpus();
    let mut items: Vec<String> = world
        .quiz(400, 1)
        .into_iter()
        .map(|item| item.question)
        .collect();
    for row in rows(&dir.join("chat/test.jsonl"))
        .iter()
        .chain(&rows(&dir.join("spelling/test.jsonl")))
    {
        let messages = row["messages"].as_array().unwrap();
        items.push(
            messages
                .iter()
                .map(|turn| text(&turn["content"]))
                .collect::<Vec<_>>()
                .join("\n\n"),
        );
        let first = messages.iter().find(|turn| turn["role"] == "user").unwrap();
        items.push(text(&first["content"]).to_string());
    }
    for file in [
        "mmlu/test.jsonl",
        "arc/ARC-Easy/test.jsonl",
        "arc/ARC-Challenge/test.jsonl",
        "gsm8k/test.jsonl",
        "quiz.jsonl",
    ] {
        items.extend(
            rows(&dir.join(file))
                .iter()
                .map(|row| text(&row["question"]).to_string()),
        );
    }
    items.extend(
        rows(&dir.join("humaneval/HumanEval.jsonl"))
            .iter()
            .map(|row| text(&row["prompt"]).to_string()),
    );
    for (path, bytes) in files_below(&dir.join("core/eval_data")) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            items.push(
                match (
                    row.get("query"),
                    row.get("context"),
                    row.get("context_options"),
                ) {
                    (Some(query), _, _) if text(query).starts_with("Question: ") => {
                        text(query)[10..].to_string()
                    }
                    (Some(query), _, _) => {
                        format!(
                            "{} {}",
                            text(query),
                            text(&row["choices"][row["gold"].as_u64().unwrap() as usize])
                        )
                    }
                    (_, Some(context), _) => {
                        format!("{} {}", text(context), text(&row["continuation"]))
                    }
                    (_, _, Some(contexts)) => {
                        let gold = row["gold"].as_u64().unwrap() as usize;
                        format!("{} {}", text(&contexts[gold]), text(&row["continuation"]))
                    }
                    _ => panic!("{}: {line}", path.display()),
                },
            );
        }
    }
    assert!(items.len() > 3_000, "{}", items.len());
    let training = training_text();
    // A sum is an item of its own only where no longer number begins or ends there.
    let whole = |item: &str, at: usize| {
        let letters = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letters(training[..at].chars().next_back())
            && !letters(training[at + item.len()..].chars().next())
    };
    for item in &items {
        let found = training
            .match_indices(item.as_str())
            .find(|(at, _)| whole(item, *at));
        assert!(
            found.is_none(),
            "in the training text: {item}\n{}",
            &training[found.unwrap().0.saturating_sub(40)..][..120]
        );
    }
}

/// The other half of the rule, in the conversations' shape: whatever the words, no training conversation and no training
/// question is about a held-out combination of entity and attribute.
#[test]
fn no_training_conversation_is_about_a_held_out_fact() {
    let (world, dir) = corpus();
    let by_name: BTreeMap<&str, usize> = world
        .entities()
        .iter()
        .enumerate()
        .map(|(place, it)| (it.name.as_str(), place))
        .collect();
    let held_out = |name: &str, sentence: &str| {
        let facts = &world.entities()[by_name[name]].facts;
        facts.iter().filter(|fact| fact.held_out).find_map(|fact| {
            let attribute = &world.attributes()[fact.attribute];
            let value = &attribute.values[fact.value];
            holds_word(sentence, value).then_some((attribute.name.clone(), value.clone()))
        })
    };
    let mut sentences = 0;
    for row in rows(&dir.join("chat/train.jsonl")) {
        // Greetings mention places and people by chance; they state nothing.
        if ["tidepool/talk", "tidepool/function"].contains(&text(&row["source"])) {
            continue;
        }
        for turn in row["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|turn| turn["role"] == "assistant")
        {
            for sentence in text(&turn["content"]).split_inclusive(['.', '?', '!']) {
                for name in by_name.keys().filter(|name| holds_word(sentence, name)) {
                    assert_eq!(held_out(name, sentence), None, "{sentence}");
                    sentences += 1;
                }
            }
        }
    }
    assert!(sentences > 3_000, "{sentences}");
    for file in ["mmlu/auxiliary_train.jsonl", "arc/ARC-Easy/train.jsonl"] {
        for row in rows(&dir.join(file)) {
            let (choices, right) = match row.get("answer") {
                Some(answer) => (&row["choices"], answer.as_u64().unwrap() as usize),
                None => {
                    let labels = row["choices"]["label"].as_array().unwrap();
                    (
                        &row["choices"]["text"],
                        labels
                            .iter()
                            .position(|label| *label == row["answerKey"])
                            .unwrap(),
                    )
                }
            };
            let name = by_name
                .keys()
                .find(|name| holds_word(text(&row["question"]), name))
                .unwrap();
            assert_eq!(held_out(name, text(&choices[right])), None, "{row}");
        }
    }
}

fn holds_word(sentence: &str, word: &str) -> bool {
    sentence.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        !letter(sentence[..at].chars().next_back())
            && !letter(sentence[at + word.len()..].chars().next())
    })
}

/// What the tests ask can be known: value and entity stand together in the pretraining text.
#[test]
fn the_facts_of_the_quiz_stand_in_the_pretraining_text() {
    let (world, _) = corpus();
    let text = documents(world, &settings()).unwrap().join("\n");
    let sentences: Vec<&str> = text.split(['\n', '.']).collect();
    for item in world.quiz(60, 3) {
        let capital = item.answer[..1].to_uppercase() + &item.answer[1..];
        let told = sentences.iter().any(|it| {
            it.contains(&item.entity) && (it.contains(&item.answer) || it.contains(&capital))
        });
        assert!(told, "{item:?}");
    }
}

#[test]
fn word_problems_are_right_and_their_calculator_calls_agree() {
    let (_, dir) = corpus();
    for side in ["train", "test"] {
        for row in rows(&dir.join(format!("gsm8k/{side}.jsonl"))) {
            let answer = text(&row["answer"]);
            let mut last = 0;
            for call in answer.split("<<").skip(1) {
                let (expression, result) =
                    call.split_once(">>").unwrap().0.split_once('=').unwrap();
                let at = expression.find(['+', '-', '*', '/']).unwrap();
                let (a, b): (i64, i64) = (
                    expression[..at].parse().unwrap(),
                    expression[at + 1..].parse().unwrap(),
                );
                last = match &expression[at..=at] {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    _ => a / b,
                };
                assert_eq!(last.to_string(), result, "{answer}");
                assert!((1..=99).contains(&last));
            }
            assert_eq!(answer.rsplit_once("#### ").unwrap().1, last.to_string());
        }
    }
}

#[test]
fn canonical_solutions_pass_their_own_tests_under_python() {
    let (_, dir) = corpus();
    let mut program = String::new();
    let problems = rows(&dir.join("humaneval/HumanEval.jsonl"));
    assert_eq!(problems.len(), 164);
    for row in &problems {
        let (prompt, solution, test) = (
            text(&row["prompt"]),
            text(&row["canonical_solution"]),
            text(&row["test"]),
        );
        program += &format!(
            "{prompt}{solution}{test}\ncheck({})\n",
            text(&row["entry_point"])
        );
    }
    // A wrong solution must fail: `None` is never the expected value.
    program += "try:\n    check(lambda *_: None)\nexcept (AssertionError, TypeError):\n    print('done')\n";
    match Command::new("python3").arg("-c").arg(&program).output() {
        Err(_) => println!("skipped: python3 is not there"),
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(output.stdout, b"done\n");
        }
    }
}

#[test]
fn the_bundle_has_all_three_task_types_and_its_rows_are_well_formed() {
    let (_, dir) = corpus();
    let yaml = fs::read_to_string(dir.join("core/core.yaml")).unwrap();
    for kind in ["multiple_choice", "schema", "language_modeling"] {
        assert!(yaml.contains(&format!("icl_task_type: {kind}")));
    }
    let uris: Vec<&str> = yaml
        .lines()
        .filter_map(|line| line.trim().strip_prefix("dataset_uri: "))
        .collect();
    let meta = fs::read_to_string(dir.join("core/eval_meta_data.csv")).unwrap();
    assert_eq!(meta.lines().count(), uris.len() + 1);
    for uri in uris {
        let all = rows(&dir.join("core/eval_data").join(uri));
        assert!(all.len() >= 100, "{uri}: {}", all.len());
        for row in all {
            if let Some(gold) = row.get("gold") {
                let options = row
                    .get("choices")
                    .or(row.get("context_options"))
                    .unwrap()
                    .as_array()
                    .unwrap();
                assert!((gold.as_u64().unwrap() as usize) < options.len());
                assert_eq!(
                    options.iter().map(text).collect::<BTreeSet<_>>().len(),
                    options.len(),
                    "{row}"
                );
            }
        }
    }
}

#[test]
fn test_sets_are_large_enough_for_narrow_intervals() {
    let (_, dir) = corpus();
    for file in [
        "mmlu/test.jsonl",
        "arc/ARC-Easy/test.jsonl",
        "arc/ARC-Challenge/test.jsonl",
        "quiz.jsonl",
    ] {
        assert!(rows(&dir.join(file)).len() >= 300, "{file}");
    }
    for file in [
        "gsm8k/test.jsonl",
        "spelling/test.jsonl",
        "humaneval/HumanEval.jsonl",
        "chat/test.jsonl",
    ] {
        assert!(rows(&dir.join(file)).len() >= 100, "{file}");
    }
}

#[test]
fn the_same_settings_write_the_same_bytes() {
    let world = World::new(8, 40).unwrap();
    let smoke = CorpusSettings {
        bytes: 100_000,
        ..CorpusSettings::smoke()
    };
    let [one, two] = ["same-1", "same-2"].map(folder);
    write_corpus(&world, &one, &smoke).unwrap();
    write_corpus(&World::new(8, 40).unwrap(), &two, &smoke).unwrap();
    assert_eq!(files_below(&one), files_below(&two));
}

#[test]
fn a_complete_corpus_is_reused_and_a_damaged_or_different_one_written_again() {
    let world = World::new(8, 40).unwrap();
    let smoke = CorpusSettings {
        bytes: 100_000,
        ..CorpusSettings::smoke()
    };
    let dir = folder("reuse");
    let first = write_corpus(&world, &dir, &smoke).unwrap();
    let mark = dir.join("mark");
    fs::write(&mark, "still here").unwrap();
    assert_eq!(write_corpus(&world, &dir, &smoke).unwrap(), first);
    assert!(mark.exists(), "a complete corpus is left alone");

    fs::write(dir.join("gsm8k/test.jsonl"), "").unwrap();
    assert_eq!(write_corpus(&world, &dir, &smoke).unwrap(), first);
    assert!(!mark.exists() && !rows(&dir.join("gsm8k/test.jsonl")).is_empty());

    let other = write_corpus(&world, &dir, &CorpusSettings { seed: 2, ..smoke }).unwrap();
    assert_ne!(other, first);
    let neighbours = fs::read_dir(dir.parent().unwrap()).unwrap();
    let left = neighbours.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".tidepool-reuse")
    });
    assert_eq!(left.count(), 0, "nothing temporary is left");
}

#[test]
fn a_folder_with_other_files_is_not_touched() {
    let dir = folder("occupied");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("thesis.txt"), "three years of work").unwrap();
    let error =
        write_corpus(&World::new(1, 40).unwrap(), &dir, &CorpusSettings::smoke()).unwrap_err();
    assert!(matches!(error, Error::Occupied(_)), "{error}");
    assert_eq!(files_below(&dir).len(), 1);
}

#[test]
fn settings_that_cannot_be_met_say_what_to_change() {
    let world = World::new(1, 40).unwrap();
    let smoke = CorpusSettings::smoke();
    let nothing = Mixture {
        stories: 0,
        encyclopedia: 0,
        questions: 0,
        sums: 0,
        letters: 0,
        programs: 0,
        binding: 0,
    };
    for (wrong, hint) in [
        (
            CorpusSettings {
                bytes: 10,
                ..smoke.clone()
            },
            "bytes",
        ),
        (
            CorpusSettings {
                shards: 0,
                ..smoke.clone()
            },
            "shards",
        ),
        (
            CorpusSettings {
                validation_percent: 0,
                ..smoke.clone()
            },
            "validation_percent",
        ),
        (
            CorpusSettings {
                mixture: nothing.clone(),
                ..smoke.clone()
            },
            "genres",
        ),
        (
            CorpusSettings {
                identity_conversations: 10_000_000,
                ..smoke.clone()
            },
            "ask for less",
        ),
    ] {
        let dir = folder("unmet");
        let error = write_corpus(&world, &dir, &wrong).unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
        assert!(!dir.exists(), "nothing is left behind");
    }
}

#[test]
fn every_genre_writes_clean_english() {
    let world = World::new(1, 120).unwrap();
    for genre in Genre::ALL {
        let mut dice = dataset::tidepool::dice::Dice::stream(9, "clean");
        for turn in 0..600 {
            let text = genre.write(&world, turn, &mut dice).unwrap();
            assert!(
                !text.contains(['{', '}']) || genre == Genre::Programs,
                "{text}"
            );
            assert!(text == text.trim() && !text.is_empty(), "{text:?}");
            if genre == Genre::Programs {
                continue;
            }
            assert!(
                !text.contains("  ") && !text.contains(" .") && !text.contains(".."),
                "{text}"
            );
            for vowel in ["a", "e", "i", "o"] {
                assert!(
                    !text.contains(&format!(" a {vowel}")) || genre == Genre::Letters,
                    "{text}"
                );
            }
        }
    }
}
