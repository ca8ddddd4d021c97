// ANCHOR: head
//! Stage `train`: pretraining, from random weights to a model that continues text.

use crate::arithmetic::{Plan, model_config};
use crate::launching::can_share;
use crate::lineage::descend;
use crate::rank_0::{begin, by_rank_0};
use crate::run::{Ended, Run};
use crate::stages::{data, vocabulary};
use anyhow::Result;
use dataset::{Batch, BatchSource, Prefetch, Turns};
use engine::Engine;
use hopper::FusedUpdates;
use hopper::attention::backend::report;
use hopper::precision::bf16::tables_in_bf16;
use hopper::precision::fp8::by_default;
use muon::{Collective, Optimizer};
use pretrain::{
    Evaluation, KneserNey, Metrics, Outcome, Settings, TrainState, Trainer, checkpoint,
};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Instant;
use tch::Kind;
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, Prompt, Sampler, Sampling};
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BaseNote {
    pub parameters: u64,
    pub tokens: u64,
    pub steps: u64,
    /// In training steps: what the speed is computed with.
    pub training_seconds: f64,
    /// On the clock, evaluations and checkpoints included.
    pub seconds: f64,
    pub bits_per_byte: f64,
    /// A Kneser–Ney trigram, counted on the tokens that the model was trained on, the first 20 million of them.
    pub trigram_bits_per_byte: f64,
}
// ANCHOR_END: note

// ANCHOR: run
pub fn run(run: &Run, ranks: &Rc<dyn Collective>) -> Result<Ended> {
    let kept = || {
        let model = run.folder.model("base");
        run.folder.finished::<BaseNote>("base", &model)
    };
    if let Some(note) = by_rank_0(ranks, kept)? {
        let line = format!("{:.4} bits per byte, kept from before", note.bits_per_byte);
        run.say("train", &line);
        return Ok(Ended::Done);
    }
    can_share(&run.recipe, "train", ranks.world())?;
    let started = Instant::now();
    let tokenizer = vocabulary::load(run)?;
    let plan = Plan::of(&run.recipe)?;
    let recipe = &run.recipe.train;
    let folder = run.folder.model("base");
    begin(run, ranks, "base", &["data"])?;
    descend(run, ranks, "base", "")?;
    by_rank_0(ranks, || Ok(checkpoint::recover(&folder)?))?; // then all read the same
    let saved = checkpoint::read_state(&folder)?;

    let device = run.machine.device;
    let gpt = match &saved {
        Some(_) => Gpt::load_folder(&folder, device)?,
        None => Gpt::new(
            &model_config(&run.recipe.model, tokenizer.vocab_size())?,
            device,
            run.recipe.seed,
        )?,
    }
    .with_compute(run.machine.compute);
    if run.machine.compute == Kind::BFloat16 {
        tables_in_bf16(gpt.parameters())?;
    }
    let mut optimizer = Optimizer::new(
        recipe.optimizer.groups(&gpt, plan.dial)?,
        Box::new(FusedUpdates),
        Box::new(ranks.clone()),
    )?
    .orthogonalising_by(run.parts.orthogonalise.function);
    if saved.is_some() {
        checkpoint::load_optimizer(&folder, &mut optimizer)?;
    }

    let (rows, time) = (recipe.device_rows, run.recipe.model.context as usize);
    // All of the step's rows, on as many devices as there are; the plan divides them among the recipe's.
    let batches_per_step = recipe.batch_tokens as usize / (rows * time);
    let position = saved.as_ref().and_then(|state| state.position.clone());
    let batches = data::training_batches(run, &tokenizer, rows, time, position)?;
    let batches = Prefetch::new(Turns::new(batches, ranks.rank(), ranks.world())?, 4);
    let validation = validation_set(run, &tokenizer, rows, time)?;
    let mut metrics = Metrics::open(&run.folder.metrics())?;
    let fp8 = recipe.fp8.unwrap_or(by_default(gpt.config(), device));
    let kernels = run.training_kernels(fp8);
    if device.is_cuda() {
        let attention = report(gpt.config(), run.machine.compute, device)?;
        run.say("train", &attention.to_string());
    }
    let trainer = Trainer {
        gpt: &gpt,
        kernels: &kernels,
        context: run.context(),
        optimizer,
        tokenizer: &tokenizer,
        batches: Box::new(batches),
        evaluate: Box::new(evaluation(run, &**ranks, &tokenizer, &validation)),
        metrics: &mut metrics,
        interrupt: run.interrupt.clone(),
        settings: Settings {
            stage: "base".into(),
            schedule: recipe.schedule.over(plan.steps),
            accumulation: batches_per_step / ranks.world(),
            clip: recipe.clip,
            evaluate_every: recipe.evaluate_every,
            checkpoint_seconds: recipe.checkpoint_seconds,
            folder,
            durability: run.durability.clone(),
            recipe: format!(
                "{:?}",
                (
                    &run.recipe.model,
                    recipe,
                    &run.recipe.data,
                    run.recipe.seed,
                    &run.text
                )
            ),
            flops_per_token: plan.flops_per_token,
            peak_flops: Some(run.peak_flops),
        },
    };
    let state = saved.unwrap_or_else(|| trainer.fresh_state());
    let outcome = trainer.run_with(run.parts.rate.function, state);
    match outcome.map_err(|error| data::blamed(run, error))? {
        Outcome::Interrupted(_) => {
            by_rank_0(ranks, || run.folder.spent("base", started))?;
            Ok(Ended::Interrupted)
        }
        Outcome::Finished(state) => {
            by_rank_0(ranks, || {
                finish(run, &tokenizer, &validation, &state, started)
            })?;
            Ok(Ended::Done)
        }
    }
}
// ANCHOR_END: run

