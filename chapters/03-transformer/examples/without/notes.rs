//! The text of these runs: notes of four words, a word being a token, in which two things can be known.
//!
//! ```text
//! crab blue stone nine gull red shell two seal … crab blue stone nine gull red shell two seal …
//! ```
//!
//! Three creatures each keep something that is worth something; then the same stands there again. The second writing can be
//! known by looking back (*recall*). In the first one, what a thing is worth depends on its colour and its kind together, and
//! always in the same way (*rule*). The rest is chance.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

const CREATURES: i64 = 12;
const WORTHS: i64 = 8;
const NOTES: i64 = 3;
/// Two writings, less the last word, which has nothing to foretell.
pub const TIME: i64 = 2 * 4 * NOTES - 1;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Recall,
    Rule,
    Chance,
}

pub struct Notes {
    /// How many colours there are, and how many things.
    kinds: i64,
    /// What each colour and thing are worth, drawn once.
    worth: Vec<i64>,
}

impl Notes {
    pub fn new(kinds: i64) -> Notes {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let worth = (0..kinds * kinds)
            .map(|_| below(&mut random, WORTHS))
            .collect();
        Notes { kinds, worth }
    }

    pub fn vocabulary(&self) -> i64 {
        CREATURES + 2 * self.kinds + WORTHS
    }

    /// Inputs and targets, (B, T) each.
    pub fn batch(&self, rows: i64, random: &mut ChaCha8Rng) -> (Tensor, Tensor) {
        let mut ids = Vec::new();
        for _ in 0..rows {
            let mut writing = Vec::new();
            for _ in 0..NOTES {
                let [creature, colour, thing] =
                    [CREATURES, self.kinds, self.kinds].map(|count| below(random, count));
                let worth = self.worth[(colour * self.kinds + thing) as usize];
                writing.extend([
                    creature,
                    CREATURES + colour,
                    CREATURES + self.kinds + thing,
                    CREATURES + 2 * self.kinds + worth,
                ]);
            }
            ids.extend(writing.repeat(2));
        }
        let all = Tensor::from_slice(&ids).view([rows, TIME + 1]); // (B, T + 1)
        (all.narrow(1, 0, TIME), all.narrow(1, 1, TIME))
    }
}

/// What can be known of the target at position t. The first word of the second writing cannot be told from a new note's.
pub fn kind(t: i64) -> Kind {
    let target = t + 1;
    if target > 4 * NOTES {
        Kind::Recall
    } else if target % 4 == 3 {
        Kind::Rule
    } else {
        Kind::Chance
    }
}

fn below(random: &mut ChaCha8Rng, n: i64) -> i64 {
    (random.next_u64() % n as u64) as i64
}
