// ANCHOR: head
//! Supervised fine-tuning: chapter 05's training loop, started from trained weights, on masked conversations.
//!
//! What differs from pretraining is all here, and it is little: rates scaled down, a schedule that falls from the start,
//! fresh optimizer buffers, and epochs in place of a number of tokens. Midtraining is the same stage with other settings:
//! full rates, a flat schedule, and every token trained on.
//!
//! Several ranks take turns in one sequence of batches, so the rows of a step are the same for any number of them. How long an answer is
//! is nobody's choice: one rank may have three times the supervised tokens of another, or none at all behind the end of the
//! last epoch. Chapter 05's loop divides by the count of the whole step, over all ranks.

use crate::newcomers::check_newcomers;
use crate::{ConversationBatches, Error, Mixture, Newcomers, Ramp, Supervise, TooLong, begin_like};
use dataset::{Prefetch, Turns};
use hopper::FusedUpdates;
use muon::{Collective, Optimizer, Rates2025, gather_bytes, groups_2025};
use pretrain::train::Evaluate;
use pretrain::{Durability, Interrupt, Metrics, Outcome, Settings, Trainer, checkpoint};
use std::path::Path;
use std::rc::Rc;
use tensors::Machine;
use tokenizer::Tokenizer;
use transformer::{Context, Gpt, Kernels, dial};

/// Batches made ahead of the model.
const AHEAD: usize = 4;
// ANCHOR_END: head

// ANCHOR: settings
/// What this stage decides.
#[derive(Debug, Clone, PartialEq)]
pub struct SftSettings {
    /// `mid` or `sft`: the name in the log.
    pub stage: String,
    /// Passes over the mixture.
    pub epochs: f64,
    /// Rows of a micro-batch, and positions in each; `time` is at most the model's context.
    pub rows: usize,
    pub time: usize,
    /// Micro-batches per optimizer step, of all ranks together.
    pub accumulation: usize,
    pub supervise: Supervise,
    pub too_long: TooLong,
    /// Pretraining's rates, and what they are multiplied with here.
    pub rates: Rates2025,
    pub rate_scale: f64,
    pub ramp: Ramp,
    pub clip: Option<f64>,
    /// Whether the optimizer goes on with the buffers of the stage before, if that left any. If not, Muon's and AdamW's
    /// memories begin at zero: they describe the gradients of another task.
    pub warm_start: bool,
    /// What special tokens begin as that the stage before has never seen.
    pub newcomers: Newcomers,
    pub evaluate_every: u64,
    pub checkpoint_seconds: f64,
    /// The seed that the mixture was made with: a resumed run must have the same.
    pub seed: u64,
}

impl SftSettings {
    /// Fine-tuning of October 2025: one epoch, 0.02 of the rates, falling to nothing.
    pub fn october_2025(rows: usize, time: usize) -> Self {
        SftSettings {
            stage: "sft".to_string(),
            epochs: 1.0,
            rows,
            time,
            accumulation: 1,
            supervise: Supervise::Assistant,
            too_long: TooLong::Cut,
            rates: Rates2025::default(),
            rate_scale: 0.02,
            ramp: Ramp::SFT_2025,
            clip: Some(1.0),
            warm_start: false,
            newcomers: Newcomers::new(),
            evaluate_every: 100,
            checkpoint_seconds: 600.0,
            seed: 0,
        }
    }

    /// Midtraining of October 2025: one epoch of everything at the full rates, the last fifth falling to nothing.
    pub fn midtraining_2025(rows: usize, time: usize) -> Self {
        SftSettings {
            stage: "mid".to_string(),
            supervise: Supervise::Everything,
            rate_scale: 1.0,
            ramp: Ramp::MID_2025,
            evaluate_every: 150,
            ..SftSettings::october_2025(rows, time)
        }
    }

    /// What can be wrong with settings, as far as that is known without model and data. [`fine_tune`] asks it first;
    /// a run of several stages asks before any of them begins.
    ///
    /// # Errors
    /// Epochs, accumulation or a rate scale that is no number above 0, a newcomer that is no special token, and one
    /// that is to begin as nothing.
    pub fn check(&self) -> Result<(), Error> {
        let positive = [
            ("epochs", self.epochs),
            ("accumulation", self.accumulation as f64),
            ("rate_scale", self.rate_scale),
        ];
        for (setting, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::Setting {
                    setting,
                    value: value.to_string(),
                    remedy: "give it a number above 0",
                });
            }
        }
        check_newcomers(&self.newcomers)
    }
}
// ANCHOR_END: settings

// ANCHOR: run
/// One fine-tuning run: from the model in `base` to the model in `folder`.
pub struct SftRun<'a> {
    pub base: &'a Path,
    /// Where checkpoints go. If one of this run is there, the run goes on from it.
    pub folder: &'a Path,
    pub machine: &'a Machine,
    pub kernels: &'a dyn Kernels,
    /// What the positions of a training row see of each other (chapter 03).
    pub context: Box<dyn Context + 'a>,
    pub tokenizer: &'a Tokenizer,
    /// The whole of it, on every rank.
    pub mixture: Mixture,
    pub evaluate: Box<Evaluate<'a>>,
    pub metrics: &'a mut Metrics,
    pub interrupt: Interrupt,
    pub settings: SftSettings,
    /// Chapter 05: what is done about full disks, damaged files and losses that are no numbers.
    pub durability: Durability,
    /// FLOP/s of the device, for the MFU in the progress line.
    pub peak_flops: Option<f64>,
    /// Who shares the work. Rank 0 writes the log and the checkpoints.
    pub ranks: Rc<dyn Collective>,
}

