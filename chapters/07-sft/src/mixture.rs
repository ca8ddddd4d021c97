// ANCHOR: head
//! Which conversations are learnt from, how often, and in which order.
//!
//! Words: an *ingredient* is a source of conversations with a *weight*, how often each of its conversations comes
//! in one *epoch*: 1 once, 3 three times, 0.25 a random quarter of them. An epoch is one walk through the *order*, a
//! seeded shuffle of all these (source, index) pairs; each epoch has another one. Rank r of W takes the places
//! r, r+W, r+2W, …
//!
//! The order is a pure function of the seed and the epoch, so a position in it is two numbers, and going on after a
//! crash is exact. Two kinds of place are written in chapter 02's `SourcePosition`:
//!
//! | | epoch | file | group | row |
//! |---|---|---|---|---|
//! | where the mixture stands | from 1 | 0 | 0 | places of the epoch's order already read |
//! | where a conversation stands | from 1 | its ingredient | 0 | its index in that source |

use crate::Error;
use dataset::{Conversation, ConversationSource, SourcePosition};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
// ANCHOR_END: head

// ANCHOR: ingredient
/// A source and how often each of its conversations comes in an epoch.
pub struct Ingredient {
    pub source: Box<dyn ConversationSource>,
    pub weight: f64,
}

impl Ingredient {
    /// A source whose conversations come once per epoch.
    pub fn once(source: Box<dyn ConversationSource>) -> Self {
        Ingredient {
            source,
            weight: 1.0,
        }
    }
}

/// Whether a source can come that often.
pub(crate) fn check_weight(source_name: &str, weight: f64) -> Result<(), Error> {
    if (0.0..=1000.0).contains(&weight) {
        return Ok(());
    }
    Err(Error::Weight {
        source_name: source_name.to_string(),
        weight,
    })
}
// ANCHOR_END: ingredient

// ANCHOR: mixture
/// An endless stream of conversations, each epoch in another order.
pub struct Mixture {
    ingredients: Vec<Ingredient>,
    seed: u64,
    shuffle: bool,
    rank: usize,
    world: usize,
    /// Where the next conversation is drawn.
    next: SourcePosition,
    /// This rank's places in the present epoch.
    order: Vec<SourcePosition>,
}

impl Mixture {
    /// The mixture for rank `rank` of `world`; a single process is rank 0 of 1.
    ///
    /// # Errors
    /// A weight that is not a number from 0 to 1000, no conversation at all, or fewer conversations than ranks.
    pub fn new(
        ingredients: Vec<Ingredient>,
        seed: u64,
        rank: usize,
        world: usize,
    ) -> Result<Self, Error> {
        for Ingredient { source, weight } in &ingredients {
            check_weight(source.name(), *weight)?;
        }
        let mut mixture = Mixture {
            ingredients,
            seed,
            shuffle: true,
            rank,
            world,
            next: SourcePosition::START,
            order: Vec::new(),
        };
        let conversations = mixture.epoch_order(1).len();
        if conversations == 0 {
            return Err(Error::EmptyMixture);
        }
        if rank >= world || conversations < world {
            return Err(Error::Ranks {
                rank,
                world,
                conversations,
            });
        }
        mixture.seek(&SourcePosition::START)?;
        Ok(mixture)
    }

    /// The same conversations source after source and row after row, in each epoch alike: for looking at them. Trained on
    /// like this, the model would forget the first source while it reads the last.
    pub fn in_file_order(mut self) -> Result<Self, Error> {
        self.shuffle = false;
        self.seek(&SourcePosition::START)?;
        Ok(self)
    }

    /// Conversations per epoch on this rank. Never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The next conversation, and where it stands.
    pub fn draw(&mut self) -> Result<(SourcePosition, Conversation), dataset::Error> {
        let place = self.next_place()?;
        Ok((place, self.get(place)?))
    }

