// ANCHOR: head
//! Batches of conversations: drawn from a mixture, rendered, packed into rows, with the loss mask in the targets.
//!
//! Words: rows of T positions hold one or several whole conversations, each begun by `<|bos|>`; what is left of a row
//! is *padding*. A target is -1 (not trained on) wherever the mask of the id to predict is 0, and in all padding.
//!
//! Four traps lie here, and each has sprung in real pipelines:
//!
//! - **Too long.** A conversation that never fits into a row would wait in the packer for ever; enough of them, and
//!   nothing else waits, every row is padding, and the loss is 0/0. Here each is cut to a row's length or left out, as
//!   [`TooLong`] says, and counted.
//! - **Nothing to learn.** What is cut may lose its answer. A conversation without a supervised token is left out, and
//!   counted; if none has one, that is an error and not an endless search.
//! - **A lost mask.** The mask travels beside the ids through rendering, cutting and packing. One place that forgets it
//!   trains the model on the user's words, and the loss looks *better*.
//! - **An epoch that is none.** The packer prefers long conversations. If new ones keep coming in until the last step, the
//!   short ones of the last hundred are never trained on. So nothing is drawn beyond the last epoch, and the rows after it are empty.

use crate::{Amount, Error, Mixture, Rendered, Supervise, render};
use dataset::best_fit::{Counts, Item, Packer, Policy, Row};
use dataset::{Batch, BatchSource, Conversation, Position, SourcePosition};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;
use tokenizer::{Special, Tokenizer};

/// Conversations that wait to be packed. More fit better into rows, and all of them are read again on a resume.
const BUFFER: usize = 100;
// ANCHOR_END: head

// ANCHOR: too_long
/// What happens to a conversation of more than T + 1 tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooLong {
    /// Its first T + 1 tokens are used. They are true sentences; what is lost is the end of an answer.
    #[default]
    Cut,
    LeaveOut,
}
// ANCHOR_END: too_long

// ANCHOR: batches
/// A [`BatchSource`] over a mixture.
pub struct ConversationBatches {
    mixture: Mixture,
    tokenizer: Tokenizer,
    /// B
    rows: usize,
    /// T
    time: usize,
    supervise: Supervise,
    too_long: TooLong,
    /// After how many conversations the data ends; `None`: never.
    end: Option<u64>,
    packer: Packer<SourcePosition>,
    batches: u64,
    cut: u64,
    left_out: u64,
}

impl ConversationBatches {
    /// Endless batches of `rows` × `time` from the mixture's beginning, with the assistant's tokens as targets.
    pub fn new(
        mixture: Mixture,
        tokenizer: &Tokenizer,
        rows: usize,
        time: usize,
    ) -> Result<Self, Error> {
        for (setting, value) in [("rows", rows), ("time", time)] {
            if value == 0 {
                return Err(Error::Setting {
                    setting,
                    value: value.to_string(),
                    remedy: "a batch needs at least 1",
                });
            }
        }
        Ok(ConversationBatches {
            mixture,
            packer: empty_packer(tokenizer, time),
            tokenizer: tokenizer.clone(),
            rows,
            time,
            supervise: Supervise::Assistant,
            too_long: TooLong::Cut,
            end: None,
            batches: 0,
            cut: 0,
            left_out: 0,
        })
    }

    pub fn supervising(mut self, supervise: Supervise) -> Self {
        self.supervise = supervise;
        self
    }

    pub fn too_long(mut self, too_long: TooLong) -> Self {
        self.too_long = too_long;
        self
    }

    /// Lets the data end after that many passes: each conversation is dealt out exactly as often as the mixture says, and
    /// what comes then is padding.
    pub fn ending_after(mut self, epochs: f64) -> Self {
        self.end = Some(self.conversations_in(epochs));
        self
    }

    fn conversations_in(&self, epochs: f64) -> u64 {
        ((epochs * self.mixture.len() as f64).round() as u64).max(1)
    }
    // ANCHOR_END: batches

    // ANCHOR: resume
    /// Goes on behind the batch that carried `position`, with the batch that followed it then.
    pub fn resume(&mut self, position: &Position) -> Result<(), Error> {
        let counted = (self.cut, self.left_out);
        self.packer = empty_packer(&self.tokenizer, self.time);
        for &place in &position.pending {
            let conversation = self.mixture.get(place)?;
            self.offer(place, &conversation)?;
        }
        (self.cut, self.left_out) = counted;
        self.mixture.seek(&position.source)?;
        self.batches = position.batches;
        Ok(())
    }

    /// Where the source stands now.
    pub fn position(&self) -> Position {
        Position {
            source: self.mixture.position(),
            pending: self.packer.pending(),
            batches: self.batches,
            ..Position::default()
        }
    }

    /// Conversations per epoch on this rank.
    pub fn conversations(&self) -> usize {
        self.mixture.len()
    }

    /// How well the rows were filled since the source was made.
    pub fn counts(&self) -> Counts {
        self.packer.counts()
    }

    /// Conversations that lost their end because they are longer than T + 1 tokens.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Conversations left out: nothing in them is trained on within T + 1 tokens, or they are too long and the rule says so.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
    // ANCHOR_END: resume

    // ANCHOR: fill
    /// A conversation's ids and mask, at most T + 1 of them; or `None` if it is left out. And whether it is too long.
    fn prepare(
        &self,
        place: SourcePosition,
        conversation: &Conversation,
    ) -> Result<(Option<Rendered>, bool), dataset::Error> {
        let rendered = render(conversation, &self.tokenizer, usize::MAX).map_err(|reason| {
            dataset::Error::Row {
                path: PathBuf::from(self.mixture.source_name(place)),
                place: format!("conversation {}", place.row + 1),
                problem: reason.to_string(),
            }
        })?;
        let mut rendered = rendered.supervising(self.supervise);
        let long = rendered.ids.len() > self.time + 1;
        if long && self.too_long == TooLong::LeaveOut {
            return Ok((None, long));
        }
        rendered.cut(self.time + 1);
        let useful = rendered.supervised() > 0;
        Ok((useful.then_some(rendered), long))
    }

