//! Sentences from rules.
//!
//! A **template** is a text with slots. A **rule** is a list of templates under a name; a **grammar** is a set of rules.
//! To **expand** a template is to replace each slot: by the value bound to its name if there is one, else by an
//! expansion of one of the templates of the rule of that name.
//!
//! | slot | becomes |
//! |---|---|
//! | `{food}` | the binding or rule `food` |
//! | `{^food}` | the same with a capital first letter |
//! | `{a food}` | the same with `a` or `an` before it; `{^a food}` with a capital |
//! | `{who:name}` | an expansion of `name` that stays bound to `who` for the rest of the text |

use super::dice::Dice;
use super::error::Error;
use std::collections::BTreeMap;

// ANCHOR: template
/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Slot {
        name: String,
        bind: Option<String>,
        capital: bool,
        article: bool,
    },
}

impl Template {
    /// Reads a template. A brace that is not closed is an error that shows the text.
    pub fn parse(text: &str) -> Result<Template, Error> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_string()));
            }
            let close = rest
                .find('}')
                .filter(|close| *close > open)
                .ok_or_else(|| Error::OpenBrace(text.to_string()))?;
            let mut slot = &rest[open + 1..close];
            let capital = slot.starts_with('^');
            slot = slot.trim_start_matches('^');
            let article = slot.starts_with("a ");
            slot = slot.strip_prefix("a ").unwrap_or(slot);
            let (bind, name) = match slot.split_once(':') {
                Some((bind, name)) => (Some(bind.to_string()), name),
                None => (None, slot),
            };
            pieces.push(Piece::Slot {
                name: name.to_string(),
                bind,
                capital,
                article,
            });
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_string()));
        }
        Ok(Template { pieces })
    }

    /// Fills a template whose slots are all given: no rules, no dice.
    pub fn fill(&self, values: &[(&str, &str)]) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot {
                    name,
                    capital,
                    article,
                    ..
                } => {
                    let value = values
                        .iter()
                        .find(|(key, _)| key == name)
                        .map_or("", |(_, value)| value);
                    push_slot(&mut out, value, *capital, *article);
                }
            }
        }
        out
    }

    fn slots(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Slot { name, bind, .. } => Some((name.as_str(), bind.as_deref())),
            Piece::Text(_) => None,
        })
    }
}
// ANCHOR_END: template

// ANCHOR: slot
fn push_slot(out: &mut String, value: &str, capital: bool, article: bool) {
    if article {
        let an = value.starts_with(['a', 'e', 'i', 'o', 'u']);
        out.push_str(match (capital, an) {
            (true, true) => "An ",
            (true, false) => "A ",
            (false, true) => "an ",
            (false, false) => "a ",
        });
        out.push_str(value);
    } else if capital {
        out.push_str(&capitalised(value));
    } else {
        out.push_str(value);
    }
}

/// The text with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A list as English writes it: "a", "a and b", "a, b and c".
pub fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_string(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}
// ANCHOR_END: slot

// ANCHOR: grammar
/// Rules by name.
pub struct Grammar {
    rules: BTreeMap<String, Vec<Template>>,
}

impl Grammar {
    /// Reads a TOML file whose keys are rule names and whose values are lists of templates; `file` is its name for
    /// error messages.
    pub fn parse(file: &'static str, text: &str) -> Result<Grammar, Error> {
        let read: BTreeMap<String, Vec<String>> =
            toml::from_str(text).map_err(|source| Error::Data {
                file,
                problem: source.to_string(),
            })?;
        let mut rules = BTreeMap::new();
        for (name, templates) in read {
            if templates.is_empty() {
                return Err(Error::Data {
                    file,
                    problem: format!("the rule `{name}` is empty"),
                });
            }
            rules.insert(
                name,
                templates
                    .iter()
                    .map(|text| Template::parse(text))
                    .collect::<Result<Vec<_>, _>>()?,
            );
        }
        Ok(Grammar { rules })
    }

    /// Expands one template of the rule `rule`. What a template binds with `{who:rule}` is added to `bound`.
    ///
    /// # Errors
    /// A slot that is neither bound nor a rule.
    pub fn expand(
        &self,
        rule: &str,
        bound: &mut Bindings,
        dice: &mut Dice,
    ) -> Result<String, Error> {
        let templates = self
            .rules
            .get(rule)
            .ok_or_else(|| Error::UnknownSlot(rule.to_string()))?;
        let template = dice.pick(templates);
        let mut out = String::new();
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot {
                    name,
                    bind,
                    capital,
                    article,
                } => {
                    let value = match bound.get(name) {
                        Some(value) => value.to_string(),
                        None => self.expand(name, bound, dice)?,
                    };
                    push_slot(&mut out, &value, *capital, *article);
                    if let Some(bind) = bind {
                        bound.set(bind, &value);
                    }
                }
            }
        }
        Ok(out)
    }

    /// The templates of a rule, as written; empty if there is no such rule.
    pub fn templates(&self, rule: &str) -> &[Template] {
        self.rules.get(rule).map_or(&[], Vec::as_slice)
    }

    /// The names of slots that are neither rules, nor bound inside the grammar, nor in `given`: mistakes in a data file.
    pub fn unknown_slots(&self, given: &[&str]) -> Vec<String> {
        let all = || self.rules.values().flatten();
        let bound: Vec<&str> = all()
            .flat_map(Template::slots)
            .filter_map(|(_, bind)| bind)
            .collect();
        all()
            .flat_map(Template::slots)
            .map(|(name, _)| name)
            .filter(|name| {
                !self.rules.contains_key(*name) && !bound.contains(name) && !given.contains(name)
            })
            .map(str::to_string)
            .collect()
    }
}
// ANCHOR_END: grammar

// ANCHOR: bindings
/// Values of slots. A short list: looking through a dozen names costs less than hashing one.
#[derive(Clone, Debug, Default)]
pub struct Bindings(Vec<(String, String)>);

impl Bindings {
    /// The given values.
    pub fn of(values: &[(&str, &str)]) -> Bindings {
        Bindings(
            values
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        )
    }

    /// The value bound to a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Binds a name, replacing what was bound to it.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(slot) => slot.1 = value.to_string(),
            None => self.0.push((name.to_string(), value.to_string())),
        }
    }
}
// ANCHOR_END: bindings