    /// Where the next conversation stands, passing it by.
    pub fn next_place(&mut self) -> Result<SourcePosition, dataset::Error> {
        if self.next.row as usize == self.order.len() {
            let mut next_epoch = SourcePosition::START;
            next_epoch.epoch = self.next.epoch + 1;
            self.seek(&next_epoch)?;
        }
        let place = self.order[self.next.row as usize];
        self.next.row += 1;
        Ok(place)
    }

    /// The conversation at a place that was drawn before.
    pub fn get(&self, place: SourcePosition) -> Result<Conversation, dataset::Error> {
        match self.ingredients.get(place.file as usize) {
            Some(ingredient) => ingredient.source.get(place.row as usize),
            None => Err(self.no_such_place(place, "there are fewer sources")),
        }
    }

    /// How many conversations have been drawn.
    pub fn drawn(&self) -> u64 {
        u64::from(self.next.epoch - 1) * self.len() as u64 + u64::from(self.next.row)
    }

    /// The sources, in the order in which they were given.
    pub fn ingredients(&self) -> &[Ingredient] {
        &self.ingredients
    }

    /// One line that differs between two mixtures that deal out different conversations: a checkpoint remembers it.
    pub fn describe(&self) -> String {
        let sources: Vec<String> = self
            .ingredients
            .iter()
            .map(|Ingredient { source, weight }| {
                format!("{} {}×{weight}", source.name(), source.len())
            })
            .collect();
        let order = if self.shuffle { "shuffled" } else { "in order" };
        format!("{}, seed {}, {order}", sources.join(" + "), self.seed)
    }

    /// The name of a place's source, for messages.
    pub fn source_name(&self, place: SourcePosition) -> &str {
        let ingredient = self.ingredients.get(place.file as usize);
        ingredient.map_or("no source", |ingredient| ingredient.source.name())
    }
    // ANCHOR_END: mixture

    // ANCHOR: order
    /// All places of an epoch, over all ranks, in its order.
    fn epoch_order(&self, epoch: u32) -> Vec<SourcePosition> {
        // Each epoch is a stream of its own of one generator, so that seed 1 in epoch 1 and seed 0 in epoch 2 have
        // nothing in common, as they would with `seed + epoch`.
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(u64::from(epoch));
        let mut order = Vec::new();
        for (number, Ingredient { source, weight }) in self.ingredients.iter().enumerate() {
            let mut places: Vec<SourcePosition> = (0..source.len() as u32)
                .map(|row| SourcePosition {
                    epoch,
                    file: number as u32,
                    group: 0,
                    row,
                })
                .collect();
            for _ in 0..weight.floor() as usize {
                order.extend(&places);
            }
            // What is left of the weight is a random sample, another one in each epoch.
            let sample = (weight.fract() * places.len() as f64).round() as usize;
            if self.shuffle {
                places.shuffle(&mut random);
            }
            order.extend(&places[..sample]);
        }
        if self.shuffle {
            order.shuffle(&mut random);
        }
        order
    }

    /// Where the next [`draw`](Self::draw) reads.
    pub fn position(&self) -> SourcePosition {
        self.next
    }

    /// Goes to a position that [`position`](Self::position) gave, of a mixture with the same sources and seed.
    pub fn seek(&mut self, position: &SourcePosition) -> Result<(), dataset::Error> {
        if position.epoch == 0 {
            return Err(self.no_such_place(*position, "epochs are counted from 1"));
        }
        let order: Vec<SourcePosition> = self
            .epoch_order(position.epoch)
            .into_iter()
            .skip(self.rank)
            .step_by(self.world)
            .collect();
        if position.row as usize > order.len() {
            let problem = format!("the epoch has {} conversations", order.len());
            return Err(self.no_such_place(*position, &problem));
        }
        self.order = order;
        self.next = *position;
        Ok(())
    }

    fn no_such_place(&self, position: SourcePosition, problem: &str) -> dataset::Error {
        dataset::Error::Position {
            position: position.to_string(),
            what: "the mixture of conversations".to_string(),
            problem: problem.to_string(),
        }
    }
}
// ANCHOR_END: order
