// ANCHOR: head
//! Spelling, from a list of words: the letters of a word, and how often one of them occurs in it.
//!
//! A model reads `strawberry` as one or two tokens and never sees its letters. It can learn what they are only from texts
//! that spell. Two kinds of conversation do that:
//!
//! - *Simple spelling*: `Spell the word tide` → `tide: t i d e`.
//! - *Spelling bee*: `How many times does the letter r occur in strawberry?` → letter by letter, with a running count, then
//!   the same question to the calculator, then `#### 3`.
//!
//! In the walk every letter begins a line: there it is a chunk of its own, hence always the same token.
//!
//! Conversations are made when they are asked for, from their number alone: number i is the same every time, and the lists
//! are as long as one likes. Test conversations have numbers that training never reaches.

use std::path::Path;
use std::sync::Arc;

use crate::text_folder::read_text;
use crate::tidepool::dice::Dice;
use crate::{Conversation, ConversationSource, Error, Message, Part};

/// Added to the number of a test conversation: more than any training set has.
const TEST_OFFSET: usize = 10_000_000;
// ANCHOR_END: head

// ANCHOR: words
/// A list of words; cloning copies a pointer.
#[derive(Clone, Debug)]
pub struct WordList(Arc<Vec<String>>);

impl WordList {
    /// One word per line, any line ends. Words of a single letter and lines with anything but letters are left out.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let text = read_text(path)?;
        WordList::new(text.lines().map(str::trim).map(str::to_owned)).ok_or_else(|| Error::Empty {
            what: format!("word list {}", path.display()),
        })
    }

    /// `None` if no word is left.
    pub fn new(words: impl IntoIterator<Item = String>) -> Option<Self> {
        let spellable =
            |word: &String| word.chars().count() > 1 && word.chars().all(char::is_alphabetic);
        let words: Vec<String> = words.into_iter().filter(spellable).collect();
        (!words.is_empty()).then(|| WordList(Arc::new(words)))
    }

    fn pick(&self, dice: &mut Dice) -> &str {
        dice.pick::<String>(&self.0)
    }
}

/// Which half of the endless list of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

impl Split {
    fn seed(self, index: usize) -> u64 {
        match self {
            Split::Train => index as u64,
            Split::Test => (index + TEST_OFFSET) as u64,
        }
    }
}
// ANCHOR_END: words

// ANCHOR: simple
/// Conversations that spell one word.
#[derive(Clone, Debug)]
pub struct SimpleSpelling {
    words: WordList,
    size: usize,
    split: Split,
}

impl SimpleSpelling {
    pub fn new(words: WordList, size: usize, split: Split) -> Self {
        SimpleSpelling { words, size, split }
    }
}

impl ConversationSource for SimpleSpelling {
    fn len(&self) -> usize {
        self.size
    }

    fn get(&self, index: usize) -> Result<Conversation, Error> {
        check_index(self, index)?;
        let mut dice = Dice::stream(self.split.seed(index), "simple spelling");
        let word = self.words.pick(&mut dice);
        let letters: Vec<String> = word.chars().map(String::from).collect();
        let answer = format!("{word}: {}", letters.join(" "));
        Ok(Conversation::exchange(
            format!("Spell the word {word}"),
            Message::assistant(answer),
        ))
    }

    fn name(&self) -> &str {
        "simple spelling"
    }
}
// ANCHOR_END: simple

// ANCHOR: bee
/// Conversations that count a letter in a word.
#[derive(Clone, Debug)]
pub struct SpellingBee {
    words: WordList,
    size: usize,
    split: Split,
}

/// A question of the spelling bee and all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterCount {
    pub question: String,
    pub word: String,
    pub letter: char,
    pub count: usize,
}

impl SpellingBee {
    pub fn new(words: WordList, size: usize, split: Split) -> Self {
        SpellingBee { words, size, split }
    }

