// ANCHOR: head
//! One answer while it is written: the model's tokens go in, updates for the client come out.

use crate::job::{Chosen, Ending, Job, Piece, Reason, Update};
use crate::{Answer, Event};
use engine::StopText;
use std::ops::ControlFlow;
use std::time::Instant;
use tokenizer::Tokenizer;
use transformer::{Added, Sample, StopReason};
// ANCHOR_END: head

// ANCHOR: writing
pub struct Writing {
    job: Job,
    answer: Answer,
    stop: StopText,
    /// Bytes of text that `stop` holds back.
    held: usize,
    /// Chosen tokens whose text has not been sent yet.
    chosen: Vec<Chosen>,
    first_token: Option<Instant>,
}

impl Writing {
    pub fn new(job: Job, tokenizer: &Tokenizer) -> Self {
        let _ = job.updates.send(Update::Begun); // if nobody listens, the first step will tell
        Writing {
            answer: Answer::new(tokenizer),
            stop: StopText::new(&job.stop),
            held: 0,
            chosen: Vec::new(),
            first_token: None,
            job,
        }
    }

    /// Takes the next token. `Break` ends the row: a stop string, or the client has left.
    pub fn hear(&mut self, added: &Added<'_>) -> ControlFlow<()> {
        self.first_token.get_or_insert_with(Instant::now);
        if let Some(likeliest) = self.job.likeliest {
            self.chosen.extend(Chosen::new(added, likeliest));
        }
        let event = self.answer.push(added.id);
        self.tell(event);
        match self.stop.stopped().is_some() || self.job.is_abandoned() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Seconds from the request's arrival to its first token, once that has come.
    pub fn first_token_seconds(&self) -> Option<f64> {
        let first = self.first_token?;
        Some(first.duration_since(self.job.arrived).as_secs_f64())
    }
}
// ANCHOR_END: writing

// ANCHOR: tell
impl Writing {
    /// Passes on what a token adds, after the stop strings have had a look at it.
    fn tell(&mut self, event: Event) {
        match event {
            Event::Text(piece) => {
                let text = self.stop.push(&piece);
                self.held = (self.held + piece.len()).saturating_sub(text.len());
                self.send(Event::Text(text));
            }
            other => {
                self.release(); // text that was held back stands before the call
                self.send(other);
            }
        }
    }

    /// No stop string can come of what is held back any more.
    fn release(&mut self) {
        if self.stop.stopped().is_some() {
            return;
        }
        let stop = std::mem::replace(&mut self.stop, StopText::new(&self.job.stop));
        let text = stop.finish();
        self.held = 0;
        if !text.is_empty() {
            self.send(Event::Text(text));
        }
    }

    /// Sends what there is to show. With log-probabilities a token that shows nothing yet is sent too, unless it is part of
    /// a call, which is shown whole, or of text that is being held back.
    fn send(&mut self, event: Event) {
        if event == Event::Text(String::new())
            && (self.chosen.is_empty() || self.answer.in_call() || self.held > 0)
        {
            return;
        }
        let chosen = std::mem::take(&mut self.chosen);
        // An error means that nobody listens; `hear` looks at that.
        let _ = self
            .job
            .updates
            .send(Update::Piece(Piece { event, chosen }));
    }
}
// ANCHOR_END: tell

// ANCHOR: finish
impl Writing {
    /// The row has ended: what was still held back, then how it ended.
    pub fn finish(mut self, sample: &Sample) -> Ending {
        let last = self.answer.close();
        self.tell(last);
        self.release();
        let reason = match sample.stop {
            _ if self.stop.stopped().is_some() => Reason::Stop,
            StopReason::Token(_) => Reason::Stop,
            StopReason::MaxTokens | StopReason::ContextFull => Reason::Length,
            StopReason::Interrupted => Reason::Cancelled,
        };
        let now = Instant::now();
        let first = self.first_token.unwrap_or(now);
        let ending = Ending {
            reason,
            prompt_tokens: self.job.prompt.ids.len(),
            completion_tokens: sample.ids.len(),
            seconds: now.duration_since(first).as_secs_f64(),
            first_token_seconds: first.duration_since(self.job.arrived).as_secs_f64(),
        };
        let _ = self.job.updates.send(Update::Done(ending));
        ending
    }

    /// The row cannot go on.
    pub fn fail(self, why: &str) {
        let _ = self.job.updates.send(Update::Failed(why.to_string()));
    }

    pub fn is_abandoned(&self) -> bool {
        self.job.is_abandoned()
    }
}
// ANCHOR_END: finish
