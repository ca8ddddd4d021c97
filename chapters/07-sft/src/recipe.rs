// ANCHOR: head
//! A stage after pretraining as data: which conversations, how often, and how they are trained on.
//!
//! Words: a *mixture recipe* lists sources by their *kind*, the shape of their rows; `repeats` is how often each row comes
//! in an epoch, `rows` the most rows that are taken. A *stage recipe* adds what the training loop needs. Both are plain
//! serde types: a run's recipe file holds one of them under `mid` and one under `sft`. What a recipe leaves out is the
//! plain case: shuffled with seed 42, every row of the training side once, long conversations cut; gradients that are
//! not clipped, a fresh optimizer, no newcomers, and no evaluation before the end.

use crate::{Error, Newcomers, Ramp, SftSettings, Supervise, TooLong};
use muon::Rates2025;
use serde::{Deserialize, Serialize};
// ANCHOR_END: head

// ANCHOR: mixture
/// Conversations from several sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureRecipe {
    #[serde(default = "forty_two")]
    pub seed: u64,
    /// Each epoch in an order of its own, and `rows` chosen at random. Without it all in file order, `rows` the first ones.
    #[serde(default = "yes")]
    pub shuffle: bool,
    pub sources: Vec<SourceRecipe>,
}

/// One source of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecipe {
    pub kind: Kind,
    /// ARC's `ARC-Easy` or `ARC-Challenge`; MMLU's split, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    #[serde(default)]
    pub split: Side,
    /// How often each row comes in an epoch: 2 twice, 0.25 a quarter of the rows, another quarter in each epoch.
    #[serde(default = "one")]
    pub repeats: f64,
    /// At most that many rows, the same ones in each epoch. Spelling needs it: its list of conversations has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Where the rows are, below the data folder, if not at the kind's usual place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How the source is called in tables and messages, if not by its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The shape of a source's rows (chapter 02's schemas).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Smoltalk,
    Mmlu,
    Arc,
    Gsm8k,
    Identity,
    SimpleSpelling,
    SpellingBee,
    /// No conversations: documents of pretraining, as [`Pages`](crate::Pages).
    Pages,
}

/// What is trained on, or what is kept apart to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    #[default]
    Train,
    Test,
}

fn forty_two() -> u64 {
    42
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}
// ANCHOR_END: mixture

// ANCHOR: kinds
impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Smoltalk => "smoltalk",
            Kind::Mmlu => "mmlu",
            Kind::Arc => "arc",
            Kind::Gsm8k => "gsm8k",
            Kind::Identity => "identity",
            Kind::SimpleSpelling => "simple_spelling",
            Kind::SpellingBee => "spelling_bee",
            Kind::Pages => "pages",
        }
    }
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Train => "train",
            Side::Test => "test",
        }
    }
}

impl SourceRecipe {
    /// All rows of a kind's training side, once.
    pub fn of(kind: Kind) -> Self {
        SourceRecipe {
            kind,
            subset: None,
            split: Side::Train,
            repeats: 1.0,
            rows: None,
            file: None,
            name: None,
        }
    }

    /// `mmlu`, `arc/ARC-Easy`, or the name that the recipe gives.
    pub fn label(&self) -> String {
        match (&self.name, &self.subset) {
            (Some(name), _) => name.clone(),
            (None, Some(subset)) => format!("{}/{subset}", self.kind.name()),
            (None, None) => self.kind.name().to_string(),
        }
    }

