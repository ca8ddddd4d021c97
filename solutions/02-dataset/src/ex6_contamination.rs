//! # Examination questions in the training text
//!
//! Goal: find the test items that stand in a training text which is too large to keep.
//!
//! Minutes: 30. Difficulty: 3 of 5.
//!
//! An examination measures what a model has understood only if it has not read the questions. Public examinations lie on
//! the web, with their answers, in many copies; so whoever trains on the web looks for them. The usual rule: an item is
//! *contaminated* if some `n` of its words, one behind the other, also stand one behind the other in a training document.
//! (GPT-3 took 13 words.) An item of fewer words is contaminated if all of them stand somewhere in a row; one without
//! words never is.
//!
//! Words are runs of letters and digits in lower case, so that a comma more or a capital less hides nothing.
//!
//! The training text comes as an iterator: once, document by document, 100 billion words of it in life. The test set has
//! some thousand items. Which of the two do you keep in a table?
//!
//! ## Hint 1
//!
//! `text.split(|c: char| !c.is_alphanumeric())` gives the runs, empty ones among them.
//!
//! ## Hint 2
//!
//! Keep the tests: a map from each run of words to the items that have it, filled from
//! `words.windows(n.min(words.len()))`. Then go through the training text once and look each of its runs up. Runs have
//! one length, but for those of short items: remember which lengths there are.
//!
//! ## Hint 3
//!
//! `HashMap<Vec<String>, BTreeSet<usize>>`. Windows are taken inside each document: the last words of one text and the
//! first of the next do not stand behind each other. `windows(0)` panics, so leave items without words out, and take an
//! `n` of 0 for 1.
//!
//! ## Notes
//!
//! The table costs memory for the tests and nothing for the corpus, which is what makes it possible at all. In life one
//! keeps a 64-bit hash of each run instead of its words; two different runs then share a hash by accident about once in
//! 1.8 · 10¹⁹ / k looks, with k runs in the table (arithmetic).
//!
//! The rule has two edges. A question in other words passes it; and a stock phrase of n words accuses an item that nobody
//! has copied. Tidepool is built so that neither happens: every fact has one wording that is reserved for its test.

use std::collections::{BTreeSet, HashMap};

/// Runs of letters and digits, in lower case.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The numbers of the contaminated items, ascending.
pub fn contaminated(
    training: &mut dyn Iterator<Item = String>,
    items: &[&str],
    n: usize,
) -> Vec<usize> {
    let mut holders: HashMap<Vec<String>, BTreeSet<usize>> = HashMap::new();
    let mut lengths = BTreeSet::new();
    for (number, item) in items.iter().enumerate() {
        let words = words(item);
        let length = n.max(1).min(words.len());
        if length == 0 {
            continue;
        }
        lengths.insert(length);
        for run in words.windows(length) {
            holders.entry(run.to_vec()).or_default().insert(number);
        }
    }
    let mut found = BTreeSet::new();
    for document in training {
        let words = words(&document);
        for &length in &lengths {
            for run in words.windows(length) {
                found.extend(holders.get(run).into_iter().flatten());
            }
        }
    }
    found.into_iter().collect()
}
