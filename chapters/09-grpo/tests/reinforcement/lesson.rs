//! The demonstration's lesson.

use super::*;

#[test]
fn the_lessons_reward_rises() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 1, 250, 32).unwrap();
    let place = folder.path().join("base");
    std::fs::create_dir_all(&place).unwrap();
    transformer::save_folder(&gpt, &place).unwrap();
    tokenizer.save(&place.join("tokenizer.json")).unwrap();
    let settings = GrpoSettings {
        max_steps: Some(30),
        prompts_per_step: 8,
        samples_per_prompt: 8,
        max_tokens: 16,
        top_k: 0,
        temperature: 1.0,
        rollout_rows: 64,
        rows_per_pass: 64,
        updates_per_step: 1,
        objective: Objective::dr_grpo(),
        ..settings()
    };
    let part_ = Part {
        settings,
        ..whole(&sums::Sums)
    };
    let (_, reports, _) = part(folder.path(), part_).unwrap();
    let mean = |reports: &[StepReport]| {
        reports.iter().map(|report| report.reward).sum::<f64>() / reports.len() as f64
    };
    let (first, last) = (mean(&reports[..3]), mean(&reports[27..]));
    println!("reward {first:.2} -> {last:.2}");
    assert!(last > first + 0.15, "{first} -> {last}");
}

#[test]
fn a_models_shape_is_what_the_demonstration_says() {
    let config: Config = lessons::config(&sums::tokenizer()).unwrap();
    assert_eq!(
        (config.width, config.layers, config.vocab_size),
        (64, 2, 265)
    );
}
