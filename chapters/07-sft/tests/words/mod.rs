//! A small tokenizer and conversations to try things on.

#![allow(dead_code)] // each test binary uses a part of it

use dataset::{Conversation, ConversationSource, Error, Message};
use tokenizer::{Tokenizer, TrainSettings};

pub fn tokenizer() -> Tokenizer {
    let text =
        "what colour is the crab? the crab is red. how many legs has the crab? it has ten legs. "
            .repeat(20);
    tokenizer::train(std::iter::once(text), &TrainSettings::new(300), &mut |_| ())
        .expect("enough text")
}

/// Conversations in memory.
pub struct Talks {
    pub name: String,
    pub talks: Vec<Conversation>,
}

impl Talks {
    pub fn boxed(name: &str, talks: Vec<Conversation>) -> Box<dyn ConversationSource> {
        Box::new(Talks {
            name: name.to_string(),
            talks,
        })
    }
}

impl ConversationSource for Talks {
    fn len(&self) -> usize {
        self.talks.len()
    }

    fn get(&self, index: usize) -> Result<Conversation, Error> {
        let name = self.name.clone();
        self.talks.get(index).cloned().ok_or(Error::Index {
            name,
            index,
            len: self.talks.len(),
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

pub fn exchange(question: &str, answer: &str) -> Conversation {
    Conversation {
        messages: vec![Message::user(question), Message::assistant(answer)],
    }
}

/// `count` short exchanges of different lengths.
pub fn exchanges(count: usize) -> Vec<Conversation> {
    let exchange = |n: usize| {
        exchange(
            &format!("how many legs has crab {n}? {}", "please. ".repeat(n % 4)),
            &format!("crab {n} has {} legs.", 10 + n % 7),
        )
    };
    (0..count).map(exchange).collect()
}
