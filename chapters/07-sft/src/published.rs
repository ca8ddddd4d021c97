// ANCHOR: head
//! nanochat's own mixtures, as recipes: what the sizes and steps on the chapter's page are computed from.

use crate::{Kind, MixtureRecipe, SourceRecipe};
// ANCHOR_END: head

// ANCHOR: published
/// Midtraining of October 2025: talk, letters, sums.
pub fn mid_2025() -> MixtureRecipe {
    mixture(vec![
        SourceRecipe::of(Kind::Smoltalk),
        SourceRecipe::of(Kind::Mmlu),
        SourceRecipe::of(Kind::Gsm8k),
    ])
}

/// Midtraining of January 2026: the same, and who the model is, and spelling.
pub fn mid_2026() -> MixtureRecipe {
    let mut recipe = mid_2025();
    recipe.sources.extend(extras());
    recipe
}

/// Fine-tuning of October 2025: little, and the tests' own kinds of question.
pub fn sft_2025() -> MixtureRecipe {
    let arc = |subset: &str| SourceRecipe {
        subset: Some(subset.to_string()),
        ..SourceRecipe::of(Kind::Arc)
    };
    mixture(vec![
        arc("ARC-Easy"),
        arc("ARC-Challenge"),
        SourceRecipe::of(Kind::Gsm8k),
        SourceRecipe {
            rows: Some(10_000),
            ..SourceRecipe::of(Kind::Smoltalk)
        },
    ])
}

/// Fine-tuning of 2026, which took midtraining's mixture over and repeats what is scarce; with `extras` as at its fullest.
pub fn sft_2026(with_extras: bool) -> MixtureRecipe {
    let mut recipe = mixture(vec![
        SourceRecipe::of(Kind::Smoltalk),
        repeated(Kind::Mmlu, 3.0),
        repeated(Kind::Gsm8k, 4.0),
    ]);
    if with_extras {
        recipe.sources.extend(extras());
    }
    recipe
}

fn extras() -> Vec<SourceRecipe> {
    let made = |kind, rows| SourceRecipe {
        rows: Some(rows),
        ..SourceRecipe::of(kind)
    };
    vec![
        repeated(Kind::Identity, 2.0),
        made(Kind::SimpleSpelling, 200_000),
        made(Kind::SpellingBee, 80_000),
    ]
}

fn repeated(kind: Kind, repeats: f64) -> SourceRecipe {
    SourceRecipe {
        repeats,
        ..SourceRecipe::of(kind)
    }
}

fn mixture(sources: Vec<SourceRecipe>) -> MixtureRecipe {
    MixtureRecipe {
        seed: 42,
        shuffle: true,
        sources,
    }
}
// ANCHOR_END: published
