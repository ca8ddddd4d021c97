//! Answers that are wrong on purpose: mistakes that somebody could make, and answers that look at nothing. The tests of an
//! exercise are only worth something if each of these fails them.

mod cutting;
mod falling;
mod measuring;
mod paying;
mod resuming;
mod weighing;

use judge::program::{Kind, Wrong};
use judge::{Exercise, Property};

pub fn wrong() -> Vec<Wrong> {
    [
        paying::wrong(),
        falling::wrong(),
        weighing::wrong(),
        measuring::wrong(),
        cutting::wrong(),
        resuming::wrong(),
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
