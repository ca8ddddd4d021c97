//! The genres of the pretraining text. Each module writes one document of its genre from the world and the dice.

pub mod binding;
pub mod encyclopedia;
pub mod letters;
pub mod programs;
pub mod questions;
pub mod stories;
pub mod sums;

use super::dice::Dice;
use super::error::Error;
use super::world::World;
use serde::{Deserialize, Serialize};

// ANCHOR: genre
/// A genre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genre {
    Stories,
    Encyclopedia,
    Questions,
    Sums,
    Letters,
    Programs,
    Binding,
    Lists,
    CloseLists,
    SingleLetters,
}

impl Genre {
    /// Every genre, in the order of [`Mixture::weights`].
    pub const ALL: [Genre; 10] = [
        Genre::Stories,
        Genre::Encyclopedia,
        Genre::Questions,
        Genre::Sums,
        Genre::Letters,
        Genre::Programs,
        Genre::Binding,
        Genre::Lists,
        Genre::CloseLists,
        Genre::SingleLetters,
    ];

    /// Its name in messages and streams.
    pub fn name(self) -> &'static str {
        match self {
            Genre::Stories => "stories",
            Genre::Encyclopedia => "encyclopedia",
            Genre::Questions => "questions",
            Genre::Sums => "sums",
            Genre::Letters => "letters",
            Genre::Programs => "programs",
            Genre::Binding => "binding",
            Genre::Lists => "lists",
            Genre::CloseLists => "close lists",
            Genre::SingleLetters => "single letters",
        }
    }

    /// Writes the document number `turn` of this genre. The turn leads pages through all entities and words, so that each
    /// is written about equally often; everything else is up to the dice.
    pub fn write(self, world: &World, turn: usize, dice: &mut Dice) -> Result<String, Error> {
        match self {
            Genre::Stories => stories::write(world, turn, dice),
            Genre::Encyclopedia => Ok(encyclopedia::write(world, turn, dice)),
            Genre::Questions => Ok(questions::write(world, turn, dice)),
            Genre::Sums => sums::write(world, dice),
            Genre::Letters => letters::write(world, turn, dice),
            Genre::Programs => programs::write(world, dice),
            Genre::Binding => Ok(binding::write(world, dice)),
            Genre::Lists => Ok(binding::lists(world, dice)),
            Genre::CloseLists => Ok(binding::close_lists(world, dice)),
            Genre::SingleLetters => Ok(binding::single_letters(world, dice)),
        }
    }
}
// ANCHOR_END: genre

// ANCHOR: mixture
/// How much of each genre a corpus holds, as shares of its bytes. Only their proportions count; 0 leaves a genre out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    pub stories: u32,
    pub encyclopedia: u32,
    pub questions: u32,
    pub sums: u32,
    pub letters: u32,
    pub programs: u32,
    /// Questions that are answered by letter.
    #[serde(default)]
    pub binding: u32,
    /// The lists with letters alone.
    #[serde(default)]
    pub lists: u32,
    /// The same with two tokens an entry instead of five.
    #[serde(default)]
    pub close_lists: u32,
    /// Lists, and their options with a letter in a line of its own.
    #[serde(default)]
    pub single_letters: u32,
}

impl Default for Mixture {
    /// More than half of the text tells or asks facts: they are what the tiny model is examined on. No binding of
    /// answers to letters: that genre is for experiments.
    fn default() -> Mixture {
        Mixture {
            stories: 14,
            encyclopedia: 35,
            questions: 26,
            sums: 11,
            letters: 8,
            programs: 6,
            binding: 0,
            lists: 0,
            close_lists: 0,
            single_letters: 0,
        }
    }
}

impl Mixture {
    /// The shares in the order of [`Genre::ALL`].
    pub fn weights(&self) -> [u32; 10] {
        [
            self.stories,
            self.encyclopedia,
            self.questions,
            self.sums,
            self.letters,
            self.programs,
            self.binding,
            self.lists,
            self.close_lists,
            self.single_letters,
        ]
    }
}
// ANCHOR_END: mixture
