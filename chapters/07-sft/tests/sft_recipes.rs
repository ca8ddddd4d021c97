//! Mixtures and stages as data: what a recipe may say, what it means, and what is refused.

use dataset::tidepool::{CorpusSettings, World, write_corpus};
use muon::Rates2025;
use serde_json::json;
use sft::{
    Kind, MixtureRecipe, Side, SourceRecipe, StageRecipe, Supervise, TooLong, open_mixture,
    published, render,
};
use std::path::{Path, PathBuf};

fn mixture(value: serde_json::Value) -> MixtureRecipe {
    serde_json::from_value(value).expect("a recipe")
}

fn corpus(root: &Path) -> PathBuf {
    let folder = root.join("tidepool");
    let world = World::new(1, 40).expect("a world");
    write_corpus(&world, &folder, &CorpusSettings::smoke()).expect("a corpus");
    folder
}

/// A recipe of every kind over tidepool's files.
fn everything() -> MixtureRecipe {
    mixture(json!({
        "seed": 3,
        "sources": [
            { "kind": "smoltalk" },
            { "kind": "mmlu", "repeats": 2 },
            { "kind": "arc", "subset": "ARC-Easy", "rows": 50 },
            { "kind": "arc", "subset": "ARC-Challenge", "split": "test" },
            { "kind": "gsm8k", "repeats": 0.5 },
            { "kind": "identity", "repeats": 2 },
            { "kind": "simple_spelling", "rows": 70 },
            { "kind": "spelling_bee", "rows": 30, "split": "test" },
            { "kind": "smoltalk", "file": "spelling/train", "name": "letters" },
            { "kind": "pages", "rows": 60 },
        ]
    }))
}

#[test]
fn a_recipe_names_sources_of_every_kind() {
    let root = tempfile::tempdir().expect("a folder");
    let mixture = open_mixture(&everything(), &corpus(root.path()), 0, 1).expect("a mixture");
    let sources: Vec<(String, usize)> = mixture
        .ingredients()
        .iter()
        .map(|one| (one.source.name().to_string(), one.source.len()))
        .collect();
    let expected = [
        ("smoltalk", 1000),
        ("mmlu", 500),
        ("arc/ARC-Easy", 50),
        ("arc/ARC-Challenge", sources[3].1),
        ("gsm8k", 500),
        ("identity", 100),
        ("simple_spelling", 70),
        ("spelling_bee", 30),
        ("letters", 300),
        ("pages", 60),
    ]
    .map(|(name, rows)| (name.to_string(), rows));
    assert_eq!(sources, expected);
    assert_eq!(
        mixture.len(),
        1000 + 2 * 500 + 50 + sources[3].1 + 250 + 2 * 100 + 70 + 30 + 300 + 60
    );
    for (recipe, (_, rows)) in everything().sources.iter().zip(&sources) {
        assert!(recipe.conversations(10_000) > 0);
        assert!(recipe.conversations(*rows) > 0);
    }
    // Every conversation of every source renders.
    let text = std::iter::once("a few words to learn tokens from ".repeat(9));
    let tokenizer = tokenizer::train(text, &tokenizer::TrainSettings::new(270), &mut |_| ())
        .expect("a tokenizer");
    for one in mixture.ingredients() {
        for index in 0..one.source.len() {
            let talk = one.source.get(index).expect("a conversation");
            assert!(
                render(&talk, &tokenizer, usize::MAX)
                    .expect("rendered")
                    .supervised()
                    > 0
            );
        }
        assert!(one.source.get(one.source.len()).is_err());
    }
}

#[test]
fn limited_rows_are_chosen_by_the_seed_and_stay_the_same() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = corpus(root.path());
    let first_words = |seed: u64, shuffle: bool| -> Vec<String> {
        let recipe = mixture(json!({
            "seed": seed, "shuffle": shuffle, "sources": [{ "kind": "smoltalk", "rows": 40 }]
        }));
        let mixture = open_mixture(&recipe, &folder, 0, 1).expect("a mixture");
        let source = &mixture.ingredients()[0].source;
        (0..source.len())
            .map(|row| source.get(row).expect("a row").messages[0].text())
            .collect()
    };
    assert_eq!(first_words(1, true).len(), 40);
    assert_eq!(first_words(1, true), first_words(1, true));
    assert_ne!(first_words(1, true), first_words(2, true));
    assert_ne!(first_words(1, true), first_words(1, false));
    assert_eq!(
        first_words(1, false),
        first_words(2, false),
        "the first rows, whatever the seed"
    );
}

