//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_linear_encoder::{Functions, Merged, properties};
use judge::program::Wrong;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "linear_encoder",
        properties,
    };
    let encoding = |encode_chunk| Functions { encode_chunk };
    vec![
        of.planted("every-pair-again", encoding(every_pair_again)),
        of.planted("rightmost-first", encoding(rightmost_first)),
        of.planted("from-the-left", encoding(from_the_left)),
        of.constant("no-ids", encoding(|_, _| Vec::new())),
        of.constant("zeros", encoding(|chunk, _| vec![0; chunk.len()])),
    ]
}

fn bytes(chunk: &[u8]) -> Vec<u32> {
    chunk.iter().map(|&byte| u32::from(byte)).collect()
}

/// Right ids, by the loop of the chapter. It stops asking for a chunk as long as the last test's, which would take hours.
fn every_pair_again(chunk: &[u8], merged: Merged) -> Vec<u32> {
    let mut ids = bytes(chunk);
    while chunk.len() < 10_000 {
        let ranks = ids.windows(2).enumerate();
        let lowest = ranks
            .filter_map(|(at, pair)| Some((merged((pair[0], pair[1]))?, at)))
            .min();
        let Some((rank, at)) = lowest else {
            break;
        };
        ids[at] = rank;
        ids.remove(at + 1);
    }
    ids
}

fn rightmost_first(chunk: &[u8], merged: Merged) -> Vec<u32> {
    let mut ids = bytes(chunk);
    while chunk.len() < 10_000 {
        let ranks = ids.windows(2).enumerate();
        let lowest = ranks
            .filter_map(|(at, pair)| Some((merged((pair[0], pair[1]))?, std::cmp::Reverse(at))))
            .min();
        let Some((rank, std::cmp::Reverse(at))) = lowest else {
            break;
        };
        ids[at] = rank;
        ids.remove(at + 1);
    }
    ids
}

/// Merges whatever can be merged, as it comes by.
fn from_the_left(chunk: &[u8], merged: Merged) -> Vec<u32> {
    let mut ids: Vec<u32> = Vec::new();
    for byte in bytes(chunk) {
        let mut last = byte;
        while let Some(joined) = ids.last().and_then(|&left| merged((left, last))) {
            ids.pop();
            last = joined;
        }
        ids.push(last);
    }
    ids
}