    /// Question number `index`. One letter in ten is any letter of the alphabet, so that "none" is an answer too.
    pub fn question(&self, index: usize) -> LetterCount {
        let mut dice = Dice::stream(self.split.seed(index), "spelling bee");
        let word = self.words.pick(&mut dice).to_owned();
        let letters: Vec<char> = word.chars().collect();
        let letter = if dice.chance(10) {
            char::from(b'a' + dice.below(26) as u8)
        } else {
            *dice.pick(&letters)
        };
        let count = letters.iter().filter(|&&other| other == letter).count();
        // People write as they like: without a capital, in quotes, without a question mark.
        let mut question = (*dice.pick(QUESTIONS)).to_owned();
        let quote = *dice.pick(&["", "'", "\""]);
        question = question.replace("{w}", &format!("{quote}{word}{quote}"));
        question = question.replace("{l}", &format!("{quote}{letter}{quote}"));
        if dice.chance(25) {
            question = question.to_lowercase();
        }
        if dice.chance(40) {
            question = question.trim_end_matches('?').to_owned();
        }
        LetterCount {
            question,
            word,
            letter,
            count,
        }
    }
}

impl LetterCount {
    /// The letters with a running count, then the calculator's count, then the answer.
    pub fn answer(&self) -> Vec<Part> {
        let LetterCount {
            word,
            letter,
            count,
            ..
        } = self;
        let mut walk = format!("Letter by letter, counting each {letter} in {word}:\n");
        let mut so_far = 0;
        for other in word.chars() {
            so_far += usize::from(other == *letter);
            walk.push_str(&format!("{other} {so_far}\n"));
        }
        walk.push_str(&format!("That makes {count}. Python agrees: "));
        vec![
            Part::Text(walk),
            Part::Python(format!("'{word}'.count('{letter}')")),
            Part::PythonOutput(count.to_string()),
            Part::Text(format!("\n#### {count}")),
        ]
    }
}

impl ConversationSource for SpellingBee {
    fn len(&self) -> usize {
        self.size
    }

    fn get(&self, index: usize) -> Result<Conversation, Error> {
        check_index(self, index)?;
        let counted = self.question(index);
        let answer = Message::assistant_parts(counted.answer());
        Ok(Conversation::exchange(counted.question, answer))
    }

    fn name(&self) -> &str {
        "spelling bee"
    }
}

fn check_index(source: &dyn ConversationSource, index: usize) -> Result<(), Error> {
    if index < source.len() {
        return Ok(());
    }
    Err(Error::Index {
        name: source.name().to_owned(),
        index,
        len: source.len(),
    })
}
// ANCHOR_END: bee

// ANCHOR: questions
/// Ways to ask; {l} is the letter and {w} the word.
const QUESTIONS: &[&str] = &[
    "How many times does the letter {l} occur in {w}?",
    "How many {l} are in {w}?",
    "How often does {l} appear in the word {w}?",
    "Count the letter {l} in {w}.",
    "In {w}, how many letters are {l}?",
    "What is the number of {l} in {w}?",
    "Does {w} contain {l}, and how many times?",
    "Tell me how many {l} the word {w} has.",
    "Please count every {l} in {w}.",
    "How many of the letters of {w} are {l}?",
    "The word is {w}. How many {l} do you find in it?",
    "If I write down {w}, how many times do I write {l}?",
    "Number of {l} in {w}?",
    "I need the count of {l} in {w}",
    "Spell {w} and say how many {l} there are.",
    "Wie oft kommt {l} in {w} vor?",
    "Wie viele {l} hat das Wort {w}?",
    "Combien de fois trouve-t-on {l} dans {w} ?",
    "Combien de {l} y a-t-il dans le mot {w} ?",
    "¿Cuántas veces aparece {l} en {w}?",
    "¿Cuántas {l} tiene la palabra {w}?",
    "Quante volte compare {l} in {w}?",
    "Quantas vezes aparece {l} em {w}?",
    "Hoe vaak komt {l} voor in {w}?",
];
// ANCHOR_END: questions
