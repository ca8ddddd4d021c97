// ANCHOR: head
//! A conversation between a person and a model.
//!
//! Every question is sent with all remembered turns in front of it, rendered exactly as in fine-tuning (chapter 07); what no
//! longer fits is forgotten (see `fitting`). The model itself remembers nothing between two calls. What makes the second
//! question as quick as the first is the engine's batch, which lives as long as the session: it still holds the keys and
//! values of the turns before, so only the new question is read.

use crate::fitting::{Fitted, Unfit, fit};
use crate::{Answer, Error, Event, Model};
use dataset::{Message, Part, Role};
use engine::{Batch, Engine, ToolMachine};
use std::ops::ControlFlow;
use std::time::Instant;
use tokenizer::Special;
use transformer::{Kernels, Prompt, Sample, Sampling, StopReason};
// ANCHOR_END: head

// ANCHOR: settings
/// How answers are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChatSettings {
    /// 0 always takes the likeliest token.
    pub temperature: f64,
    /// Choose among this many likeliest tokens; 0 means all.
    pub top_k: usize,
    /// Choose among the likeliest tokens that together hold this share of the probability; 1 means all.
    pub top_p: f64,
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
            top_p: 1.0,
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
    pub settings: ChatSettings,
    /// Instructions in front of everything; never forgotten.
    pub system: Option<String>,
    messages: Vec<Message>,
    asked: u64,
    batch: Batch<'a>,
    tool: ToolMachine,
}

impl<'a> Session<'a> {
    pub fn new(model: &'a Model, kernels: &'a dyn Kernels, settings: ChatSettings) -> Self {
        Session {
            model,
            settings,
            system: None,
            messages: Vec::new(),
            asked: 0,
            batch: Engine::new(&model.gpt, kernels).batch(),
            tool: model.tool(),
        }
    }

    /// What is remembered: questions and answers in turn.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Forgets everything that was said.
    pub fn clear(&mut self) {
        self.messages.clear();
    }

    /// Goes on from another conversation, which must be whole turns (see `transcript`).
    pub fn resume(&mut self, system: Option<String>, messages: Vec<Message>) {
        self.system = system;
        self.messages = messages;
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
/// A question that does not fit into the context even alone, and instructions beside which none does. The session is
/// then as it was before.
pub fn ask(
    session: &mut Session<'_>,
    question: &str,
    on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Reply, Error> {
    let started = Instant::now();
    let mut answer = Answer::new(&session.model.tokenizer);
    let Fitted { ids, forgotten } = session.fit(question)?;
    let prompt = session.prompt(ids);
    let sample = session.generate(&prompt, &mut answer, on_event)?;
    let (last, parts) = answer.finish();
    // What was held back is shown even if the listener has had enough.
    let _ = on_event(&last);

    session.messages.drain(..forgotten);
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
        forgotten: forgotten / 2,
        stop: sample.stop,
    })
}

/// Asks the last question again; the new answer takes the old one's place. `None` if nothing was asked yet.
pub fn regenerate(
    session: &mut Session<'_>,
    on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Option<Reply>, Error> {
    let Some(turns) = session.messages.len().checked_sub(2) else {
        return Ok(None);
    };
    let last = session.messages.split_off(turns);
    let reply = ask(session, &last[0].text(), on_event);
    if reply.is_err() {
        session.messages.extend(last);
    }
    reply.map(Some)
}
// ANCHOR_END: ask

// ANCHOR: generate
impl Session<'_> {
    fn fit(&self, question: &str) -> Result<Fitted, Error> {
        let system = self.system.as_deref().map(Message::system);
        let said = system.into_iter().chain(self.messages.iter().cloned());
        let messages: Vec<Message> = said.chain([Message::user(question)]).collect();
        let context = self.model.gpt.config().context as usize;
        let max_tokens = self.settings.max_tokens;
        fit(&self.model.tokenizer, context, max_tokens, &messages).map_err(|unfit| match unfit {
            Unfit::TooLong {
                tokens,
                context,
                room,
            } => Error::QuestionTooLong {
                tokens,
                context,
                room,
            },
            Unfit::SystemTooLong { tokens, context } => {
                Error::InstructionsTooLong { tokens, context }
            }
            Unfit::Conversation(error) => Error::Conversation(error),
        })
    }

    fn prompt(&self, ids: Vec<u32>) -> Prompt {
        let settings = self.settings;
        let stop = [Special::AssistantEnd, Special::Bos];
        Prompt {
            ids,
            settings: Sampling {
                temperature: settings.temperature,
                top_k: settings.top_k,
                top_p: settings.top_p,
                max_tokens: settings.max_tokens,
                stop: stop.map(|s| self.model.tokenizer.special(s)).to_vec(),
                ..Sampling::default()
            },
            // An odd factor keeps the seeds of different turns apart without making them neighbours of other sessions'.
            seed: settings
                .seed
                .wrapping_add(self.asked.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        }
    }

    fn generate(
        &mut self,
        prompt: &Prompt,
        answer: &mut Answer,
        on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<Sample, Error> {
        let row = self.batch.join(prompt)?;
        let mut result = Ok(());
        while self.batch.live() > 0 && result.is_ok() {
            result = self.batch.step(Some(&mut self.tool), &mut |added| {
                on_event(&answer.push(added.id))
            });
        }
        self.tool.forget(row);
        let ended = self.batch.finished().pop(); // also after an error, which ends the row
        result?;
        Ok(ended.expect("one row has joined and none is live").1)
    }
}
// ANCHOR_END: generate