    /// How many rows the published set has; `None` where nobody published one (made from a word list, or a file of one's own).
    pub fn published_rows(&self) -> Option<usize> {
        if self.file.is_some() {
            return None;
        }
        let rows = match (self.kind, self.split, self.subset.as_deref()) {
            (Kind::Smoltalk, Side::Train, _) => 460_341,
            (Kind::Smoltalk, Side::Test, _) => 24_229,
            (Kind::Mmlu, Side::Train, None | Some("auxiliary_train")) => 99_842,
            (Kind::Mmlu, Side::Test, None) | (Kind::Mmlu, _, Some("test")) => 14_042,
            (Kind::Arc, Side::Train, Some("ARC-Easy")) => 2_251,
            (Kind::Arc, Side::Test, Some("ARC-Easy")) => 2_376,
            (Kind::Arc, Side::Train, Some("ARC-Challenge")) => 1_119,
            (Kind::Arc, Side::Test, Some("ARC-Challenge")) => 1_172,
            (Kind::Gsm8k, Side::Train, _) => 7_473,
            (Kind::Gsm8k, Side::Test, _) => 1_319,
            (Kind::Identity, ..) => 1_000,
            _ => return None,
        };
        Some(rows)
    }

    /// Conversations per epoch, of `available` rows.
    pub fn conversations(&self, available: usize) -> usize {
        let rows = self.rows.map_or(available, |limit| limit.min(available));
        let whole = rows * self.repeats.floor() as usize;
        whole + (self.repeats.fract() * rows as f64).round() as usize
    }
}

impl MixtureRecipe {
    /// Conversations per epoch over the published sets: arithmetic, for a plan made before anything is downloaded.
    /// `None` if one of the sources has no published size and no limit.
    pub fn published_conversations(&self) -> Option<usize> {
        let of = |source: &SourceRecipe| {
            let available = source.published_rows().or(source.rows)?;
            Some(source.conversations(available))
        };
        self.sources.iter().map(of).sum()
    }
}
// ANCHOR_END: kinds

// ANCHOR: stage
/// Midtraining or fine-tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRecipe {
    pub mixture: MixtureRecipe,
    /// What is scored source by source; without it nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<MixtureRecipe>,
    pub supervise: Supervise,
    #[serde(default)]
    pub too_long: TooLong,
    /// Passes over the mixture.
    pub epochs: f64,
    /// Tokens per optimizer step, padding included.
    pub batch_tokens: u64,
    /// Rows of a micro-batch.
    pub device_rows: usize,
    /// Pretraining's rates times this.
    pub rate_scale: f64,
    pub ramp: Ramp,
    /// The largest norm of a step's gradient; without it nothing is clipped.
    #[serde(default)]
    pub clip: Option<f64>,
    /// Whether the optimizer goes on with the buffers of the stage before.
    #[serde(default)]
    pub warm_start: bool,
    /// What special tokens begin as that the stage before has not seen.
    #[serde(default, skip_serializing_if = "Newcomers::is_empty")]
    pub newcomers: Newcomers,
    /// Steps between evaluations; 0: only at the end.
    #[serde(default)]
    pub evaluate_every: u64,
    pub checkpoint_seconds: f64,
}

impl StageRecipe {
    /// What the stage called `stage` (`mid`, `sft`) is to do with rows of `time` positions.
    ///
    /// # Errors
    /// A batch that is not a whole number of micro-batches.
    pub fn settings(
        &self,
        stage: &str,
        rates: Rates2025,
        time: usize,
    ) -> Result<SftSettings, Error> {
        let micro = self.device_rows as u64 * time as u64;
        if micro == 0 || self.batch_tokens == 0 || !self.batch_tokens.is_multiple_of(micro) {
            return Err(Error::Setting {
                setting: "batch_tokens",
                value: self.batch_tokens.to_string(),
                remedy: "it must be a multiple of device_rows × context, and both above 0",
            });
        }
        Ok(SftSettings {
            stage: stage.to_string(),
            epochs: self.epochs,
            rows: self.device_rows,
            time,
            accumulation: (self.batch_tokens / micro) as usize,
            supervise: self.supervise,
            too_long: self.too_long,
            rates,
            rate_scale: self.rate_scale,
            ramp: self.ramp,
            clip: self.clip,
            warm_start: self.warm_start,
            newcomers: self.newcomers.clone(),
            evaluate_every: self.evaluate_every,
            checkpoint_seconds: self.checkpoint_seconds,
            seed: self.mixture.seed,
        })
    }
}
// ANCHOR_END: stage
