//! Exercise 01.4 in chapter 01's place: the merges have to be the chapter's, all of them and in the same order.
//!
//! On the run's own text they are compared once more, by the stage `tokenizer`, with the time that they took.

use crate::asking::{LIMIT, Trouble, ask};
use anyhow::{Result, bail};
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug};
use tokenizer::count::{ChunkCounts, count_chunks};
use tokenizer::sample_text::sample_text;
use tokenizer::{FindMerges, Pair, TrainSettings};

/// Texts with their names, and how many merges are asked for.
fn texts() -> [(String, String, usize); 4] {
    let text = |text: &str, wanted| (format!("{text:?}"), text.to_string(), wanted);
    [
        // Places that touch, with an odd number of them and an even one.
        text("aaaa aaaaa aaaaaa aaaa", 6),
        // A letter of three bytes is three tokens at first.
        text("日本日本 ééé ab ab aba", 8),
        // More than there are.
        text("one crab two crabs", 1000),
        ("a sample text".to_string(), sample_text(1, 300), 200),
    ]
}

/// Brings `find` along.
pub fn plug(whose: &'static str, find: FindMerges) -> Plug {
    let exercise = Exercise {
        chapter: 1,
        number: 4,
        title: "merge one chunk",
    };
    Plug {
        exercise,
        put: Box::new(move |_, _, parts| put(Origin::new(exercise, whose), find, parts)),
    }
}

/// Puts `find` into `parts` if it makes the chapter's merges.
fn put(mut origin: Origin, find: FindMerges, parts: &mut Parts) -> Result<()> {
    let texts = texts();
    for (name, text, wanted) in &texts {
        let settings = TrainSettings::new(0);
        let counts = count_chunks([text.clone()].into_iter(), &settings, &mut |_| ())?;
        let right = tokenizer::train::merges(&counts, *wanted, &mut |_| ())?;
        if let Err(trouble) = compare(find, counts, *wanted, &right) {
            bail!(origin.complaint(&trouble.about(name)));
        }
    }
    origin.found = format!("the chapter's merges on {} small texts", texts.len());
    parts.merges = Part {
        function: find,
        origin: Some(origin),
    };
    Ok(())
}

fn compare(
    find: FindMerges,
    counts: ChunkCounts,
    wanted: usize,
    right: &[Pair],
) -> Result<(), Trouble> {
    let found = ask(LIMIT, move || find(&counts, wanted, &mut |_| ()))?
        .map_err(|error| Trouble::Wrong(format!("refused: {error}")))?;
    let differs = right
        .iter()
        .zip(&found)
        .position(|(right, found)| right != found);
    match differs {
        Some(at) => Err(Trouble::Wrong(format!(
            "merges {:?} at step {}, where the chapter's code merges {:?}",
            found[at],
            at + 1,
            right[at]
        ))),
        None if found.len() != right.len() => Err(Trouble::Wrong(format!(
            "makes {} merges, where the chapter's code makes {}",
            found.len(),
            right.len()
        ))),
        None => Ok(()),
    }
}
