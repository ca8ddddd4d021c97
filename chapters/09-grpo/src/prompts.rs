// ANCHOR: head
//! `Prompts`: the task's questions in a seeded order, epoch after epoch, without end.
//!
//! A *draw* is one prompt taken from it. The order is a function of the seed and the epoch, so the number of draws so far
//! is the whole position, and a resumed run goes on with the next one.

use evals::Task;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tokenizer::Tokenizer;

use crate::Error;
// ANCHOR_END: head

// ANCHOR: prompts
/// One prompt, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// How many were drawn before.
    pub number: u64,
    /// The question's index in the task.
    pub question: usize,
    /// `<|bos|> … <|assistant_start|>`
    pub ids: Vec<u32>,
}

pub struct Prompts<'a> {
    task: &'a dyn Task,
    tokenizer: &'a Tokenizer,
    /// Tokens that the model can hold.
    context: usize,
    seed: u64,
    drawn: u64,
    /// The epoch that `order` belongs to.
    epoch: u64,
    order: Vec<usize>,
}

impl<'a> Prompts<'a> {
    /// From the prompt after the first `drawn`.
    ///
    /// # Errors
    /// A task without questions.
    pub fn new(
        task: &'a dyn Task,
        tokenizer: &'a Tokenizer,
        context: usize,
        seed: u64,
        drawn: u64,
    ) -> Result<Self, Error> {
        if task.is_empty() {
            let task = task.name().to_string();
            return Err(Error::EmptyTask { task });
        }
        let epoch = drawn / task.len() as u64;
        Ok(Prompts {
            task,
            tokenizer,
            context,
            seed,
            drawn,
            epoch,
            order: shuffled(task.len(), seed, epoch),
        })
    }

    /// Prompts drawn so far, those passed over included: the position to resume at.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The next prompt that leaves room for an answer; one that does not is passed over, as it always will be.
    pub fn draw(&mut self) -> Result<Draw, Error> {
        let questions = self.task.len() as u64;
        for _ in 0..questions {
            let number = self.drawn;
            self.drawn += 1;
            let epoch = number / questions;
            if epoch != self.epoch {
                self.epoch = epoch;
                self.order = shuffled(self.task.len(), self.seed, epoch);
            }
            let question = self.order[(number % questions) as usize];
            let conversation = self.task.conversation(question)?;
            let ids = sft::render_for_completion(&conversation, self.tokenizer)?;
            if ids.len() < self.context {
                return Ok(Draw {
                    number,
                    question,
                    ids,
                });
            }
        }
        Err(Error::NoRoom {
            task: self.task.name().to_string(),
            prompts: self.task.len(),
            context: self.context,
        })
    }
}

/// Each epoch is a stream of its own of one generator, so that seed 1 in epoch 1 and seed 0 in epoch 2 differ.
fn shuffled(questions: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch);
    let mut order: Vec<usize> = (0..questions).collect();
    order.shuffle(&mut random);
    order
}
// ANCHOR_END: prompts
