//! From the readable to the fast version, one step after another: what did each of them give?

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;

use anyhow::Result;
use tokenizer::count::{ChunkCounts, count_document};
use tokenizer::encode::{encode_chunk, encode_text, merge_chunk};
use tokenizer::fast::candidates::{Candidates, Numbered};
use tokenizer::fast::chunk_cache::ChunkCache;
use tokenizer::fast::counting::ChunkTable;
use tokenizer::fast::encoder::Encoder;
use tokenizer::fast::flat_table::FlatTable;
use tokenizer::fast::packed::Packed;
use tokenizer::fast::{merging, scanner};
use tokenizer::naive::naive_merges;
use tokenizer::pattern::Pattern;
use tokenizer::train::merges;
use tokenizer::{Pair, Tokenizer, Vocabulary};

use crate::Contestant;
use crate::clock::{median, timed};
use crate::python::digest_of_ids;

/// All steps; within a group each adds one thing to the step before it, and all have the same result.
pub fn steps<'a>(documents: &'a [String], trained: &'a Tokenizer) -> Vec<Contestant<'a>> {
    let bytes = documents.iter().map(String::len).sum();
    let mut steps = splitting(documents);
    steps.extend(counting(documents));
    steps.extend(merging(documents, trained.vocabulary().merges().len()));
    steps.extend(encoding(documents, trained.vocabulary()));
    for step in &mut steps {
        step.bytes = bytes;
    }
    let letters = "e".repeat(1 << 20);
    let spaces = " ".repeat(1 << 20) + "x";
    steps.extend(one_run(
        "1 MiB of the letter e",
        letters,
        trained.vocabulary(),
    ));
    steps.extend(one_run(
        "1 MiB of spaces and an x",
        spaces,
        trained.vocabulary(),
    ));
    steps
}

/// The definition of training, and what the chapter makes of it.
pub fn trainers<'a>(documents: &'a [String], trained: &'a Tokenizer) -> Vec<Contestant<'a>> {
    let wanted = trained.vocabulary().merges().len();
    let pattern = Pattern::default();
    let mut counts = ChunkCounts::new();
    for document in documents {
        count_document(&pattern, document, &mut counts);
    }
    let naive = step(
        "merging",
        "count everything again for each merge",
        move || Ok(naive_merges(&counts, wanted)),
        |merges: &Vec<Pair>| digest_of_merges(merges),
    );
    let mut trainers = vec![naive];
    trainers.extend(merging(documents, wanted));
    for step in &mut trainers {
        step.bytes = documents.iter().map(String::len).sum();
    }
    trainers
}

fn digest_of_merges(merges: &[Pair]) -> String {
    let ids: Vec<u32> = merges
        .iter()
        .flat_map(|&(left, right)| [left, right])
        .collect();
    digest_of_ids(&ids)
}

fn splitting(documents: &[String]) -> Vec<Contestant<'_>> {
    let pattern = Pattern::default();
    let by_pattern = move || {
        let chunks = documents
            .iter()
            .map(|document| pattern.split(document).count());
        Ok(chunks.sum::<usize>())
    };
    let by_scanner = || {
        let chunks = documents
            .iter()
            .map(|document| scanner::split(document).count());
        Ok(chunks.sum::<usize>())
    };
    vec![
        step(
            "splitting",
            "regular expression",
            by_pattern,
            usize::to_string,
        ),
        step("splitting", "scanner", by_scanner, usize::to_string),
    ]
}

fn one_run<'a>(
    group: &'static str,
    text: String,
    vocabulary: &'a Vocabulary,
) -> Vec<Contestant<'a>> {
    let encoder = Encoder::new(vocabulary);
    let pattern = Pattern::default();
    let bytes = text.len();
    let again = text.clone();
    let plainly = move || {
        let mut ids = Vec::new();
        encode_text(&pattern, vocabulary, &again, &mut ids);
        Ok(ids)
    };
    let fast = move || {
        let mut ids = Vec::new();
        encoder.encode_into(vocabulary, &mut ChunkCache::default(), &text, &mut ids);
        Ok(ids)
    };
    let digest = |ids: &Vec<u32>| digest_of_ids(ids);
    let mut steps = vec![
        step(group, "regular expression, heap of places", plainly, digest),
        step(group, "scanner, one rank after another", fast, digest),
    ];
    for step in &mut steps {
        step.bytes = bytes;
    }
    steps
}

