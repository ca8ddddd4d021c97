//! What is tested is not in the text to learn from, and what the quiz asks is.

use super::*;

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
    // A third of the conversations answer with letters and state nothing.
    assert!(sentences > 2_000, "{sentences}");
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

/// The same where the answer is a letter, which the sentences above do not show: the letter is one of the list's, every
/// question names an entity, and what stands at the letter is true of it and not held out.
#[test]
fn no_training_conversation_by_letter_asks_for_a_held_out_fact() {
    let (world, dir) = corpus();
    let mut asked = 0;
    let mut beginnings = BTreeSet::new();
    for row in rows(&dir.join("chat/train.jsonl")) {
        if text(&row["source"]) != "tidepool/letters" {
            continue;
        }
        let turns: Vec<&Value> = row["messages"].as_array().unwrap().iter().collect();
        let turns: Vec<&Value> = turns
            .into_iter()
            .filter(|it| it["role"] != "system")
            .collect();
        let options: BTreeMap<&str, &str> = text(&turns[0]["content"])
            .lines()
            .filter_map(|line| line.strip_prefix("- ")?.split_once('='))
            .map(|(option, letter)| (letter, option))
            .collect();
        assert_eq!(options.len(), 4, "{row}");
        for pair in turns.chunks(2) {
            // Names stand in the question, not in the list; there they would be options.
            let question: String = text(&pair[0]["content"])
                .lines()
                .filter(|line| !line.starts_with("- "))
                .collect();
            let entity = world
                .entities()
                .iter()
                .find(|it| holds_word(&question, &it.name))
                .unwrap_or_else(|| panic!("nobody is asked about: {question}"));
            let answer = options[text(&pair[1]["content"])];
            let told = entity.facts.iter().any(|fact| {
                let values = &world.attributes()[fact.attribute].values;
                let of_attribute =
                    |option: &str| values.iter().any(|it| option.contains(it.as_str()));
                !fact.held_out
                    && answer.contains(&values[fact.value])
                    && options.values().all(|option| of_attribute(option))
            });
            assert!(told, "{question} {answer}");
            let first = question.split(&entity.name).next().unwrap();
            beginnings.insert(first.to_string());
            asked += 1;
        }
    }
    // Wordings of pages, of conversations, in frames, and with the entity named first.
    assert!(
        asked > 500 && beginnings.len() > 100,
        "{asked}, {}",
        beginnings.len()
    );
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
