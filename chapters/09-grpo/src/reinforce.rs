// ANCHOR: head
//! The loop. A step samples answers, compares them, and moves the weights; then everything that was sampled is thrown
//! away, because the policy that made it no longer exists. This is what *on-policy* means.
//!
//! Several ranks run this loop together. They share the answers to be written (the sampler's matter) and the passes to be
//! computed; between the two all of them have all answers, so all come to the same rewards, advantages and decisions.
//!
//! ```text
//! prompts ─► rollouts ─► rewards ─► advantages ─► loss over the chosen tokens ─► optimizer step ─┐
//!    ▲                                                                                           │
//!    └───────────────────────────── new weights, next prompts ◄──────────────────────────────────┘
//! ```

use dataset::Position;
use evals::Task;
use muon::{Optimizer, StepScale};
use pretrain::{Interrupt, Metrics, Outcome, TrainState};
use std::path::Path;
use std::time::Instant;
use tokenizer::Tokenizer;
use transformer::{Context, Gpt, Kernels};

use crate::passes::{Pass, PassSums};
use crate::{
    Error, Group, GrpoSettings, MakeSampler, MakeTool, PassRates, Prompts, RateSchedule, Rollouts,
    StepReport, ZeroVariance, sample_seed,
};
// ANCHOR_END: head

// ANCHOR: run
/// One run of reinforcement learning. The weights of `gpt` are changed in place.
pub struct GrpoRun<'a> {
    pub gpt: &'a Gpt,
    pub kernels: &'a dyn Kernels,
    /// What the positions of a trained row see of each other (chapter 03).
    pub context: Box<dyn Context + 'a>,
    /// With several ranks it wraps its sampler in [`evals::Shared`], or each of them writes all answers.
    pub make_sampler: &'a MakeSampler<'a>,
    pub make_tool: Option<&'a MakeTool<'a>>,
    /// Questions and their judge.
    pub task: &'a dyn Task,
    pub tokenizer: &'a Tokenizer,
    /// Over `gpt`'s parameters, its buffers where `state` was saved. Its collective is the one through which this loop
    /// speaks to the other ranks.
    pub optimizer: Optimizer,
    /// In place of the objective's own advantages: a group's rewards in, one number per reward out.
    pub advantage: Option<&'a Advantage<'a>>,
    pub evaluate: Box<Evaluate<'a>>,
    /// Hears about every step, on every rank.
    pub on_step: &'a mut dyn FnMut(&StepReport),
    /// Written by rank 0 alone, and so are checkpoints.
    pub metrics: &'a mut Metrics,
    pub interrupt: Interrupt,
    pub settings: GrpoSettings,
    /// Where checkpoints go.
    pub folder: &'a Path,
    /// `None` begins; otherwise the state of the checkpoint that weights and buffers come from (see [`crate::open`]).
    pub state: Option<TrainState>,
}

pub type Advantage<'a> = dyn Fn(&[f64]) -> Vec<f64> + 'a;

/// Called with the number of steps done, before the first one too. `None`: interrupted.
pub type Evaluate<'a> = dyn FnMut(&'a Gpt, u64) -> Result<Option<Evaluation>, Error> + 'a;

/// Numbers for the log, and sample texts to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    pub scores: Vec<(String, f64)>,
    /// (prompt, answer)
    pub samples: Vec<(String, String)>,
}

impl From<&PassRates> for Evaluation {
    fn from(measured: &PassRates) -> Self {
        let rates = measured.rates.iter().zip(1..);
        let mut scores: Vec<(String, f64)> = rates
            .map(|(&rate, k)| (format!("pass@{k}"), rate))
            .collect();
        scores.push(("tool".to_string(), measured.tool));
        Evaluation {
            scores,
            samples: Vec::new(),
        }
    }
}
// ANCHOR_END: run

// ANCHOR: reinforce
/// Learns from rewards, or goes on learning.
///
/// # Errors
/// Settings that cannot work, a checkpoint of another run, a task without usable questions or with rewards that are no
/// numbers, a loss or gradient that is not finite. The last checkpoint is untouched then.
pub fn reinforce(mut run: GrpoRun<'_>) -> Result<Outcome, Error> {
    let ended = run.learn();
    if let Err(error) = &ended {
        run.ranks().leave(&error.to_string()); // nobody is to wait for this rank
    }
    ended
}

