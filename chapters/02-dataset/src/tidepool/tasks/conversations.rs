//! Conversations in SmolTalk's shape: questions about the world, follow-ups, small talk, functions.
//!
//! The training side mentions no held-out fact, in questions or answers. The test side asks for held-out facts only.

use super::{Chat, Side, distinct};
use crate::schemas::multiple_choice::MultipleChoice;
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::genres::programs;
use crate::tidepool::grammar::Bindings;
use crate::tidepool::world::{Entity, FactId, World};

// ANCHOR: write
/// `count` conversations, no two alike.
pub fn write(world: &World, side: Side, count: usize, seed: u64) -> Result<Vec<Chat>, Error> {
    let mut dice = Dice::stream(seed, &format!("conversations {}", side.name()));
    let mut facts = side.facts(world);
    dice.shuffle(&mut facts);
    let draw = |turn: usize| {
        // Every fact in turn, so that all are asked about equally often.
        let id = facts[turn % facts.len()];
        let chat = match dice.weighted(&[42, 22, 14, 6, 8, 4, 10, 60]) {
            0 => question(world, side, id, &mut dice)?,
            1 => short_question(world, side, id, &mut dice)?,
            2 => follow_up(world, side, &facts, id, &mut dice)?,
            3 => about(world, side, &facts, id, &mut dice)?,
            4 => small_talk(world, side, &mut dice)?,
            5 => greeting_and_question(world, side, id, &mut dice)?,
            6 => function(world, side, &mut dice)?,
            _ => letters(world, side, &facts, id, &mut dice)?,
        };
        // A few conversations open with a system message, as SmolTalk's do.
        Ok(if dice.chance(3) {
            chat.with_system(say(world, "system", &mut Bindings::default(), &mut dice)?)
        } else {
            chat
        })
    };
    distinct("conversations", count, draw, |chat| {
        chat.messages
            .iter()
            .map(|turn| turn.content.as_str())
            .collect()
    })
}

fn say(world: &World, rule: &str, bound: &mut Bindings, dice: &mut Dice) -> Result<String, Error> {
    world.lexicon.talk.expand(rule, bound, dice)
}
// ANCHOR_END: write

// ANCHOR: questions
/// A question in the side's own wordings.
fn worded(world: &World, side: Side, id: FactId, dice: &mut Dice) -> String {
    match side {
        Side::Train => world.chat_question(id, dice),
        Side::Test => world.test_question(id, dice),
    }
}

/// A question in one of the frames around it.
fn framed(world: &World, side: Side, id: FactId, dice: &mut Dice) -> Result<String, Error> {
    let question = worded(world, side, id, dice);
    let frame = match side {
        Side::Train => "frame",
        Side::Test => "test_frame",
    };
    say(
        world,
        frame,
        &mut Bindings::of(&[("question", &question)]),
        dice,
    )
}

/// One question, one answer.
fn question(world: &World, side: Side, id: FactId, dice: &mut Dice) -> Result<Chat, Error> {
    Ok(Chat::new("tidepool/question").exchange(
        framed(world, side, id, dice)?,
        world.plain_statement(id, dice),
    ))
}

/// A question that asks for a few words, and gets the value without a sentence around it; or the opposite question, who has
/// the value, and a name.
fn short_question(world: &World, side: Side, id: FactId, dice: &mut Dice) -> Result<Chat, Error> {
    let opposite = dice.chance(50);
    let question = if opposite {
        world.which_question(id)
    } else {
        worded(world, side, id, dice)
    };
    // The opposite question has one wording for both sides: the test's frame has to be one that adds words.
    let frame = match side {
        Side::Train if opposite => "frame",
        Side::Train => "short_frame",
        Side::Test => "test_short_frame",
    };
    let answer = if opposite {
        world.entities()[id.entity].name.clone()
    } else {
        world.short_answer(id)
    };
    let mut bound = Bindings::of(&[("question", &question)]);
    Ok(Chat::new("tidepool/short").exchange(say(world, frame, &mut bound, dice)?, answer))
}

/// Two or three questions about the same entity; only the first names it.
fn follow_up(
    world: &World,
    side: Side,
    facts: &[FactId],
    id: FactId,
    dice: &mut Dice,
) -> Result<Chat, Error> {
    let mut others = same_entity(facts, id);
    dice.shuffle(&mut others);
    others.truncate(1 + dice.below(2));
    let mut chat = Chat::new("tidepool/follow-up").exchange(
        framed(world, side, id, dice)?,
        world.plain_statement(id, dice),
    );
    for other in others {
        let follow = world.follow_question(other, dice);
        let asked = say(
            world,
            "ack",
            &mut Bindings::of(&[("follow", &follow)]),
            dice,
        )?;
        chat = chat.exchange(asked, world.plain_statement(other, dice));
    }
    Ok(chat)
}

/// "Tell me about Baduki.": two or three facts. The test side asks for one fact instead, for this question names none.
fn about(
    world: &World,
    side: Side,
    facts: &[FactId],
    id: FactId,
    dice: &mut Dice,
) -> Result<Chat, Error> {
    let mut told = same_entity(facts, id);
    if side == Side::Test || told.is_empty() {
        return question(world, side, id, dice);
    }
    dice.shuffle(&mut told);
    told.truncate(1 + dice.below(2));
    told.push(id);
    let asked = say(
        world,
        "about",
        &mut Bindings::of(&[("name", &world.entities()[id.entity].name)]),
        dice,
    )?;
    let answer: Vec<String> = told
        .into_iter()
        .map(|it| world.plain_statement(it, dice))
        .collect();
    Ok(Chat::new("tidepool/about").exchange(asked, answer.join(" ")))
}

