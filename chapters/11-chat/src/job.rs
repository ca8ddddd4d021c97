// ANCHOR: head
//! What passes between the two sides of the server: a *job* goes to the model's thread, *updates* come back.
//!
//! ```text
//!   HTTP tasks (one thread, asynchronous)              the model's thread (blocking)
//!   parse, check, render ── Job ──► queue ──────────►  join the batch, step, step, …
//!   write JSON  ◄───────────────── Update ◄──────────  one per token
//! ```
//!
//! The channel of updates has no bound, and needs none: a job brings at most `max_tokens` of them. It is also how a
//! client's leaving is noticed. When a connection closes, its task is dropped, with it the receiving end, and the model's
//! thread sees that nobody listens.

use crate::Event;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use transformer::{Added, Prompt};
// ANCHOR_END: head

// ANCHOR: job
/// One answer that is wanted.
pub struct Job {
    pub prompt: Prompt,
    /// With the model's own tools.
    pub tool: bool,
    pub stop: Vec<String>,
    /// How many of the likeliest tokens are reported with each; `None` reports nothing.
    pub likeliest: Option<usize>,
    pub arrived: Instant,
    pub updates: UnboundedSender<Update>,
}

impl Job {
    /// A job, and where its updates arrive.
    pub fn new(
        prompt: Prompt,
        tool: bool,
        stop: Vec<String>,
        likeliest: Option<usize>,
    ) -> (Self, UnboundedReceiver<Update>) {
        let (updates, receiver) = unbounded_channel();
        let job = Job {
            prompt,
            tool,
            stop,
            likeliest,
            arrived: Instant::now(),
            updates,
        };
        (job, receiver)
    }

    /// Nobody waits for it any more.
    pub fn is_abandoned(&self) -> bool {
        self.updates.is_closed()
    }
}
// ANCHOR_END: job

// ANCHOR: update
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The row has joined the batch.
    Begun,
    Piece(Piece),
    Done(Ending),
    Failed(String),
}

/// What one token, or a few, add to the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub event: Event,
    /// The tokens behind it, if log-probabilities were asked for.
    pub chosen: Vec<Chosen>,
}

/// A token that the model chose, and what it thought of it: ln p under its own distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    pub id: u32,
    pub log_probability: f32,
    /// Likeliest first.
    pub likeliest: Vec<(u32, f32)>,
}

impl Chosen {
    /// `None` for a token that nobody chose: the tool's.
    pub fn new(added: &Added<'_>, likeliest: usize) -> Option<Self> {
        let insight = added.insight?;
        let shown = insight.likeliest.len().min(likeliest);
        Some(Chosen {
            id: added.id,
            log_probability: insight.log_probability,
            likeliest: insight.likeliest[..shown].to_vec(),
        })
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ending {
    pub reason: Reason,
    pub prompt_tokens: usize,
    /// The tool's among them, the stop token not.
    pub completion_tokens: usize,
    /// From the first token to the last.
    pub seconds: f64,
    /// From the request's arrival to its first token.
    pub first_token_seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model had finished, or a stop string came.
    Stop,
    /// `max_tokens`, or the context is full.
    Length,
    /// Nobody listened any more.
    Cancelled,
}
// ANCHOR_END: update
