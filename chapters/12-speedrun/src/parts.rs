// ANCHOR: head
//! The parts of a run that another program may bring: a learner's own merges, packing, attention, orthogonalisation, rates, relu².
//!
//! A part is a function with a name, in the place where a chapter asks for one. It comes from outside by way of a [`Plug`],
//! which looks at it before it lets it in.

use crate::recipe::Recipe;
use anyhow::{Result, bail};
use dataset::ChooseDocument;
use hopper::ReluSquared;
use muon::Orthogonalise;
use pretrain::{RateMultiplier, Schedule};
use tensors::Machine;
use tokenizer::FindMerges;
use transformer::Attend;
// ANCHOR_END: head

// ANCHOR: parts
/// What a run computes with where it has a choice. [`Parts::default`] is the chapters' own code.
pub struct Parts {
    /// Chapter 01: which pairs become tokens.
    pub merges: Part<FindMerges>,
    /// Chapter 02: which document goes next into a row of pretraining. `None`: chapter 02's packer has no rule and needs none.
    pub packing: Part<Option<ChooseDocument>>,
    /// Chapter 03: what the positions of a row gather from each other, in all training.
    pub attention: Part<Attend>,
    /// Chapter 04: Muon's iteration, in pretraining. `None`: the chapter's two, Newton–Schulz and Polar Express.
    pub orthogonalise: Part<Option<Orthogonalise>>,
    /// Chapter 05: the multiplier of the learning rates, in pretraining.
    pub rate: Part<RateMultiplier>,
    /// Chapter 06: relu², in all training. `None`: the one of the run's kernels.
    pub relu_squared: Part<Option<ReluSquared>>,
}

pub struct Part<F> {
    pub function: F,
    /// `None`: the chapter's own.
    pub origin: Option<Origin>,
}

/// Where code comes from that stands in the place of a chapter's.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    pub exercise: Exercise,
    /// `your answer`, or `the solution`.
    pub whose: &'static str,
    /// What was found when it was compared with the chapter's code, for the report.
    pub found: String,
    /// Where its time was measured, before the run.
    pub slowdown: Option<Slowdown>,
}

/// An answer's time beside the chapter's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowdown {
    /// `forward and backward`
    pub of: &'static str,
    pub times_the_chapters: f64,
}

impl Origin {
    pub fn new(exercise: Exercise, whose: &'static str) -> Origin {
        Origin {
            exercise,
            whose,
            found: String::new(),
            slowdown: None,
        }
    }

    /// What is said about the answer when it does not hold; `problem` begins with a verb.
    pub fn complaint(&self, problem: &str) -> String {
        let Exercise {
            chapter, number, ..
        } = self.exercise;
        format!(
            "exercise {}: {} {problem}; `cargo course check {chapter:02}.{number}` says more",
            self.exercise, self.whose
        )
    }
}

/// An exercise whose answer can be a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exercise {
    pub chapter: u32,
    pub number: u32,
    /// `merge one chunk`
    pub title: &'static str,
}

/// `01.4, merge one chunk`
impl std::fmt::Display for Exercise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}.{}, {}", self.chapter, self.number, self.title)
    }
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            merges: Part {
                function: tokenizer::train::merges,
                origin: None,
            },
            packing: Part {
                function: None,
                origin: None,
            },
            attention: Part {
                function: hopper::attention::windowed_attention,
                origin: None,
            },
            orthogonalise: Part {
                function: None,
                origin: None,
            },
            rate: Part {
                function: Schedule::multiplier,
                origin: None,
            },
            relu_squared: Part {
                function: None,
                origin: None,
            },
        }
    }
}

impl Parts {
    /// Every part by name, with its origin.
    pub fn named(&self) -> [(&'static str, Option<&Origin>); 6] {
        [
            ("byte-pair merges", self.merges.origin.as_ref()),
            ("packing", self.packing.origin.as_ref()),
            ("attention", self.attention.origin.as_ref()),
            ("orthogonalisation", self.orthogonalise.origin.as_ref()),
            ("learning rate", self.rate.origin.as_ref()),
            ("relu²", self.relu_squared.origin.as_ref()),
        ]
    }

    /// Who wrote what, where it is not the chapters' own: what a run's folder remembers.
    pub fn identity(&self) -> Vec<String> {
        let plugged = self
            .named()
            .into_iter()
            .filter_map(|(name, origin)| origin.map(|origin| (name, origin)));
        plugged
            .map(|(name, origin)| format!("{name}: {}, {}", origin.exercise, origin.whose))
            .collect()
    }
}
// ANCHOR_END: parts

// ANCHOR: plug
/// An answer that a program brings along.
pub struct Plug {
    pub exercise: Exercise,
    /// Compares the answer with the chapter's code, in seconds, and puts it in its place if it holds.
    pub put: Box<Put>,
}

pub type Put = dyn Fn(&Recipe, &Machine, &mut Parts) -> Result<()>;

/// The plugs that `--mine` names by their chapters; all of them for no name.
///
/// # Errors
/// A chapter without a plug is answered with those that have one.
pub fn choose<'p>(plugs: &'p [Plug], chapters: &[String]) -> Result<Vec<&'p Plug>> {
    let all: Vec<String> = plugs
        .iter()
        .map(|plug| format!("{:02} ({})", plug.exercise.chapter, plug.exercise.title))
        .collect();
    if plugs.is_empty() {
        bail!(
            "--mine: this program holds the chapters' own code and nothing else; \
             `./speedrun.sh --mine` builds the one that holds your exercises too"
        );
    }
    let is_named = |plug: &Plug, name: &String| name.parse() == Ok(plug.exercise.chapter);
    if let Some(unknown) = chapters
        .iter()
        .find(|name| !plugs.iter().any(|plug| is_named(plug, name)))
    {
        bail!(
            "--mine {unknown}: no exercise of that chapter plugs in; those that do are of {}",
            all.join(" and ")
        );
    }
    let chosen = plugs
        .iter()
        .filter(|plug| chapters.is_empty() || chapters.iter().any(|name| is_named(plug, name)));
    Ok(chosen.collect())
}
// ANCHOR_END: plug
