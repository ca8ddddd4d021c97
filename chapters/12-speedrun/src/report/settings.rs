// ANCHOR: head
//! What each stage was told: the recipe in words, with what follows from it.

use super::samples::verbatim;
use crate::arithmetic::{Plan, grouped};
use crate::method::{OptimizerRecipe, ScheduleRecipe};
use crate::recipe::{Data, Recipe, Rl};
use anyhow::Result;
use grpo::GrpoSettings;
use serde::Serialize;
use sft::{MixtureRecipe, StageRecipe};
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: settings
/// A line per stage that the recipe has.
pub(super) fn settings(recipe: &Recipe, text: &mut String) -> Result<()> {
    writeln!(
        text,
        "## Settings\n\n| stage | hyperparameters |\n|---|---|"
    )?;
    let mut row = |stage: &str, settings: String| writeln!(text, "| {stage} | {settings} |");
    let data = match &recipe.data {
        Data::Tidepool { entities, corpus } => {
            let lessons: usize = corpus.lessons.iter().map(|lesson| lesson.bytes).sum();
            format!(
                "tidepool, {entities} entities, {:.1} MB of documents behind {:.1} MB of lessons",
                corpus.bytes as f64 / 1e6,
                lessons as f64 / 1e6
            )
        }
        Data::Shards {
            repository, shards, ..
        } => format!("{shards} shards of {repository}"),
    };
    row("data", format!("{data}; seed {}", recipe.seed))?;
    row(
        "tokenizer",
        format!(
            "{} tokens, learnt from at most {} characters",
            grouped(recipe.tokenizer.vocab_size as u64),
            grouped(recipe.tokenizer.max_chars as u64)
        ),
    )?;
    row("train", pretraining(recipe)?)?;
    for (name, stage) in [("mid", &recipe.mid), ("sft", &recipe.sft)] {
        if let Some(stage) = stage {
            row(name, tuning(stage))?;
        }
    }
    if let Some(rl) = &recipe.rl {
        row("rl", rewards(rl))?;
    }
    if let Some(evals) = &recipe.evals {
        let most = |count: Option<usize>| count.map_or("all".into(), |it| format!("at most {it}"));
        let asked = format!(
            "{} questions of each task of CORE, {} of each set of multiple choice, {} to be answered in writing, with at most {} tokens \
             and greedily",
            most(evals.core),
            most(evals.choice),
            most(evals.written),
            evals.max_tokens
        );
        row("eval-…", asked)?;
    }
    if let Some(quiz) = &recipe.quiz {
        row("quiz", format!("{} questions", quiz.questions))?;
    }
    Ok(writeln!(text)?)
}

fn pretraining(recipe: &Recipe) -> Result<String> {
    let (train, plan) = (&recipe.train, Plan::of(recipe)?);
    let optimizer = match &train.optimizer {
        OptimizerRecipe::October2025 {
            embedding,
            head,
            matrix,
            weight_decay,
            matrix_decay,
            refinements,
            scalar_scale,
        } => {
            let refined = match *refinements == muon::Refinements::NONE {
                true => "Muon unrefined".into(),
                false => format!("{refinements:?}"),
            };
            format!(
                "rates of 2025: embedding {embedding}, head {head}, matrices {matrix}, scalars × {scalar_scale}; weight decay {weight_decay}, \
                 of matrices {matrix_decay}; {refined}"
            )
        }
        OptimizerRecipe::July2026 {
            rate_scale,
            matrix_decay,
        } => {
            let or = |given: Option<f64>, dial: f64| match given {
                Some(given) => format!("{given}"),
                None => format!("{dial:.4} (the depth dial's)"),
            };
            format!(
                "rates of 2026 × {}; weight decay of matrices {}",
                or(*rate_scale, plan.dial.rate_scale),
                or(*matrix_decay, plan.dial.matrix_decay)
            )
        }
    };
    let schedule = match train.schedule {
        ScheduleRecipe::October2025 {
            warmup_ratio,
            warmdown_ratio,
            final_fraction,
        } => moving(&share(warmup_ratio), warmdown_ratio, final_fraction),
        ScheduleRecipe::July2026 {
            warmup_steps,
            warmdown_ratio,
            final_fraction,
        } => moving(
            &format!("{warmup_steps} steps"),
            warmdown_ratio,
            final_fraction,
        ),
    };
    Ok(format!(
        "{} steps of {} tokens, {} rows of {} in a pass, packed by {}; {optimizer}; {schedule}; {}",
        grouped(plan.steps),
        grouped(train.batch_tokens),
        train.device_rows,
        recipe.model.context,
        word(&train.packing),
        clipped(train.clip)
    ))
}

fn tuning(stage: &StageRecipe) -> String {
    let ramp = stage.ramp;
    let mut text = format!(
        "epochs: {}; {} tokens a step, {} rows in a pass; pretraining's rates × {}; {}; {}; learnt from: {}; too long: {}; {}",
        stage.epochs,
        grouped(stage.batch_tokens),
        stage.device_rows,
        stage.rate_scale,
        moving(
            &share(ramp.warmup_ratio),
            ramp.warmdown_ratio,
            ramp.final_fraction
        ),
        clipped(stage.clip),
        word(&stage.supervise),
        word(&stage.too_long),
        match stage.warm_start {
            true => "the optimizer remembers the stage before",
            false => "a fresh optimizer",
        }
    );
    for (newcomer, known) in &stage.newcomers {
        text += &format!("; {} begins as {}", verbatim(newcomer), verbatim(known));
    }
    text + "; sources: " + &sources(&stage.mixture)
}