fn step<'a, T: 'a>(
    group: &'static str,
    who: &'static str,
    mut work: impl FnMut() -> Result<T> + 'a,
    digest: impl Fn(&T) -> String + 'a,
) -> Contestant<'a> {
    Contestant {
        group,
        who,
        threads: 1,
        bytes: 0,
        turn: Box::new(move || {
            let (taken, result) = timed(&mut work);
            Ok((taken, digest(&result?)))
        }),
        taken: Vec::new(),
        agrees: false,
    }
}

fn counting(documents: &[String]) -> Vec<Contestant<'_>> {
    let distinct = |counts: &ChunkCounts| {
        let all: i64 = counts.values().sum();
        format!("{} {all}", counts.len())
    };
    let by = |count: fn(&Pattern, &str, &mut ChunkCounts)| {
        let pattern = Pattern::default();
        move || {
            let mut counts = ChunkCounts::new();
            for document in documents {
                count(&pattern, document, &mut counts);
            }
            Ok(counts)
        }
    };
    let by_scanner = |_: &Pattern, document: &str, counts: &mut ChunkCounts| {
        for chunk in scanner::split(document) {
            *counts.entry_ref(chunk).or_insert(0) += 1;
        }
    };
    let by_number = move || {
        let mut table = ChunkTable::default();
        documents.iter().for_each(|document| table.count(document));
        Ok(table)
    };
    vec![
        step(
            "counting",
            "regular expression, table of strings",
            by(count_document),
            distinct,
        ),
        step(
            "counting",
            "scanner instead of the regular expression",
            by(by_scanner),
            distinct,
        ),
        step("counting", "chunks as numbers", by_number, |table| {
            let mut all = 0;
            table.for_each(|_, count| all += count);
            format!("{} {all}", table.len())
        }),
    ]
}

/// The heap of `train.rs`.
#[derive(Default)]
struct Heap {
    entries: BinaryHeap<(i64, Reverse<Numbered>)>,
}

impl Candidates for Heap {
    fn push(&mut self, count: i64, pair: Numbered) {
        self.entries.push((count, Reverse(pair)));
    }

    fn pop(&mut self, counts: &[i64]) -> Option<Numbered> {
        while let Some((count, Reverse(pair))) = self.entries.pop() {
            match counts[pair.number as usize] {
                now if now == count => return Some(pair),
                0 => {}
                now => self.push(now, pair),
            }
        }
        None
    }
}

fn merging(documents: &[String], wanted: usize) -> Vec<Contestant<'_>> {
    let pattern = Pattern::default();
    let (mut counts, mut table) = (ChunkCounts::new(), ChunkTable::default());
    for document in documents {
        count_document(&pattern, document, &mut counts);
        table.count(document);
    }
    let tables = std::rc::Rc::new([table]);
    let same = tables.clone();
    vec![
        step(
            "merging",
            "a list and a table entry per pair, one heap",
            move || Ok(merges(&counts, wanted, &mut |_| ())?),
            |merges: &Vec<Pair>| digest_of_merges(merges),
        ),
        step(
            "merging",
            "flat lists, sums per neighbour",
            move || Ok(merging::merges_in::<Heap>(&*tables, wanted, &mut |_| ())?),
            |merges: &Vec<Pair>| digest_of_merges(merges),
        ),
        step(
            "merging",
            "groups of equal count instead of one heap",
            move || Ok(merging::merges(&*same, wanted, &mut |_| ())?),
            |merges: &Vec<Pair>| digest_of_merges(merges),
        ),
    ]
}