#[test]
fn a_missing_file_is_named_with_every_place_that_was_tried() {
    let root = tempfile::tempdir().expect("a folder");
    let refusal = |value: serde_json::Value| {
        let recipe =
            mixture(json!({ "sources": [{ "kind": "identity", "file": "here.jsonl" }, value] }));
        std::fs::write(
            root.path().join("here.jsonl"),
            r#"[{"role":"user","content":"who?"},{"role":"assistant","content":"a crab"}]"#,
        )
        .expect("a file");
        open_mixture(&recipe, root.path(), 0, 1)
            .err()
            .expect("refused")
            .to_string()
    };
    let message = refusal(json!({ "kind": "mmlu" }));
    assert!(
        message.contains("source 2") && message.contains("`mmlu`"),
        "{message}"
    );
    for ending in [
        "auxiliary_train.jsonl",
        "auxiliary_train.parquet",
        "auxiliary_train is there",
    ] {
        assert!(message.contains(ending), "{message}");
    }
    assert!(refusal(json!({ "kind": "gsm8k", "split": "test" })).contains("gsm8k/test.jsonl"));
    let words = refusal(json!({ "kind": "spelling_bee", "rows": 3 }));
    assert!(words.contains("words_alpha.txt is there"), "{words}");
    assert!(!words.contains("words_alpha.txt.jsonl"), "{words}");
    assert!(refusal(json!({ "kind": "simple_spelling" })).contains("`rows`"));
    assert!(refusal(json!({ "kind": "arc" })).contains("set `subset` to ARC-Easy"));
    assert!(refusal(json!({ "kind": "gsm8k", "subset": "main" })).contains("no subset `main`"));
    let wrong = refusal(json!({ "kind": "gsm8k", "file": "here" }));
    assert!(wrong.contains("here.jsonl, line 1"), "{wrong}");
    assert!(
        refusal(json!({ "kind": "identity", "file": "here", "repeats": -2 })).contains("weight")
    );
}

#[test]
fn what_is_wrong_with_a_mixture_is_known_before_its_data_is_there() {
    everything().check().expect("nothing is wrong");
    for recipe in [published::mid_2026(), published::sft_2025()] {
        recipe.check().expect("nothing is wrong");
    }
    for (source, says) in [
        (
            json!({ "kind": "spelling_bee" }),
            "say how many conversations by `rows`",
        ),
        (
            json!({ "kind": "simple_spelling", "split": "test" }),
            "by `rows`",
        ),
        (json!({ "kind": "arc" }), "set `subset` to ARC-Easy"),
        (
            json!({ "kind": "gsm8k", "subset": "main" }),
            "no subset `main`",
        ),
        (
            json!({ "kind": "mmlu", "repeats": 1001 }),
            "weight of `mmlu` is 1001",
        ),
        (
            json!({ "kind": "mmlu", "repeats": -1, "name": "letters" }),
            "weight of `letters` is -1",
        ),
    ] {
        let recipe = mixture(json!({ "sources": [{ "kind": "smoltalk" }, source] }));
        let message = recipe.check().expect_err("refused").to_string();
        assert!(message.contains(says), "{source}: {message}");
        let numbered = message.contains("source 2 of the mixture");
        assert!(numbered || message.contains("weight"), "{message}");
        // Opening it says the same, also where there are no files.
        let opened = open_mixture(&recipe, Path::new("/nowhere"), 0, 1);
        assert_eq!(opened.err().expect("refused").to_string(), message);
    }
    for nothing in [
        json!([]),
        json!([{ "kind": "mmlu", "rows": 0 }]),
        json!([{ "kind": "mmlu", "repeats": 0 }, { "kind": "spelling_bee", "rows": 0 }]),
    ] {
        let recipe = mixture(json!({ "sources": nothing }));
        let message = recipe.check().expect_err("refused").to_string();
        assert!(message.contains("no conversations"), "{message}");
    }
}

