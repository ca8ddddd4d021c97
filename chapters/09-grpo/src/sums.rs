// ANCHOR: head
//! The demonstration's world: sums of two digits, a judge, and a calculator that can do nothing else.
//!
//! ```text
//! question   3+4
//! answer     7                                                                          from the head
//! answer     <|python_start|>3+4<|python_end|><|output_start|>7<|output_end|>7          with the calculator
//! ```

use dataset::{Conversation, Message};
use evals::{Kind, Task};
use std::collections::HashMap;
use tokenizer::{Special, Tokenizer, Vocabulary};
use transformer::Tool;

use crate::{GrpoSettings, Objective, ZeroVariance};
// ANCHOR_END: head

// ANCHOR: task
/// All hundred sums a + b of two digits; question 10 a + b is `a+b`.
pub struct Sums;

/// The digits of question `index`. There are a hundred, and then they begin again.
pub fn digits(index: usize) -> (usize, usize) {
    (index / 10 % 10, index % 10)
}

impl Task for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    fn kind(&self) -> Kind {
        Kind::Generative
    }

    fn len(&self) -> usize {
        100
    }

    fn conversation(&self, index: usize) -> Result<Conversation, evals::Error> {
        let (a, b) = digits(index);
        let answer = Message::assistant((a + b).to_string());
        Ok(Conversation::exchange(format!("{a}+{b}"), answer))
    }

    /// What stands after the calculator's last output, or the whole answer, must be the sum and nothing else.
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, evals::Error> {
        let (a, b) = digits(index);
        let said = answer.rsplit(Special::OutputEnd.name()).next();
        Ok(said == Some((a + b).to_string().as_str()))
    }
}
// ANCHOR_END: task

// ANCHOR: tokenizer
/// The 256 bytes and the nine special tokens: V = 265. A digit is a token.
pub fn tokenizer() -> Tokenizer {
    let vocabulary = Vocabulary::from_merges(Vec::new()).expect("no merges, no bad merges");
    Tokenizer::new(vocabulary)
}
// ANCHOR_END: tokenizer

// ANCHOR: adder
/// The calculator. Chapter 10 has the real one; this one hears `3+4` and says `7`.
pub struct Adder {
    tokenizer: Tokenizer,
    /// The call that a row is writing.
    calls: HashMap<usize, Vec<u32>>,
}

impl Adder {
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Adder {
            tokenizer: tokenizer.clone(),
            calls: HashMap::new(),
        }
    }

    fn output(&self, call: &[u32]) -> Option<Vec<u32>> {
        let call = self.tokenizer.decode(call);
        let (a, b) = call.split_once('+')?;
        let sum = a.parse::<u8>().ok()?.checked_add(b.parse().ok()?)?;
        let mut ids = vec![self.tokenizer.special(Special::OutputStart)];
        self.tokenizer.encode_into(&sum.to_string(), &mut ids);
        ids.push(self.tokenizer.special(Special::OutputEnd));
        Some(ids)
    }
}

impl Tool for Adder {
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>> {
        match self.tokenizer.is_special(id) {
            Some(Special::PythonStart) => {
                self.calls.insert(row, Vec::new());
                None
            }
            Some(Special::PythonEnd) => {
                let call = self.calls.remove(&row)?;
                self.output(&call)
            }
            _ => {
                if let Some(call) = self.calls.get_mut(&row) {
                    call.push(id);
                }
                None
            }
        }
    }
}
// ANCHOR_END: adder

// ANCHOR: settings
/// The demonstration's run: the recommended settings, small, with everything learnt in one pass.
pub fn settings(steps: u64) -> GrpoSettings {
    let recommended = GrpoSettings::recommended();
    GrpoSettings {
        epochs: steps as f64, // more than enough: the number of steps decides
        max_steps: Some(steps),
        prompts_per_step: 8,
        samples_per_prompt: 8,
        max_tokens: 16,
        rows_per_pass: 64,
        objective: Objective {
            zero_variance: ZeroVariance::Skip, // at the end nearly all groups are right, and replacing them would take long
            ..recommended.objective
        },
        rate_scale: 0.1,
        evaluate_every: steps / 2,
        ..recommended
    }
}
// ANCHOR_END: settings

// ANCHOR: shown
/// Question and answer in one line, special tokens as short signs.
pub fn shown(text: &str) -> String {
    let signs = [
        (Special::PythonStart, "«"),
        (Special::PythonEnd, "»"),
        (Special::OutputStart, "→"),
        (Special::OutputEnd, "│"),
    ];
    let mut text = text.escape_debug().to_string();
    for (special, sign) in signs {
        text = text.replace(special.name(), sign);
    }
    text
}
// ANCHOR_END: shown
