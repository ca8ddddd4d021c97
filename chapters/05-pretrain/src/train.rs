// ANCHOR: head
//! The training loop: the same forty lines for pretraining and, with masks in the targets, for fine-tuning.
//!
//! One *step* reads `accumulation` micro-batches of B × T tokens, adds up their gradients and updates the weights
//! once. The loss of a step is the mean over all tokens of all its micro-batches: each micro-batch contributes its
//! *sum*, divided by the step's count. With every token supervised this is the mean of the means; with masks it is
//! the only form in which a long answer weighs what its tokens weigh.
//!
//! With several ranks every rank runs this loop, each over batches of its own, and a step is the mean over all tokens of
//! all ranks. What decides where the loop goes (a stop, a checkpoint, a loss that is no number) is agreed on first: ranks
//! that go different ways wait for each other for ever. Rank 0 alone writes to disk and terminal.

use crate::Error;
use crate::bits_per_byte::batch_tensors;
use crate::checkpoint::TrainState;
use crate::durability::{Durability, WhenUnwritable};
use crate::interrupt::Interrupt;
use crate::metrics::Metrics;
use crate::progress::{Progress, Status};
use crate::schedule::{RateMultiplier, Schedule};
use crate::writer::Writer;
use dataset::{Batch, BatchSource};
use muon::{Optimizer, sum_over_ranks};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use transformer::{Context, Gpt, Kernels};
// ANCHOR_END: head

// ANCHOR: settings
/// What a stage decides about its training.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `base`, `mid` or `sft`: the name in the log.
    pub stage: String,
    pub schedule: Schedule,
    /// Micro-batches per optimizer step.
    pub accumulation: usize,
    /// Largest global norm of the gradient; `None` leaves it alone.
    pub clip: Option<f64>,
    /// Steps between evaluations; the last step is always evaluated. 0: only the last.
    pub evaluate_every: u64,
    /// Seconds between checkpoints on the clock, besides the ones before each evaluation.
    pub checkpoint_seconds: f64,
    /// Where the checkpoint goes.
    pub folder: PathBuf,
    /// How many checkpoints are kept, and what is done when one cannot be written or a step cannot be taken.
    pub durability: Durability,
    /// What must be equal when the run resumes, in words (see [`TrainState::recipe`]).
    pub recipe: String,
    /// Model FLOPs per token and the device's peak FLOP/s, for the MFU in the progress line.
    pub flops_per_token: f64,
    pub peak_flops: Option<f64>,
}

/// What an evaluation found: numbers for the log, and sample texts to look at.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    pub bits_per_byte: Option<f64>,
    /// (prompt, continuation)
    pub samples: Vec<(String, String)>,
}

/// The evaluation is handed in: what is worth measuring is the stage's business, not the loop's. With several ranks each
/// of them calls its own, at the same step; all must come to the same numbers.
pub type Evaluate<'a> = dyn FnMut(&Gpt, u64) -> Result<Evaluation, Error> + 'a;
// ANCHOR_END: settings

// ANCHOR: trainer
/// Everything that one stage trains with.
pub struct Trainer<'a> {
    pub gpt: &'a Gpt,
    pub kernels: &'a dyn Kernels,
    /// What the positions of a training row see of each other (chapter 03).
    pub context: Box<dyn Context + 'a>,
    /// Its collective is the one through which this loop speaks to the other ranks too.
    pub optimizer: Optimizer,
    pub tokenizer: &'a tokenizer::Tokenizer,
    pub batches: Box<dyn BatchSource>,
    pub evaluate: Box<Evaluate<'a>>,
    /// Written by rank 0 alone.
    pub metrics: &'a mut Metrics,
    pub interrupt: Interrupt,
    pub settings: Settings,
}

/// How a call of [`Trainer::run`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Finished(TrainState),
    /// Ctrl-C; the checkpoint is written.
    Interrupted(TrainState),
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stepped {
    Taken,
    Skipped,
    /// The weights are to go back to the last checkpoint.
    GoBack,
}

