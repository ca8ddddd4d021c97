// ANCHOR: head
//! From a mixture recipe to a mixture: finding the files, opening them by their shape, choosing rows.
//!
//! Usual places below the data folder, with `.jsonl`, `.parquet` or a folder of such files:
//!
//! | kind | place |
//! |---|---|
//! | `smoltalk` | `chat/train`, `chat/test` |
//! | `mmlu` | `mmlu/auxiliary_train`, `mmlu/test`, `mmlu/SUBSET` |
//! | `arc` | `arc/SUBSET/train`, `arc/SUBSET/test` |
//! | `gsm8k` | `gsm8k/train`, `gsm8k/test` |
//! | `identity` | `chat/identity` |
//! | `simple_spelling`, `spelling_bee` | `words/words_alpha.txt`, a word list |
//! | `pages` | `pretrain`, a folder of shards |

use crate::mixture::check_weight;
use crate::{Error, Ingredient, Kind, Mixture, MixtureRecipe, Pages, Side, SourceRecipe};
use dataset::schemas::spelling::Split;
use dataset::schemas::{
    DataSet, Identity, MultipleChoice, Schema, SimpleSpelling, SmolTalk, SpellingBee, WordList,
    WordProblem,
};
use dataset::{Conversation, ConversationSource};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// The choice of rows draws from streams of the mixture's generator that its epochs never reach.
const FIRST_STREAM: u64 = 1 << 40;
// ANCHOR_END: head

// ANCHOR: check
impl MixtureRecipe {
    /// What can be wrong with a mixture, as far as that is known without its data. [`open_mixture`] asks it first; a
    /// run of several stages asks before any of them begins.
    ///
    /// # Errors
    /// A source that lacks what its kind needs (`rows` of spelling, `subset` of ARC) or asks for what its kind does not
    /// have, `repeats` that are no number from 0 to 1000, and a mixture of which nothing can come.
    pub fn check(&self) -> Result<(), Error> {
        for (index, recipe) in self.sources.iter().enumerate() {
            let asked = Asked {
                recipe,
                number: index + 1,
            };
            asked.check()?;
        }
        let gives = |source: &SourceRecipe| source.rows != Some(0) && source.repeats > 0.0;
        match self.sources.iter().any(gives) {
            true => Ok(()),
            false => Err(Error::EmptyMixture),
        }
    }
}
// ANCHOR_END: check

// ANCHOR: open
/// Opens what a recipe names below `root`, for rank `rank` of `world`.
///
/// # Errors
/// A file that is not there, with all the places that were tried; a row that is not of its kind; a recipe that asks for
/// what a kind does not have.
pub fn open_mixture(
    recipe: &MixtureRecipe,
    root: &Path,
    rank: usize,
    world: usize,
) -> Result<Mixture, Error> {
    recipe.check()?;
    let mut ingredients = Vec::new();
    for (index, source) in recipe.sources.iter().enumerate() {
        let asked = Asked {
            recipe: source,
            number: index + 1,
        };
        let all = asked.open(root)?;
        // Spelling makes as many as it is asked for; of the others some are chosen.
        let rows = source.rows.filter(|&limit| limit < all.len());
        let rows = rows.map(|limit| {
            let mut rows: Vec<usize> = (0..all.len()).collect();
            if recipe.shuffle {
                let mut random = ChaCha8Rng::seed_from_u64(recipe.seed);
                random.set_stream(FIRST_STREAM + index as u64);
                rows.shuffle(&mut random);
            }
            rows.truncate(limit);
            rows
        });
        ingredients.push(Ingredient {
            source: Box::new(Chosen {
                name: source.label(),
                all,
                rows,
            }),
            weight: source.repeats,
        });
    }
    let mixture = Mixture::new(ingredients, recipe.seed, rank, world)?;
    if recipe.shuffle {
        Ok(mixture)
    } else {
        mixture.in_file_order()
    }
}

/// Some rows of a source, under the recipe's name for it.
struct Chosen {
    name: String,
    all: Box<dyn ConversationSource>,
    /// `None`: all of them.
    rows: Option<Vec<usize>>,
}

impl ConversationSource for Chosen {
    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.all.len(), Vec::len)
    }

    fn get(&self, index: usize) -> Result<Conversation, dataset::Error> {
        match &self.rows {
            None => self.all.get(index),
            Some(rows) => match rows.get(index) {
                Some(&row) => self.all.get(row),
                None => Err(dataset::Error::Index {
                    name: self.name.clone(),
                    index,
                    len: rows.len(),
                }),
            },
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}
// ANCHOR_END: open

// ANCHOR: source
/// A source as the recipe asks for it.
struct Asked<'a> {
    recipe: &'a SourceRecipe,
    /// From 1, for messages.
    number: usize,
}