// ANCHOR: validation
/// The same validation batches for the whole run.
pub fn validation_set(
    run: &Run,
    tokenizer: &Tokenizer,
    rows: usize,
    time: usize,
) -> Result<Vec<Batch>> {
    let count = (run.recipe.train.validation_tokens as usize / (rows * time)).max(1);
    let mut source = data::validation_batches(run, tokenizer, rows, time)?;
    Ok(pretrain::take_batches(&mut source, count)?)
}
// ANCHOR_END: validation

// ANCHOR: evaluation
/// Bits per byte on the validation batches, and a few greedy continuations to look at.
fn evaluation<'a>(
    run: &'a Run,
    ranks: &'a dyn Collective,
    tokenizer: &'a Tokenizer,
    validation: &'a [Batch],
) -> impl FnMut(&Gpt, u64) -> Result<Evaluation, pretrain::Error> + 'a {
    let lengths = pretrain::token_bytes_table(&tokenizer.token_bytes(), run.machine.device);
    move |gpt, _step| {
        let kernels = run.kernels();
        let bits = pretrain::bits_per_byte_over(ranks, gpt, kernels, validation, &lengths)?;
        if !run.speaks() {
            return Ok(Evaluation {
                bits_per_byte: Some(bits),
                samples: Vec::new(),
            });
        }
        let bos = tokenizer.special(Special::Bos);
        let beginnings = openings(validation, bos);
        let settings = Sampling {
            temperature: 0.0,
            top_k: 0,
            max_tokens: 32,
            stop: vec![bos],
            ..Sampling::default()
        };
        let prompts: Vec<Prompt> = beginnings
            .iter()
            .map(|ids| Prompt {
                ids: ids.clone(),
                settings: settings.clone(),
                seed: 0,
            })
            .collect();
        let _lengths_change = hopper::attention::ChangingShapes::begin();
        let mut engine = Engine::new(gpt, run.kernels());
        let samples =
            engine.sample(&prompts, None, &mut |_| std::ops::ControlFlow::Continue(()))?;
        let samples = beginnings
            .iter()
            .zip(&samples)
            .map(|(prompt, sample)| {
                (
                    tokenizer.decode(&prompt[1..]),
                    tokenizer.decode(&sample.ids),
                )
            })
            .collect();
        Ok(Evaluation {
            bits_per_byte: Some(bits),
            samples,
        })
    }
}

/// The first few tokens of the first three validation rows; a row begins with a document.
fn openings(validation: &[Batch], bos: u32) -> Vec<Vec<u32>> {
    let mut openings: Vec<Vec<u32>> = Vec::new();
    for row in validation.iter().flat_map(rows_of) {
        let opening: Vec<u32> = row.into_iter().take(6).collect();
        if opening[0] == bos
            && !opening[1..].contains(&bos)
            && openings.iter().all(|known| known[..3] != opening[..3])
        {
            openings.push(opening);
        }
        if openings.len() == 3 {
            break;
        }
    }
    openings
}

/// The rows of T + 1 tokens that a pretraining batch was cut from.
fn rows_of(batch: &Batch) -> impl Iterator<Item = Vec<u32>> + '_ {
    batch
        .inputs
        .chunks(batch.time)
        .zip(batch.targets.chunks(batch.time))
        .map(|(inputs, targets)| {
            let last = targets.last().copied().unwrap_or(0);
            inputs
                .iter()
                .chain(std::iter::once(&last))
                .map(|&id| id as u32)
                .collect()
        })
}
// ANCHOR_END: evaluation

// ANCHOR: finish
/// Counts the trigram on the tokens that the run has read, and writes the stage's note.
fn finish(
    run: &Run,
    tokenizer: &Tokenizer,
    validation: &[Batch],
    state: &TrainState,
    started: Instant,
) -> Result<()> {
    let (rows, time) = (
        run.recipe.train.device_rows,
        run.recipe.model.context as usize,
    );
    let mut source = data::training_batches(run, tokenizer, rows, time, None)?;
    // A trigram of billions of tokens would not fit into memory, nor say more.
    let count = (state.tokens as usize / (rows * time)).min(20_000_000 / (rows * time));
    let mut seen: Vec<Vec<u32>> = Vec::new();
    for _ in 0..count {
        seen.extend(rows_of(&source.next_batch()?));
    }
    let trigram = KneserNey::train(tokenizer.vocab_size(), seen.iter().map(Vec::as_slice));
    let held_out: Vec<Vec<u32>> = validation.iter().flat_map(rows_of).collect();
    let note = BaseNote {
        parameters: Plan::of(&run.recipe)?.parameters,
        tokens: state.tokens,
        steps: state.step,
        training_seconds: state.seconds,
        seconds: run.folder.spent("base", started)?,
        bits_per_byte: state.bits_per_byte.unwrap_or(f64::INFINITY),
        trigram_bits_per_byte: trigram
            .bits_per_byte(held_out.iter().map(Vec::as_slice), &tokenizer.token_bytes()),
    };
    run.folder.write_note("base", &note)?;
    run.say(
        "train",
        &format!(
            "{:.4} bits per byte (a trigram of the same tokens: {:.4}) · {:.1} M tokens in {:.0} s, {:.0} tokens/s",
            note.bits_per_byte,
            note.trigram_bits_per_byte,
            note.tokens as f64 / 1e6,
            note.training_seconds,
            note.tokens as f64 / note.training_seconds
        ),
    );
    Ok(())
}
// ANCHOR_END: finish
