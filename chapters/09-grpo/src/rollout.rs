// ANCHOR: head
//! Rollouts: the policy answers prompts, the task says what the answers are worth.
//!
//! ```text
//! ids    <|bos|> … <|assistant_start|>  <|python_start|> 3 + 4 <|python_end|>  <|output_start|> 7 <|output_end|>  7 <|assistant_end|>
//! mask      0    0         0                   1         1 1 1       1                 0        0       0         1        1 or 0
//!        └──────── prompt ───────────┘ └──────── chosen ───────────────────┘  └────────── forced ───────────┘    └── chosen ──┘
//! ```
//!
//! The mask says what the policy *decided*. Only decisions can be better or worse, so only they are trained. The prompt
//! is the user's, the output is the tool's. The stop token is a decision too; nanochat leaves it out, and whether it
//! counts is a switch.

use evals::Task;
use pretrain::Interrupt;
use std::ops::ControlFlow;
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, Prompt, Sample, Sampler, Sampling, StopReason, Tool};

use crate::{Distribution, Draw, Error};
// ANCHOR_END: head

// ANCHOR: rollout
/// One sampled answer, and what it was worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// Prompt, answer and, if it is trained, the stop token.
    pub ids: Vec<u32>,
    /// One per id: 1 = the policy chose it.
    pub mask: Vec<u8>,
    pub prompt_length: usize,
    /// What the sampler says about the answer's tokens, the stop token left out: 0 for forced ones.
    pub log_probabilities: Vec<f32>,
    /// The answer as its judge reads it: tool calls and results in it, the end of the turn not.
    pub text: String,
    pub reward: f64,
    /// The policy ended the answer itself; it was not cut off.
    pub finished: bool,
    pub called_tool: bool,
}

impl Rollout {
    /// Tokens of the answer, forced ones included, the stop token left out.
    pub fn length(&self) -> usize {
        self.log_probabilities.len()
    }

    /// Tokens that are trained. The first id has nothing in front of it and is never one of them.
    pub fn trained(&self) -> usize {
        self.mask.iter().skip(1).filter(|&&m| m == 1).count()
    }
}

/// The rollouts of one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub question: usize,
    pub rollouts: Vec<Rollout>,
}

impl Group {
    pub fn rewards(&self) -> Vec<f64> {
        self.rollouts.iter().map(|rollout| rollout.reward).collect()
    }

    /// All rewards are the same: nothing can be learnt from comparing them.
    pub fn is_zero_variance(&self) -> bool {
        self.rollouts
            .iter()
            .all(|rollout| rollout.reward == self.rollouts[0].reward)
    }
}
// ANCHOR_END: rollout

// ANCHOR: seams
/// Makes a sampler of the model as it is now. The weights change at every step: a sampler that prepares copies of them
/// (in another precision, say) must be made anew.
pub type MakeSampler<'a> = dyn Fn(&'a Gpt) -> Box<dyn Sampler + 'a> + 'a;

/// Makes a tool without a memory. Row numbers are used again by every batch, and an answer that was cut off in the middle
/// of a call must not leave half an expression for the next one.
pub type MakeTool<'a> = dyn Fn() -> Box<dyn Tool> + 'a;

/// How rollouts are made.
pub struct Rollouts<'a> {
    pub gpt: &'a Gpt,
    pub make_sampler: &'a MakeSampler<'a>,
    pub make_tool: Option<&'a MakeTool<'a>>,
    pub tokenizer: &'a Tokenizer,
    pub distribution: Distribution,
    pub max_tokens: usize,
    pub train_stop: bool,
    /// Rows that the sampler gets at once.
    pub rows: usize,
}
// ANCHOR_END: seams

// ANCHOR: collect
impl Rollouts<'_> {
    /// `samples` answers to each prompt, judged by `task`; `seed` is asked with the draw's number and the sample's.
    /// `None`: interrupted, and nothing has happened.
    ///
    /// Whether it was interrupted is read off the answers. A sampler that is shared by several ranks gives all of them the same
    /// ones, so all give up if one of them is to stop.
    pub fn collect(
        &self,
        task: &dyn Task,
        draws: &[Draw],
        samples: usize,
        seed: &dyn Fn(u64, u64) -> u64,
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<Group>>, Error> {
        let special = |which| self.tokenizer.special(which);
        let settings = Sampling {
            temperature: self.distribution.temperature,
            top_k: self.distribution.top_k,
            top_p: self.distribution.top_p,
            max_tokens: self.max_tokens,
            stop: vec![special(Special::AssistantEnd), special(Special::Bos)],
            ..Sampling::default()
        };
        let mut prompts = Vec::new();
        for draw in draws {
            prompts.extend((0..samples as u64).map(|sample| Prompt {
                ids: draw.ids.clone(),
                settings: settings.clone(),
                seed: seed(draw.number, sample),
            }));
        }

        let mut answers = Vec::new();
        for rows in prompts.chunks(self.rows.max(1)) {
            let mut sampler = (self.make_sampler)(self.gpt);
            let mut tool = self.make_tool.map(|make| make());
            let tool = tool.as_mut().map(|tool| &mut **tool as &mut dyn Tool);
            answers.extend(
                sampler.sample(rows, tool, &mut |_| match interrupt.pressed() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                })?,
            );
            let cut_short = |answer: &Sample| answer.stop == StopReason::Interrupted;
            if answers.iter().any(cut_short) {
                return Ok(None);
            }
        }

        let mut answers = answers.into_iter();
        let mut groups = Vec::new();
        for draw in draws {
            let answers = answers.by_ref().take(samples);
            groups.push(Group {
                question: draw.question,
                rollouts: answers
                    .map(|answer| self.judged(task, draw, answer))
                    .collect::<Result<_, _>>()?,
            });
        }
        Ok(Some(groups))
    }
    // ANCHOR_END: collect

    // ANCHOR: judged
    fn judged(&self, task: &dyn Task, draw: &Draw, answer: Sample) -> Result<Rollout, Error> {
        let text = self.tokenizer.decode(&answer.ids);
        let reward = task.reward(draw.question, &text)?;
        if !reward.is_finite() {
            return Err(Error::Reward {
                task: task.name().to_string(),
                question: draw.question,
                reward,
            });
        }
        let call = self.tokenizer.special(Special::PythonStart);
        let chosen = answer.ids.iter().zip(&answer.mask);
        let called_tool = chosen
            .into_iter()
            .any(|(&id, &mask)| id == call && mask == 1);

        let mut ids = [draw.ids.as_slice(), &answer.ids].concat();
        let mut mask = [vec![0; draw.ids.len()], answer.mask].concat();
        if let (StopReason::Token(id), true) = (answer.stop, self.train_stop) {
            ids.push(id);
            mask.push(1);
        }
        Ok(Rollout {
            ids,
            mask,
            prompt_length: draw.ids.len(),
            log_probabilities: answer.log_probabilities,
            text,
            reward,
            finished: matches!(answer.stop, StopReason::Token(_)),
            called_tool,
        })
    }
}
// ANCHOR_END: judged
