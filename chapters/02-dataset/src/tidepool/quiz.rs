//! Questions about held-out facts, to measure what a chat model knows.
//!
//! The questions are worded as the training conversations word theirs; the facts stand in the pretraining text; but the
//! combination of entity and attribute occurs in no training conversation.

use super::dice::Dice;
use super::world::{FactId, World};
use serde::{Deserialize, Serialize};

// ANCHOR: quiz
/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quiz {
    pub question: String,
    /// The value alone, as it must occur in a right answer.
    pub answer: String,
    pub entity: String,
    pub attribute: String,
    /// The answer and three other values of the attribute, in random order.
    pub options: Vec<String>,
}

impl World {
    /// At most `n` questions, each about another held-out fact. A world of 120 entities has 360 such facts or more; a
    /// larger `n` gives them all.
    pub fn quiz(&self, n: usize, seed: u64) -> Vec<Quiz> {
        let mut dice = Dice::stream(seed, "quiz");
        let mut facts = self.held_out_facts();
        dice.shuffle(&mut facts);
        facts.truncate(n);
        facts
            .into_iter()
            .map(|id| self.quiz_question(id, &mut dice))
            .collect()
    }

    /// The addresses of all held-out facts.
    pub fn held_out_facts(&self) -> Vec<FactId> {
        self.facts()
            .filter(|id| self.fact(*id).1.held_out)
            .collect()
    }

    /// The addresses of all facts that conversations may mention.
    pub fn chat_facts(&self) -> Vec<FactId> {
        self.facts()
            .filter(|id| !self.fact(*id).1.held_out)
            .collect()
    }

    fn quiz_question(&self, id: FactId, dice: &mut Dice) -> Quiz {
        let (entity, _, attribute) = self.fact(id);
        Quiz {
            question: self.chat_question(id, dice),
            answer: self.value(id).to_string(),
            entity: entity.name.clone(),
            attribute: attribute.name.clone(),
            options: self.options(id, 4, dice),
        }
    }

    /// The right value among `count` in random order.
    pub fn options(&self, id: FactId, count: usize, dice: &mut Dice) -> Vec<String> {
        let mut options: Vec<String> = self
            .wrong_values(id, count - 1, dice)
            .into_iter()
            .map(str::to_string)
            .collect();
        options.push(self.value(id).to_string());
        dice.shuffle(&mut options);
        options
    }

    /// The same, worded as short answers: "the reef", "at dawn".
    pub fn short_options(&self, id: FactId, count: usize, dice: &mut Dice) -> Vec<String> {
        let options = self.options(id, count, dice);
        options
            .iter()
            .map(|value| self.short_answer_with(id, value))
            .collect()
    }
}
// ANCHOR_END: quiz
