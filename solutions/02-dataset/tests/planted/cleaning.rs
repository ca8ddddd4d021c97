//! Wrong answers to exercises 6 and 10.

use super::Of;
use crate::properties::{ex6_contamination, ex10_near_duplicates};
use judge::program::Wrong;
use solutions_02::ex6_contamination as tests;
use solutions_02::ex10_near_duplicates as alike;
use std::collections::BTreeSet;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = contamination();
    wrong.extend(near_duplicates());
    wrong
}

/// Whether `is_found` says so of an item's words and a document's words.
fn looked_through(
    training: &mut dyn Iterator<Item = String>,
    items: &[&str],
    is_found: impl Fn(&[String], &[String]) -> bool,
) -> Vec<usize> {
    let documents: Vec<Vec<String>> = training.map(|text| tests::words(&text)).collect();
    let found = |&item: &usize| {
        let words = tests::words(items[item]);
        !words.is_empty() && documents.iter().any(|document| is_found(&words, document))
    };
    (0..items.len()).filter(found).collect()
}

fn contamination() -> Vec<Wrong> {
    use ex6_contamination::Functions;
    let of = Of {
        number: 6,
        name: "contamination",
        properties: ex6_contamination::properties,
    };
    let splitting = |words| Functions {
        words,
        contaminated: tests::contaminated,
    };
    let finding = |contaminated| Functions {
        words: tests::words,
        contaminated,
    };
    vec![
        of.planted(
            "split-at-white-space",
            splitting(|text| {
                text.to_lowercase()
                    .split_whitespace()
                    .map(String::from)
                    .collect()
            }),
        ),
        of.planted(
            "capitals-kept",
            splitting(|text| {
                let words = text.split(|c: char| !c.is_alphanumeric());
                words
                    .filter(|word| !word.is_empty())
                    .map(String::from)
                    .collect()
            }),
        ),
        of.planted(
            "ascii-only",
            splitting(|text| {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                words
                    .filter(|word| !word.is_empty())
                    .map(str::to_lowercase)
                    .collect()
            }),
        ),
        of.planted(
            "across-documents",
            finding(|training, items, n| {
                let joined: Vec<String> = training.collect();
                tests::contaminated(&mut std::iter::once(joined.join(" ")), items, n)
            }),
        ),
        of.planted(
            "in-any-order",
            finding(|training, items, n| {
                looked_through(training, items, |item, document| {
                    let length = n.min(item.len());
                    let sorted = |run: &[String]| {
                        let mut run = run.to_vec();
                        run.sort();
                        run
                    };
                    item.windows(length).any(|run| {
                        let mut places = document.windows(length);
                        places.any(|here| sorted(here) == sorted(run))
                    })
                })
            }),
        ),
        of.planted(
            "short-items-never",
            finding(|training, items, n| {
                looked_through(training, items, |item, document| {
                    let mut runs = item.windows(n);
                    runs.any(|run| document.windows(n).any(|here| here == run))
                })
            }),
        ),
        of.planted(
            "the-whole-item-only",
            finding(|training, items, _| {
                looked_through(training, items, |item, document| {
                    document.windows(item.len()).any(|here| here == item)
                })
            }),
        ),
        of.planted(
            "its-first-words-only",
            finding(|training, items, n| {
                looked_through(training, items, |item, document| {
                    let first = &item[..n.min(item.len())];
                    document.windows(first.len()).any(|here| here == first)
                })
            }),
        ),
        of.planted(
            "one-document-is-enough",
            finding(|training, items, n| tests::contaminated(&mut training.take(1), items, n)),
        ),
        of.planted(
            "letters-instead-of-words",
            finding(|training, items, n| {
                let documents: Vec<String> =
                    training.map(|text| tests::words(&text).join(" ")).collect();
                let found = |&item: &usize| {
                    let words = tests::words(items[item]);
                    let mut runs = words.windows(n.min(words.len()).max(1));
                    runs.any(|run| {
                        let run = run.join(" ");
                        documents.iter().any(|document| document.contains(&run))
                    })
                };
                (0..items.len()).filter(found).collect()
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                words: |_| Vec::new(),
                contaminated: |_, _, _| Vec::new(),
            },
        ),
        of.constant(
            "always-the-first",
            Functions {
                words: |_| vec!["crab".to_string()],
                contaminated: |_, _, _| vec![0, 1],
            },
        ),
    ]
}

/// The right pairs, by looking at all of them.
fn each_with_each<N: Ord>(signatures: &[Vec<N>], rows: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (one, first) in signatures.iter().enumerate() {
        for (other, second) in signatures.iter().enumerate().skip(one + 1) {
            let mut bands = first.chunks_exact(rows).zip(second.chunks_exact(rows));
            if bands.any(|(a, b)| a == b) {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

fn near_duplicates() -> Vec<Wrong> {
    use ex10_near_duplicates::Functions;
    let of = Of {
        number: 10,
        name: "near_duplicates",
        properties: ex10_near_duplicates::properties,
    };
    let right = || Functions {
        hash: alike::hash,
        shingles: alike::shingles,
        signature: alike::signature,
        agreement: alike::agreement,
        candidates: alike::candidates,
        counted: alike::candidates,
        found: alike::found,
    };
    let cutting = |shingles| Functions {
        shingles,
        ..right()
    };
    let signing = |signature| Functions {
        signature,
        ..right()
    };
    let comparing = |agreement| Functions {
        agreement,
        ..right()
    };
    let pairing = |candidates| Functions {
        candidates,
        ..right()
    };
    let foretelling = |found| Functions { found, ..right() };
    vec![
        of.planted(
            "short-texts-dropped",
            cutting(|text, width| {
                let text = text.to_lowercase();
                let words: Vec<&str> = text.split_whitespace().collect();
                words.windows(width).map(|run| run.join(" ")).collect()
            }),
        ),
        of.planted(
            "side-by-side-and-not-overlapping",
            cutting(|text, width| {
                let text = text.to_lowercase();
                let words: Vec<&str> = text.split_whitespace().collect();
                words.chunks(width).map(|run| run.join(" ")).collect()
            }),
        ),
        of.planted(
            "capitals-matter",
            cutting(|text, width| {
                let words: Vec<&str> = text.split_whitespace().collect();
                let width = width.min(words.len()).max(1);
                words.windows(width).map(|run| run.join(" ")).collect()
            }),
        ),
        of.planted(
            "one-hash-function-for-all",
            signing(|shingles, hashes| {
                let first = alike::signature(shingles, 1);
                first.into_iter().cycle().take(hashes).collect()
            }),
        ),
        of.planted(
            "the-largest-hash",
            signing(|shingles, hashes| {
                let largest = |number| {
                    let all = shingles.iter().map(|shingle| alike::hash(number, shingle));
                    all.max().unwrap_or(u64::MAX)
                };
                (0..hashes as u64).map(largest).collect()
            }),
        ),
        of.planted(
            "the-smallest-hashes-of-one-function",
            signing(|shingles, hashes| {
                let mut all: Vec<u64> = shingles
                    .iter()
                    .map(|shingle| alike::hash(0, shingle))
                    .collect();
                all.sort_unstable();
                all.resize(hashes, u64::MAX);
                all
            }),
        ),
        of.planted(
            "numbers-at-any-place",
            comparing(|one, other| {
                let [a, b] = [one, other].map(|one| one.iter().collect::<BTreeSet<_>>());
                a.intersection(&b).count() as f64 / a.union(&b).count().max(1) as f64
            }),
        ),
        of.planted(
            "one-equal-number-is-enough",
            pairing(|signatures, _| alike::candidates(signatures, 1)),
        ),
        of.planted(
            "each-with-each",
            Functions {
                candidates: each_with_each,
                counted: each_with_each,
                ..right()
            },
        ),
        of.planted(
            "the-first-band-only",
            pairing(|signatures, rows| {
                let first: Vec<Vec<u64>> = signatures
                    .iter()
                    .map(|signature| signature[..rows.min(signature.len())].to_vec())
                    .collect();
                alike::candidates(&first, rows)
            }),
        ),
        of.planted(
            "bands-in-one-table",
            pairing(|signatures, rows| {
                let mut pairs = BTreeSet::new();
                for (one, first) in signatures.iter().enumerate() {
                    for (other, second) in signatures.iter().enumerate().skip(one + 1) {
                        let mut bands = first.chunks_exact(rows);
                        if bands.any(|band| second.chunks_exact(rows).any(|here| here == band)) {
                            pairs.insert((one, other));
                        }
                    }
                }
                pairs.into_iter().collect()
            }),
        ),
        of.planted(
            "neighbours-in-a-table-only",
            pairing(|signatures, rows| {
                let all = alike::candidates(signatures, rows);
                let is_next = |&(one, other): &(usize, usize)| {
                    !(one + 1..other).any(|between| all.contains(&(one, between)))
                };
                all.iter().copied().filter(is_next).collect()
            }),
        ),
        of.planted(
            "a-broken-last-band-counts",
            pairing(|signatures, rows| {
                let fill = |signature: &Vec<u64>| {
                    let mut filled = signature.clone();
                    filled.resize(signature.len().next_multiple_of(rows), 0);
                    filled
                };
                let filled: Vec<Vec<u64>> = signatures.iter().map(fill).collect();
                alike::candidates(&filled, rows)
            }),
        ),
        of.planted(
            "all-bands-must-agree",
            foretelling(|similarity, bands, rows| similarity.powi(rows * bands)),
        ),
        of.planted(
            "bands-and-rows-exchanged",
            foretelling(|similarity, bands, rows| alike::found(similarity, rows, bands)),
        ),
        of.constant(
            "zeros",
            Functions {
                shingles: |_, _| BTreeSet::new(),
                signature: |_, hashes| vec![0; hashes],
                agreement: |_, _| 0.0,
                candidates: |_, _| Vec::new(),
                counted: |_, _| Vec::new(),
                found: |_, _, _| 0.0,
                ..right()
            },
        ),
        of.constant(
            "everything-is-alike",
            Functions {
                shingles: |_, _| BTreeSet::from(["crab".to_string()]),
                signature: |_, hashes| vec![u64::MAX; hashes],
                agreement: |_, _| 1.0,
                candidates: |_, _| vec![(0, 1)],
                counted: |_, _| vec![(0, 1)],
                found: |_, _, _| 1.0,
                ..right()
            },
        ),
    ]
}
