//! Going on with another number of ranks: each document of each epoch is read once, however often the number changes.

mod fixtures;

use std::collections::HashMap;

use dataset::{
    BatchSource, DocumentSource, MemoryDocuments, PackingSettings, Position, PretrainBatches,
    SourcePosition, StreamBatches,
};
use fixtures::byte_encoder;
use proptest::prelude::*;

fn documents(groups: &[usize]) -> Vec<Vec<String>> {
    let text = |group: usize, row: usize| format!("{group}.{row} ").repeat(1 + (group + row) % 5);
    let rows = |(group, &rows): (usize, &usize)| (0..rows).map(|row| text(group, row)).collect();
    groups.iter().enumerate().map(rows).collect()
}

fn open(groups: &[Vec<String>], rank: usize, world: usize) -> Box<dyn DocumentSource> {
    Box::new(MemoryDocuments::open(groups.to_vec(), rank, world).unwrap())
}

/// How often each place was read.
type Reads = HashMap<SourcePosition, usize>;

/// All ranks of a run, each with its own loader, in step.
struct Run {
    loaders: Vec<PretrainBatches>,
}

impl Run {
    fn start(groups: &[Vec<String>], positions: &[Position], settings: PackingSettings) -> Self {
        let world = positions.len();
        let start = |(rank, position): (usize, &Position)| {
            let source = open(groups, rank, world);
            let mut loader = PretrainBatches::new(source, byte_encoder(), settings).unwrap();
            // As a checkpoint would keep it.
            let written = serde_json::to_string(position).unwrap();
            loader
                .resume(&serde_json::from_str(&written).unwrap())
                .unwrap();
            loader
        };
        let loaders = positions.iter().enumerate().map(start).collect();
        Run { loaders }
    }

    /// Draw rows on every rank, noting which documents were placed.
    fn draw(&mut self, rows: usize, reads: &mut Reads) {
        for loader in &mut self.loaders {
            for _ in 0..rows {
                for span in loader.next_row().unwrap().spans {
                    *reads.entry(span.origin).or_default() += 1;
                }
            }
        }
    }

    fn positions(&self) -> Vec<Position> {
        self.loaders.iter().map(PretrainBatches::position).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_read_twice(
        groups in prop::collection::vec(1usize..7, 5..24),
        worlds in prop::collection::vec((1usize..6, 0usize..9), 1..5),
        buffer in 1usize..12, refill in 1usize..6,
    ) {
        let groups = documents(&groups);
        let settings = PackingSettings { rows: 1, time: 23, buffer, refill };
        let mut reads = Reads::new();
        let mut positions = vec![Position::default(); worlds[0].0];
        for &(world, rows) in &worlds {
            if world != positions.len() {
                positions = Position::redeal(&positions, world).unwrap();
            }
            let mut run = Run::start(&groups, &positions, settings);
            run.draw(rows, &mut reads);
            positions = run.positions();
        }
        // Then on with one more number of ranks, until three epochs are certainly behind every rank.
        positions = Position::redeal(&positions, 3).unwrap();
        let mut run = Run::start(&groups, &positions, settings);
        while run.positions().iter().any(|position| {
            position.source.epoch < 4 || position.pending.iter().any(|place| place.epoch < 4)
        }) {
            // The shortest documents may wait for ever in a buffer; an own end would hide nothing, so bound it.
            run.draw(1, &mut reads);
            if reads.keys().map(|place| place.epoch).max() > Some(40) {
                break;
            }
        }
        let waiting: Vec<SourcePosition> =
            run.positions().iter().flat_map(|position| position.pending.clone()).collect();
        for place in &waiting {
            *reads.entry(*place).or_default() += 1;
        }
        for epoch in 1..=3 {
            for (group, texts) in groups.iter().enumerate() {
                for row in 0..texts.len() {
                    let place = SourcePosition { epoch, file: 0, group: group as u32, row: row as u32 };
                    prop_assert_eq!(reads.get(&place), Some(&1), "{} of {:?}", place, worlds);
                }
            }
        }
        prop_assert!(reads.values().all(|&times| times == 1));
    }

    #[test]
    fn a_resume_inside_the_rest_is_exact_too(
        groups in prop::collection::vec(1usize..7, 6..20), before in 0usize..9, middle in 0usize..9, world in 1usize..5,
    ) {
        let groups = documents(&groups);
        let settings = PackingSettings { rows: 1, time: 23, buffer: 5, refill: 3 };
        let mut first = Run::start(&groups, &[Position::default(), Position::default()], settings);
        first.draw(before, &mut Reads::new());
        let dealt = Position::redeal(&first.positions(), world).unwrap();

        let mut whole = Run::start(&groups, &dealt, settings);
        whole.draw(middle, &mut Reads::new());
        let mut resumed = Run::start(&groups, &whole.positions(), settings);
        for (one, other) in whole.loaders.iter_mut().zip(&mut resumed.loaders) {
            for _ in 0..8 {
                prop_assert_eq!(one.next_batch().unwrap(), other.next_batch().unwrap());
            }
        }
    }
}

#[test]
fn the_same_number_of_ranks_dealt_anew_reads_the_same_documents() {
    let groups = documents(&[3, 4, 2, 5, 3, 3]);
    let settings = PackingSettings {
        rows: 1,
        time: 23,
        buffer: 4,
        refill: 2,
    };
    let mut run = Run::start(
        &groups,
        &[Position::default(), Position::default()],
        settings,
    );
    run.draw(3, &mut Reads::new());
    let dealt = Position::redeal(&run.positions(), 2).unwrap();
    let pending = |positions: &[Position]| {
        let mut all: Vec<_> = positions
            .iter()
            .flat_map(|position| position.pending.clone())
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(pending(&dealt), pending(&run.positions()));
}

#[test]
fn positions_that_do_not_belong_together_are_refused() {
    let ahead = Position {
        batches: 3,
        ..Position::default()
    };
    let error = Position::redeal(&[Position::default(), ahead], 1).unwrap_err();
    assert!(error.to_string().contains("same step"), "{error}");

    let in_a_stream = Position {
        offset: 7,
        ..Position::default()
    };
    let error = Position::redeal(&[in_a_stream], 2).unwrap_err();
    assert!(error.to_string().contains("stream"), "{error}");
    assert!(Position::redeal(&[], 2).is_err());
}

#[test]
fn a_stream_does_not_pretend_to_go_on_from_a_new_deal() {
    let groups = documents(&[3, 3]);
    let dealt = Position::redeal(&[Position::default(), Position::default()], 1).unwrap();
    let settings = PackingSettings::new(1, 8);
    let mut stream = StreamBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
    assert!(stream.resume(&dealt[0]).is_err());
}
