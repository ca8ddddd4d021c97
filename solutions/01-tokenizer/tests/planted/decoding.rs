//! Wrong answers to exercises 6 and 10.

use super::Of;
use crate::properties::{ex6_utf8_stream, ex10_round_trip};
use judge::program::Wrong;
use solutions_01::ex6_utf8_stream::Utf8Stream;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = utf8_stream();
    wrong.extend(round_trip());
    wrong
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn utf8_stream() -> Vec<Wrong> {
    use ex6_utf8_stream::Functions;
    let of = Of {
        number: 6,
        name: "utf8_stream",
        properties: ex6_utf8_stream::properties,
    };
    let streaming = |stream| Functions { stream };
    vec![
        of.planted(
            "each-piece-alone",
            streaming(|pieces| {
                let shown = pieces.iter().map(|piece| lossy(piece));
                shown.chain([String::new()]).collect()
            }),
        ),
        of.planted(
            "everything-at-the-end",
            streaming(|pieces| {
                let mut shown = vec![String::new(); pieces.len()];
                shown.push(lossy(&pieces.concat()));
                shown
            }),
        ),
        of.planted(
            "torn-characters-dropped",
            streaming(|pieces| {
                let shown = right(pieces).into_iter();
                shown.map(|text| text.replace('\u{FFFD}', "")).collect()
            }),
        ),
        of.planted(
            "waits-while-anything-is-wrong",
            streaming(|pieces| {
                let mut waiting = Vec::new();
                let mut shown: Vec<String> = Vec::new();
                for piece in pieces {
                    waiting.extend_from_slice(piece);
                    let text = String::from_utf8(waiting.clone());
                    if text.is_ok() {
                        waiting.clear();
                    }
                    shown.push(text.unwrap_or_default());
                }
                shown.push(lossy(&waiting));
                shown
            }),
        ),
        of.constant(
            "silence",
            streaming(|pieces| vec![String::new(); pieces.len() + 1]),
        ),
        of.constant(
            "one-mark",
            streaming(|pieces| vec!["\u{FFFD}".into(); pieces.len() + 1]),
        ),
    ]
}

fn right(pieces: &[Vec<u8>]) -> Vec<String> {
    let mut stream = Utf8Stream::default();
    let mut shown: Vec<String> = pieces.iter().map(|piece| stream.push(piece)).collect();
    shown.push(stream.finish());
    shown
}

fn round_trip() -> Vec<Wrong> {
    use ex10_round_trip::Functions;
    let of = Of {
        number: 10,
        name: "round_trip",
        properties: ex10_round_trip::properties,
    };
    let testing = |find_broken| Functions { find_broken };
    vec![
        of.planted(
            "one-friendly-text",
            testing(|encode, decode| {
                let text = "Hello world".to_string();
                (decode(&encode(&text)) != text).then_some(text)
            }),
        ),
        of.planted(
            "compared-without-white-space",
            testing(|encode, decode| {
                solutions_01::ex10_round_trip::find_broken(encode, &|ids| decode(ids))
                    .filter(|text| decode(&encode(text)).trim() != text.trim())
            }),
        ),
        of.planted(
            "no-long-text",
            testing(|encode, decode| {
                let found = solutions_01::ex10_round_trip::find_broken(encode, decode);
                found.filter(|text| text.len() < 1000)
            }),
        ),
        of.constant("finds-nothing", testing(|_, _| None)),
        of.constant("accuses-everybody", testing(|_, _| Some(String::new()))),
    ]
}