fn sources(mixture: &MixtureRecipe) -> String {
    let each = mixture.sources.iter().map(|source| {
        let mut text = verbatim(&source.label());
        if source.repeats != 1.0 {
            text += &format!(" × {}", source.repeats);
        }
        if let Some(rows) = source.rows {
            text += &format!(" (at most {} rows)", grouped(rows as u64));
        }
        text
    });
    each.collect::<Vec<_>>().join(", ")
}

fn rewards(rl: &Rl) -> String {
    let GrpoSettings {
        objective, decay, ..
    } = &rl.settings;
    let settings = &rl.settings;
    let steps = match settings.max_steps {
        Some(most) => format!("at most {most} steps"),
        None => "no limit of steps".into(),
    };
    let clip = objective.clip.map_or("no ratio is clipped".into(), |clip| {
        format!("ratios clipped at −{} and +{}", clip.low, clip.high)
    });
    format!(
        "epochs: {}, {steps}; {} prompts × {} samples a step, answers of at most {} tokens; temperature {}, top-k {}, top-p {}; \
         objective: baseline {}{}, {clip}, normaliser {}, groups all alike: {}; {} updates a step; pretraining's rates × {}, decay {}; {}; \
         looked at with {} questions, {} answers each",
        settings.epochs,
        settings.prompts_per_step,
        settings.samples_per_prompt,
        settings.max_tokens,
        settings.temperature,
        settings.top_k,
        settings.top_p,
        word(&objective.baseline),
        if objective.divide_by_std {
            " and division by the spread"
        } else {
            ""
        },
        word(&objective.normaliser),
        word(&objective.zero_variance),
        settings.updates_per_step,
        settings.rate_scale,
        word(decay),
        clipped(settings.clip_gradients),
        rl.questions,
        rl.samples
    )
}

fn share(ratio: f64) -> String {
    format!("{} % of the steps", 100.0 * ratio)
}

fn moving(warm_up: &str, warm_down: f64, last: f64) -> String {
    let down = share(warm_down);
    format!("warm-up over {warm_up}, warm-down over the last {down}, to {last} of the rates")
}

fn clipped(limit: Option<f64>) -> String {
    limit.map_or("no gradient is clipped".into(), |limit| {
        format!("gradients clipped at {limit}")
    })
}

/// A switch as recipes write it: `best fit`, `everything`.
fn word<T: Serialize>(switch: &T) -> String {
    match serde_json::to_value(switch) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        Ok(value) => verbatim(&value.to_string()),
        Err(_) => String::new(),
    }
}
// ANCHOR_END: settings

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str) -> Vec<String> {
        let mut text = String::new();
        settings(&Recipe::named(name).expect("a recipe"), &mut text).expect("a text");
        text.lines().map(str::to_owned).collect()
    }

    /// The line of a stage holds all of these.
    fn says(name: &str, stage: &str, parts: &[&str]) {
        let lines = lines(name);
        let begins = format!("| {stage} |");
        let line = lines.iter().find(|line| line.starts_with(&begins));
        let line = line.unwrap_or_else(|| panic!("no {stage} in {lines:?}"));
        for part in parts {
            assert!(line.contains(part), "{part} is missing in {line}");
        }
    }

    #[test]
    fn every_stage_has_its_hyperparameters() {
        says("d20", "data", &["240 shards of karpathy/fineweb-edu"]);
        says("d20", "tokenizer", &["65,536"]);
        let rates = "embedding 0.2, head 0.004, matrices 0.02";
        let schedule = "warm-down over the last 20 % of the steps, to 0 of";
        let steps = "21,400 steps of 524,288 tokens, 16 rows of 2048";
        says("d20", "train", &[steps, rates, schedule, "best fit"]);
        let sources = "simple\\_spelling (at most 200,000 rows)";
        says(
            "d20",
            "mid",
            &["× 1;", sources, "identity × 2", "epochs: 1;"],
        );
        says("d20", "sft", &["× 0.02", "assistant", "65,536 tokens"]);
        let objective =
            "baseline mean, no ratio is clipped, normaliser pass, groups all alike: keep";
        let sampled =
            "16 prompts × 16 samples a step, answers of at most 256 tokens; temperature 1";
        says("d20", "rl", &[sampled, objective, "decay linear"]);
        says(
            "gpt2",
            "train",
            &["1.4142 (the depth dial's)", "warm-up over 40 steps"],
        );
        says("smoke", "quiz", &["20 questions"]);
        says(
            "smoke",
            "eval-…",
            &["at most 8 questions", "at most 16 tokens"],
        );
    }

    #[test]
    fn no_cell_is_cut_by_what_stands_in_it() {
        for line in lines("tiny").iter().filter(|line| line.starts_with('|')) {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 3, "{line}");
        }
        says("tiny", "mid", &["begins as"]);
    }
}
// ANCHOR_END: tests