#[test]
fn a_stage_is_plain_data_that_survives_its_own_json() {
    let stage: StageRecipe = serde_json::from_value(json!({
        "mixture": { "sources": [{ "kind": "smoltalk" }] },
        "supervise": "everything",
        "epochs": 1.0,
        "batch_tokens": 4096,
        "device_rows": 8,
        "rate_scale": 1.0,
        "ramp": { "warmdown_ratio": 0.2 },
        "checkpoint_seconds": 60.0
    }))
    .expect("a stage");
    assert_eq!(stage.supervise, Supervise::Everything);
    assert_eq!((stage.mixture.seed, stage.mixture.shuffle), (42, true));
    assert_eq!(
        (stage.too_long, stage.warm_start, stage.clip),
        (TooLong::Cut, false, None)
    );
    assert_eq!(stage.ramp, sft::Ramp::MID_2025);
    let text = serde_json::to_string(&stage).expect("plain data");
    assert_eq!(
        serde_json::from_str::<StageRecipe>(&text).expect("the same"),
        stage
    );

    let settings = stage
        .settings("mid", Rates2025::default(), 128)
        .expect("settings");
    assert_eq!(
        (settings.accumulation, settings.rows, settings.time),
        (4, 8, 128)
    );
    assert_eq!(settings.stage, "mid");
    let message = stage
        .settings("mid", Rates2025::default(), 100)
        .expect_err("refused");
    assert!(
        message.to_string().contains("batch_tokens is 4096"),
        "{message}"
    );

    for wrong in [
        json!({ "sources": [{ "kind": "smoltalk", "repeat": 2 }] }),
        json!({ "sources": [{ "kind": "poems" }] }),
        json!({ "sources": [{ "kind": "mmlu", "split": "validation" }] }),
    ] {
        assert!(
            serde_json::from_value::<MixtureRecipe>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn the_published_mixtures_add_up_to_the_published_numbers() {
    // 568K rows of midtraining; 20,843 of fine-tuning, which 32 per step make 651 steps and a bit.
    assert_eq!(
        published::mid_2025().published_conversations(),
        Some(567_656)
    );
    assert_eq!(
        published::mid_2026().published_conversations(),
        Some(849_656)
    );
    assert_eq!(
        published::sft_2025().published_conversations(),
        Some(20_843)
    );
    assert_eq!(
        published::sft_2026(false).published_conversations(),
        Some(789_759)
    );
    assert_eq!(
        published::sft_2026(true).published_conversations(),
        Some(1_071_759)
    );
    let own = SourceRecipe {
        file: Some("mine.jsonl".into()),
        ..SourceRecipe::of(Kind::Smoltalk)
    };
    assert_eq!(own.published_rows(), None);
}

#[test]
fn the_real_sets_have_the_published_sizes() {
    let Some(root) = std::env::var_os("NANOCRAB_REAL_DATA").map(PathBuf::from) else {
        assert!(
            std::env::var_os("NANOCRAB_NO_SKIP").is_none_or(|value| value != "1"),
            "NANOCRAB_REAL_DATA is not set, and NANOCRAB_NO_SKIP forbids to skip"
        );
        println!("skipped: NANOCRAB_REAL_DATA is not set");
        return;
    };
    let of = |kind, subset: Option<&str>, split| SourceRecipe {
        subset: subset.map(str::to_string),
        split,
        ..SourceRecipe::of(kind)
    };
    let sources = vec![
        of(Kind::Gsm8k, None, Side::Train),
        of(Kind::Gsm8k, None, Side::Test),
        of(Kind::Arc, Some("ARC-Easy"), Side::Train),
        of(Kind::Arc, Some("ARC-Challenge"), Side::Test),
        of(Kind::Mmlu, None, Side::Test),
        SourceRecipe {
            rows: Some(500),
            ..of(Kind::SpellingBee, None, Side::Train)
        },
    ];
    let recipe = MixtureRecipe {
        seed: 42,
        shuffle: true,
        sources,
    };
    let mixture = open_mixture(&recipe, &root, 0, 1).expect("the real sets");
    for (source, one) in recipe.sources.iter().zip(mixture.ingredients()) {
        if let Some(rows) = source.published_rows() {
            assert_eq!(one.source.len(), rows, "{}", source.label());
        }
    }
}