fn same_entity(facts: &[FactId], id: FactId) -> Vec<FactId> {
    facts
        .iter()
        .copied()
        .filter(|other| other.entity == id.entity && *other != id)
        .collect()
}
// ANCHOR_END: questions

// ANCHOR: letters
/// Most questions below one list of options.
const ROUNDS: usize = 8;

/// A list of options, and one question after the other that is answered by letter: the first as MMLU asks it, the others
/// about the same list. A letter is a single token, so a conversation with one of them has little to learn from.
fn letters(
    world: &World,
    side: Side,
    facts: &[FactId],
    id: FactId,
    dice: &mut Dice,
) -> Result<Chat, Error> {
    let choices = world.short_options(id, 4, dice);
    let attribute = world.fact(id).1.attribute;
    let place = |fact: FactId| {
        let same = world.fact(fact).1.attribute == attribute;
        let answer = world.short_answer(fact);
        choices.iter().position(|choice| same && *choice == answer)
    };
    let mut asked: Vec<(FactId, usize)> = facts
        .iter()
        .filter(|other| **other != id)
        .filter_map(|other| Some((*other, place(*other)?)))
        .collect();
    dice.shuffle(&mut asked);
    asked.truncate(ROUNDS - 1);
    let first = MultipleChoice {
        question: asked_anyhow(world, side, id, dice)?,
        answer: place(id).expect("the options hold the right one"),
        choices: choices.clone(),
        subject: String::new(),
    };
    let mut chat =
        Chat::new("tidepool/letters").exchange(first.prompt(), first.letter().to_string());
    let letters: Vec<char> = first.letters().collect();
    for (fact, place) in asked {
        let question = asked_anyhow(world, side, fact, dice)?;
        chat = chat.exchange(question, letters[place].to_string());
    }
    Ok(chat)
}

/// A question in every way that training text has: by letter, a model is slow to recognise one in other words, and needs to have
/// seen that the words do not matter.
fn asked_anyhow(world: &World, side: Side, id: FactId, dice: &mut Dice) -> Result<String, Error> {
    if side == Side::Test {
        return Ok(world.test_question(id, dice));
    }
    Ok(match dice.weighted(&[30, 25, 15, 30]) {
        0 => world.page_question(id, dice),
        1 => world.chat_question(id, dice),
        2 => framed(world, side, id, dice)?,
        _ => {
            let follow = world.follow_question(id, dice);
            let name = &world.entities()[id.entity].name;
            let mut bound = Bindings::of(&[("name", name), ("follow", &follow)]);
            say(world, "introduced", &mut bound, dice)?
        }
    })
}
// ANCHOR_END: letters

// ANCHOR: talk
/// An exchange that is about nothing, as most talk is.
fn small_talk(world: &World, side: Side, dice: &mut Dice) -> Result<Chat, Error> {
    let topic = say(world, "topics", &mut Bindings::default(), dice)?;
    let (asked, answer) = exchange_about(world, side, &topic, dice)?;
    Ok(Chat::new("tidepool/talk").exchange(asked, answer))
}

/// A greeting first, then a question.
fn greeting_and_question(
    world: &World,
    side: Side,
    id: FactId,
    dice: &mut Dice,
) -> Result<Chat, Error> {
    let (asked, answer) = exchange_about(world, side, "hello", dice)?;
    let question = framed(world, side, id, dice)?;
    Ok(Chat::new("tidepool/greeting")
        .exchange(asked, answer)
        .exchange(question, world.plain_statement(id, dice)))
}

fn exchange_about(
    world: &World,
    side: Side,
    topic: &str,
    dice: &mut Dice,
) -> Result<(String, String), Error> {
    let mut named = |kind: &str| -> String {
        let of_kind: Vec<&Entity> = world
            .entities()
            .iter()
            .filter(|it| world.kind(it).name == kind)
            .collect();
        dice.pick(&of_kind).name.clone()
    };
    let (creature, thing, place) = (named("creature"), named("thing"), named("place"));
    let name = dice.pick(&[creature.clone(), thing, place.clone()]).clone();
    let mut bound = Bindings::of(&[("creature", &creature), ("place", &place), ("name", &name)]);
    let asking = if side == Side::Train { "ask" } else { "test" };
    let asked = say(world, &format!("{asking}_{topic}"), &mut bound, dice)?;
    Ok((
        asked,
        say(world, &format!("reply_{topic}"), &mut bound, dice)?,
    ))
}
// ANCHOR_END: talk

// ANCHOR: function
/// A function's head, to be completed: alone, as the HumanEval-shaped problems show it, or with a request.
fn function(world: &World, side: Side, dice: &mut Dice) -> Result<Chat, Error> {
    let program = programs::random(world, side == Side::Test, dice)?;
    let asked = if dice.chance(70) {
        program.head.clone()
    } else {
        format!(
            "{}\n{}",
            dice.pick(&world.lexicon.programs.ask),
            program.head
        )
    };
    Ok(Chat::new("tidepool/function").exchange(asked, format!("{}{}", program.head, program.body)))
}
// ANCHOR_END: function
