//! The fast path against the readable one, on as many random inputs as there is time for.
//!
//! `NANOCRAB_FUZZ_SECONDS` is the time for each target (2 by default), `NANOCRAB_FUZZ_SEED` begins somewhere else. Each
//! target prints how many inputs it tried; an input on which the two differ is made smaller before it is shown:
//! `NANOCRAB_FUZZ_SECONDS=600 cargo test -p tokenizer --test fuzz -- --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use tokenizer::count::{ChunkCounts, count_document};
use tokenizer::encode::{encode_text, merge_long, merge_short};
use tokenizer::fast::chunk_cache::ChunkCache;
use tokenizer::fast::encoder::Encoder;
use tokenizer::fast::{counting, merging, scanner};
use tokenizer::naive::naive_merges;
use tokenizer::pattern::Pattern;
use tokenizer::sample_text::sample_text;
use tokenizer::{TrainSettings, Vocabulary, train, train_with};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
}

/// SplitMix64: each call gives other bits, and any seed is as good as another.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 32) as usize % n
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// What the pattern tells apart, in bits of a few bytes: words, contractions, digits, white space of all kinds,
    /// accents that stand alone, letters and digits outside ASCII, any character at all, and bytes that are no UTF-8.
    fn text(&mut self, pieces: usize) -> String {
        const WORDS: [&str; 12] = [
            "the",
            "a",
            "Don",
            "crab",
            "I",
            "tide",
            "aaaa",
            "WATER",
            "x",
            "lighthouses",
            "ß",
            "Straße",
        ];
        const CONTRACTIONS: [&str; 14] = [
            "'s", "'S", "'ſ", "'t", "'ll", "'lL", "'ve", "'RE", "'d", "'M", "'", "''", "'l", "'v",
        ];
        const WHITE: [&str; 14] = [
            " ", " ", " ", "  ", "\n", "\r\n", "\t", "\r", "\u{a0}", "\u{3000}", "\u{85}",
            "\u{2028}", "\u{b}", "    ",
        ];
        const MARKS: [&str; 14] = [
            ".", ",", "!", "(", "_", "-", "\u{0}", "\u{301}", "🦀", "\u{200d}", "€", "\u{fffd}",
            "\u{7f}", "…",
        ];
        const FOREIGN: [&str; 12] = [
            "é",
            "你好",
            "게",
            "ก็",
            "हिन्दी",
            "Ⅻ",
            "½",
            "٣",
            "४",
            "ʰ",
            "ª",
            "𝒜",
        ];
        let mut bytes = Vec::new();
        for _ in 0..self.below(pieces) {
            match self.below(16) {
                0..=3 => bytes.extend(self.of(&WORDS).bytes()),
                4 => bytes.extend(self.of(&CONTRACTIONS).bytes()),
                5..=8 => bytes.extend(self.of(&WHITE).bytes()),
                9 => bytes.extend(self.of(&MARKS).bytes()),
                10 => bytes.extend(self.of(&FOREIGN).bytes()),
                11 => bytes.extend(self.below(100_000).to_string().bytes()),
                12 => bytes.push(self.below(128) as u8),
                13 => bytes.push(self.bits() as u8),
                14 => {
                    // The planes in use hold a seventh of all code points.
                    let limit = [0x800, 0x1_0000, 0x3_4000, 0x11_0000][self.below(4)];
                    let code = self.below(limit);
                    let character = char::from_u32(code as u32).unwrap_or(' ');
                    bytes.extend(character.to_string().bytes());
                }
                _ => {
                    let again = self.below(bytes.len().min(24) + 1);
                    bytes.extend_from_within(bytes.len() - again..);
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Runs `agrees` on inputs until the time is up, and says how many there were.
fn fuzz(target: &str, make: impl Fn(&mut Random) -> String, agrees: impl Fn(&str) -> bool) {
    let seed = number("NANOCRAB_FUZZ_SEED", 1);
    let mut random = Random(seed);
    let end = Instant::now() + Duration::from_secs(number("NANOCRAB_FUZZ_SECONDS", 2));
    let (mut inputs, mut bytes) = (0u64, 0u64);
    while Instant::now() < end {
        for _ in 0..64 {
            let text = make(&mut random);
            inputs += 1;
            bytes += text.len() as u64;
            if !agrees(&text) {
                let small = smaller(&text, &agrees);
                panic!("{target}: differs on {small:?} (input {inputs} of seed {seed})");
            }
        }
    }
    println!("{target}: {inputs} inputs, {bytes} bytes, no difference");
    assert!(bytes > 0, "{target}: nothing was tried");
}

/// Takes away whatever can be taken away while the two still differ.
fn smaller(text: &str, agrees: &impl Fn(&str) -> bool) -> String {
    let mut best: Vec<char> = text.chars().collect();
    let mut piece = best.len();
    while piece > 0 {
        let mut at = 0;
        while at < best.len() {
            let end = (at + piece).min(best.len());
            let without: Vec<char> = [&best[..at], &best[end..]].concat();
            if agrees(&without.iter().collect::<String>()) {
                at += piece;
            } else {
                best = without;
            }
        }
        piece /= 2;
    }
    best.into_iter().collect()
}

#[test]
fn scanner_and_pattern() {
    let pattern = Pattern::default();
    fuzz(
        "scanner",
        |random| random.text(24),
        |text| scanner::split(text).eq(pattern.split(text)),
    );
}

/// Vocabularies of three sizes, one of them trained on what the fuzzer writes.
fn vocabularies() -> Vec<Vocabulary> {
    let trained = |texts: Vec<String>, size: usize| {
        let settings = TrainSettings::new(size);
        let tokenizer = train(texts.into_iter(), &settings, &mut |_| ()).unwrap();
        Vocabulary::from_merges(tokenizer.vocabulary().merges().to_vec()).unwrap()
    };
    let mut random = Random(7);
    let fuzzed = (0..3_000).map(|_| random.text(60)).collect();
    let runs = (1..200).map(|n| "a".repeat(n) + &"-".repeat(n) + &" ".repeat(n));
    vec![
        trained(vec![sample_text(3, 200)], 400),
        trained(fuzzed, 4_096),
        trained(runs.chain([sample_text(4, 100)]).collect(), 480),
    ]
}

#[test]
fn encoder_and_definition() {
    let pattern = Pattern::default();
    let vocabularies = vocabularies();
    let tables: Vec<(&Vocabulary, Encoder, std::cell::RefCell<ChunkCache>)> = vocabularies
        .iter()
        .map(|vocabulary| (vocabulary, Encoder::new(vocabulary), Default::default()))
        .collect();
    fuzz(
        "encoder",
        |random| random.text(40),
        |text| {
            tables.iter().all(|(vocabulary, encoder, cache)| {
                let (mut fast, mut plain) = (vec![7], vec![7]); // earlier ids are left alone
                encoder.encode_into(vocabulary, &mut cache.borrow_mut(), text, &mut fast);
                encode_text(&pattern, vocabulary, text, &mut plain);
                fast == plain
            })
        },
    );
}

#[test]
fn merging_one_chunk_four_ways() {
    let vocabularies = vocabularies();
    let tables: Vec<(&Vocabulary, Encoder)> = vocabularies
        .iter()
        .map(|vocabulary| (vocabulary, Encoder::new(vocabulary)))
        .collect();
    fuzz(
        "one chunk",
        |random| {
            // One chunk of up to 900 bytes: a run, a repeated piece, or letters of a small alphabet.
            let piece = random.text(8);
            let limit = [20, 200, 900][random.below(3)];
            let length = random.below(limit);
            match random.below(3) {
                0 => random
                    .of(&["a", "-", " ", "ab", "the"])
                    .repeat(length / 3 + 1),
                1 => piece.repeat(length / (piece.len() + 1) + 1),
                _ => (0..length)
                    .map(|_| random.of(&["a", "b", "e", "h", "t"]))
                    .collect(),
            }
        },
        |text| {
            let chunk = text.as_bytes();
            tables.iter().all(|(vocabulary, encoder)| {
                let mut ways = [const { Vec::new() }; 4];
                merge_long(vocabulary, chunk, &mut ways[0]);
                encoder.merge_long(vocabulary, chunk, &mut ways[1]);
                encoder.merge(vocabulary, chunk, &mut ways[2]);
                match chunk.len() <= 200 {
                    true => merge_short(vocabulary, chunk, &mut ways[3]),
                    false => ways[3] = ways[0].clone(), // the plain loop is quadratic
                }
                ways.iter().all(|ids| *ids == ways[0])
            })
        },
    );
}

#[test]
fn training_and_definition() {
    let pattern = Pattern::default();
    let settings = TrainSettings::new(265);
    let agree = |text: &str| -> bool {
        let mut counts = ChunkCounts::new();
        for document in text.split('\u{1}') {
            count_document(&pattern, document, &mut counts);
        }
        let documents = text.split('\u{1}').map(String::from);
        let Ok(tables) = counting::count(documents, &settings, &mut |_| ()) else {
            return counts.is_empty();
        };
        let mut found = ChunkCounts::new();
        for table in &tables {
            table.for_each(|chunk, count| {
                let chunk = String::from_utf8(chunk.to_vec()).unwrap();
                assert_eq!(found.insert(chunk, count), None, "a chunk is in two tables");
            });
        }
        let wanted = text.len() % 97 + 3;
        let fast = merging::merges(&tables, wanted, &mut |_| ()).unwrap();
        found == counts && fast == naive_merges(&counts, wanted)
    };
    fuzz(
        "trainer",
        |random| {
            let letters = |random: &mut Random| -> String {
                let length = random.below(200);
                (0..length)
                    .map(|_| random.of(&["a", "b", "ab", "c", " "]))
                    .collect()
            };
            let documents: Vec<String> = (0..1 + random.below(4))
                .map(|_| match random.below(2) {
                    0 => random.text(40),
                    _ => letters(random),
                })
                .collect();
            documents.join("\u{1}")
        },
        agree,
    );
}

#[test]
fn whole_trainings_by_both_ways() {
    fuzz(
        "whole training",
        |random| random.text(2_000),
        |text| {
            let documents = || text.split("\n").map(String::from);
            let settings = TrainSettings::new(265 + text.len() % 200);
            let fast = train(documents(), &settings, &mut |_| ());
            let plain = train_with(
                tokenizer::train::merges,
                documents(),
                &settings,
                &mut |_| (),
            );
            match (fast, plain) {
                (Ok(fast), Ok(plain)) => fast.fingerprint() == plain.fingerprint(),
                (Err(fast), Err(plain)) => fast.to_string() == plain.to_string(),
                _ => false,
            }
        },
    );
}
