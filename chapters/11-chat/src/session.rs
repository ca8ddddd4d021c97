//! A conversation between a person and a model.
//!
//! Words: a *turn* is a question and its answer. The *context* is the number of tokens that the model can see; a long
//! conversation outgrows it, and then the oldest turns are forgotten, whole: half a question confuses more than none.
//!
//! Every question is sent with all remembered turns in front of it, rendered exactly as in fine-tuning (chapter 07). The
//! model itself remembers nothing between two calls.

use crate::{Answer, Error, Event, Model};
use dataset::{Conversation, Message, Part, Role};
use engine::{Engine, ToolMachine};
use std::ops::ControlFlow;
use std::time::Instant;
use tokenizer::Special;
use transformer::{Kernels, Prompt, Sampler, Sampling, StopReason};

// ANCHOR: settings
/// How answers are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChatSettings {
    /// 0 always takes the likeliest token.
    pub temperature: f64,
    /// Choose among this many likeliest tokens; 0 means all.
    pub top_k: usize,
    /// The longest answer, in tokens.
    pub max_tokens: usize,
    /// Seed of the conversation; turn n draws from a stream of its own.
    pub seed: u64,
}

impl Default for ChatSettings {
    /// nanochat's.
    fn default() -> Self {
        ChatSettings {
            temperature: 0.6,
            top_k: 50,
            max_tokens: 256,
            seed: 0,
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: reply
/// An answer and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub parts: Vec<Part>,
    /// Tokens in the answer, the tool's among them.
    pub tokens: usize,
    /// From the question to the last token, the reading of the question included.
    pub seconds: f64,
    /// Turns that had to be forgotten to make room for this one.
    pub forgotten: usize,
    pub stop: StopReason,
}

impl Reply {
    /// What the assistant says; tool calls and results are left out.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Python(_) | Part::PythonOutput(_) => "",
        });
        texts.collect()
    }

    pub fn tokens_per_second(&self) -> f64 {
        self.tokens as f64 / self.seconds.max(1e-9)
    }
}
// ANCHOR_END: reply

// ANCHOR: session
/// The model, the settings, and what has been said.
pub struct Session<'a> {
    model: &'a Model,
    kernels: &'a dyn Kernels,
    pub settings: ChatSettings,
    messages: Vec<Message>,
    asked: u64,
}

impl<'a> Session<'a> {
    pub fn new(model: &'a Model, kernels: &'a dyn Kernels, settings: ChatSettings) -> Self {
        Session {
            model,
            kernels,
            settings,
            messages: Vec::new(),
            asked: 0,
        }
    }

    /// What is remembered.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Forgets everything that was said.
    pub fn clear(&mut self) {
        self.messages.clear();
    }
}
// ANCHOR_END: session

// ANCHOR: ask
/// Asks, and hands over the answer while it is being written.
///
/// `on_event` hears each token, as an empty text where there is nothing to show yet; `Break` ends the answer there, and
/// what has been said until then is remembered as the answer.
///
/// # Errors
/// A question that does not fit into the context even alone. The session is then as it was before.
pub fn ask(
    session: &mut Session<'_>,
    question: &str,
    on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Reply, Error> {
    let started = Instant::now();
    let Model { gpt, tokenizer } = session.model;
    let (ids, forgotten) = session.prompt(question)?;
    let settings = session.settings;
    let prompt = Prompt {
        ids,
        settings: Sampling {
            temperature: settings.temperature,
            top_k: settings.top_k,
            max_tokens: settings.max_tokens,
            stop: vec![
                tokenizer.special(Special::AssistantEnd),
                tokenizer.special(Special::Bos),
            ],
            ..Sampling::default()
        },
        // An odd factor keeps the seeds of different turns apart without making them neighbours of other sessions'.
        seed: settings
            .seed
            .wrapping_add(session.asked.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
    };
    let mut answer = Answer::new(tokenizer);
    let mut tool = ToolMachine::new(tokenizer);
    let mut samples =
        Engine::new(gpt, session.kernels).sample(&[prompt], Some(&mut tool), &mut |added| {
            on_event(&answer.push(added.id))
        })?;
    let sample = samples.pop().expect("one prompt, one sample");
    let (last, parts) = answer.finish();
    // What was held back is shown even if the listener has had enough.
    let _ = on_event(&last);

    session.messages.drain(..2 * forgotten);
    session.messages.push(Message::user(question));
    session.messages.push(Message {
        role: Role::Assistant,
        parts: parts.clone(),
    });
    session.asked += 1;
    Ok(Reply {
        parts,
        tokens: sample.ids.len(),
        seconds: started.elapsed().as_secs_f64(),
        forgotten,
        stop: sample.stop,
    })
}
// ANCHOR_END: ask

// ANCHOR: prompt
impl Session<'_> {
    /// The ids to continue, and how many of the oldest turns had to be left out.
    ///
    /// Room for an answer is kept free: all of `max_tokens` if that is a quarter of the context or less, else a quarter.
    fn prompt(&self, question: &str) -> Result<(Vec<u32>, usize), Error> {
        let context = self.model.gpt.config().context as usize;
        let reserve = self.settings.max_tokens.min(context / 4).max(1);
        let turns = self.messages.len() / 2;
        for forgotten in 0..=turns {
            let mut messages = self.messages[2 * forgotten..].to_vec();
            messages.push(Message::user(question));
            let conversation = Conversation { messages };
            let ids = sft::render_for_completion(&conversation, &self.model.tokenizer)?;
            if ids.len() + reserve <= context {
                return Ok((ids, forgotten));
            }
            if forgotten == turns {
                let frame = ids.len() - self.model.tokenizer.encode(question).len();
                return Err(Error::QuestionTooLong {
                    tokens: ids.len() - frame,
                    context,
                    room: context.saturating_sub(reserve + frame),
                });
            }
        }
        unreachable!("the loop ends with the turn that is asked now")
    }
}
// ANCHOR_END: prompt