impl GrpoRun<'_> {
    fn learn(&mut self) -> Result<Outcome, Error> {
        self.settings.check()?;
        let schedule = RateSchedule {
            steps: self.settings.steps(self.task.len()),
            decay: self.settings.decay,
        };
        let mut state = self.begin(&schedule)?;
        self.optimizer.same_weights()?;
        let drawn = state.position.as_ref().map_or(0, |at| at.batches);
        let context = self.gpt.config().context as usize;
        let (task, seed) = (self.task, self.settings.seed);
        let mut prompts = Prompts::new(task, self.tokenizer, context, seed, drawn)?;

        let mut last_checkpoint = Instant::now();
        while !state.finished() || self.evaluation_due(&state) {
            let undisturbed = if self.evaluation_due(&state) {
                self.evaluation(&mut state)?
            } else {
                self.step(&mut state, &mut prompts, &schedule)?
            };
            let due = last_checkpoint.elapsed().as_secs_f64() > self.settings.checkpoint_seconds;
            let (due, pressed) = self.agreed(due)?;
            let stopping = !undisturbed || (pressed && !state.finished());
            let looked_at = state.evaluated == Some(state.step);
            if due || stopping || self.evaluation_due(&state) || looked_at {
                self.save(&mut state)?;
                last_checkpoint = Instant::now();
            }
            if stopping {
                return Ok(Outcome::Interrupted(state));
            }
        }
        Ok(Outcome::Finished(state))
    }
}
// ANCHOR_END: reinforce

// ANCHOR: step
impl<'a> GrpoRun<'a> {
    /// One step. `false`: interrupted while sampling, and nothing has changed.
    fn step(
        &mut self,
        state: &mut TrainState,
        prompts: &mut Prompts<'_>,
        schedule: &RateSchedule,
    ) -> Result<bool, Error> {
        let started = Instant::now();
        let Some(sampled) = self.sample(state.step, prompts)? else {
            return Ok(false);
        };
        let mut report = StepReport::of_rollouts(state.step + 1, &sampled);
        report.rollout_seconds = started.elapsed().as_secs_f64();

        let keeps_all = self.settings.objective.zero_variance == ZeroVariance::Keep;
        let groups: Vec<&Group> = sampled
            .iter()
            .filter(|group| keeps_all || !group.is_zero_variance())
            .collect();
        report.groups = groups.len();
        let scale = schedule.at(state.step);
        report.lr = scale.lr;
        let passes = self.passes(&groups)?;
        self.update(&passes, &scale, &mut report)?;

        let seconds = started.elapsed().as_secs_f64();
        report.training_seconds = seconds - report.rollout_seconds;
        // The state's running mean is of what the stage is about: here it is the reward.
        state.smooth_loss = match state.step {
            0 => report.reward,
            _ => 0.9 * state.smooth_loss + 0.1 * report.reward,
        };
        state.step += 1;
        state.tokens += report.tokens as u64;
        state.seconds += seconds;
        state.position = Some(Position {
            batches: prompts.drawn(),
            ..Position::default()
        });
        if self.speaks() {
            let line = serde_json::to_value(&report).expect("a report is plain data");
            self.metrics.write(&state.stage, state.step, line)?;
        }
        (self.on_step)(&report);
        Ok(true)
    }
    // ANCHOR_END: step

    // ANCHOR: sample
    /// The step's groups, those without variance included. `None`: interrupted.
    fn sample(&self, step: u64, prompts: &mut Prompts<'_>) -> Result<Option<Vec<Group>>, Error> {
        let settings = &self.settings;
        let rollouts = self.rollouts();
        let seed = |draw, sample| sample_seed(settings.seed, step, draw, sample);
        let wanted = settings.prompts_per_step;
        let replace_up_to = match settings.objective.zero_variance {
            ZeroVariance::Keep | ZeroVariance::Skip => None,
            ZeroVariance::Replace { at_most } => Some(wanted.saturating_mul(at_most)),
        };
        let (mut sampled, mut missing) = (Vec::new(), wanted);
        loop {
            let draws: Vec<_> = (0..missing)
                .map(|_| prompts.draw())
                .collect::<Result<_, _>>()?;
            let samples = settings.samples_per_prompt;
            let found = rollouts.collect(self.task, &draws, samples, &seed, &self.interrupt)?;
            let Some(groups) = found else {
                return Ok(None);
            };
            sampled.extend(groups);
            let Some(limit) = replace_up_to else {
                return Ok(Some(sampled));
            };
            let useful = sampled.iter().filter(|group| !group.is_zero_variance());
            missing = (wanted - useful.count()).min(limit - sampled.len());
            if missing == 0 {
                return Ok(Some(sampled));
            }
        }
    }