/// Fine-tunes, or goes on fine-tuning.
///
/// # Errors
/// A base model that cannot be loaded or does not fit the tokenizer, a checkpoint of another run, conversations with
/// nothing to learn, a loss that is not finite, a step that the ranks cannot share evenly, a rank that was lost.
pub fn fine_tune(run: SftRun<'_>) -> Result<(Gpt, Outcome), Error> {
    let ranks = run.ranks.clone();
    let ended = tune(run);
    if let Err(error) = &ended {
        ranks.leave(&error.to_string()); // nobody is to wait for this rank
    }
    ended
}

fn tune(run: SftRun<'_>) -> Result<(Gpt, Outcome), Error> {
    let settings = &run.settings;
    settings.check()?;
    let (rank, world) = (run.ranks.rank(), run.ranks.world());
    if !settings.accumulation.is_multiple_of(world) {
        return Err(Error::Uneven {
            stage: settings.stage.clone(),
            batches: settings.accumulation,
            rows: settings.rows,
            world,
        });
    }
    if rank == 0 {
        checkpoint::recover(run.folder)?;
    }
    run.ranks.barrier()?; // then all read the same
    let saved = checkpoint::read_state(run.folder)?;
    let start = if saved.is_some() {
        run.folder
    } else {
        run.base
    };
    let gpt = Gpt::load_folder(start, run.machine.device)?.with_compute(run.machine.compute);
    gpt.config().check_vocabulary(run.tokenizer.vocab_size())?;

    // A tokenizer of the right size can still be the wrong one: it would train, and talk nonsense.
    if let Some(trained) = checkpoint::read_state(start)? {
        let found = run.tokenizer.fingerprint();
        if found != trained.tokenizer {
            let (path, expected) = (start.join("tokenizer.json"), trained.tokenizer);
            return Err(pretrain::Error::Tokenizer {
                path,
                found,
                expected,
            }
            .into());
        }
    }
    if saved.is_none() {
        begin_like(&gpt, run.tokenizer, &settings.newcomers)?;
    }

    let width = gpt.config().width;
    let mut groups = groups_2025(gpt.parameters(), width, &settings.rates, gpt.compute())?;
    // Every group: the tables that a switch brings have rates of their own, and forget as fast as any other.
    for group in &mut groups {
        group.lr *= settings.rate_scale;
    }
    let shared = Box::new(run.ranks.clone());
    let mut optimizer = Optimizer::new(groups, Box::new(FusedUpdates), shared)?;
    if saved.is_some() || settings.warm_start {
        checkpoint::load_optimizer(start, &mut optimizer)?;
    }

    let mixture = run.mixture.describe();
    let mut batches =
        ConversationBatches::new(run.mixture, run.tokenizer, settings.rows, settings.time)?
            .supervising(settings.supervise)
            .too_long(settings.too_long)
            .ending_after(settings.epochs);
    let amount = batches.measure(settings.epochs)?;
    let recipe = format!("{settings:?} on {mixture}, {} rows", amount.rows);
    agree(&*run.ranks, &settings.stage, &recipe)?;
    if rank == 0 {
        eprintln!("{:>10} {amount}", settings.stage);
    }
    if let Some(position) = saved.as_ref().and_then(|state| state.position.as_ref()) {
        batches.resume(position)?;
    }
    let steps = steps_for(amount.rows, settings);
    let trainer = Trainer {
        gpt: &gpt,
        kernels: run.kernels,
        context: run.context,
        optimizer,
        tokenizer: run.tokenizer,
        batches: Box::new(Prefetch::new(Turns::new(batches, rank, world)?, AHEAD)),
        evaluate: run.evaluate,
        metrics: run.metrics,
        interrupt: run.interrupt,
        settings: Settings {
            stage: settings.stage.clone(),
            schedule: settings.ramp.over(steps),
            accumulation: settings.accumulation / world,
            clip: settings.clip,
            evaluate_every: settings.evaluate_every,
            checkpoint_seconds: settings.checkpoint_seconds,
            folder: run.folder.to_path_buf(),
            durability: run.durability,
            recipe,
            flops_per_token: dial::flops_per_token(gpt.config()) as f64,
            peak_flops: run.peak_flops,
        },
    };
    let state = saved.unwrap_or_else(|| trainer.fresh_state());
    let outcome = trainer.run(state)?;
    Ok((gpt, outcome))
}
// ANCHOR_END: run

// ANCHOR: agree
/// Every rank has counted the rows of its own files, and where the schedule ends follows from that. On several machines they may
/// be different files, so the ranks compare what they are about to do.
fn agree(ranks: &dyn Collective, stage: &str, recipe: &str) -> Result<(), Error> {
    let all = gather_bytes(ranks, recipe.as_bytes())?;
    let text = |rank: usize| String::from_utf8_lossy(&all[rank]).into_owned();
    match all.iter().position(|other| *other != all[0]) {
        None => Ok(()),
        Some(rank) => Err(Error::Apart {
            stage: stage.to_string(),
            rank,
            found: text(rank),
            expected: text(0),
        }),
    }
}
// ANCHOR_END: agree

// ANCHOR: steps
/// Optimizer steps that `rows` rows make, the last one filled up with empty rows. Rows are counted by packing the whole run
/// once: how many conversations share a row depends on all their lengths, and a guess would move the end of the schedule.
pub fn steps_for(rows: usize, settings: &SftSettings) -> u64 {
    let rows_per_step = settings.rows * settings.accumulation;
    (rows.div_ceil(rows_per_step) as u64).max(1)
}
// ANCHOR_END: steps
