//! Stories: a character, what it wants, what stands in the way, who helps, how it ends.
//!
//! The plots are in `stories.toml`; this file casts them. Whatever a story says about its creatures, things and places
//! is true in the world, so that a story teaches the same facts as the encyclopedia.

use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::grammar::Bindings;
use crate::tidepool::world::{Entity, World};

/// Every binding that a story's rules may use.
pub const GIVEN: [&str; 24] = [
    "hero",
    "colour",
    "home",
    "food",
    "fear",
    "sound",
    "size",
    "hour",
    "friend",
    "pal",
    "pal_home",
    "pal_food",
    "thing",
    "material",
    "owner",
    "use",
    "kept",
    "thing_smell",
    "place",
    "keeper",
    "weather",
    "ground",
    "product",
    "market",
];

// ANCHOR: write
/// Writes a story. Its hero is creature number `turn`, counted around.
pub fn write(world: &World, turn: usize, dice: &mut Dice) -> Result<String, Error> {
    let of_kind = |name: &str| -> Vec<&Entity> {
        world
            .entities()
            .iter()
            .filter(|entity| world.kind(entity).name == name)
            .collect()
    };
    let creatures = of_kind("creature");
    let hero = creatures[turn % creatures.len()];
    // Any other creature: a step of at least one from the hero around the list.
    let pal = creatures[(turn + 1 + dice.below(creatures.len() - 1)) % creatures.len()];
    let thing = *dice.pick(&of_kind("thing"));
    let place = *dice.pick(&of_kind("place"));

    let mut bound = Bindings::default();
    let mut cast = |entity: &Entity, roles: &[(&str, &str)]| {
        for (slot, attribute) in roles {
            bound.set(
                slot,
                if attribute.is_empty() {
                    &entity.name
                } else {
                    value_of(world, entity, attribute)
                },
            );
        }
    };
    cast(
        hero,
        &[
            ("hero", ""),
            ("colour", "colour"),
            ("home", "home"),
            ("food", "food"),
            ("fear", "fear"),
        ],
    );
    cast(
        hero,
        &[
            ("sound", "sound"),
            ("size", "size"),
            ("hour", "waking hour"),
            ("friend", "friend"),
        ],
    );
    cast(
        pal,
        &[("pal", ""), ("pal_home", "home"), ("pal_food", "food")],
    );
    cast(
        thing,
        &[
            ("thing", ""),
            ("material", "material"),
            ("owner", "owner"),
            ("use", "use"),
        ],
    );
    cast(
        thing,
        &[("kept", "keeping place"), ("thing_smell", "smell")],
    );
    cast(
        place,
        &[
            ("place", ""),
            ("keeper", "keeper"),
            ("weather", "weather"),
            ("ground", "ground"),
        ],
    );
    cast(place, &[("product", "product"), ("market", "market day")]);
    Ok(world
        .lexicon
        .stories
        .expand("story", &mut bound, dice)?
        .trim_end()
        .to_string())
}

/// The value of an entity's attribute; empty if its kind has no such attribute.
fn value_of<'a>(world: &'a World, entity: &Entity, attribute: &str) -> &'a str {
    let attributes = world.attributes();
    let fact = entity
        .facts
        .iter()
        .find(|fact| attributes[fact.attribute].name == attribute);
    fact.map_or("", |fact| &attributes[fact.attribute].values[fact.value])
}
// ANCHOR_END: write
