// ANCHOR: head
//! Binding: which letter stands beside which option.
//!
//! A small model learns facts long before it learns to answer a question with the *letter* of the right option. To do so it has to
//! recall the answer, find it among the options, and say what stands beside it, all before its first token. Each of these
//! alone is of no use, so nothing starts by itself. The pages here are steps between which every one pays:
//!
//! | form | below the list stands | what has to be added to the form before |
//! |---|---|---|
//! | line | `- the reef=B` | look up what stood behind this word |
//! | option | `- the reef` ⏎ `B` | say it as a letter alone |
//! | question and line | `Where does Baduki live?` ⏎ `- the reef=B` | recall, then look up what was said |
//! | question and option | `Where does Baduki live? the reef` ⏎ `B` | the same, as a letter alone |
//! | question | `Where does Baduki live?` ⏎ `B` | recall and look up at once |
//!
//! Four things about the text decide whether the first step happens within a few million tokens at all:
//!
//! - **The letter touches its option.** `the reef=B` is cut ` reef` `=B`. With a token between them, looking up "what stands
//!   behind the place where this word stood" needs two steps instead of one.
//! - **Many look-ups for each list.** One question below four options is one useful token in fifty. On a page of [`close_lists`]
//!   it is one in two.
//! - **Lists of every length.** In a list of one the letter is there to be copied. Without such lists no part of the circuit pays
//!   before all parts work, and nothing starts.
//! - **Lessons first.** A corpus may open with pages of nothing but [`lists`], go on with [`single_letters`], and then with a lesson
//!   in which half of the text is of this genre. In a mixture the few look-ups are drowned by everything else that is to be learned;
//!   what has been learned is kept.
//!
//! The step from a line to an option is the hardest of them. In `- the reef=B` the word that is looked up is where the letter has to
//! be said; with a line's end between them the head has to look for something that is not at its own place. A recalled answer is
//! not at its own place either: the question alone begins as soon as options are there.
//!
//! And the question stands behind the list. The answer is recalled where the question ends; there the list has to be behind it,
//! not ahead.
// ANCHOR_END: head

use crate::tidepool::dice::Dice;
use crate::tidepool::world::{FactId, World};
use std::collections::BTreeSet;

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// Entries below a list.
const LOOK_UPS: usize = 12;

// ANCHOR: write
/// What stands below a list, in the order of the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Line,
    Option,
    QuestionAndLine,
    QuestionAndOption,
    Question,
}

impl Form {
    /// Every form, easiest first.
    pub const ALL: [Form; 5] = [
        Form::Line,
        Form::Option,
        Form::QuestionAndLine,
        Form::QuestionAndOption,
        Form::Question,
    ];

    /// An entry below the list; it ends with the letter.
    fn entry(self, question: &str, option: &str, letter: &str) -> String {
        match self {
            Form::Line => format!("- {option}={letter}"),
            Form::Option => format!("- {option}\n{letter}"),
            Form::QuestionAndLine => format!("{question}\n- {option}={letter}"),
            Form::QuestionAndOption => format!("{question} {option}\n{letter}"),
            Form::Question => format!("{question}\n{letter}"),
        }
    }
}

/// Writes a page: a list of options with letters, and below it a dozen entries of one form. Every fact may be asked, as on the
/// question pages; conversations and examinations have wordings of their own.
pub fn write(world: &World, dice: &mut Dice) -> String {
    let form = Form::ALL[dice.weighted(&[10, 15, 10, 15, 50])];
    let facts: Vec<FactId> = world.facts().collect();
    page(world, &facts, form, count(dice), dice)
}

/// How many options a page has: mostly four, as examinations do, but there have to be shorter lists.
fn count(dice: &mut Dice) -> usize {
    1 + dice.weighted(&[1, 2, 2, 5])
}

/// A page of one form about some of the `facts`, with `count` options.
pub fn page(world: &World, facts: &[FactId], form: Form, count: usize, dice: &mut Dice) -> String {
    let id = *dice.pick(facts);
    let (options, questions) = if dice.chance(75) {
        values(world, facts, id, count, dice)
    } else {
        owners(world, facts, id, count, dice)
    };
    let letters = letters(options.len(), dice);
    let mut page = lettered(&options, &letters);
    for _ in 0..LOOK_UPS {
        let (question, place) = dice.pick(&questions);
        page.push(form.entry(question, &options[*place], letters[*place]));
    }
    page.join("\n")
}

/// Writes a list of one to four options with letters, and a dozen or so of its lines again.
pub fn lists(world: &World, dice: &mut Dice) -> String {
    let list = List::new(world, LOOK_UPS - 4, 9, dice);
    let mut page = lettered(&list.options, &list.letters);
    for place in &list.asked {
        page.push(Form::Line.entry("", &list.options[*place], list.letters[*place]));
    }
    page.join("\n")
}

