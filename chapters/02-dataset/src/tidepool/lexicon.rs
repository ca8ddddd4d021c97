//! The data files, read and checked: attributes with their wordings, kinds, and the grammars of all genres.
//!
//! An **attribute** has a closed vocabulary of **values** and lists of **wordings**, each a template with the slots
//! `name`, `value`, `kind` and `kinds`.

use super::error::Error;
use super::grammar::{Grammar, Template};
use serde::Deserialize;
use std::collections::BTreeSet;

const ATTRIBUTES: &str = include_str!("../../tidepool/attributes.toml");
const KINDS: &str = include_str!("../../tidepool/kinds.toml");
const STORIES: &str = include_str!("../../tidepool/stories.toml");
const TALK: &str = include_str!("../../tidepool/talk.toml");
const IDENTITY: &str = include_str!("../../tidepool/identity.toml");
const SUMS: &str = include_str!("../../tidepool/sums.toml");
const LETTERS: &str = include_str!("../../tidepool/letters.toml");
const PROGRAMS: &str = include_str!("../../tidepool/programs.toml");
const WORDS: &str = include_str!("../../tidepool/words.txt");

// ANCHOR: kind
/// A kind of entity: creature, thing or place.
#[derive(Clone, Debug, Deserialize)]
pub struct Kind {
    pub name: String,
    pub plural: String,
    /// Part of all entities, in per cent.
    pub share: usize,
    /// Syllables of the names.
    pub parts: Vec<Vec<String>>,
    /// First sentences of encyclopedia pages.
    pub introductions: Vec<String>,
}
// ANCHOR_END: kind

// ANCHOR: attribute
/// An attribute as its data file has it. The file's head explains each list.
#[derive(Clone, Debug, Deserialize)]
pub struct RawAttribute {
    pub name: String,
    pub kinds: Vec<String>,
    pub noun: String,
    pub values: Vec<String>,
    pub short: String,
    pub ends: Vec<String>,
    pub others: Vec<String>,
    pub its: Vec<String>,
    pub questions: Vec<String>,
    pub chat: Vec<String>,
    pub follow: Vec<String>,
    pub test: Vec<String>,
    pub check: String,
    pub which: String,
    pub list: String,
}

/// An attribute with its wordings parsed.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    pub noun: String,
    pub kinds: Vec<String>,
    pub values: Vec<String>,
    pub short: Template,
    pub ends: Vec<Template>,
    pub others: Vec<Template>,
    pub its: Vec<Template>,
    pub questions: Vec<Template>,
    pub chat: Vec<Template>,
    pub follow: Vec<Template>,
    pub test: Vec<Template>,
    pub check: Template,
    pub which: Template,
    pub list: Template,
}
// ANCHOR_END: attribute

// ANCHOR: lexicon
/// All data files.
pub struct Lexicon {
    pub kinds: Vec<Kind>,
    pub attributes: Vec<Attribute>,
    pub stories: Grammar,
    pub talk: Grammar,
    pub identity: Grammar,
    pub letters: Grammar,
    pub sums: SumWordings,
    pub programs: Programs,
    /// The words that are spelled and whose letters are counted.
    pub words: Vec<String>,
    /// Every word of every data file in lower case: what a name must not equal.
    pub vocabulary: BTreeSet<String>,
}

