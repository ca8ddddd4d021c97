// ANCHOR: head
//! What the types of a recipe cannot say. It is asked before the first stage: after four hours of pretraining is no time to learn
//! that fine-tuning has no epoch.

use crate::method::ScheduleRecipe;
use crate::recipe::Recipe;
use anyhow::{Context, Result, bail};
// ANCHOR_END: head

// ANCHOR: check
impl Recipe {
    /// # Errors
    /// The first thing that does not add up, by its key.
    pub fn check(&self) -> Result<()> {
        self.check_counts()?;
        self.check_numbers()?;
        self.check_model()?;
        self.check_length()?;
        self.check_stages()
    }

    /// Sizes of which there is at least one.
    fn check_counts(&self) -> Result<()> {
        let (model, train) = (&self.model, &self.train);
        let mut counts = vec![
            ("model.layers", model.layers),
            ("model.width", model.width),
            ("model.heads", model.heads),
            ("model.kv_heads", model.kv_heads),
            ("model.context", model.context),
            ("train.batch_tokens", train.batch_tokens as i64),
            ("hardware.devices", self.hardware.devices as i64),
        ];
        if let Some(rl) = &self.rl {
            counts.push(("rl.questions", rl.questions as i64));
            counts.push(("rl.samples", rl.samples as i64));
        }
        if let Some(evals) = &self.evals {
            counts.push(("evals.max_tokens", evals.max_tokens as i64));
            counts.push(("evals.rows", evals.rows as i64));
            // `null` asks all there is; of no question at all there is no score.
            let asked = [
                ("evals.core", evals.core),
                ("evals.choice", evals.choice),
                ("evals.written", evals.written),
            ];
            counts.extend(
                asked
                    .into_iter()
                    .filter_map(|(key, most)| Some((key, most? as i64))),
            );
        }
        if let Some(quiz) = &self.quiz {
            counts.push(("quiz.questions", quiz.questions as i64));
        }
        if let Some((key, value)) = counts.into_iter().find(|(_, value)| *value < 1) {
            bail!("{key} is {value}; give it at least 1");
        }
        Ok(())
    }

    /// Shares and seconds, of which there is none below 0.
    fn check_numbers(&self) -> Result<()> {
        let train = &self.train;
        let (warmup, warmdown, last) = match train.schedule {
            ScheduleRecipe::October2025 {
                warmup_ratio,
                warmdown_ratio,
                final_fraction,
            } => (warmup_ratio, warmdown_ratio, final_fraction),
            ScheduleRecipe::July2026 {
                warmdown_ratio,
                final_fraction,
                ..
            } => (0.0, warmdown_ratio, final_fraction),
        };
        let mut numbers = vec![
            ("train.schedule.warmup_ratio".to_string(), warmup),
            ("train.schedule.warmdown_ratio".to_string(), warmdown),
            ("train.schedule.final_fraction".to_string(), last),
            (
                "train.checkpoint_seconds".to_string(),
                train.checkpoint_seconds,
            ),
        ];
        for (name, stage) in [("mid", &self.mid), ("sft", &self.sft)] {
            if let Some(stage) = stage {
                numbers.push((
                    format!("{name}.ramp.warmdown_ratio"),
                    stage.ramp.warmdown_ratio,
                ));
                numbers.push((
                    format!("{name}.checkpoint_seconds"),
                    stage.checkpoint_seconds,
                ));
            }
        }
        let wrong = |value: &f64| !value.is_finite() || *value < 0.0;
        if let Some((key, value)) = numbers.into_iter().find(|(_, value)| wrong(value)) {
            bail!("{key} is {value}; give it a number of 0 or more");
        }
        Ok(())
    }

    fn check_model(&self) -> Result<()> {
        let model = &self.model;
        if model.width % model.heads != 0 || (model.width / model.heads) % 2 != 0 {
            bail!(
                "model.width {} must be heads × an even head width; heads is {}",
                model.width,
                model.heads
            );
        }
        if model.heads % model.kv_heads != 0 {
            bail!(
                "model.heads {} must be a multiple of model.kv_heads {}",
                model.heads,
                model.kv_heads
            );
        }
        Ok(())
    }

    /// How long pretraining is, and in what batches.
    fn check_length(&self) -> Result<()> {
        let train = &self.train;
        let lengths = [
            train.tokens.is_some(),
            train.tokens_per_parameter.is_some(),
            train.tokens_per_scaling_parameter.is_some(),
        ];
        if lengths.iter().filter(|given| **given).count() != 1 {
            bail!(
                "train needs exactly one of `tokens`, `tokens_per_parameter` and `tokens_per_scaling_parameter`"
            );
        }
        let rows = train.device_rows as u64 * self.model.context as u64 * self.hardware.devices;
        if rows == 0 || !train.batch_tokens.is_multiple_of(rows) {
            bail!(
                "train.batch_tokens {} must be a multiple of device_rows × context × devices = {rows}",
                train.batch_tokens
            );
        }
        Ok(())
    }

    /// What comes after pretraining, by the chapters that do it.
    fn check_stages(&self) -> Result<()> {
        let context = self.model.context as usize;
        let rates = self.train.optimizer.table_rates();
        for (name, stage) in [("mid", &self.mid), ("sft", &self.sft)] {
            let Some(stage) = stage else { continue };
            let settings = stage.settings(name, rates, context);
            settings
                .and_then(|settings| settings.check())
                .with_context(|| format!("{name} does not fit"))?;
            let mixtures = [
                ("mixture", Some(&stage.mixture)),
                ("validation", stage.validation.as_ref()),
            ];
            for (key, mixture) in mixtures {
                mixture
                    .map_or(Ok(()), |mixture| mixture.check())
                    .with_context(|| format!("{name}.{key} does not fit"))?;
            }
        }
        if let Some(rl) = &self.rl {
            rl.settings.check().context("rl does not fit")?;
            if rl.settings.stage != "rl" {
                bail!(
                    "rl.settings.stage is `{}`; leave it out: the report reads the log of `rl`",
                    rl.settings.stage
                );
            }
        }
        Ok(())
    }
}
// ANCHOR_END: check