    /// Renders a conversation and lets it wait in the packer; false if there is nothing in it to learn.
    fn offer(
        &mut self,
        place: SourcePosition,
        conversation: &Conversation,
    ) -> Result<bool, dataset::Error> {
        let (prepared, long) = self.prepare(place, conversation)?;
        let Some(rendered) = prepared else {
            self.left_out += 1;
            return Ok(false);
        };
        self.cut += u64::from(long);
        self.packer.push(Item {
            ids: rendered.ids,
            mask: rendered.mask,
            origin: place,
        });
        Ok(true)
    }

    fn at_end(&self) -> bool {
        self.end.is_some_and(|end| self.mixture.drawn() >= end)
    }

    /// Draws until the buffer is full or the data ends.
    fn top_up(&mut self) -> Result<(), dataset::Error> {
        let mut in_vain = 0;
        while self.packer.waiting() < BUFFER && !self.at_end() {
            let (place, conversation) = self.mixture.draw()?;
            in_vain += 1;
            if self.offer(place, &conversation)? {
                in_vain = 0;
            } else if in_vain >= 2 * self.mixture.len() {
                // Twice an epoch: from any place, that many draws see each conversation.
                return Err(dataset::Error::Setting {
                    name: "time",
                    problem: self.nothing_supervised().to_string(),
                });
            }
        }
        Ok(())
    }

    /// The next row of T + 1 ids. With nothing left to place it is all padding.
    fn next_row(&mut self) -> Result<Row<SourcePosition>, dataset::Error> {
        let mut row = Row::new(self.time + 1);
        while !row.is_full() {
            self.top_up()?;
            self.packer.place(&mut row);
        }
        Ok(row)
    }

    fn nothing_supervised(&self) -> Error {
        Error::NothingSupervised {
            conversations: self.mixture.len(),
            tokens: self.time + 1,
        }
    }
}

/// Padding is `<|bos|>`: an id that exists, whose meaning ("what stands before is over") does no harm.
fn empty_packer(tokenizer: &Tokenizer, time: usize) -> Packer<SourcePosition> {
    Packer::new(time + 1, Policy::Pad(tokenizer.special(Special::Bos)))
}

impl BatchSource for ConversationBatches {
    fn next_batch(&mut self) -> Result<Batch, dataset::Error> {
        let rows: Vec<_> = (0..self.rows)
            .map(|_| self.next_row())
            .collect::<Result<_, _>>()?;
        self.batches += 1;
        Ok(Batch::from_rows(&rows, self.position()))
    }
}
// ANCHOR_END: fill

// ANCHOR: measure
/// What packing has to know about a conversation: how long it is, how much of it is trained on, whether it was cut.
#[derive(Clone, Copy)]
struct Outline {
    length: usize,
    supervised: usize,
    cut: bool,
}

impl ConversationBatches {
    /// Packs that many epochs from the beginning without keeping the rows, to know how much they are, and goes back to the
    /// beginning. Each conversation is rendered once, however often it comes.
    pub fn measure(&mut self, epochs: f64) -> Result<Amount, Error> {
        let end = self.conversations_in(epochs);
        let mut outlines: HashMap<(u32, u32), Option<Outline>> = HashMap::new();
        let mut packer = Packer::new(self.time + 1, Policy::Pad(0));
        let mut amount = Amount {
            tokens_per_row: self.time + 1,
            ..Amount::default()
        };
        self.mixture.seek(&SourcePosition::START)?;
        let mut row = Row::new(self.time + 1);
        loop {
            // As `top_up` does it: the packer's choices depend on what waits.
            while packer.waiting() < BUFFER && self.mixture.drawn() < end {
                let place = self.mixture.next_place()?;
                let outline = match outlines.get(&(place.file, place.row)) {
                    Some(known) => *known,
                    None => *outlines
                        .entry((place.file, place.row))
                        .or_insert(self.outline(place)?),
                };
                amount.conversations += 1;
                let Some(outline) = outline else {
                    amount.left_out += 1;
                    continue;
                };
                amount.cut += usize::from(outline.cut);
                amount.supervised += outline.supervised;
                packer.push(Item {
                    ids: vec![0; outline.length],
                    mask: Vec::new(),
                    origin: (),
                });
            }
            if packer.waiting() == 0 && row.ids.is_empty() {
                break;
            }
            packer.place(&mut row);
            if row.is_full() {
                amount.rows += 1;
                if self.supervise == Supervise::Everything {
                    // The `<|bos|>` of a conversation that follows another one in its row.
                    amount.supervised += row.spans.len() - 1;
                }
                row = Row::new(self.time + 1);
            }
        }
        if amount.rows == 0 {
            return Err(self.nothing_supervised());
        }
        amount.placed = packer.counts().placed as usize;
        self.resume(&Position::default())?;
        Ok(amount)
    }

    fn outline(&self, place: SourcePosition) -> Result<Option<Outline>, Error> {
        let (prepared, long) = self.prepare(place, &self.mixture.get(place)?)?;
        Ok(prepared.map(|rendered| Outline {
            length: rendered.ids.len(),
            supervised: rendered.supervised(),
            cut: long,
        }))
    }
}
// ANCHOR_END: measure
