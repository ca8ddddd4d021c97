//! Recipes: they parse, they add up, and a wrong one is answered with words.

use speedrun::arithmetic::{Plan, describe, grouped};
use speedrun::recipe::{DamagedGroups, Data, Packing, Recipe};

#[test]
fn every_recipe_parses_and_has_a_plan() {
    for name in ["smoke", "tiny", "d20", "d12-2026", "gpt2", "ablate"] {
        let recipe = Recipe::named(name).expect("a recipe");
        assert_eq!(recipe.name, name);
        let plan = Plan::of(&recipe).expect("a plan");
        assert!(plan.steps > 0 && plan.accumulation > 0);
        assert_eq!(plan.tokens % recipe.train.batch_tokens, 0);
    }
}

#[test]
fn a_recipe_may_ask_for_a_stream_and_gets_best_fit_if_it_says_nothing() {
    let text = include_str!("../recipes/tiny.json");
    let read = |text: &str| -> Packing {
        let recipe: Recipe = serde_json::from_str(text).expect("a recipe");
        recipe.train.packing
    };
    assert_eq!(read(text), Packing::Stream);
    let silent = text.replacen("\"packing\": \"stream\",", "", 1);
    assert_ne!(silent, text);
    assert_eq!(read(&silent), Packing::BestFit);
}

#[test]
fn d20_is_the_seed_recipe() {
    let plan = Plan::of(&Recipe::named("d20").expect("a recipe")).expect("a plan");
    assert_eq!(plan.parameters, 560_988_160);
    assert_eq!(plan.steps, 21_400);
    assert_eq!(plan.tokens, 11_219_763_200);
    assert_eq!(
        plan.accumulation, 2,
        "16 rows of 2,048 on each of 8 devices"
    );
    assert_eq!(plan.flops_per_token, 3_491_758_080.0);
    // 3.92e19 FLOPs over eight devices at 0.4865 · 989e12 FLOP/s each.
    let hours = plan.hours.expect("the hardware is known");
    assert!(
        (hours - 3.918e19 / (8.0 * 0.4865 * 989e12) / 3600.0).abs() < 0.01,
        "{hours}"
    );
}

/// The leaderboard's run: eight tokens for each of the 729.8 million parameters of matrices and head.
#[test]
fn gpt2_is_the_sixth_run_of_the_leaderboard() {
    let plan = Plan::of(&Recipe::named("gpt2").expect("a recipe")).expect("a plan");
    assert_eq!(plan.parameters, 1_384_122_122);
    assert_eq!(plan.scaling_parameters, 729_810_624);
    assert_eq!(plan.steps, 5_568);
    assert_eq!(plan.tokens, 5_568 * 1_048_576);
    assert!((plan.tokens as f64 / 1e9 - 5.84).abs() < 0.005);
    // twice the batch of depth 12; 6.6 times its tokens
    assert!((plan.dial.rate_scale - 2f64.sqrt()).abs() < 1e-12);
    assert!(
        (plan.dial.matrix_decay - 0.0597).abs() < 5e-5,
        "{}",
        plan.dial.matrix_decay
    );
}

#[test]
fn d12_of_2026_is_where_the_dial_was_tuned() {
    let recipe = Recipe::named("d12-2026").expect("a recipe");
    let plan = Plan::of(&recipe).expect("a plan");
    assert_eq!(plan.parameters, 286_261_730);
    assert_eq!(plan.steps, 2_520);
    assert_eq!(plan.dial.rate_scale, 1.0);
    assert!((plan.dial.matrix_decay - 0.28).abs() < 1e-3);
}

#[test]
fn the_dry_run_says_what_it_is() {
    let text = describe(&Recipe::named("d20").expect("a recipe")).expect("a text");
    for expected in [
        "560,988,160",
        "21,400",
        "8×H100",
        "arithmetic",
        "nothing was run",
    ] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    let text = describe(&Recipe::named("tiny").expect("a recipe")).expect("a text");
    assert!(
        text.contains("measured, not computed"),
        "a CPU's speed is not invented:\n{text}"
    );
}

#[test]
fn an_unknown_recipe_is_answered_with_the_known_ones() {
    let error = Recipe::named("d99").expect_err("unknown").to_string();
    assert!(
        error.contains("d99") && error.contains("tiny") && error.contains("d20"),
        "{error}"
    );
}

/// What a recipe file with one change is answered with.
fn complaint(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/tiny.json"))
        .expect("the recipe");
    assert!(text.contains(from), "{from}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.json");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("write");
    format!(
        "{:#}",
        Recipe::load(path.to_str().expect("a path")).expect_err("wrong")
    )
}

