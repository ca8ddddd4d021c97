//! Answers that are wrong on purpose: mistakes that somebody could make, and answers that look at nothing. The tests of an
//! exercise are only worth something if each of these fails them.

mod agreeing;
mod averaging;
mod orthogonalising;
mod owning;
mod sharing;

use judge::program::{Kind, Wrong};
use judge::{Exercise, Property};

pub fn wrong() -> Vec<Wrong> {
    [
        averaging::wrong(),
        orthogonalising::wrong(),
        owning::wrong(),
        agreeing::wrong(),
        sharing::wrong(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The exercise that an answer belongs to.
struct Of<T> {
    number: u32,
    name: &'static str,
    properties: fn() -> Vec<Property<T>>,
}

impl<T: Send + Sync + 'static> Of<T> {
    fn planted(&self, name: &'static str, table: T) -> Wrong {
        self.wrong(Kind::Planted, name, table)
    }

    fn constant(&self, name: &'static str, table: T) -> Wrong {
        self.wrong(Kind::Constant, name, table)
    }

    fn wrong(&self, kind: Kind, name: &'static str, table: T) -> Wrong {
        Wrong {
            kind,
            name,
            exercise: Exercise::new(self.number, self.name, (self.properties)(), table),
        }
    }
}
