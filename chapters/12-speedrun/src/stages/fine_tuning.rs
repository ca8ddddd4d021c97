//! Stage `sft`: from a model that continues text to one that answers.

use crate::recipe::Sft;
use crate::run::{Ended, Run};
use crate::stages::{data, vocabulary};
use anyhow::Result;
use dataset::BatchSource;
use muon::Rates2025;
use pretrain::{Evaluation, Metrics, Outcome, batch_tensors};
use serde::{Deserialize, Serialize};
use sft::{ConversationBatches, Ingredient, Mixture, Ramp, SftRun, SftSettings, fine_tune};
use tokenizer::Tokenizer;
use transformer::Gpt;

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SftNote {
    pub steps: u64,
    /// Tokens that were learnt from: the assistant's.
    pub supervised_tokens: u64,
    pub seconds: f64,
    /// Nats per assistant token on test conversations.
    pub validation_loss: f64,
}
// ANCHOR_END: note

// ANCHOR: run
pub fn run(run: &Run) -> Result<Ended> {
    let Some(recipe) = &run.recipe.sft else {
        run.say("sft", "skipped: the recipe has none");
        return Ok(Ended::Done);
    };
    if let Some(note) = run
        .folder
        .finished::<SftNote>("sft", &run.folder.model("sft"))?
    {
        run.say(
            "sft",
            &format!("loss {:.4}, kept from before", note.validation_loss),
        );
        return Ok(Ended::Done);
    }
    let tokenizer = vocabulary::load(run)?;
    let base = run.folder.model("base");
    anyhow::ensure!(
        base.join("config.json").exists(),
        "{} holds no model; run the stage `train` first",
        base.display()
    );
    let mut metrics = Metrics::open(&run.folder.metrics())?;
    let test = mixture(run, "test")?;
    let mut test = ConversationBatches::new(
        test,
        &tokenizer,
        recipe.device_rows,
        run.recipe.model.context as usize,
    )?;
    let test: Vec<_> = (0..4)
        .map(|_| test.next_batch())
        .collect::<Result<_, _>>()?;
    let (gpt, outcome) = fine_tune(SftRun {
        base: &base,
        folder: &run.folder.model("sft"),
        machine: &run.machine,
        kernels: run.kernels(),
        tokenizer: &tokenizer,
        mixture: mixture(run, "train")?,
        evaluate: Box::new(|gpt, _| {
            Ok(Evaluation {
                bits_per_byte: None,
                samples: sample(run, gpt, &tokenizer)?,
            })
        }),
        metrics: &mut metrics,
        interrupt: run.interrupt.clone(),
        settings: settings(run, recipe),
        peak_flops: Some(run.peak_flops),
    })?;
    let state = match outcome {
        Outcome::Interrupted(_) => return Ok(Ended::Interrupted),
        Outcome::Finished(state) => state,
    };
    let note = SftNote {
        steps: state.step,
        supervised_tokens: state.tokens,
        seconds: state.seconds,
        validation_loss: mean_loss(run, &gpt, &test)?,
    };
    run.folder.write_note("sft", &note)?;
    run.say(
        "sft",
        &format!(
            "loss {:.4} on test conversations · {} steps in {:.0} s",
            note.validation_loss, note.steps, note.seconds
        ),
    );
    Ok(Ended::Done)
}
// ANCHOR_END: run

// ANCHOR: settings
fn settings(run: &Run, recipe: &Sft) -> SftSettings {
    let (rows, time) = (recipe.device_rows, run.recipe.model.context as usize);
    let rates = &run.recipe.train.rates;
    SftSettings {
        epochs: recipe.epochs,
        accumulation: recipe.batch_tokens as usize / (rows * time),
        rates: Rates2025 {
            embedding: rates.embedding,
            head: rates.head,
            matrix: rates.matrix,
            weight_decay: 0.0,
        },
        rate_scale: recipe.rate_scale,
        ramp: Ramp {
            warmdown_ratio: recipe.warmdown_ratio,
            ..Ramp::SFT_2025
        },
        evaluate_every: recipe.evaluate_every,
        checkpoint_seconds: recipe.checkpoint_seconds,
        seed: run.recipe.seed,
        ..SftSettings::october_2025(rows, time)
    }
}

/// The conversations of one side, mixed by their weights.
fn mixture(run: &Run, side: &str) -> Result<Mixture> {
    let ingredients = data::conversations(run, side)?
        .into_iter()
        .map(|(source, weight)| Ingredient { source, weight });
    Ok(Mixture::new(ingredients.collect(), run.recipe.seed, 0, 1)?)
}
// ANCHOR_END: settings

// ANCHOR: evaluation
/// Nats per supervised token.
fn mean_loss(run: &Run, gpt: &Gpt, batches: &[dataset::Batch]) -> Result<f64> {
    let _guard = tch::no_grad_guard();
    let (mut sum, mut count) = (0.0, 0);
    for batch in batches {
        let (inputs, targets) = batch_tensors(batch, gpt.device());
        sum += gpt
            .loss(run.kernels(), &inputs, &targets)?
            .sum
            .double_value(&[]);
        count += batch.supervised;
    }
    Ok(sum / count.max(1) as f64)
}

/// The model's greedy replies to two questions, to look at while it trains.
fn sample(
    run: &Run,
    gpt: &Gpt,
    tokenizer: &Tokenizer,
) -> Result<Vec<(String, String)>, pretrain::Error> {
    let mut samples = Vec::new();
    for question in ["Hello!", "What is 7 plus 5?"] {
        let reply = crate::reply::reply(gpt, run.kernels(), tokenizer, question)?;
        samples.push((question.to_string(), reply));
    }
    Ok(samples)
}
// ANCHOR_END: evaluation
