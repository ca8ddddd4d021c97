// ANCHOR: head
//! One run of an ablation: the training loop of chapter 05 without anything that has to survive it.

use super::{Row, Variant};
use crate::arithmetic::{Plan, model_config};
use crate::run::Run;
use crate::stages::{base, data, vocabulary};
use anyhow::Result;
use dataset::{Batch, BatchSource};
use hopper::FusedUpdates;
use muon::{Group, Method, Optimizer, Solo};
use pretrain::batch_tensors;
use std::time::Instant;
use tokenizer::Tokenizer;
use transformer::Gpt;
// ANCHOR_END: head

// ANCHOR: bench
/// What all runs share: the tokenizer and the validation set.
pub struct Bench {
    pub tokenizer: Tokenizer,
    pub validation: Vec<Batch>,
}

impl Bench {
    pub fn new(run: &Run) -> Result<Bench> {
        let tokenizer = vocabulary::load(run)?;
        let (rows, time) = size(run);
        let batch = run.recipe.train.batch_tokens as usize;
        anyhow::ensure!(
            batch == rows * time,
            "an ablation makes one pass per step: train.batch_tokens is {batch}, but device_rows × context is {}",
            rows * time
        );
        let validation = base::validation_set(run, &tokenizer, rows, time)?;
        Ok(Bench {
            tokenizer,
            validation,
        })
    }
}

/// Rows and columns of a batch.
fn size(run: &Run) -> (usize, usize) {
    (
        run.recipe.train.device_rows,
        run.recipe.model.context as usize,
    )
}
// ANCHOR_END: bench

// ANCHOR: trained
/// A model with its optimizer, its schedule and its batches, ready for the next step.
pub struct Training {
    pub gpt: Gpt,
    optimizer: Optimizer,
    plan: Plan,
    schedule: pretrain::Schedule,
    clip: Option<f64>,
    batches: Box<dyn BatchSource>,
    step: u64,
}

impl Training {
    pub fn new(run: &Run, bench: &Bench, variant: &Variant, seed: u64) -> Result<Training> {
        let recipe = variant.recipe(&run.recipe);
        let plan = Plan::of(&recipe)?;
        let config = model_config(&recipe.model, bench.tokenizer.vocab_size())?;
        let gpt = Gpt::new(&config, run.machine.device, seed)?.with_compute(run.machine.compute);
        let mut groups = recipe.train.optimizer.groups(&gpt, plan.dial)?;
        if let Some(rate) = variant.adamw {
            groups
                .iter_mut()
                .for_each(|group| give_to_adamw(group, rate));
        }
        let (rows, time) = size(run);
        let mut batches = data::training_batches(run, &bench.tokenizer, rows, time, None)?;
        // Every seed reads another part of the documents; all variants of a seed read the same.
        for _ in 0..(seed - 1) * plan.steps {
            batches.next_batch()?;
        }
        Ok(Training {
            schedule: recipe.train.schedule.over(plan.steps),
            clip: recipe.train.clip,
            optimizer: Optimizer::new(groups, Box::new(FusedUpdates), Box::new(Solo))?,
            batches,
            plan,
            gpt,
            step: 0,
        })
    }

    pub fn finished(&self) -> bool {
        self.step >= self.plan.steps
    }

    /// One optimizer step; says the loss.
    pub fn step(&mut self, run: &Run) -> Result<f64> {
        let batch = self.batches.next_batch()?;
        let (inputs, targets) = batch_tensors(&batch, run.machine.device); // (B, T) each
        self.optimizer.zero_grad();
        let loss = self.gpt.loss(run.kernels(), &inputs, &targets)?;
        let mean = &loss.sum / batch.supervised as f64;
        mean.backward();
        if let Some(limit) = self.clip {
            let _ = self.optimizer.clip_gradients(limit);
        }
        self.optimizer.step(&self.schedule.at(self.step))?;
        self.step += 1;
        Ok(mean.double_value(&[]))
    }
}

fn give_to_adamw(group: &mut Group, rate: f64) {
    if matches!(group.method, Method::Muon { .. }) {
        group.method = Method::AdamW {
            betas: (0.9, 0.95),
            eps: 1e-8,
        };
        group.lr = rate;
    }
}
// ANCHOR_END: trained

// ANCHOR: train
/// Trains a variant from scratch; `None` if `stopping`, asked before every step, said yes first.
pub fn train(
    run: &Run,
    bench: &Bench,
    variant: &Variant,
    seed: u64,
    stopping: &dyn Fn() -> bool,
) -> Result<Option<Row>> {
    let started = Instant::now();
    let mut training = Training::new(run, bench, variant, seed)?;
    let mut loss = f64::NAN;
    while !training.finished() {
        if stopping() {
            return Ok(None);
        }
        loss = training.step(run)?;
    }
    let lengths = pretrain::token_bytes_table(&bench.tokenizer.token_bytes(), run.machine.device);
    let bits_per_byte =
        pretrain::bits_per_byte(&training.gpt, run.kernels(), &bench.validation, &lengths)?;
    Ok(Some(Row {
        variant: variant.name.clone(),
        seed,
        bits_per_byte,
        last_loss: loss,
        parameters: training.plan.parameters,
        tokens: training.plan.tokens,
        seconds: started.elapsed().as_secs_f64(),
    }))
}
// ANCHOR_END: train