impl Lexicon {
    /// Reads the embedded files.
    pub fn load() -> Result<Lexicon, Error> {
        #[derive(Deserialize)]
        struct KindFile {
            kind: Vec<Kind>,
        }
        #[derive(Deserialize)]
        struct AttributeFile {
            attribute: Vec<RawAttribute>,
        }
        let kinds: KindFile = read("kinds.toml", KINDS)?;
        let raw: AttributeFile = read("attributes.toml", ATTRIBUTES)?;
        let attributes = raw
            .attribute
            .iter()
            .map(parse_attribute)
            .collect::<Result<Vec<_>, _>>()?;
        let texts = [
            ATTRIBUTES, STORIES, TALK, IDENTITY, SUMS, LETTERS, PROGRAMS, WORDS,
        ];
        let vocabulary = texts
            .iter()
            .flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphabetic()))
            .map(str::to_lowercase)
            .collect();
        Ok(Lexicon {
            kinds: kinds.kind,
            attributes,
            stories: Grammar::parse("stories.toml", STORIES)?,
            talk: Grammar::parse("talk.toml", TALK)?,
            identity: Grammar::parse("identity.toml", IDENTITY)?,
            letters: Grammar::parse("letters.toml", LETTERS)?,
            sums: read("sums.toml", SUMS)?,
            programs: read("programs.toml", PROGRAMS)?,
            words: WORDS.split_whitespace().map(str::to_string).collect(),
            vocabulary,
        })
    }
}
// ANCHOR_END: lexicon

// ANCHOR: sums
/// Wordings of sums; see `sums.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct SumWordings {
    pub who: Vec<String>,
    pub item: Vec<String>,
    pub number: Vec<String>,
    pub plain: Vec<SumWording>,
    pub one: Vec<SumWording>,
    pub two: Vec<SumWording>,
}

/// One sort of sum: its operators and its wordings for training and for tests.
#[derive(Clone, Debug, Deserialize)]
pub struct SumWording {
    pub ops: Vec<String>,
    pub train: Vec<String>,
    #[serde(default)]
    pub test: Vec<String>,
    #[serde(default)]
    pub answer: Vec<String>,
}
// ANCHOR_END: sums

// ANCHOR: programs
/// Small Python functions; see `programs.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Programs {
    pub argument: Vec<String>,
    pub text_argument: Vec<String>,
    pub list_argument: Vec<String>,
    pub ask: Vec<String>,
    pub function: Vec<Function>,
}

/// A family of functions, one for each number `{n}` (if `numbers` is given) and each name of its argument `{x}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    pub name: String,
    /// What the argument is: `number`, `text` or `list`.
    pub takes: String,
    /// Smallest and largest `{n}`.
    #[serde(default)]
    pub numbers: Option<[u32; 2]>,
    pub train: Vec<String>,
    pub test: Vec<String>,
    pub body: Vec<String>,
    pub checks: Vec<String>,
}
// ANCHOR_END: programs

// ANCHOR: reading
fn read<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|source| Error::Data {
        file,
        problem: source.to_string(),
    })
}

fn parse_attribute(raw: &RawAttribute) -> Result<Attribute, Error> {
    let problem = |problem: String| Error::Data {
        file: "attributes.toml",
        problem,
    };
    if let Some(wrong) = raw.ends.iter().find(|text| !text.ends_with("{value}")) {
        return Err(problem(format!(
            "\"{wrong}\" of `{}` must end with {{value}}",
            raw.name
        )));
    }
    // One wording per fact is kept out of the training text; the others must still be varied.
    if raw.ends.len() < 3 || raw.questions.len() < 3 || raw.chat.is_empty() || raw.test.is_empty() {
        return Err(problem(format!("`{}` has too few wordings", raw.name)));
    }
    let all = |texts: &[String]| {
        texts
            .iter()
            .map(|text| Template::parse(text))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(Attribute {
        name: raw.name.clone(),
        noun: raw.noun.clone(),
        kinds: raw.kinds.clone(),
        values: raw.values.clone(),
        short: Template::parse(&raw.short)?,
        ends: all(&raw.ends)?,
        others: all(&raw.others)?,
        its: all(&raw.its)?,
        questions: all(&raw.questions)?,
        chat: all(&raw.chat)?,
        follow: all(&raw.follow)?,
        test: all(&raw.test)?,
        check: Template::parse(&raw.check)?,
        which: Template::parse(&raw.which)?,
        list: Template::parse(&raw.list)?,
    })
}
// ANCHOR_END: reading
