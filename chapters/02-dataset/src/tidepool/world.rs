//! The world: who is in it and what is true of whom.
//!
//! An **entity** is a creature, a thing or a place with an invented name. A **fact** is an entity, an attribute of its
//! kind and a value. A **held-out** fact stands in the pretraining text like all others, but no training conversation
//! mentions it: whether the model can answer for it in chat shows what fine-tuning adds to what pretraining knows.

use super::dice::Dice;
use super::error::Error;
use super::lexicon::{Attribute, Kind, Lexicon};
use super::names;
use std::collections::BTreeSet;

/// Fewest and most entities: below, the vocabularies would be larger than the world; above, names begin to repeat.
pub const ENTITIES: [usize; 2] = [20, 600];

/// Facts kept out of the training conversations, in per cent of each attribute.
const HELD_OUT: usize = 40;

// ANCHOR: entity
/// An entity.
#[derive(Clone, Debug)]
pub struct Entity {
    pub name: String,
    /// Position in `Lexicon::kinds`.
    pub kind: usize,
    /// One for each attribute of its kind.
    pub facts: Vec<Fact>,
}

/// A fact about an entity.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Position in `Lexicon::attributes`.
    pub attribute: usize,
    /// Position in the attribute's values.
    pub value: usize,
    /// No training conversation mentions it.
    pub held_out: bool,
    /// The wording of `ends` that no training text uses for this fact.
    pub reserved_end: usize,
    /// The wording of `questions` that no training text uses for this fact.
    pub reserved_question: usize,
}

/// A fact's address: which entity, and which of its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactId {
    pub entity: usize,
    pub fact: usize,
}
// ANCHOR_END: entity

// ANCHOR: world
/// The world. The same seed and size give the same world everywhere.
pub struct World {
    pub(super) lexicon: Lexicon,
    seed: u64,
    entities: Vec<Entity>,
}

impl World {
    /// Makes a world of `entities` entities.
    ///
    /// # Errors
    /// A number of entities outside [`ENTITIES`].
    pub fn new(seed: u64, entities: usize) -> Result<World, Error> {
        let [least, most] = ENTITIES;
        if !(least..=most).contains(&entities) {
            return Err(Error::Entities {
                asked: entities,
                least,
                most,
            });
        }
        let lexicon = Lexicon::load()?;
        let mut all = named_entities(&lexicon, seed, entities)?;
        for attribute in 0..lexicon.attributes.len() {
            give_values(&lexicon, attribute, &mut all, seed);
        }
        Ok(World {
            lexicon,
            seed,
            entities: all,
        })
    }

    /// Every entity: creatures, then things, then places.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The seed that the world was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// An entity's kind.
    pub fn kind(&self, entity: &Entity) -> &Kind {
        &self.lexicon.kinds[entity.kind]
    }

    /// All attributes.
    pub fn attributes(&self) -> &[Attribute] {
        &self.lexicon.attributes
    }

    /// Every fact's address, in a fixed order.
    pub fn facts(&self) -> impl Iterator<Item = FactId> + '_ {
        self.entities
            .iter()
            .enumerate()
            .flat_map(|(entity, it)| (0..it.facts.len()).map(move |fact| FactId { entity, fact }))
    }

    /// What stands at an address.
    pub fn fact(&self, id: FactId) -> (&Entity, &Fact, &Attribute) {
        let entity = &self.entities[id.entity];
        let fact = &entity.facts[id.fact];
        (entity, fact, &self.lexicon.attributes[fact.attribute])
    }

    /// A fact's value.
    pub fn value(&self, id: FactId) -> &str {
        let (_, fact, attribute) = self.fact(id);
        &attribute.values[fact.value]
    }

    /// Every entity's facts in which `attribute` has the value `value`.
    pub fn sharing(&self, attribute: usize, value: usize) -> Vec<FactId> {
        self.facts()
            .filter(|id| {
                let (_, fact, _) = self.fact(*id);
                fact.attribute == attribute && fact.value == value
            })
            .collect()
    }

    /// The value that an attribute has most often (the first of them in the vocabulary's order). Always giving it is the
    /// answer of someone who knows the world's habits and no facts. An attribute that does not exist has none: "".
    pub fn commonest_value(&self, attribute: &str) -> &str {
        let Some(position) = self
            .lexicon
            .attributes
            .iter()
            .position(|it| it.name == attribute)
        else {
            return "";
        };
        let values = &self.lexicon.attributes[position].values;
        let commonest = (0..values.len())
            .rev()
            .max_by_key(|value| self.sharing(position, *value).len());
        commonest.map_or("", |value| &values[value])
    }
}
// ANCHOR_END: world

// ANCHOR: naming
fn named_entities(lexicon: &Lexicon, seed: u64, entities: usize) -> Result<Vec<Entity>, Error> {
    let mut dice = Dice::stream(seed, "names");
    let mut taken = BTreeSet::new();
    let mut all = Vec::with_capacity(entities);
    for (kind, it) in lexicon.kinds.iter().enumerate() {
        // The last kind takes what rounding left.
        let count = if kind + 1 == lexicon.kinds.len() {
            entities - all.len()
        } else {
            entities * it.share / 100
        };
        let names = names::draw(&it.parts, count, &lexicon.vocabulary, &mut taken, &mut dice);
        if names.len() < count {
            return Err(Error::Data {
                file: "kinds.toml",
                problem: format!("too few syllables for {count} {}", it.plural),
            });
        }
        all.extend(names.into_iter().map(|name| Entity {
            name,
            kind,
            facts: Vec::new(),
        }));
    }
    Ok(all)
}
// ANCHOR_END: naming

// ANCHOR: values
/// Gives every entity that has the attribute its value, and decides which of these facts are held out.
///
/// The values are dealt out like cards, a little more of the first than of the last: weight 1/(i + 5) for the value in
/// place i. With seven values the commonest then has 21 % of the entities, with fifteen 13 %: enough to be a meaningful
/// guess, never a good one. Which value is the commonest differs from world to world.
fn give_values(lexicon: &Lexicon, attribute: usize, entities: &mut [Entity], seed: u64) {
    let it = &lexicon.attributes[attribute];
    let mut dice = Dice::stream(seed, &format!("values of {}", it.name));
    let mut owners: Vec<usize> = (0..entities.len())
        .filter(|entity| {
            it.kinds
                .contains(&lexicon.kinds[entities[*entity].kind].name)
        })
        .collect();
    let order = dice.positions(it.values.len(), it.values.len());
    let total: f64 = (0..order.len()).map(|place| 1.0 / (place + 5) as f64).sum();
    let mut cards = Vec::with_capacity(owners.len());
    let mut due = 0.0;
    for (place, value) in order.iter().enumerate() {
        due += owners.len() as f64 / (place + 5) as f64 / total;
        // The running sum is rounded, so that all cards together are as many as the owners.
        let upto = if place + 1 == order.len() {
            owners.len()
        } else {
            due.round() as usize
        };
        cards.resize(upto.max(cards.len()), *value);
    }
    dice.shuffle(&mut cards);
    for (owner, value) in owners.iter().zip(&cards) {
        let reserved_end = dice.below(it.ends.len());
        let reserved_question = dice.below(it.questions.len());
        entities[*owner].facts.push(Fact {
            attribute,
            value: *value,
            held_out: false,
            reserved_end,
            reserved_question,
        });
    }
    dice.shuffle(&mut owners);
    let held_out = owners.len() * HELD_OUT / 100;
    for owner in &owners[..held_out] {
        if let Some(fact) = entities[*owner].facts.last_mut() {
            fact.held_out = true;
        }
    }
}
// ANCHOR_END: values
