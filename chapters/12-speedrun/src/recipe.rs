// ANCHOR: head
//! Recipes: everything that a run decides, as data.
//!
//! A recipe is a JSON file in `recipes/`, compiled into the program. It says how much data of which kind, how
//! large a vocabulary, which shape of model, how many tokens in which batches at which rates. What follows from
//! those (steps, parameters, FLOPs) is computed and not stored.

use crate::method::{OptimizerRecipe, ScheduleRecipe};
use anyhow::{Context, Result, bail};
use dataset::tidepool::CorpusSettings;
use grpo::GrpoSettings;
use serde::{Deserialize, Serialize};
use sft::StageRecipe;
use transformer::Switches;
// ANCHOR_END: head

// ANCHOR: recipe
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    pub name: String,
    /// One sentence for `--help` and the report.
    pub about: String,
    pub seed: u64,
    pub data: Data,
    pub tokenizer: TokenizerRecipe,
    pub model: Model,
    pub train: Train,
    /// Midtraining and fine-tuning: chapter 07's own recipes.
    pub mid: Option<StageRecipe>,
    pub sft: Option<StageRecipe>,
    pub rl: Option<Rl>,
    pub evals: Option<Evals>,
    pub quiz: Option<Quiz>,
    /// The machine that the recipe is meant for: what `--dry-run` computes hours and cost with.
    pub hardware: Hardware,
}

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Data {
    /// The embedded world: no download.
    Tidepool {
        entities: usize,
        /// How much of everything; what is left out is as in chapter 02. The seed is the recipe's.
        #[serde(default)]
        corpus: CorpusSettings,
    },
    /// Parquet shards of a public data set.
    Shards {
        repository: String,
        shards: usize,
        #[serde(default)]
        damaged_groups: DamagedGroups,
    },
}

/// What happens when a row group of a shard cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DamagedGroups {
    /// The run stops, and names file and group.
    #[default]
    Stop,
    /// The group is left out, and each time it is said on the standard error.
    Skip,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerRecipe {
    /// The nine special tokens included.
    pub vocab_size: usize,
    /// Characters of text to train on, at most.
    pub max_chars: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub layers: i64,
    pub width: i64,
    pub heads: i64,
    pub kv_heads: i64,
    pub context: i64,
    #[serde(default = "seed_rope_base")]
    pub rope_base: f64,
    /// What of the 2026 architecture is on (chapter 03); nothing, if the recipe does not say.
    #[serde(default)]
    pub switches: Switches,
}

fn seed_rope_base() -> f64 {
    10_000.0
}
// ANCHOR_END: recipe

// ANCHOR: train
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Training tokens; or derived from the model: per parameter, as in 2025, or per parameter of matrices and head, as
    /// in 2026.
    pub tokens: Option<u64>,
    pub tokens_per_parameter: Option<f64>,
    pub tokens_per_scaling_parameter: Option<f64>,
    /// Tokens per optimizer step, over all ranks.
    pub batch_tokens: u64,
    /// Rows per forward pass and device.
    pub device_rows: usize,
    /// How documents become rows; best fit, if the recipe does not say.
    #[serde(default)]
    pub packing: Packing,
    pub optimizer: OptimizerRecipe,
    pub schedule: ScheduleRecipe,
    pub clip: Option<f64>,
    /// Whether matrix products are made in fp8; if nothing is said, where chapter 06 finds it worth while. Nothing but bf16 has it.
    #[serde(default)]
    pub fp8: Option<bool>,
    /// Steps between evaluations.
    pub evaluate_every: u64,
    /// Tokens of the validation set.
    pub validation_tokens: u64,
    pub checkpoint_seconds: f64,
}

/// Chapter 02's two ways from documents to rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Every row begins with a document, and what does not fit is cut off and lost.
    #[default]
    BestFit,
    /// One document behind the other, in their order, and nothing is lost.
    Stream,
}

/// Reinforcement learning on word problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rl {
    /// Held-out problems that are asked while training, with `samples` answers each.
    pub questions: usize,
    pub samples: usize,
    #[serde(default)]
    pub settings: GrpoSettings,
}

/// What the models are examined on after each stage; `null` asks all there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evals {
    /// Of each task of CORE.
    pub core: Option<usize>,
    /// Of each set of multiple choice.
    pub choice: Option<usize>,
    /// Of each task whose answers are written.
    pub written: Option<usize>,
    /// The longest written answer.
    pub max_tokens: usize,
    /// Answers written side by side.
    pub rows: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    pub questions: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    pub name: String,
    pub devices: u64,
    /// Whether activations are bf16 there; else fp32.
    pub bf16: bool,
    /// Dense peak of one device in the compute type, FLOP/s; absent where it has to be measured (a CPU).
    pub peak_flops: Option<f64>,
    /// The share of the peak that the hours are computed with.
    pub assumed_mfu: Option<f64>,
    pub dollars_per_hour: Option<f64>,
}
// ANCHOR_END: train

// ANCHOR: named
const RECIPES: [(&str, &str); 6] = [
    ("smoke", include_str!("../recipes/smoke.json")),
    ("tiny", include_str!("../recipes/tiny.json")),
    ("d20", include_str!("../recipes/d20.json")),
    ("d12-2026", include_str!("../recipes/d12-2026.json")),
    ("gpt2", include_str!("../recipes/gpt2.json")),
    ("ablate", include_str!("../recipes/ablate.json")),
];

impl Recipe {
    /// A recipe by its name.
    ///
    /// # Errors
    /// An unknown name is answered with the known ones.
    pub fn named(name: &str) -> Result<Recipe> {
        let Some((_, text)) = RECIPES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = RECIPES.iter().map(|(name, _)| *name).collect();
            bail!(
                "there is no recipe `{name}`; choose one of {}, or give the path of a .json file",
                known.join(", ")
            );
        };
        Recipe::parse(text, &format!("recipes/{name}.json"))
    }

    /// A recipe by name or by the path of a JSON file.
    pub fn load(name: &str) -> Result<Recipe> {
        if !name.ends_with(".json") {
            return Recipe::named(name);
        }
        let text = std::fs::read_to_string(name)
            .with_context(|| format!("cannot read the recipe {name}"))?;
        Recipe::parse(&text, name)
    }

    fn parse(text: &str, origin: &str) -> Result<Recipe> {
        let recipe: Recipe =
            serde_json::from_str(text).with_context(|| format!("{origin} is not a recipe"))?;
        recipe
            .check()
            .with_context(|| format!("{origin} does not add up"))?;
        Ok(recipe)
    }

    /// Another seed, of everything that is drawn: documents, weights, the order of conversations, answers that are sampled.
    pub fn with_seed(mut self, seed: u64) -> Recipe {
        self.seed = seed;
        for stage in self.mid.iter_mut().chain(&mut self.sft) {
            stage.mixture.seed = seed;
        }
        if let Some(rl) = &mut self.rl {
            rl.settings.seed = seed;
        }
        self
    }
}
// ANCHOR_END: named
