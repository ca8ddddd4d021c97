//! Facts about the made-up world: its names, its values, its wordings.

use dataset::tidepool::dice::Dice;
use dataset::tidepool::genres::stories;
use dataset::tidepool::lexicon::Lexicon;
use dataset::tidepool::{Error, World};
use std::collections::{BTreeMap, BTreeSet};

fn world() -> World {
    World::new(1, 120).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let describe = |world: &World| format!("{:?}", world.entities());
    assert_eq!(describe(&world()), describe(&world()));
    assert_ne!(describe(&world()), describe(&World::new(2, 120).unwrap()));
}

/// The stream of choices must never change, or else a published corpus cannot be made again.
#[test]
fn the_dice_fall_as_they_always_did() {
    let mut dice = Dice::stream(1, "a test");
    let drawn: Vec<usize> = (0..8).map(|_| dice.below(1000)).collect();
    assert_eq!(drawn, PINNED_DICE);
}
const PINNED_DICE: [usize; 8] = [921, 394, 897, 939, 623, 911, 942, 240];

#[test]
fn names_are_unique_and_none_is_the_beginning_of_another() {
    for entities in [20, 120, 400, 600] {
        let world = World::new(3, entities).unwrap();
        assert_eq!(world.entities().len(), entities);
        let names: Vec<&str> = world.entities().iter().map(|it| it.name.as_str()).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(
                name.starts_with(char::is_uppercase) && name.len() >= 5,
                "{name}"
            );
            for other in &names[place + 1..] {
                assert!(
                    !name.starts_with(other) && !other.starts_with(name),
                    "{name} and {other}"
                );
            }
        }
    }
}

#[test]
fn no_name_is_a_word_of_the_grammar() {
    let words = Lexicon::load().unwrap().vocabulary;
    let world = World::new(4, 400).unwrap();
    assert!(
        world
            .entities()
            .iter()
            .all(|it| !words.contains(&it.name.to_lowercase()))
    );
}

#[test]
fn every_entity_has_eight_attributes_with_values_from_small_vocabularies() {
    let world = world();
    for entity in world.entities() {
        assert_eq!(entity.facts.len(), 8, "{}", entity.name);
        let attributes: BTreeSet<usize> = entity.facts.iter().map(|fact| fact.attribute).collect();
        assert_eq!(attributes.len(), 8);
    }
    for attribute in world.attributes() {
        assert!(
            (6..=20).contains(&attribute.values.len()),
            "{}",
            attribute.name
        );
    }
}

#[test]
fn the_commonest_value_is_common_but_no_good_guess() {
    for (seed, entities) in [(1, 120), (2, 100), (3, 400)] {
        let world = World::new(seed, entities).unwrap();
        for (number, attribute) in world.attributes().iter().enumerate() {
            let counts: Vec<usize> = (0..attribute.values.len())
                .map(|value| world.sharing(number, value).len())
                .collect();
            let (all, most) = (counts.iter().sum::<usize>(), *counts.iter().max().unwrap());
            assert!(most * 4 <= all + 3, "{}: {most} of {all}", attribute.name);
            assert!(
                most * attribute.values.len() > all,
                "{}: {counts:?} is flat",
                attribute.name
            );
            let commonest = world.commonest_value(&attribute.name);
            let position = attribute
                .values
                .iter()
                .position(|value| value == commonest)
                .unwrap();
            assert_eq!(counts[position], most);
        }
    }
}

#[test]
fn values_of_an_attribute_cannot_be_mistaken_for_one_another() {
    for attribute in world().attributes() {
        for value in &attribute.values {
            let within: Vec<&String> = attribute
                .values
                .iter()
                .filter(|other| *other != value && other.contains(value))
                .collect();
            assert!(within.is_empty(), "{value} is part of {within:?}");
        }
    }
}

