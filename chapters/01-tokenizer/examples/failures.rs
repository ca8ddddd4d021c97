//! `cargo run --example failures -- FILE OUT.csv`: three ways to get a tokenizer wrong, as curves over the vocabulary size.
//!
//! All three give ids that decode to the right text, which is why nobody notices. Trained on nine tenths of the file.
//!
//! - `unsplit`: merges may cross words. Counted: the tokens that contain one word (`lord`), and bytes per token on the rest.
//! - `ties`: no rule for equally common pairs. Two runs, each with its own accident; counted: the ids that mean the same.
//! - `longest`: encoding takes the longest token that fits. Counted on the rest: the words that get other ids.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use tokenizer::count::ChunkCounts;
use tokenizer::encode::encode_chunk;
use tokenizer::naive::merge_all;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;
use tokenizer::{Pair, Vocabulary};

const SIZES: [usize; 7] = [64, 128, 256, 512, 1_024, 2_048, 4_096];
const WORD: &str = "lord";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("name a text file")?;
    let out = arguments
        .next()
        .context("name the CSV file to write, after the text file")?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let cut = text[..text.len() * 9 / 10]
        .rfind('\n')
        .context("one line is too few")?
        + 1;
    let (train, rest) = text.split_at(cut);
    let pattern = Pattern::default();
    let split = |text: &str| -> Vec<String> { pattern.split(text).map(String::from).collect() };
    let lines =
        |text: &str| -> Vec<String> { text.split_inclusive('\n').map(String::from).collect() };

    let mut csv = String::from("failure,merges,what,value\n");
    let most = SIZES[SIZES.len() - 1];
    let learned = merges(&count(split(train)), most, &mut |_| ())?;
    let unsplit = merges(&count(lines(train)), most, &mut |_| ())?;
    for size in SIZES {
        for (name, merges, chunks) in [
            ("split", &learned, split(rest)),
            ("unsplit", &unsplit, lines(rest)),
        ] {
            let vocabulary = Vocabulary::from_merges(merges[..size].to_vec())?;
            let tokens = tokens_with(&vocabulary, WORD);
            writeln!(csv, "unsplit,{size},{name} tokens with {WORD},{tokens}")?;
            let ids = encode(&vocabulary, &chunks).len();
            let ratio = rest.len() as f64 / ids as f64;
            writeln!(csv, "unsplit,{size},{name} bytes per token,{ratio:.4}")?;
        }
    }

    let one = without_tie_rule(&count(split(train)), most, 1);
    let two = without_tie_rule(&count(split(train)), most, 2);
    for size in SIZES {
        let one = Vocabulary::from_merges(one[..size].to_vec())?;
        let two = Vocabulary::from_merges(two[..size].to_vec())?;
        let merged = 256..one.len() as u32;
        let same = merged.filter(|&id| one.token(id) == two.token(id)).count();
        let share = same as f64 / size as f64;
        writeln!(csv, "ties,{size},ids that mean the same,{share:.4}")?;
        let both = (256..one.len() as u32).filter_map(|id| one.token(id));
        let known = both.filter(|bytes| two.id_of(bytes).is_some()).count();
        let share = known as f64 / size as f64;
        writeln!(csv, "ties,{size},tokens in both,{share:.4}")?;
    }

    let words = split(rest);
    for size in SIZES {
        let vocabulary = Vocabulary::from_merges(learned[..size].to_vec())?;
        let (mut different, mut replayed, mut longest) = (0usize, 0usize, 0usize);
        let mut examples: BTreeMap<String, usize> = BTreeMap::new();
        for word in &words {
            let mut ids = Vec::new();
            encode_chunk(&vocabulary, word.as_bytes(), &mut ids);
            let greedy = longest_match(&vocabulary, word.as_bytes());
            replayed += ids.len();
            longest += greedy.len();
            if ids != greedy {
                different += 1;
                let shown = |ids: &[u32]| pieces(&vocabulary, ids);
                *examples
                    .entry(format!("{} not {}", shown(&ids), shown(&greedy)))
                    .or_insert(0) += 1;
            }
        }
        let share = different as f64 / words.len() as f64;
        writeln!(csv, "longest,{size},chunks with other ids,{share:.5}")?;
        let ratio = longest as f64 / replayed as f64;
        writeln!(csv, "longest,{size},tokens against replay,{ratio:.5}")?;
        let mut examples: Vec<(usize, String)> =
            examples.into_iter().map(|(text, n)| (n, text)).collect();
        examples.sort_by_key(|(count, text)| (std::cmp::Reverse(*count), text.clone()));
        println!(
            "{size} merges, {different} of {} chunks differ: {:?}",
            words.len(),
            &examples[..examples.len().min(4)]
        );
    }
    print!("{csv}");
    std::fs::write(&out, csv).with_context(|| format!("cannot write {out}"))
}

fn count(chunks: Vec<String>) -> ChunkCounts {
    let mut counts = ChunkCounts::new();
    for chunk in chunks {
        *counts.entry(chunk).or_insert(0) += 1;
    }
    counts
}

fn encode(vocabulary: &Vocabulary, chunks: &[String]) -> Vec<u32> {
    let mut ids = Vec::new();
    for chunk in chunks {
        encode_chunk(vocabulary, chunk.as_bytes(), &mut ids);
    }
    ids
}

/// How many tokens hold the word, whatever stands around it.
fn tokens_with(vocabulary: &Vocabulary, word: &str) -> usize {
    (256..vocabulary.len() as u32)
        .filter_map(|id| vocabulary.token(id))
        .filter(|token| String::from_utf8_lossy(token).contains(word))
        .count()
}

/// The naive trainer with its rule for ties replaced by an accident: a hash of the pair and of `seed`, in the place of
/// the order in which a hash map happens to list its keys.
fn without_tie_rule(counts: &ChunkCounts, wanted: usize, seed: u64) -> Vec<Pair> {
    let accident = |pair: Pair| {
        let mixed = (u64::from(pair.0) << 32 | u64::from(pair.1)) ^ seed;
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut chunks: Vec<(Vec<u32>, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.bytes().map(u32::from).collect(), count))
        .collect();
    let mut merges = Vec::new();
    while merges.len() < wanted {
        let mut pairs: hashbrown::HashMap<Pair, i64> = hashbrown::HashMap::new();
        for (ids, count) in &chunks {
            for pair in ids.windows(2) {
                *pairs.entry((pair[0], pair[1])).or_insert(0) += count;
            }
        }
        let best = pairs
            .into_iter()
            .max_by_key(|&(pair, count)| (count, accident(pair)));
        let Some((best, _)) = best else { break };
        for (ids, _) in &mut chunks {
            *ids = merge_all(ids, best, 256 + merges.len() as u32);
        }
        merges.push(best);
    }
    merges
}

/// From the left, always the longest token that fits. Single bytes always do.
fn longest_match(vocabulary: &Vocabulary, mut chunk: &[u8]) -> Vec<u32> {
    let mut ids = Vec::new();
    while !chunk.is_empty() {
        let fits = (1..=chunk.len()).rev().find_map(|n| {
            let id = vocabulary.id_of(&chunk[..n])?;
            Some((id, n))
        });
        let Some((id, length)) = fits else { break };
        ids.push(id);
        chunk = &chunk[length..];
    }
    ids
}

fn pieces(vocabulary: &Vocabulary, ids: &[u32]) -> String {
    let texts: Vec<String> = ids
        .iter()
        .filter_map(|&id| vocabulary.token(id))
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    texts.join("|")
}
