// ANCHOR: head
//! Items: the rows of a task, of one of three kinds.

use serde::Deserialize;
use serde_json::Value;
// ANCHOR_END: head

// ANCHOR: item
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    MultipleChoice,
    Schema,
    /// The bundle spells it the American way.
    #[serde(rename = "language_modeling")]
    LanguageModelling,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "multiple choice",
            Kind::Schema => "schema",
            Kind::LanguageModelling => "language modelling",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    MultipleChoice {
        query: String,
        choices: Vec<String>,
        gold: usize,
    },
    Schema {
        contexts: Vec<String>,
        continuation: String,
        gold: usize,
    },
    LanguageModelling {
        context: String,
        continuation: String,
    },
}
// ANCHOR_END: item

// ANCHOR: read
#[derive(Deserialize)]
struct ChoiceRow {
    query: String,
    choices: Vec<String>,
    gold: usize,
}

#[derive(Deserialize)]
struct SchemaRow {
    context_options: Vec<String>,
    continuation: String,
    gold: usize,
}

#[derive(Deserialize)]
struct LanguageRow {
    context: String,
    continuation: String,
}

impl Item {
    /// A row of a file; further keys are ignored. The error says what is wrong, file and line are the caller's.
    pub fn read(kind: Kind, row: Value) -> Result<Item, String> {
        fn fields<T: serde::de::DeserializeOwned>(row: Value) -> Result<T, String> {
            serde_json::from_value(row).map_err(|error| error.to_string())
        }
        let item = match kind {
            Kind::MultipleChoice => {
                let ChoiceRow {
                    query,
                    choices,
                    gold,
                } = fields(row)?;
                Item::MultipleChoice {
                    query,
                    choices,
                    gold,
                }
            }
            Kind::Schema => {
                let row: SchemaRow = fields(row)?;
                Item::Schema {
                    contexts: row.context_options,
                    continuation: row.continuation,
                    gold: row.gold,
                }
            }
            Kind::LanguageModelling => {
                let LanguageRow {
                    context,
                    continuation,
                } = fields(row)?;
                Item::LanguageModelling {
                    context,
                    continuation,
                }
            }
        };
        item.check()?;
        Ok(item)
    }

    fn check(&self) -> Result<(), String> {
        let options = |count: usize, gold: usize| {
            if count < 2 || gold >= count {
                return Err(format!(
                    "`gold` is {gold} with {count} options; there must be at least 2, and they are counted from 0"
                ));
            }
            Ok(())
        };
        match self {
            Item::MultipleChoice { choices, gold, .. } => options(choices.len(), *gold),
            Item::Schema { contexts, gold, .. } => options(contexts.len(), *gold),
            Item::LanguageModelling { continuation, .. } => {
                // Every token of nothing is guessed right.
                if continuation.trim().is_empty() {
                    return Err("`continuation` is empty, so there is nothing to predict".into());
                }
                Ok(())
            }
        }
    }
}
// ANCHOR_END: read
