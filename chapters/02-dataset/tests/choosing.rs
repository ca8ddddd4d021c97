//! Rows packed by a rule that is brought along: best fit written as a rule gives the batches of best fit, other rules give
//! rows of their own, and what no packer can follow is an error in words.

mod fixtures;

use dataset::best_fit::{Item, Policy, Row};
use dataset::choosing::ChoosingPacker;
use dataset::{
    Batch, BatchSource, ChooseDocument, Error, MemoryDocuments, PackingSettings, Position,
    Prefetch, PretrainBatches,
};
use fixtures::byte_encoder;
use proptest::prelude::*;
use std::cmp::Reverse;

/// The definition, through a list.
fn best_fit(lengths: &[usize], room: usize) -> Option<usize> {
    let fitting = (0..lengths.len()).filter(|&number| lengths[number] <= room);
    fitting.max_by_key(|&number| (lengths[number], Reverse(number)))
}

fn first_fit(lengths: &[usize], room: usize) -> Option<usize> {
    lengths.iter().position(|&length| length <= room)
}

/// Documents of the given lengths, no two alike, `per_group` to a group.
fn documents(lengths: &[usize], per_group: usize) -> Vec<Vec<String>> {
    let text =
        |(index, &length): (usize, &usize)| format!("{index} ").repeat(length)[..length].to_owned();
    let texts: Vec<String> = lengths.iter().enumerate().map(text).collect();
    texts.chunks(per_group).map(<[String]>::to_vec).collect()
}

fn loader(groups: &[Vec<String>], settings: PackingSettings) -> PretrainBatches {
    let source = MemoryDocuments::open(groups.to_vec(), 0, 1).unwrap();
    PretrainBatches::new(Box::new(source), byte_encoder(), settings).unwrap()
}

fn take(loader: &mut dyn BatchSource, count: usize) -> Vec<Batch> {
    (0..count).map(|_| loader.next_batch().unwrap()).collect()
}

