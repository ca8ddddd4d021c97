// ANCHOR: head
//! How a recipe trains: which optimizer with which rates, and how the rates move, as data.
//!
//! The two kinds are nanochat's of October 2025 and of July 2026. The refinements of Muon (chapter 04) can be had one by
//! one with the first; the second has them all.

use anyhow::Result;
use muon::{Group, Method, Rates2025, Rates2026, Refinements, groups_2025, groups_2026};
use pretrain::Schedule;
use serde::{Deserialize, Serialize};
use transformer::{Gpt, Role};
// ANCHOR_END: head

// ANCHOR: optimizer
/// Learning rates stand here before the width scaling of chapter 04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum OptimizerRecipe {
    #[serde(rename = "october_2025")]
    October2025 {
        embedding: f64,
        head: f64,
        matrix: f64,
        /// AdamW's.
        weight_decay: f64,
        /// Muon's.
        #[serde(default)]
        matrix_decay: f64,
        #[serde(default)]
        refinements: Refinements,
        /// What nanochat's rates of residual and x0 scalars, made for batches of 2¹⁹ tokens, are multiplied with.
        #[serde(default = "one")]
        scalar_scale: f64,
    },
    #[serde(rename = "july_2026")]
    July2026 {
        /// What all rates but those of smear and backout are multiplied with; √(batch / 2¹⁹) if absent.
        rate_scale: Option<f64>,
        /// Muon's weight decay at the first step; what the depth dial says if absent.
        matrix_decay: Option<f64>,
    },
}

fn one() -> f64 {
    1.0
}

/// What the depth dial says about rates: needed where a recipe leaves it to the dial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DialRates {
    pub rate_scale: f64,
    pub matrix_decay: f64,
}

impl OptimizerRecipe {
    /// The rates of embedding, head and matrices, for stages that train on with a share of them.
    pub fn table_rates(&self) -> Rates2025 {
        match *self {
            OptimizerRecipe::October2025 {
                embedding,
                head,
                matrix,
                weight_decay,
                ..
            } => Rates2025 {
                embedding,
                head,
                matrix,
                weight_decay,
            },
            OptimizerRecipe::July2026 { rate_scale, .. } => {
                let (rates, scale) = (Rates2026::default(), rate_scale.unwrap_or(1.0));
                Rates2025 {
                    embedding: rates.embedding * scale,
                    head: rates.head * scale,
                    matrix: rates.matrix * scale,
                    weight_decay: 0.0,
                }
            }
        }
    }

    /// The parameter groups of a model.
    pub fn groups(&self, gpt: &Gpt, dial: DialRates) -> Result<Vec<Group>> {
        let (parameters, width) = (gpt.parameters(), gpt.config().width);
        match *self {
            OptimizerRecipe::October2025 {
                matrix_decay,
                refinements,
                scalar_scale,
                ..
            } => {
                let rates = self.table_rates();
                let mut groups = groups_2025(parameters, width, &rates, gpt.compute())?;
                for group in &mut groups {
                    if let Method::Muon { refinements: r, .. } = &mut group.method {
                        *r = refinements;
                        group.weight_decay = matrix_decay;
                    }
                    let scalars = |parameter: &transformer::Parameter| {
                        matches!(parameter.role, Role::ResidualScalars | Role::StartScalars)
                            && parameter.name == group.parameters[0].0
                    };
                    if parameters.iter().any(scalars) {
                        group.lr *= scalar_scale;
                    }
                }
                Ok(groups)
            }
            OptimizerRecipe::July2026 {
                rate_scale,
                matrix_decay,
            } => {
                let rates = Rates2026 {
                    rate_scale: rate_scale.unwrap_or(dial.rate_scale),
                    matrix_decay: matrix_decay.unwrap_or(dial.matrix_decay),
                    ..Rates2026::default()
                };
                Ok(groups_2026(parameters, width, &rates, gpt.compute())?)
            }
        }
    }
}
// ANCHOR_END: optimizer

// ANCHOR: schedule
/// Shares are of the run's steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum ScheduleRecipe {
    #[serde(rename = "october_2025")]
    October2025 {
        warmup_ratio: f64,
        warmdown_ratio: f64,
        final_fraction: f64,
    },
    #[serde(rename = "july_2026")]
    July2026 {
        warmup_steps: u64,
        warmdown_ratio: f64,
        final_fraction: f64,
    },
}

impl ScheduleRecipe {
    pub fn over(&self, steps: u64) -> Schedule {
        match *self {
            ScheduleRecipe::October2025 {
                warmup_ratio,
                warmdown_ratio,
                final_fraction,
            } => Schedule::october_2025(steps, warmup_ratio, warmdown_ratio, final_fraction),
            ScheduleRecipe::July2026 {
                warmup_steps,
                warmdown_ratio,
                final_fraction,
            } => Schedule::july_2026(steps, warmup_steps, warmdown_ratio, final_fraction),
        }
    }
}
// ANCHOR_END: schedule
