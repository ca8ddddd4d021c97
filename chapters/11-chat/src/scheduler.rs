// ANCHOR: head
//! The model's thread: takes jobs from the queue, lets them share the model, hands out what it writes.
//!
//! *Continuous batching*: a new job does not wait until the others are done. Between any two steps, rows that have ended
//! leave and waiting jobs join, up to `max_rows` at a time. A decode step reads all weights of the model from memory
//! whether one row uses them or eight, so the second row is nearly free; a job that waits for a whole batch to end waits
//! for the longest answer in it.

use crate::Model;
use crate::job::{Job, Reason, Update};
use crate::queue::Queue;
use crate::stats::Stats;
use crate::writing::Writing;
use engine::{Batch, Engine, RowId, ToolMachine};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Instant;
use transformer::{Error, Kernels, Tool};
// ANCHOR_END: head

// ANCHOR: scheduler
pub struct Scheduler<'a> {
    model: &'a Model,
    /// One batch for the life of the server: rows that have ended leave their keys and values in it until the place is
    /// needed, so the next turn of a conversation reads only what is new.
    batch: Batch<'a>,
    tool: ForChats,
    live: HashMap<RowId, Writing>,
    queue: &'a Queue,
    max_rows: usize,
    stats: &'a Stats,
}

/// The tool, for those rows that may use it: a raw completion may spell anything and is left alone. A program holds all
/// rows up; `tool` says for how long.
struct ForChats {
    machine: ToolMachine,
    rows: Vec<RowId>,
}

impl Tool for ForChats {
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>> {
        match self.rows.contains(&row) {
            true => self.machine.accept(row, id),
            false => None,
        }
    }
}

impl ForChats {
    fn forget(&mut self, row: RowId) {
        self.machine.forget(row);
        self.rows.retain(|&other| other != row);
    }
}
// ANCHOR_END: scheduler

// ANCHOR: run
impl<'a> Scheduler<'a> {
    pub fn new(
        model: &'a Model,
        kernels: &'a dyn Kernels,
        queue: &'a Queue,
        max_rows: usize,
        stats: &'a Stats,
    ) -> Self {
        Scheduler {
            batch: Engine::new(&model.gpt, kernels).batch(),
            tool: ForChats {
                machine: model.tool(),
                rows: Vec::new(),
            },
            live: HashMap::new(),
            model,
            queue,
            max_rows: max_rows.max(1),
            stats,
        }
    }

    /// Works until the queue is closed and every row has ended.
    pub fn run(mut self) {
        loop {
            while self.live.len() < self.max_rows {
                // Only an idle model waits; a busy one takes what is there.
                let job = match self.live.is_empty() {
                    true => self.queue.wait(),
                    false => self.queue.pop(),
                };
                match job {
                    Some(job) => self.join(job),
                    None if self.live.is_empty() => return,
                    None => break,
                }
            }
            if let Err(error) = self.step() {
                // The engine has ended every row: what one of them brought about cannot be told apart. Their clients
                // hear of it, and those who come next find an empty batch.
                for (row, writing) in self.live.drain() {
                    self.tool.forget(row);
                    writing.fail(&error.to_string());
                    self.stats.failed();
                }
            }
            self.settle();
        }
    }
}
// ANCHOR_END: run

// ANCHOR: join
impl Scheduler<'_> {
    fn join(&mut self, job: Job) {
        if job.is_abandoned() {
            self.stats.ended(Reason::Cancelled, 0, 0);
            return;
        }
        match self.batch.join(&job.prompt) {
            Ok(row) => {
                if job.tool {
                    self.tool.rows.push(row);
                }
                self.live
                    .insert(row, Writing::new(job, &self.model.tokenizer));
                self.stats.live_rows.set(self.live.len() as i64);
            }
            Err(error) => {
                let _ = job.updates.send(Update::Failed(error.to_string()));
                self.stats.failed();
            }
        }
    }
    // ANCHOR_END: join

    // ANCHOR: step
    /// One token for every live row.
    fn step(&mut self) -> Result<(), Error> {
        // Also those who left while the others' prompts were being read.
        let live = self.live.iter();
        let abandoned: Vec<RowId> = live
            .filter_map(|(&row, writing)| writing.is_abandoned().then_some(row))
            .collect();
        for row in abandoned {
            if let Some(sample) = self.batch.leave(row) {
                self.end(row, &sample);
            }
        }
        let started = Instant::now();
        let mut tokens = 0;
        let (live, stats) = (&mut self.live, self.stats);
        self.batch.step(Some(&mut self.tool), &mut |added| {
            tokens += 1;
            let Some(writing) = live.get_mut(&added.row) else {
                return ControlFlow::Break(());
            };
            let is_first = writing.first_token_seconds().is_none();
            let flow = writing.hear(added);
            if let (true, Some(seconds)) = (is_first, writing.first_token_seconds()) {
                stats.time_to_first_token.observe(seconds);
            }
            flow
        })?;
        stats.stepped(tokens, started.elapsed());
        Ok(())
    }

    /// Rows that have ended leave and make room.
    fn settle(&mut self) {
        for (row, sample) in self.batch.finished() {
            self.end(row, &sample);
        }
        self.stats.live_rows.set(self.live.len() as i64);
    }

    fn end(&mut self, row: RowId, sample: &transformer::Sample) {
        self.tool.forget(row);
        if let Some(writing) = self.live.remove(&row) {
            let ending = writing.finish(sample);
            let (prompt, completion) = (ending.prompt_tokens, ending.completion_tokens);
            self.stats.ended(ending.reason, prompt, completion);
        }
    }
}
// ANCHOR_END: step