/// A pretraining page, a conversation and a test never ask in the same words.
#[test]
fn wordings_of_pages_conversations_and_tests_differ() {
    let world = world();
    for id in world.facts().step_by(7) {
        let mut dice = Dice::stream(5, "wordings");
        let mut all = |ask: &dyn Fn(&mut Dice) -> String| {
            (0..40).map(|_| ask(&mut dice)).collect::<BTreeSet<_>>()
        };
        let pages = all(&|dice| world.page_question(id, dice));
        let chat = all(&|dice| world.chat_question(id, dice));
        let tests = all(&|dice| world.test_question(id, dice));
        assert!(
            pages.is_disjoint(&chat) && pages.is_disjoint(&tests) && chat.is_disjoint(&tests),
            "{pages:?} {chat:?} {tests:?}"
        );
        assert!(!pages.contains(&world.reserved_question(id)));
        assert!(pages.len() >= 2 && chat.len() >= 3 && tests.len() >= 2);
    }
}

#[test]
fn words_to_spell_are_short_and_different() {
    let words = Lexicon::load().unwrap().words;
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
    assert!(
        words
            .iter()
            .all(|word| word.len() <= 9 && word.bytes().all(|letter| letter.is_ascii_lowercase()))
    );
}

#[test]
fn every_slot_of_the_grammars_is_known() {
    let lexicon = Lexicon::load().unwrap();
    let nothing: Vec<String> = Vec::new();
    assert_eq!(lexicon.stories.unknown_slots(&stories::GIVEN), nothing);
    assert_eq!(lexicon.identity.unknown_slots(&[]), nothing);
    assert_eq!(
        lexicon
            .talk
            .unknown_slots(&["question", "follow", "creature", "place", "name", "kinds"]),
        nothing
    );
    let letters = [
        "word",
        "dashed",
        "commas",
        "spaced",
        "backwards",
        "length",
        "digits",
        "first",
        "last",
        "letter",
        "times",
    ];
    assert_eq!(lexicon.letters.unknown_slots(&letters), nothing);
}

#[test]
fn a_quiz_asks_three_hundred_held_out_facts_from_a_hundred_entities_on() {
    for entities in [100, 120, 400] {
        let world = World::new(6, entities).unwrap();
        let quiz = world.quiz(300, 1);
        assert_eq!(quiz.len(), 300);
        let mut asked = BTreeSet::new();
        let mut right_by_habit = 0;
        for item in &quiz {
            assert!(
                asked.insert((item.entity.clone(), item.attribute.clone())),
                "asked twice: {item:?}"
            );
            assert!(item.question.contains(&item.entity), "{item:?}");
            assert_eq!(item.options.len(), 4);
            assert_eq!(item.options.iter().collect::<BTreeSet<_>>().len(), 4);
            assert!(item.options.contains(&item.answer));
            right_by_habit += usize::from(world.commonest_value(&item.attribute) == item.answer);
        }
        assert!(
            right_by_habit * 100 < quiz.len() * 25,
            "{right_by_habit} of {}",
            quiz.len()
        );
    }
}

#[test]
fn between_sixty_and_seventy_per_cent_of_the_facts_are_for_conversations() {
    let world = world();
    let (chat, all) = (world.chat_facts().len(), world.facts().count());
    assert!((60..=70).contains(&(chat * 100 / all)), "{chat} of {all}");
    assert_eq!(chat + world.held_out_facts().len(), all);
}

#[test]
fn every_entity_is_spoken_of_in_conversations() {
    let world = world();
    let mut left: BTreeMap<usize, usize> = (0..world.entities().len())
        .map(|entity| (entity, 0))
        .collect();
    world
        .chat_facts()
        .iter()
        .for_each(|id| *left.get_mut(&id.entity).unwrap() += 1);
    assert!(left.values().all(|facts| *facts > 0));
}

#[test]
fn a_world_too_small_or_too_large_is_refused_with_the_limits() {
    for entities in [0, 19, 601] {
        let error = World::new(1, entities).err().unwrap();
        assert!(matches!(error, Error::Entities { .. }));
        assert!(error.to_string().contains("20 to 600"), "{error}");
    }
}
