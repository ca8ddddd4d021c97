use judge::{Case, Property, example, property, property_of};
use proptest::prelude::*;
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use tokenizer::sample_text::sample_text;

type Shingles = BTreeSet<String>;
type Pairs = Vec<(usize, usize)>;

pub struct Functions {
    /// Given with the exercise.
    pub hash: fn(u64, &str) -> u64,
    pub shingles: fn(&str, usize) -> Shingles,
    pub signature: fn(&Shingles, usize) -> Vec<u64>,
    pub agreement: fn(&[u64], &[u64]) -> f64,
    pub candidates: fn(&[Vec<u64>], usize) -> Pairs,
    /// The same function, for numbers that count.
    pub counted: fn(&[Vec<Counted>], usize) -> Pairs,
    pub found: fn(f64, i32, i32) -> f64,
}

thread_local! {
    /// How often numbers were compared.
    static COMPARED: Cell<usize> = const { Cell::new(0) };
}

/// A number that counts how often it is compared.
#[derive(Debug, Eq)]
pub struct Counted(u64);

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        COMPARED.set(COMPARED.get() + 1);
        self.0 == other.0
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> Ordering {
        COMPARED.set(COMPARED.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Comparisons allowed for each number of a signature: a tree needs about ten for each band, a table fewer.
const PER_NUMBER: usize = 16;

/// Documents of which only the first and the last agree, in their last band; and how many comparisons that took.
fn frugal(f: &Functions) -> Result<(), String> {
    const DOCUMENTS: u64 = 2000;
    const HASHES: u64 = 32;
    let number = |document: u64, place: u64| match (document, place >= HASHES - 4) {
        (0 | 1999, true) => Counted(place),
        _ => Counted((f.hash)(document, "place") ^ place),
    };
    let signatures: Vec<Vec<Counted>> = (0..DOCUMENTS)
        .map(|document| (0..HASHES).map(|place| number(document, place)).collect())
        .collect();
    COMPARED.set(0);
    let found = (f.counted)(&signatures, 4);
    let compared = COMPARED.get();
    if found != [(0, 1999)] {
        return Err(format!(
            "only documents 0 and 1999 are alike, and you find {} pairs",
            found.len()
        ));
    }
    let allowed = PER_NUMBER * (DOCUMENTS * HASHES) as usize;
    match compared <= allowed {
        true => Ok(()),
        false => Err(format!(
            "{compared} comparisons of numbers; {allowed} are allowed"
        )),
    }
}

fn shingles(text: &str, width: usize) -> Shingles {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let mut shingles = Shingles::new();
    for start in 0..words.len() {
        if start + width <= words.len() {
            shingles.insert(words[start..start + width].join(" "));
        }
    }
    if shingles.is_empty() && !words.is_empty() {
        shingles.insert(words.join(" "));
    }
    shingles
}

/// Each with each, band by band.
fn candidates(signatures: &[Vec<u64>], rows: usize) -> Pairs {
    let mut pairs = Vec::new();
    for one in 0..signatures.len() {
        for other in one + 1..signatures.len() {
            let mut bands = signatures[one]
                .chunks_exact(rows)
                .zip(signatures[other].chunks_exact(rows));
            if bands.any(|(a, b)| a == b) {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// Two sets of numbered shingles that share some.
fn two_sets() -> impl Strategy<Value = (Shingles, Shingles)> {
    (0usize..16, 1usize..12, 1usize..12).prop_map(|(both, one, other)| {
        let named = |from: usize, count: usize| (from..from + count).map(|n| format!("word {n}"));
        let own = named(0, both).chain(named(100, one)).collect();
        (own, named(0, both).chain(named(200, other)).collect())
    })
}

/// Hash functions for an estimate: its standard deviation is then 0.025 at most.
const HASHES: usize = 400;
/// More than four of those.
const FAR: f64 = 0.12;

/// Forty pages about a harbour; the last ten are earlier ones with one word changed.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = (0..30).map(|seed| sample_text(seed, 12)).collect();
    for at in 0..10 {
        pages.push(pages[3 * at].replacen("the", "that", 1));
    }
    pages
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "\"The crab sees the crab\" has three different pairs of words",
            |f: &Functions| {
                let text = "The crab  sees the crab";
                let expected = ["the crab", "crab sees", "sees the"]
                    .map(String::from)
                    .into();
                Case::of(&[("text", &text), ("width", &2)])
                    .same(&expected, || (f.shingles)(text, 2))
            },
        ),
        property(
            "shingles are the runs of so many words, or all words if there are fewer",
            || ("((crab|Gull|tide)( |\n|  )){0,7}", 1usize..5),
            |f: &Functions, (text, width)| {
                Case::of(&[("text", &text), ("width", &width)])
                    .same(&shingles(&text, width), || (f.shingles)(&text, width))
            },
        ),
        property(
            "a signature holds the smallest hash for each hash function",
            || (two_sets(), 1usize..6),
            |f: &Functions, ((set, _), hashes)| {
                let smallest = |number| set.iter().map(|one| (f.hash)(number, one)).min();
                let expected: Vec<u64> = (0..hashes as u64).filter_map(smallest).collect();
                Case::of(&[("shingles", &set), ("hashes", &hashes)])
                    .same(&expected, || (f.signature)(&set, hashes))
            },
        ),
        property_of(
            48,
            "the agreement of two signatures estimates the similarity of the sets",
            two_sets,
            |f: &Functions, (one, other)| {
                let both = one.intersection(&other).count() as f64;
                let similarity = both / one.union(&other).count() as f64;
                let case = Case::of(&[
                    ("shingles in both", &both),
                    ("in the first", &one.len()),
                    ("in the second", &other.len()),
                ]);
                case.obeys(|| {
                    let signatures = [&one, &other].map(|set| (f.signature)(set, HASHES));
                    let agreement = (f.agreement)(&signatures[0], &signatures[1]);
                    match (agreement - similarity).abs() <= FAR {
                        true => Ok(()),
                        false => Err(format!(
                            "the similarity is {similarity:.3}, and {HASHES} hash functions say {agreement:.3}"
                        )),
                    }
                })
            },
        ),
        property(
            "agreement counts equal numbers at equal places",
            || proptest::collection::vec((0u64..3, 0u64..3), 1..8),
            |f: &Functions, places| {
                let (one, other): (Vec<u64>, Vec<u64>) = places.into_iter().unzip();
                let equal = (0..one.len()).filter(|&at| one[at] == other[at]).count();
                Case::of(&[("one", &one), ("other", &other)])
                    .same(&(equal as f64 / one.len() as f64), || {
                        (f.agreement)(&one, &other)
                    })
            },
        ),
        property(
            "candidates agree in a whole band, and all that do are found",
            || {
                let length = 1usize..8;
                (length, 1usize..4).prop_flat_map(|(length, rows)| {
                    let signature = proptest::collection::vec(0u64..3, length);
                    (proptest::collection::vec(signature, 2..7), Just(rows))
                })
            },
            |f: &Functions, (signatures, rows)| {
                Case::of(&[("signatures", &signatures), ("rows", &rows)])
                    .same(&candidates(&signatures, rows), || {
                        (f.candidates)(&signatures, rows)
                    })
            },
        ),
        example(
            "two of 2,000 documents are found without comparing each with each",
            |f: &Functions| {
                let documents = "2,000, signatures of 32 numbers, bands of 4";
                Case::of(&[("documents", &documents)]).obeys(|| frugal(f))
            },
        ),
        property(
            "a pair is found with the probability that not all bands miss it",
            || (0.01f64..0.99, 1i32..30, 1i32..8),
            |f: &Functions, (similarity, bands, rows)| {
                let hit: f64 = (0..rows).map(|_| similarity).product();
                let missed: f64 = (0..bands).map(|_| 1.0 - hit).product();
                let case = Case::of(&[
                    ("similarity", &similarity),
                    ("bands", &bands),
                    ("rows", &rows),
                ]);
                case.close(1.0 - missed, 1e-6, || (f.found)(similarity, bands, rows))
            },
        ),
        example(
            "of forty pages the ten copies with one word changed are found, and nothing else",
            |f: &Functions| {
                let expected: Pairs = (0..10).map(|at| (3 * at, 30 + at)).collect();
                let case = Case::of(&[(
                    "pages",
                    &"40 about a harbour; shingles of 5 words, 20 bands of 5 hashes",
                )]);
                case.same(&expected, || {
                    let signature = |page: &String| (f.signature)(&(f.shingles)(page, 5), 100);
                    let signatures: Vec<Vec<u64>> = pages().iter().map(signature).collect();
                    (f.candidates)(&signatures, 5)
                })
            },
        ),
    ]
}
