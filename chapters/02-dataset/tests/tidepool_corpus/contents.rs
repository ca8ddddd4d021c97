//! What stands in the files, and that it is right.

use super::*;

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
            // A close page begins with a space: ` reef` is the token that comes back below.
            let body = match genre {
                Genre::CloseLists | Genre::SingleLetters => text.strip_prefix(' ').unwrap_or(&text),
                _ => &text,
            };
            assert!(body == body.trim() && !body.is_empty(), "{text:?}");
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