/// As a checkpoint would keep it.
fn written_and_read(position: &Position) -> Position {
    serde_json::from_str(&serde_json::to_string(position).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn best_fit_as_a_rule_gives_the_batches_of_best_fit(
        lengths in prop::collection::vec(1usize..60, 4..80), per_group in 1usize..12,
        rows in 1usize..4, time in 4usize..40, buffer in 1usize..50, refill in 1usize..20,
    ) {
        let groups = documents(&lengths, per_group);
        let settings = PackingSettings { rows, time, buffer, refill };
        let mut chapters = loader(&groups, settings);
        let mut by_rule = loader(&groups, settings).choosing(best_fit);
        // Positions and counts too.
        prop_assert_eq!(take(&mut by_rule, 8), take(&mut chapters, 8));
        prop_assert_eq!(by_rule.counts(), chapters.counts());
    }

    #[test]
    fn batches_by_a_rule_resume_exactly(
        lengths in prop::collection::vec(1usize..60, 4..80), per_group in 1usize..12, stop in 1usize..12,
        rows in 1usize..4, time in 4usize..40, buffer in 1usize..50, refill in 1usize..20,
    ) {
        let groups = documents(&lengths, per_group);
        let settings = PackingSettings { rows, time, buffer, refill };
        let fresh = || loader(&groups, settings).choosing(first_fit);
        let expected = take(&mut fresh(), stop + 6);
        let mut resumed = fresh();
        // What it has read before must not be in the way.
        take(&mut resumed, 2);
        resumed.resume(&written_and_read(&expected[stop - 1].position)).unwrap();
        prop_assert_eq!(take(&mut resumed, 6), &expected[stop..]);
        resumed.restart().unwrap();
        prop_assert_eq!(take(&mut resumed, 6), &expected[..6]);
    }

    #[test]
    fn a_rule_can_come_later(
        lengths in prop::collection::vec(1usize..60, 4..80), before in 0usize..4, buffer in 1usize..50,
    ) {
        let groups = documents(&lengths, 5);
        let settings = PackingSettings { buffer, ..PackingSettings::new(2, 16) };
        let mut whole = loader(&groups, settings);
        let expected = take(&mut whole, before + 6);
        let mut changed = loader(&groups, settings);
        take(&mut changed, before);
        prop_assert_eq!(take(&mut changed.choosing(best_fit), 6), &expected[before..]);
    }
}

/// Items a, b, c, … of these lengths.
fn packer(lengths: &[usize], capacity: usize, policy: Policy) -> ChoosingPacker<char> {
    let mut packer = ChoosingPacker::new(capacity, policy);
    for (name, &length) in ('a'..='z').zip(lengths) {
        packer.push(Item {
            ids: vec![name as u32; length],
            mask: Vec::new(),
            origin: name,
        });
    }
    packer
}

/// The next row, as text; padding is a dot.
fn drawn(packer: &mut ChoosingPacker<char>) -> Result<String, Error> {
    let mut row = Row::new(packer.packer().capacity());
    while !row.is_full() {
        assert!(packer.place(&mut row)?, "the buffer is empty");
    }
    let letters = row.ids.iter().map(|&id| char::from_u32(id).unwrap());
    Ok(letters.collect())
}

#[test]
fn another_rule_fills_other_rows() {
    let lengths = [4, 7, 2, 5];
    let mut best = packer(&lengths, 10, Policy::Crop);
    assert_eq!(drawn(&mut best).unwrap(), "bbbbbbbcca");
    let mut first = packer(&lengths, 10, Policy::Crop).by(first_fit);
    assert_eq!(drawn(&mut first).unwrap(), "aaaaccdddd");
    assert_eq!(first.packer().pending(), ['b']);
    assert_eq!(first.packer().counts().cropped, 1);
}

#[test]
fn what_nothing_fits_into_is_padded_where_cropping_is_forbidden() {
    let mut padded = packer(&[4, 3, 2], 6, Policy::Pad(u32::from('.'))).by(first_fit);
    assert_eq!(drawn(&mut padded).unwrap(), "aaaacc");
    assert_eq!(drawn(&mut padded).unwrap(), "bbb...");
    let mut empty = padded.emptied();
    assert_eq!(empty.packer().waiting(), 0);
    assert_eq!(drawn(&mut empty).unwrap(), "......");
}

#[track_caller]
fn is_refused(choose: ChooseDocument, problem: &str) {
    let mut packer = packer(&[4, 12, 3, 9], 10, Policy::Crop).by(choose);
    let before = packer.packer().pending();
    let Err(error @ Error::Choice { .. }) = drawn(&mut packer) else {
        panic!("a choice that cannot be followed");
    };
    let said = error.to_string();
    assert!(said.contains(problem), "`{problem}` is missing in: {said}");
    assert!(said.contains("the number of one that fits"), "{said}");
    assert_eq!(packer.packer().pending(), before, "something was placed");
}

#[test]
fn choices_that_cannot_be_followed_are_refused_in_words() {
    is_refused(
        |lengths, _| Some(lengths.len()),
        "gives document 4, where 4 wait, numbered from 0",
    );
    is_refused(
        |_, _| Some(1),
        "gives document 1 of 12 ids for a room of 10",
    );
    is_refused(
        |_, _| None,
        "gives None for a room of 10, into which document 0 of 4 ids fits",
    );
}

/// Number 0 twice: the second time it is another document, which does not fit.
#[test]
fn a_batch_that_cannot_be_packed_is_an_error_also_ahead_of_time() {
    let groups = documents(&[3, 30, 30, 30], 4);
    let settings = PackingSettings {
        buffer: 3,
        ..PackingSettings::new(1, 9)
    };
    let mut ahead = Prefetch::new(loader(&groups, settings).choosing(|_, _| Some(0)), 2);
    let said = ahead.next_batch().unwrap_err().to_string();
    assert!(
        said.contains("gives document 0 of 31 ids for a room of 6"),
        "{said}"
    );
}
