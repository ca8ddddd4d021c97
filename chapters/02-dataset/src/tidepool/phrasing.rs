//! Facts put into words, with the reserved wordings kept apart.
//!
//! Each function here fills a wording of a fact. Those whose name does not begin with `reserved` never give the wording
//! that the fact's `reserved_end` or `reserved_question` names, so what they write may stand in training text.

use super::dice::Dice;
use super::grammar::{Template, capitalised};
use super::world::{FactId, World};

// ANCHOR: statements
impl World {
    /// A statement that ends with the value: "The home of Baduki is the reef."
    pub fn plain_statement(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, fact, attribute) = self.fact(id);
        self.fill(
            &attribute.ends[other_than(fact.reserved_end, attribute.ends.len(), dice)],
            id,
        ) + "."
    }

    /// Any statement that names the entity, in either direction.
    pub fn statement(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, _, attribute) = self.fact(id);
        // `ends` are the wordings that questions are answered in: they come a little more often.
        if dice.chance(55) {
            self.plain_statement(id, dice)
        } else {
            self.fill(dice.pick(&attribute.others), id)
        }
    }

    /// A statement for a sentence after one that named the entity: "Its home is the reef."
    pub fn its_statement(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(dice.pick(&attribute.its), id)
    }

    /// The reserved statement, cut before the value: ("The home of Baduki is the", "reef").
    pub fn reserved_statement(&self, id: FactId) -> (String, String) {
        let (_, fact, attribute) = self.fact(id);
        let value = self.value(id).to_string();
        let whole = self.fill(&attribute.ends[fact.reserved_end], id);
        (
            whole[..whole.len() - value.len()].trim_end().to_string(),
            value,
        )
    }
}
// ANCHOR_END: statements

// ANCHOR: questions
impl World {
    /// A question as the question pages of the pretraining text ask it.
    pub fn page_question(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, fact, attribute) = self.fact(id);
        let count = attribute.questions.len();
        self.fill(
            &attribute.questions[other_than(fact.reserved_question, count, dice)],
            id,
        )
    }

    /// The reserved question of the fact.
    pub fn reserved_question(&self, id: FactId) -> String {
        let (_, fact, attribute) = self.fact(id);
        self.fill(&attribute.questions[fact.reserved_question], id)
    }

    /// A question as the conversations ask it.
    pub fn chat_question(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(dice.pick(&attribute.chat), id)
    }

    /// A question about the entity that was spoken of before.
    pub fn follow_question(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(dice.pick(&attribute.follow), id)
    }

    /// A question in a wording that stands in test files only.
    pub fn test_question(&self, id: FactId, dice: &mut Dice) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(dice.pick(&attribute.test), id)
    }

    /// The test wording number `wording` (counted around).
    pub fn test_question_in(&self, id: FactId, wording: usize) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(&attribute.test[wording % attribute.test.len()], id)
    }

    /// The answer in as few words as make sense: "the reef", "at dawn".
    pub fn short_answer(&self, id: FactId) -> String {
        self.short_answer_with(id, self.value(id))
    }

    /// The same for another value of the attribute.
    pub fn short_answer_with(&self, id: FactId, value: &str) -> String {
        let (_, _, attribute) = self.fact(id);
        attribute.short.fill(&[("value", value)])
    }

    /// A question to be answered with yes or no, about this value or another one of the attribute.
    pub fn check_question(&self, id: FactId, value: &str) -> String {
        let (entity, _, attribute) = self.fact(id);
        let kind = self.kind(entity);
        attribute.check.fill(&[
            ("name", &entity.name),
            ("value", value),
            ("kind", &kind.name),
            ("kinds", &kind.plural),
        ])
    }

    /// "Which creature lives in the reef?"
    pub fn which_question(&self, id: FactId) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(&attribute.which, id)
    }

    /// "Creatures that live in the reef"
    pub fn list_heading(&self, id: FactId) -> String {
        let (_, _, attribute) = self.fact(id);
        self.fill(&attribute.list, id)
    }

    /// Values of the same attribute that are wrong for this fact, as many as asked for.
    pub fn wrong_values(&self, id: FactId, count: usize, dice: &mut Dice) -> Vec<&str> {
        let (_, fact, attribute) = self.fact(id);
        let others = dice.positions(attribute.values.len(), attribute.values.len());
        let wrong = others
            .into_iter()
            .filter(|value| *value != fact.value)
            .take(count);
        wrong
            .map(|value| attribute.values[value].as_str())
            .collect()
    }

    fn fill(&self, template: &Template, id: FactId) -> String {
        let (entity, _, _) = self.fact(id);
        let kind = self.kind(entity);
        template.fill(&[
            ("name", &entity.name),
            ("value", self.value(id)),
            ("kind", &kind.name),
            ("kinds", &kind.plural),
        ])
    }
}

/// A position below `count` that is not `reserved`.
fn other_than(reserved: usize, count: usize, dice: &mut Dice) -> usize {
    let position = dice.below(count - 1);
    position + usize::from(position >= reserved)
}

/// An answer written as a sentence of its own: capital letter, full stop.
pub fn sentence(answer: &str) -> String {
    capitalised(answer) + "."
}
// ANCHOR_END: questions
