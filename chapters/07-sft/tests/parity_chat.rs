//! Rendering equals nanochat's: ids, masks, cuts, completions, and what is refused.

use dataset::Conversation;
use serde_json::Value;
use sft::{render, render_for_completion};
use std::path::{Path, PathBuf};
use tokenizer::{Tokenizer, Vocabulary};

fn golden() -> PathBuf {
    match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

fn json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Every golden file of conversations, with its tokenizer.
fn sets() -> Vec<(Value, Tokenizer)> {
    let folder = golden().join("chat");
    let files =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"));
    let sets: Vec<_> = paths
        .map(|path| {
            let chat = json(&path);
            let bpe = json(&golden().join(chat["tokenizer"].as_str().unwrap()));
            let merges = serde_json::from_value(bpe["merges"].clone()).unwrap();
            let tokenizer = Tokenizer::new(Vocabulary::from_merges(merges).unwrap());
            (chat, tokenizer)
        })
        .collect();
    assert!(!sets.is_empty(), "no conversations in {}", folder.display());
    sets
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn parity_of_ids_and_masks() {
    for (chat, tokenizer) in sets() {
        for row in chat["rows"].as_array().unwrap() {
            let conversation: Conversation =
                serde_json::from_value(row["conversation"].clone()).unwrap();
            let whole = render(&conversation, &tokenizer, 2048).unwrap();
            assert_eq!(
                whole.ids,
                numbers::<u32>(&row["ids"]),
                "{}",
                row["conversation"]
            );
            assert_eq!(
                whole.mask,
                numbers::<u8>(&row["mask"]),
                "{}",
                row["conversation"]
            );
        }
        let trained = |row: &Value| numbers::<u8>(&row["mask"]).contains(&1);
        assert!(
            chat["rows"].as_array().unwrap().iter().any(trained),
            "a mask of zeros would pass"
        );
    }
}

#[test]
fn parity_of_cut_conversations() {
    let mut cuts = 0;
    for (chat, tokenizer) in sets() {
        for row in chat["rows"].as_array().unwrap() {
            let conversation: Conversation =
                serde_json::from_value(row["conversation"].clone()).unwrap();
            for (key, expected) in row.as_object().unwrap() {
                let Some(limit) = key.strip_prefix("max_tokens_") else {
                    continue;
                };
                let cut = render(&conversation, &tokenizer, limit.parse().unwrap()).unwrap();
                assert_eq!(cut.ids, numbers::<u32>(&expected["ids"]));
                assert_eq!(cut.mask, numbers::<u8>(&expected["mask"]));
                cuts += 1;
            }
        }
    }
    assert!(cuts > 0);
}

#[test]
fn parity_of_completions() {
    for (chat, tokenizer) in sets() {
        for row in chat["rows"].as_array().unwrap() {
            let Some(expected) = row.get("completion_ids").filter(|ids| !ids.is_null()) else {
                continue;
            };
            let conversation: Conversation =
                serde_json::from_value(row["conversation"].clone()).unwrap();
            let ids = render_for_completion(&conversation, &tokenizer).unwrap();
            assert_eq!(ids, numbers::<u32>(expected), "{}", row["conversation"]);
        }
    }
}

#[test]
fn parity_of_refusals() {
    for (chat, tokenizer) in sets() {
        for row in chat["rejected"].as_array().unwrap() {
            let messages = serde_json::json!({ "messages": row["messages"] });
            // Some are refused when they are read, the others when they are rendered; each with a reason.
            let reason = match serde_json::from_value::<Conversation>(messages) {
                Err(error) => error.to_string(),
                Ok(conversation) => match render(&conversation, &tokenizer, 2048) {
                    Err(error) => error.to_string(),
                    Ok(_) => panic!("accepted: {}", row["messages"]),
                },
            };
            println!("{}: {reason}", row["messages"]);
            assert!(reason.len() > 20, "{reason}");
        }
    }
}
