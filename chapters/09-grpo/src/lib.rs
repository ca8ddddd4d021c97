// ANCHOR: head
//! Chapter 09: learning from rewards. Fine-tuning shows the model what to say; here it says something itself, is told how
//! good that was, and makes good answers likelier.
//!
//! Words:
//!
//! | word | meaning |
//! |---|---|
//! | *policy* | the model, seen as something that acts: it picks token after token |
//! | *rollout* | one answer that the policy has sampled, with everything that is needed to learn from it |
//! | *reward* | one number for a whole rollout, from a judge ([`evals::Task`]) |
//! | *group* | the G rollouts of one prompt |
//! | *advantage* | by how much a rollout was better than its group |
//! | *step* | sample P groups, turn rewards into advantages, update the weights |
//!
//! Letters: N is the number of trained tokens in a pass, V the vocabulary, B and T the padded batch, as everywhere.
//!
//! Read the files in this order: `settings` (all switches), `prompts`, `seeds` and `rollout` (sampling), `advantage`,
//! `log_probabilities`, `loss` (the objective), `schedule`, `pass_at_k` (measuring), `step_report`, `reinforce` (the
//! loop), `passes`, `bookkeeping`, `start` (loading and resuming). `together`, `sums` and `lessons` belong to the demonstration.
// ANCHOR_END: head

// ANCHOR: modules
pub mod lessons;
pub mod sums;

mod advantage;
mod bookkeeping;
mod error;
mod log_probabilities;
mod loss;
mod pass_at_k;
mod passes;
mod prompts;
mod reinforce;
mod rollout;
mod schedule;
mod seeds;
mod settings;
mod start;
mod step_report;
mod together;

pub use advantage::{advantages, spread};
pub use error::Error;
pub use log_probabilities::{Chosen, Distribution};
pub use loss::{Counts, Padded, Row, Surrogate, token_weights};
pub use pass_at_k::{PassRates, pass_at_k};
pub use prompts::{Draw, Prompts};
pub use reinforce::{Advantage, Evaluate, Evaluation, GrpoRun, reinforce};
pub use rollout::{Group, MakeSampler, MakeTool, Rollout, Rollouts};
pub use schedule::{RateDecay, RateSchedule};
pub use seeds::sample_seed;
pub use settings::{Baseline, Clip, GrpoSettings, Normaliser, Objective, ZeroVariance};
pub use start::{Start, open, scaled_optimizer};
pub use step_report::StepReport;
pub use together::TogetherSampler;
// ANCHOR_END: modules