#[test]
fn a_wrong_recipe_names_the_key() {
    assert!(complaint("\"warmup_ratio\"", "\"warmup\"").contains("warmup"));
    assert!(
        complaint("\"prompts_per_step\": 16", "\"prompts_per_step\": 0")
            .contains("prompts_per_step")
    );
    assert!(complaint("\"kind\": \"mmlu\"", "\"kind\": \"mmml\"").contains("mmml"));
    assert!(
        complaint("\"batch_tokens\": 2048", "\"batch_tokens\": 5000").contains("batch_tokens 5000")
    );
    assert!(complaint("\"heads\": 2,", "\"heads\": 3,").contains("heads"));
    assert!(complaint("\"kv_heads\": 2", "\"kv_heads\": 3").contains("kv_heads"));
    assert!(
        complaint("\"tokens\":", "\"tokens_per_parameter\": 3, \"tokens\":")
            .contains("exactly one")
    );
    assert!(
        complaint("\"batch_tokens\": 2048", "\"batch_tokens\": 0").contains("batch_tokens is 0")
    );
    assert!(complaint("\"context\": 256", "\"context\": -256").contains("context is -256"));
    assert!(
        complaint(
            "\"checkpoint_seconds\": 60.0",
            "\"checkpoint_seconds\": -1.0"
        )
        .contains("checkpoint_seconds is -1")
    );
    assert!(complaint("{", "").contains("mine.json"));
}

/// What would otherwise come to light after pretraining.
#[test]
fn a_later_stage_that_cannot_run_is_found_before_the_first() {
    for (from, to, said) in [
        ("\"core\": 300", "\"core\": 0", "evals.core is 0"),
        ("\"samples\": 1", "\"samples\": 0", "rl.samples is 0"),
        (
            "\"quiz\": { \"questions\": 300",
            "\"quiz\": { \"questions\": 0",
            "quiz.questions is 0",
        ),
        (
            "\"epochs\": 1.0, \"batch_tokens\": 4096",
            "\"epochs\": 0.0, \"batch_tokens\": 4096",
            "mid does not fit: epochs is 0",
        ),
        (
            "\"spelling_bee\", \"rows\": 2000",
            "\"spelling_bee\"",
            "mid.mixture does not fit",
        ),
        (
            "\"arc\", \"subset\": \"ARC-Easy\"",
            "\"arc\"",
            "mid.validation does not fit",
        ),
        ("<|assistant_start|>", "<|assistant|>", "newcomers"),
        (
            "\"max_steps\": 150",
            "\"stage\": \"rewards\", \"max_steps\": 150",
            "rl.settings.stage is `rewards`",
        ),
    ] {
        let found = complaint(from, to);
        assert!(found.contains(said), "{said}: {found}");
    }
}

#[test]
fn another_seed_reaches_everything_that_is_drawn() {
    let recipe = Recipe::named("tiny").expect("a recipe").with_seed(7);
    let mixtures =
        [&recipe.mid, &recipe.sft].map(|stage| stage.as_ref().expect("a stage").mixture.seed);
    let rewards = recipe.rl.as_ref().expect("rewards").settings.seed;
    assert_eq!((recipe.seed, mixtures, rewards), (7, [7, 7], 7));
}

/// What is damaged stops the run, unless the recipe says otherwise.
#[test]
fn damaged_groups_are_left_out_only_by_choice() {
    let chosen = |recipe: &Recipe| match recipe.data {
        Data::Shards { damaged_groups, .. } => damaged_groups,
        Data::Tidepool { .. } => panic!("d20 trains on shards"),
    };
    let d20 = Recipe::named("d20").expect("a recipe");
    assert_eq!(chosen(&d20), DamagedGroups::Stop);
    let text = serde_json::to_string(&d20).expect("JSON");
    let text = text.replace(r#""damaged_groups":"stop""#, r#""damaged_groups":"skip""#);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.json");
    std::fs::write(&path, text).expect("written");
    let mine = Recipe::load(path.to_str().expect("a path")).expect("a recipe");
    assert_eq!(chosen(&mine), DamagedGroups::Skip);
}

#[test]
fn a_missing_file_is_named() {
    let error = format!(
        "{:#}",
        Recipe::load("nowhere/mine.json").expect_err("missing")
    );
    assert!(error.contains("nowhere/mine.json"), "{error}");
}

#[test]
fn numbers_are_grouped_by_three() {
    assert_eq!(grouped(7), "7");
    assert_eq!(grouped(1_000), "1,000");
    assert_eq!(grouped(560_988_160), "560,988,160");
}