impl Asked<'_> {
    fn check(&self) -> Result<(), Error> {
        self.stem()?;
        if let Kind::SimpleSpelling | Kind::SpellingBee = self.recipe.kind {
            self.made()?;
        }
        check_weight(&self.recipe.label(), self.recipe.repeats)
    }

    fn open(&self, root: &Path) -> Result<Box<dyn ConversationSource>, Error> {
        let SourceRecipe { kind, split, .. } = self.recipe;
        Ok(match kind {
            Kind::Smoltalk => Box::new(self.rows::<SmolTalk>(root)?),
            Kind::Mmlu | Kind::Arc => Box::new(self.rows::<MultipleChoice>(root)?),
            Kind::Gsm8k => Box::new(self.rows::<WordProblem>(root)?),
            Kind::Identity => Box::new(self.rows::<Identity>(root)?),
            Kind::Pages => {
                let path = self.path(root)?;
                Box::new(Pages::open(self.recipe.label(), &path, *split)?)
            }
            Kind::SimpleSpelling | Kind::SpellingBee => {
                let rows = self.made()?;
                let words = WordList::open(&self.path(root)?)?;
                let split = match split {
                    Side::Train => Split::Train,
                    Side::Test => Split::Test,
                };
                match kind {
                    Kind::SimpleSpelling => Box::new(SimpleSpelling::new(words, rows, split)),
                    _ => Box::new(SpellingBee::new(words, rows, split)),
                }
            }
        })
    }

    fn rows<S: Schema>(&self, root: &Path) -> Result<DataSet<S>, Error> {
        Ok(DataSet::open(self.recipe.label(), &self.path(root)?)?)
    }

    /// How many conversations are made of a list of words.
    fn made(&self) -> Result<usize, Error> {
        self.recipe.rows.ok_or_else(|| {
            self.wrong(
                "it is made from a word list without end; say how many conversations by `rows`",
            )
        })
    }

    /// The kind's usual place, without an ending.
    fn stem(&self) -> Result<String, Error> {
        let SourceRecipe {
            kind,
            subset,
            split,
            file,
            ..
        } = self.recipe;
        let split = split.name();
        if let Some(file) = file {
            return Ok(file.clone());
        }
        Ok(match (kind, subset.as_deref()) {
            (Kind::Mmlu, Some(subset)) => format!("mmlu/{subset}"),
            (Kind::Mmlu, None) if split == "train" => "mmlu/auxiliary_train".to_string(),
            (Kind::Mmlu, None) => format!("mmlu/{split}"),
            (Kind::Arc, Some(subset)) => format!("arc/{subset}/{split}"),
            (Kind::Arc, None) => {
                return Err(
                    self.wrong("it comes in two parts; set `subset` to ARC-Easy or ARC-Challenge")
                );
            }
            (_, Some(subset)) => {
                return Err(self.wrong(&format!("it has no subset `{subset}`; leave `subset` out")));
            }
            (Kind::Smoltalk, None) => format!("chat/{split}"),
            (Kind::Gsm8k, None) => format!("gsm8k/{split}"),
            (Kind::Identity, None) => "chat/identity".to_string(),
            (Kind::Pages, None) => "pretrain".to_string(),
            (Kind::SimpleSpelling | Kind::SpellingBee, None) => "words/words_alpha.txt".to_string(),
        })
    }

    fn path(&self, root: &Path) -> Result<PathBuf, Error> {
        let stem = self.stem()?;
        let endings: &[&str] = match Path::new(&stem).extension() {
            Some(_) => &[""],
            None => &[".jsonl", ".parquet", ""],
        };
        let tried = endings.iter().map(|ending| format!("{stem}{ending}"));
        let tried: Vec<String> = tried.collect();
        let mut found = tried.iter().map(|name| root.join(name));
        let Some(path) = found.find(|path| path.exists()) else {
            let tried: Vec<String> = tried
                .iter()
                .map(|name| root.join(name).display().to_string())
                .collect();
            return Err(Error::MissingFile {
                number: self.number,
                kind: self.recipe.kind.name(),
                tried: tried.join(", "),
            });
        };
        Ok(path)
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::Source {
            number: self.number,
            kind: self.recipe.kind.name(),
            problem: problem.to_string(),
        }
    }
}
// ANCHOR_END: source