type EncodeDocument<'a> = Box<dyn FnMut(&str, &mut Vec<u32>) + 'a>;
type MergeChunk<'a> = Box<dyn Fn(&[u8], &mut Vec<u32>) + 'a>;

fn encoding<'a>(documents: &'a [String], vocabulary: &'a Vocabulary) -> Vec<Contestant<'a>> {
    let tokens: Vec<(Packed, u32)> = (0..vocabulary.len() as u32)
        .filter_map(|id| {
            let bytes = vocabulary.token(id)?;
            Some((Packed::new(bytes, 0, bytes.len())?, id))
        })
        .collect();
    let tokens = std::rc::Rc::new(FlatTable::new(&tokens));
    let encoder = std::rc::Rc::new(Encoder::new(vocabulary));
    let mut cache = ChunkCache::default();
    let pattern = Pattern::default();
    let all = |mut each: EncodeDocument<'a>| {
        move || {
            let mut ids = Vec::new();
            documents
                .iter()
                .for_each(|document| each(document, &mut ids));
            Ok(ids)
        }
    };
    // Looked up in the flat table, or else merged by `merge`.
    let flat = |merge: MergeChunk<'a>| {
        let tokens = tokens.clone();
        all(Box::new(move |document, ids| {
            for chunk in scanner::split(document) {
                let chunk = chunk.as_bytes();
                let known = match Packed::new(chunk, 0, chunk.len()) {
                    Some(packed) => tokens.get(packed),
                    None => vocabulary.id_of(chunk),
                };
                match known {
                    Some(id) => ids.push(id),
                    None => merge(chunk, ids),
                }
            }
        }))
    };
    let digest = |ids: &Vec<u32>| digest_of_ids(ids);
    let again = encoder.clone();
    vec![
        step(
            "encoding",
            "regular expression, table of byte strings, plain loop",
            all(Box::new(move |document, ids| {
                encode_text(&pattern, vocabulary, document, ids)
            })),
            digest,
        ),
        step(
            "encoding",
            "scanner instead of the regular expression",
            all(Box::new(move |document, ids| {
                scanner::split(document)
                    .for_each(|chunk| encode_chunk(vocabulary, chunk.as_bytes(), ids));
            })),
            digest,
        ),
        step(
            "encoding",
            "chunks as numbers, flat table",
            flat(Box::new(move |chunk, ids| {
                merge_chunk(vocabulary, chunk, ids)
            })),
            digest,
        ),
        step(
            "encoding",
            "ranks kept while merging",
            flat(Box::new(move |chunk, ids| {
                encoder.merge(vocabulary, chunk, ids)
            })),
            digest,
        ),
        step(
            "encoding",
            "cache of merged chunks",
            all(Box::new(move |document, ids| {
                again.encode_into(vocabulary, &mut cache, document, ids);
            })),
            digest,
        ),
    ]
}

/// Medians, and how many times as fast as the step before and as the first of the group.
pub fn table(steps: &[Contestant]) -> Result<String> {
    let mut table = String::from(
        "| step | processor time, s | MB/s | × the step before | × the first |\n|---|---:|---:|---:|---:|\n",
    );
    let mut group = "";
    let mut first = 0;
    for (index, step) in steps.iter().enumerate() {
        if step.group != group {
            group = step.group;
            first = index;
            writeln!(table, "| **{group}** | | | | |")?;
        }
        let seconds = median(step.taken.iter().map(|taken| taken.cpu_seconds));
        let times = |other: usize| {
            let rounds = steps[other].taken.iter().zip(&step.taken);
            median(rounds.map(|(other, this)| other.cpu_seconds / this.cpu_seconds))
        };
        write!(
            table,
            "| {} | {seconds:.4} | {:.1} |",
            step.who,
            step.bytes as f64 / 1e6 / seconds
        )?;
        match index == first {
            true => writeln!(table, " | |")?,
            false => writeln!(table, " {:.1} | {:.1} |", times(index - 1), times(first))?,
        }
        if !step.agrees {
            anyhow::bail!(
                "`{}` gives another result than the first of its group",
                step.who
            );
        }
    }
    Ok(table)
}
