//! Encyclopedia pages: what is true of whom, in many wordings and orders, and in both directions.
//!
//! Four sorts of page: about one entity (all its facts, shuffled), about one attribute (several entities), a mixed one,
//! and lists of all entities that share a value.

use crate::tidepool::dice::Dice;
use crate::tidepool::grammar::{Template, listed};
use crate::tidepool::world::{FactId, World};

// ANCHOR: write
/// Writes a page; `turn` chooses its entity.
pub fn write(world: &World, turn: usize, dice: &mut Dice) -> String {
    match dice.weighted(&[60, 15, 13, 12]) {
        0 => about_one(world, turn, dice),
        1 => about_an_attribute(world, dice),
        2 => mixed(world, dice),
        _ => shared(world, dice),
    }
}

/// All facts of one entity. Most sentences repeat its name: a row of the batch may begin in the middle of a page, and a
/// pronoun there says nothing.
fn about_one(world: &World, turn: usize, dice: &mut Dice) -> String {
    let entity = turn % world.entities().len();
    let it = &world.entities()[entity];
    let mut sentences = Vec::new();
    if dice.chance(50) {
        let introductions = &world.kind(it).introductions;
        let template = Template::parse(dice.pick(introductions).as_str())
            .expect("introductions are checked by a test");
        sentences.push(template.fill(&[("name", &it.name)]));
    }
    for fact in dice.positions(it.facts.len(), it.facts.len()) {
        let id = FactId { entity, fact };
        let with_pronoun = !sentences.is_empty() && dice.chance(20);
        sentences.push(if with_pronoun {
            world.its_statement(id, dice)
        } else {
            world.statement(id, dice)
        });
    }
    sentences.join(" ")
}
// ANCHOR_END: write

// ANCHOR: sorts
/// The same attribute of several entities.
fn about_an_attribute(world: &World, dice: &mut Dice) -> String {
    let attribute = dice.below(world.attributes().len());
    let facts: Vec<FactId> = world
        .facts()
        .filter(|id| world.fact(*id).1.attribute == attribute)
        .collect();
    told(world, &facts, dice)
}

/// Facts from anywhere.
fn mixed(world: &World, dice: &mut Dice) -> String {
    let facts: Vec<FactId> = world.facts().collect();
    told(world, &facts, dice)
}

/// Six to nine of the facts, a statement for each.
fn told(world: &World, facts: &[FactId], dice: &mut Dice) -> String {
    let count = 6 + dice.below(4);
    let chosen = dice.positions(facts.len(), count);
    let sentences: Vec<String> = chosen
        .into_iter()
        .map(|fact| world.statement(facts[fact], dice))
        .collect();
    sentences.join(" ")
}

/// Two or three lists of entities that share a value: the way from the value to the names.
fn shared(world: &World, dice: &mut Dice) -> String {
    let facts: Vec<FactId> = world.facts().collect();
    let mut lines = Vec::new();
    for _ in 0..2 + dice.below(2) {
        let id = *dice.pick(&facts);
        lines.push(list_line(world, id, dice));
    }
    lines.join("\n")
}

/// "Creatures that live in the reef: Baduki, Lomari and Sadola." Only entities of the same kind, at most eight.
fn list_line(world: &World, id: FactId, dice: &mut Dice) -> String {
    let (entity, fact, _) = world.fact(id);
    let mut names: Vec<&str> = world
        .sharing(fact.attribute, fact.value)
        .into_iter()
        .map(|other| world.fact(other).0)
        .filter(|other| other.kind == entity.kind)
        .map(|other| other.name.as_str())
        .collect();
    dice.shuffle(&mut names);
    names.truncate(8);
    format!("{}: {}.", world.list_heading(id), listed(&names))
}
// ANCHOR_END: sorts
