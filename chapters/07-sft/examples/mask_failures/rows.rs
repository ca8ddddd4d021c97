//! Rows made in one of the ways, and what was lost and padded on the way.

use crate::way::{Layout, Way};
use crate::{ROWS, TIME};
use dataset::best_fit::{Item, Packer, Policy, Row};
use dataset::{Batch, Conversation, Position};
use sft::{Rendered, render};
use tokenizer::{Special, Tokenizer};

/// Rows of T + 1 ids, made in one of the ways, over and over.
pub struct Rows<'a> {
    way: &'a Way,
    rendered: Vec<Rendered>,
    bos: u32,
    next: usize,
    packer: Packer<()>,
    items: usize,
    lost: usize,
    places: usize,
    padded: usize,
}

impl<'a> Rows<'a> {
    pub fn new(
        way: &'a Way,
        talks: &[Conversation],
        tokenizer: &Tokenizer,
    ) -> anyhow::Result<Self> {
        let (bos, end) = (
            tokenizer.special(Special::Bos),
            tokenizer.special(Special::AssistantEnd),
        );
        let mut rendered = Vec::new();
        for talk in talks {
            let mut one = render(talk, tokenizer, TIME + 1)?.supervising(way.supervise);
            for (id, mask) in one.ids.iter().zip(&mut one.mask) {
                if *id == end && !way.end {
                    *mask = 0;
                }
            }
            rendered.push(one);
        }
        let policy = match way.layout {
            Layout::Cropped => Policy::Crop,
            _ => Policy::Pad(bos),
        };
        Ok(Rows {
            way,
            rendered,
            bos,
            next: 0,
            packer: Packer::new(TIME + 1, policy),
            items: 0,
            lost: 0,
            places: 0,
            padded: 0,
        })
    }

    fn draw(&mut self) -> Item<()> {
        let Rendered { ids, mask } = self.rendered[self.next % self.rendered.len()].clone();
        self.next += 1;
        Item {
            ids,
            mask,
            origin: (),
        }
    }

    fn row(&mut self) -> Row<()> {
        let mut row = Row::new(TIME + 1);
        let mut alone = Packer::new(TIME + 1, Policy::Pad(self.bos));
        while !row.is_full() {
            if self.way.layout == Layout::OnePerRow {
                if row.ids.is_empty() {
                    let item = self.draw();
                    alone.push(item);
                }
                alone.place(&mut row);
            } else {
                while self.packer.waiting() < 100 {
                    let item = self.draw();
                    self.packer.push(item);
                }
                self.packer.place(&mut row);
            }
        }
        let used = row.spans.last().map_or(0, |span| span.end);
        self.items += row.spans.len();
        self.lost += row.spans.iter().filter(|span| span.cropped > 0).count();
        self.places += row.ids.len();
        self.padded += row.ids.len() - used;
        if self.way.padding_counted {
            row.mask[used..].fill(1);
        }
        row
    }

    pub fn batch(&mut self) -> Batch {
        let rows: Vec<Row<()>> = (0..ROWS).map(|_| self.row()).collect();
        Batch::from_rows(&rows, Position::default())
    }

    pub fn lost_ends(&self) -> f64 {
        self.lost as f64 / self.items as f64
    }

    pub fn padding(&self) -> f64 {
        self.padded as f64 / self.places as f64
    }
}