/// Writes such a list close, ` reef=B lagoon=C`, and its entries again: every second token is a letter, and there is room for more
/// of them.
pub fn close_lists(world: &World, dice: &mut Dice) -> String {
    let list = List::new(world, LOOK_UPS + 2, LOOK_UPS + 2, dice);
    let again: String = list.asked.iter().map(|place| list.close(*place)).collect();
    format!("{}\n{again}", list.all_close())
}

/// Pages of [`single_letters`] that are written close, in per cent.
const CLOSE: usize = 60;

/// Writes a list, mostly a close one, and its options again with their letters in lines of their own.
pub fn single_letters(world: &World, dice: &mut Dice) -> String {
    if !dice.chance(CLOSE) {
        let facts: Vec<FactId> = world.facts().collect();
        return page(world, &facts, Form::Option, count(dice), dice);
    }
    let list = List::new(world, LOOK_UPS + 2, LOOK_UPS + 2, dice);
    let mut page = vec![list.all_close()];
    for place in &list.asked {
        page.push(format!(" {}\n{}", list.word(*place), list.letters[*place]));
    }
    page.join("\n")
}

/// One to four options, their letters, and which of them are looked up.
struct List {
    options: Vec<String>,
    letters: Vec<&'static str>,
    asked: Vec<usize>,
}

impl List {
    /// With `fewest` look-ups or up to `more` − 1 beyond: no page is written twice, and there are few lists of one.
    fn new(world: &World, fewest: usize, more: usize, dice: &mut Dice) -> List {
        let facts: Vec<FactId> = world.facts().collect();
        let id = *dice.pick(&facts);
        let options = world.short_options(id, 1 + dice.below(4), dice);
        let letters = letters(options.len(), dice);
        let asked = fewest + dice.below(more);
        let asked = (0..asked).map(|_| dice.below(options.len())).collect();
        List {
            options,
            letters,
            asked,
        }
    }

    /// The last word of an option, if that tells the options apart; it does not where things are counted.
    fn word(&self, place: usize) -> &str {
        let words: Vec<&str> = self.options.iter().map(|it| last_word(it)).collect();
        let different: BTreeSet<&str> = words.iter().copied().collect();
        match different.len() == words.len() {
            true => words[place],
            false => &self.options[place],
        }
    }

    fn close(&self, place: usize) -> String {
        format!(" {}={}", self.word(place), self.letters[place])
    }

    fn all_close(&self) -> String {
        (0..self.options.len())
            .map(|place| self.close(place))
            .collect()
    }
}

fn last_word(option: &str) -> &str {
    option.rsplit_once(' ').map_or(option, |(_, last)| last)
}

/// Letters in any order: in their own order they could be counted, and would not have to be looked up.
fn letters(count: usize, dice: &mut Dice) -> Vec<&'static str> {
    let places = dice.positions(LETTERS.len(), count);
    places.into_iter().map(|place| LETTERS[place]).collect()
}

/// The lines of a list, and an empty one.
fn lettered(options: &[String], letters: &[&str]) -> Vec<String> {
    let lines = options.iter().zip(letters);
    let mut page: Vec<String> = lines
        .map(|(option, letter)| format!("- {option}={letter}"))
        .collect();
    page.push(String::new());
    page
}
// ANCHOR_END: write

// ANCHOR: asked
/// Options, and questions with the place of their answer.
type Asked = (Vec<String>, Vec<(String, usize)>);

/// Options are values of an attribute; whoever has one of them is asked about.
fn values(world: &World, facts: &[FactId], id: FactId, count: usize, dice: &mut Dice) -> Asked {
    let options = world.short_options(id, count, dice);
    let attribute = world.fact(id).1.attribute;
    let questions = facts
        .iter()
        .filter(|other| world.fact(**other).1.attribute == attribute)
        .filter_map(|other| {
            let answer = world.short_answer(*other);
            let place = options.iter().position(|option| *option == answer)?;
            Some((world.page_question(*other, dice), place))
        })
        .collect();
    (options, questions)
}

/// Options are entities of a kind with different values; who has which is asked.
fn owners(world: &World, facts: &[FactId], id: FactId, count: usize, dice: &mut Dice) -> Asked {
    let (entity, fact, _) = world.fact(id);
    let mut chosen: Vec<FactId> = Vec::new();
    for place in dice.positions(facts.len(), facts.len()) {
        let (other, other_fact, _) = world.fact(facts[place]);
        let same = other.kind == entity.kind && other_fact.attribute == fact.attribute;
        let new = chosen
            .iter()
            .all(|known| world.fact(*known).1.value != other_fact.value);
        if same && new && chosen.len() < count {
            chosen.push(facts[place]);
        }
    }
    let options = chosen
        .iter()
        .map(|id| world.fact(*id).0.name.clone())
        .collect();
    let questions = chosen
        .iter()
        .enumerate()
        .map(|(place, id)| (world.which_question(*id), place))
        .collect();
    (options, questions)
}
// ANCHOR_END: asked