    /// How this run makes rollouts.
    fn rollouts(&self) -> Rollouts<'a> {
        Rollouts {
            gpt: self.gpt,
            make_sampler: self.make_sampler,
            make_tool: self.make_tool,
            tokenizer: self.tokenizer,
            distribution: self.settings.distribution(),
            max_tokens: self.settings.max_tokens,
            train_stop: self.settings.train_stop,
            rows: self.settings.rollout_rows * self.ranks().world(),
        }
    }
    // ANCHOR_END: sample

    // ANCHOR: update
    /// Moves the weights, `updates_per_step` times. Rank r computes the passes r, r + world, …
    ///
    /// Without a pass there is nothing to learn and nothing moves. A gradient of zeros would not do: Muon's step has the
    /// same size whatever the gradient's, so the momentum of earlier steps alone would push the weights as far as ever.
    fn update(
        &mut self,
        passes: &[Pass],
        scale: &StepScale,
        report: &mut StepReport,
    ) -> Result<(), Error> {
        if passes.is_empty() {
            return Ok(());
        }
        let distribution = self.settings.distribution();
        let clip = self.settings.objective.clip;
        let count: usize = passes.iter().map(|pass| pass.padded.trained()).sum();
        report.tokens = count;
        let (rank, world) = (self.ranks().rank(), self.ranks().world());
        let own: Vec<&Pass> = passes.iter().skip(rank).step_by(world).collect();
        let mut old = Vec::new(); // per own pass (N,), as they were before the first update
        for update in 0..self.settings.updates_per_step {
            self.optimizer.zero_grad();
            let mut sums = Vec::new(); // per own pass
            for (index, pass) in own.iter().enumerate() {
                let (kernels, context) = (self.kernels, &mut *self.context);
                let chosen = pass
                    .padded
                    .forward(self.gpt, kernels, context, &distribution)?;
                if update == 0 {
                    old.push(chosen.log_probabilities.detach());
                }
                let surrogate = pass
                    .padded
                    .loss(&chosen.log_probabilities, &old[index], clip);
                // The optimizer takes the mean over the ranks; the sum over them is wanted.
                (&surrogate.loss * world as f64).backward();
                let (gap, heard) = match update {
                    0 => pass.gap(&old[index])?,
                    _ => (0.0, 0.0), // the sampler's policy is gone
                };
                sums.push(PassSums {
                    loss: surrogate.loss.double_value(&[]),
                    clipped: surrogate.clipped.sum(None).double_value(&[]),
                    entropy: chosen.entropies.sum(None).double_value(&[]),
                    gap,
                    heard,
                });
            }
            if own.is_empty() {
                self.gradients_of_zeros();
            }
            let sums = PassSums::of_step(self.ranks(), &sums, passes.len())?;
            if update == 0 {
                report.entropy = Some(sums.entropy / count as f64);
                report.sampler_gap = (sums.heard > 0.0).then(|| sums.gap / sums.heard);
            }
            let (loss, clipped) = (sums.loss, sums.clipped);
            let limit = self.settings.clip_gradients.unwrap_or(f64::INFINITY);
            let norm = self.optimizer.clip_gradients(limit)?.double_value(&[]);
            for (what, value) in [("loss", loss), ("gradient's norm", norm)] {
                if !value.is_finite() {
                    let stage = self.settings.stage.clone();
                    let step = report.step - 1;
                    return Err(pretrain::Error::NotFinite {
                        what,
                        stage,
                        step,
                        value,
                    }
                    .into());
                }
            }
            self.optimizer.step(scale)?;
            report.updated = true;
            report.loss = Some(loss);
            report.clipped = Some(clipped / count as f64);
            report.gradient_norm = Some(norm);
        }
        Ok(())
    }
}
// ANCHOR_END: update