impl Trainer<'_> {
    /// The state of a run that has not begun.
    pub fn fresh_state(&self) -> TrainState {
        TrainState {
            stage: self.settings.stage.clone(),
            step: 0,
            steps: self.settings.schedule.steps,
            tokens: 0,
            seconds: 0.0,
            smooth_loss: 0.0,
            bits_per_byte: None,
            evaluated: None,
            position: None,
            positions: Vec::new(),
            metrics_bytes: self.metrics.bytes(),
            troubles: 0,
            tokenizer: self.tokenizer.fingerprint(),
            recipe: self.settings.recipe.clone(),
        }
    }

    // ANCHOR_END: trainer

    // ANCHOR: run
    /// Trains from `state` to the end of the schedule. The caller has put the loader at `state.position` and the
    /// weights and optimizer buffers where `state` was saved.
    pub fn run(self, state: TrainState) -> Result<Outcome, Error> {
        self.run_with(Schedule::multiplier, state)
    }

    /// The same with a multiplier of the rates from somewhere else: a learner's own, for instance.
    pub fn run_with(mut self, rate: RateMultiplier, state: TrainState) -> Result<Outcome, Error> {
        let ended = self.train(rate, state);
        if let Err(error) = &ended {
            self.optimizer.collective().leave(&error.to_string());
        }
        ended
    }

    fn train(&mut self, rate: RateMultiplier, mut state: TrainState) -> Result<Outcome, Error> {
        self.check(&state)?;
        self.optimizer.same_weights()?;
        if self.speaks() && state.step == 0 {
            self.metrics.rewind(&state.stage)?;
        } else if self.speaks() {
            self.metrics.truncate(state.metrics_bytes)?;
        }
        self.metrics
            .patient(self.settings.durability.when_unwritable == WhenUnwritable::GoOn);
        let mut writer = Writer::new(&self.settings.folder, &self.settings.durability);
        let mut progress =
            Progress::new(&self.settings.stage, state.step, state.steps, self.speaks());
        let mut last_checkpoint = Instant::now();
        // A run that was killed between the last checkpoint and the end of its evaluation evaluates first.
        while !state.finished() || self.evaluation_due(&state) {
            writer.poll()?;
            if self.evaluation_due(&state) {
                self.evaluation(&mut state, &progress)?;
                self.save(&mut writer, &mut state)?;
                continue;
            }
            if self.step(rate, &mut state, &mut progress)? == Stepped::GoBack {
                self.go_back(&mut writer, &mut state)?;
                last_checkpoint = Instant::now();
            }
            // An evaluation can fail on a machine that trains well (it allocates differently), so the work is copied,
            // and on its way to the disk, before it begins.
            let due = last_checkpoint.elapsed().as_secs_f64() > self.settings.checkpoint_seconds;
            let (due, pressed) = self.agreed(due)?;
            if due || self.evaluation_due(&state) || pressed {
                self.save(&mut writer, &mut state)?;
                last_checkpoint = Instant::now();
            }
            if pressed && !state.finished() {
                break;
            }
        }
        progress.finish();
        self.arrive(&mut writer, &mut state)?;
        Ok(match state.finished() {
            true => Outcome::Finished(state),
            false => Outcome::Interrupted(state),
        })
    }
    // ANCHOR_END: run

    // ANCHOR: agreed
    /// Whether a checkpoint is due, by rank 0's clock, and whether a rank was interrupted: the same on all ranks.
    fn agreed(&self, due: bool) -> Result<(bool, bool), Error> {
        let number = |yes: bool| f64::from(u8::from(yes));
        let own = [
            number(due && self.speaks()),
            number(self.interrupt.pressed()),
        ];
        let [due, pressed] = sum_over_ranks(self.optimizer.collective(), own)?;
        Ok((due > 0.0, pressed > 0.0))
    }

    /// Whether this is the rank that writes logs and checkpoints.
    pub(crate) fn speaks(&self) -> bool {
        self.optimizer.collective().rank() == 0
    }
    // ANCHOR_END: agreed

    // ANCHOR: step
    /// One optimizer step, if it can be taken.
    fn step(
        &mut self,
        rate: RateMultiplier,
        state: &mut TrainState,
        progress: &mut Progress,
    ) -> Result<Stepped, Error> {
        let started = Instant::now();
        let batches: Vec<Batch> = (0..self.settings.accumulation)
            .map(|_| self.batches.next_batch())
            .collect::<Result<_, _>>()?;
        let own: usize = batches.iter().map(|batch| batch.supervised).sum();
        let world = self.optimizer.collective().world();
        let [count] = sum_over_ranks(self.optimizer.collective(), [own as f64])?;
        if count == 0.0 {
            return Err(Error::NothingSupervised {
                stage: state.stage.clone(),
                step: state.step,
                batches: batches.len(),
            });
        }

        // ANCHOR_END: step
        // ANCHOR: accumulate
        self.optimizer.zero_grad();
        let mut loss_sum = 0.0;
        // A rank with nothing to learn has gradients too, of zeros: the others wait for them.
        let idle = own == 0;
        let counted = batches.iter().enumerate();
        let counted =
            counted.filter(|(first, batch)| batch.supervised > 0 || (idle && *first == 0));
        for (_, batch) in counted {
            let (inputs, targets) = batch_tensors(batch, self.gpt.device()); // (B, T) each
            let context = &mut *self.context;
            let loss = self.gpt.loss_in(self.kernels, context, &inputs, &targets)?;
            // The optimizer takes the mean over the ranks; the sum over them is wanted.
            (&loss.sum / (count / world as f64)).backward();
            loss_sum += loss.sum.detach().double_value(&[]);
        }
        let [loss_sum] = sum_over_ranks(self.optimizer.collective(), [loss_sum])?;
        let loss = loss_sum / count;
        // ANCHOR_END: accumulate
        // ANCHOR: update
        let norm = match self.settings.clip {
            Some(limit) => Some(self.optimizer.clip_gradients(limit)?.double_value(&[])),
            None => None,
        };
        state.position = batches.last().map(|batch| batch.position.clone());
        let policy = &self.settings.durability.on_trouble;
        if let Some((reason, reaction)) = policy.judge(state, loss, norm) {
            return self.not_taken(state, reason, reaction);
        }
        let scale = self.settings.schedule.at_with(rate, state.step);
        self.optimizer.step(&scale)?;

        // ANCHOR_END: update
        // ANCHOR: account
        state.smooth_loss = if state.step == 0 {
            loss
        } else {
            0.95 * state.smooth_loss + 0.05 * loss
        };
        state.step += 1;
        state.tokens += count as u64;
        let seconds = started.elapsed().as_secs_f64();
        state.seconds += seconds;
        let read: usize = batches.iter().map(|batch| batch.rows * batch.time).sum();
        let speed = (read * world) as f64 / seconds;
        let mfu = self
            .settings
            .peak_flops
            .map(|peak| speed * self.settings.flops_per_token / (peak * world as f64));
        let mut line = json!({ "loss": loss, "lr": scale.lr, "tokens": state.tokens, "tokens_per_second": speed.round() });
        if let Some(norm) = norm {
            line["gradient_norm"] = json!(norm);
        }
        if let Some(mfu) = mfu {
            line["mfu"] = json!((mfu * 1e4).round() / 1e4);
        }
        if !self.speaks() {
            return Ok(Stepped::Taken);
        }
        self.metrics.write(&state.stage, state.step, line)?;
        let bits_per_byte = state.bits_per_byte;
        progress.show(Status {
            step: state.step,
            loss: state.smooth_loss,
            tokens_per_second: speed,
            mfu,
            bits_per_byte,
        });
        Ok(Stepped::Taken)
    }
    // ANCHOR_END: account

    // ANCHOR: evaluation
    /// Whether this step asks for an evaluation that has not been made.
    fn evaluation_due(&self, state: &TrainState) -> bool {
        let every = self.settings.evaluate_every;
        let asked =
            state.finished() || (every > 0 && state.step > 0 && state.step.is_multiple_of(every));
        asked && state.evaluated != Some(state.step)
    }

    /// Evaluates and logs the result. The checkpoint is written again afterwards, so that it carries the number.
    fn evaluation(&mut self, state: &mut TrainState, progress: &Progress) -> Result<(), Error> {
        let found = (self.evaluate)(self.gpt, state.step)?;
        state.bits_per_byte = found.bits_per_byte.or(state.bits_per_byte);
        state.evaluated = Some(state.step);
        if !self.speaks() {
            return Ok(());
        }
        for (prompt, continuation) in &found.samples {
            progress.say(&format!(
                "{:>10} {prompt}│{}",
                "",
                continuation.replace('\n', "⏎")
            ));
        }
        let samples: Vec<_> = found
            .samples
            .iter()
            .map(|(prompt, text)| json!({ "prompt": prompt, "text": text }))
            .collect();
        self.metrics.write(
            &state.stage,
            state.step,
            json!({ "bits_per_byte": found.bits_per_byte, "samples": samples }),
        )?;
        Ok(())
    }

    /// A resumed run must be the run that was begun.
    fn check(&self, state: &TrainState) -> Result<(), Error> {
        let path = self.settings.folder.clone();
        if state.recipe != self.settings.recipe || state.steps != self.settings.schedule.steps {
            let what = format!(
                "the checkpoint belongs to another run: it was made with `{}` for {} steps, now asked for is `{}` for {}",
                state.recipe, state.steps, self.settings.recipe, self.settings.schedule.steps
            );
            return Err(Error::Checkpoint { path, what });
        }
        let found = self.tokenizer.fingerprint();
        if state.tokenizer != found {
            return Err(Error::Tokenizer {
                path,
                found,
                expected: state.tokenizer.clone(),
            });
        }
        Ok(())
    }
}
// ANCHOR_END: evaluation
