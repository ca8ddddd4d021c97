//! Recipes: everything that a run decides, as data.
//!
//! A recipe is a JSON file in `recipes/`, compiled into the program. It says how much data of which kind, how
//! large a vocabulary, which shape of model, how many tokens in which batches at which rates. What follows from
//! those (steps, parameters, FLOPs) is computed and not stored.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

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
    pub sft: Option<Sft>,
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
        megabytes: f64,
        conversations: usize,
    },
    /// Parquet shards of a public data set.
    Shards { repository: String, shards: usize },
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
}
// ANCHOR_END: recipe

// ANCHOR: train
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Training tokens; or, with `tokens_per_parameter`, derived from the model.
    pub tokens: Option<u64>,
    pub tokens_per_parameter: Option<f64>,
    /// Tokens per optimizer step, over all ranks.
    pub batch_tokens: u64,
    /// Rows per forward pass and device.
    pub device_rows: usize,
    pub rates: Rates,
    pub warmup_ratio: f64,
    pub warmdown_ratio: f64,
    pub final_fraction: f64,
    pub clip: Option<f64>,
    /// Steps between evaluations.
    pub evaluate_every: u64,
    /// Tokens of the validation set.
    pub validation_tokens: u64,
    pub checkpoint_seconds: f64,
}

/// Learning rates before the width scaling of chapter 04.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    pub embedding: f64,
    pub head: f64,
    pub matrix: f64,
    pub weight_decay: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sft {
    /// Passes over the conversations.
    pub epochs: f64,
    pub batch_tokens: u64,
    pub device_rows: usize,
    /// The base rates times this.
    pub rate_scale: f64,
    pub warmdown_ratio: f64,
    pub evaluate_every: u64,
    pub checkpoint_seconds: f64,
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
const RECIPES: [(&str, &str); 3] = [
    ("smoke", include_str!("../recipes/smoke.json")),
    ("tiny", include_str!("../recipes/tiny.json")),
    ("d20", include_str!("../recipes/d20.json")),
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

    /// What the types cannot say.
    fn check(&self) -> Result<()> {
        let (model, train) = (&self.model, &self.train);
        let sizes = [
            ("model.layers", model.layers),
            ("model.width", model.width),
            ("model.heads", model.heads),
            ("model.kv_heads", model.kv_heads),
            ("model.context", model.context),
            ("train.batch_tokens", train.batch_tokens as i64),
            ("hardware.devices", self.hardware.devices as i64),
        ];
        if let Some((key, value)) = sizes.into_iter().find(|(_, value)| *value < 1) {
            bail!("{key} is {value}; give it at least 1");
        }
        let mut shares = vec![
            ("train.warmup_ratio", train.warmup_ratio),
            ("train.warmdown_ratio", train.warmdown_ratio),
            ("train.final_fraction", train.final_fraction),
            ("train.checkpoint_seconds", train.checkpoint_seconds),
        ];
        if let Some(sft) = &self.sft {
            shares.push(("sft.warmdown_ratio", sft.warmdown_ratio));
            shares.push(("sft.checkpoint_seconds", sft.checkpoint_seconds));
        }
        let wrong = |value: &f64| !value.is_finite() || *value < 0.0;
        if let Some((key, value)) = shares.into_iter().find(|(_, value)| wrong(value)) {
            bail!("{key} is {value}; give it a number of 0 or more");
        }
        if model.heads == 0
            || model.width % model.heads != 0
            || (model.width / model.heads) % 2 != 0
        {
            bail!(
                "model.width {} must be heads × an even head width; heads is {}",
                model.width,
                model.heads
            );
        }
        if model.heads % model.kv_heads != 0 {
            bail!(
                "model.heads {} must be a multiple of model.kv_heads {}",
                model.heads,
                model.kv_heads
            );
        }
        if train.tokens.is_some() == train.tokens_per_parameter.is_some() {
            bail!("train needs exactly one of `tokens` and `tokens_per_parameter`");
        }
        let rows = train.device_rows as u64 * model.context as u64 * self.hardware.devices;
        if rows == 0 || !train.batch_tokens.is_multiple_of(rows) {
            bail!(
                "train.batch_tokens {} must be a multiple of device_rows × context × devices = {rows}",
                train.batch_tokens
            );
        }
        if let Some(sft) = &self.sft {
            let rows = sft.device_rows as u64 * model.context as u64 * self.hardware.devices;
            if rows == 0 || !sft.batch_tokens.is_multiple_of(rows) {
                bail!(
                    "sft.batch_tokens {} must be a multiple of device_rows × context × devices = {rows}",
                    sft.batch_tokens
                );
            }
        }
        Ok(())
    }
}
// ANCHOR_END: named
