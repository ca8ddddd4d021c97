//! Stopping anywhere and going on, with the same number of ranks or another.

use std::collections::HashMap;

use dataset::{
    Batch, BatchSource, DocumentSource, Error, MemoryDocuments, PackingSettings, Position,
    PretrainBatches, SourcePosition, StreamBatches,
};

use crate::fixtures::byte_encoder;
use crate::{Case, fuzz};

/// Groups of texts, no two alike. Some texts are empty: rows that are no documents.
fn groups(case: &mut Case, fewest: usize) -> Vec<Vec<String>> {
    let longest = case.between(1, 60);
    let groups: Vec<Vec<String>> = (0..case.between(fewest, 12))
        .map(|group| {
            let rows = case.between(0, 9);
            let text = |row| {
                let length = case.below(longest + 1);
                format!("{group}.{row} ").repeat(length)[..length].to_owned()
            };
            (0..rows).map(text).collect()
        })
        .collect();
    case.tell(|| format!("{groups:?}"));
    groups
}

fn open(groups: &[Vec<String>], rank: usize, world: usize) -> Box<dyn DocumentSource> {
    Box::new(MemoryDocuments::open(groups.to_vec(), rank, world).unwrap())
}

fn settings(case: &mut Case) -> PackingSettings {
    let settings = PackingSettings {
        rows: case.between(1, 4),
        time: case.between(1, 40),
        buffer: case.between(1, 30),
        refill: case.between(1, 15),
    };
    case.tell(|| format!("{settings:?}"));
    settings
}

/// As a checkpoint would keep it.
fn written_and_read(position: &Position) -> Position {
    serde_json::from_str(&serde_json::to_string(position).unwrap()).unwrap()
}

/// Both kinds of loader, as this test needs them.
trait Resuming: BatchSource {
    fn go_on(&mut self, position: &Position) -> Result<(), Error>;
    fn stands(&self) -> Position;
}

impl Resuming for PretrainBatches {
    fn go_on(&mut self, position: &Position) -> Result<(), Error> {
        self.resume(position)
    }
    fn stands(&self) -> Position {
        self.position()
    }
}

impl Resuming for StreamBatches {
    fn go_on(&mut self, position: &Position) -> Result<(), Error> {
        self.resume(position)
    }
    fn stands(&self) -> Position {
        self.position()
    }
}

#[test]
fn stopping_and_going_on() {
    fuzz("stopping", |case| {
        let world = case.between(1, 4);
        let (rank, groups) = (case.below(world), groups(case, world));
        let (stream, settings) = (case.one_in(2), settings(case));
        case.tell(|| format!("rank {rank} of {world}, a stream: {stream}"));
        let fresh = || -> Box<dyn Resuming> {
            let source = open(&groups, rank, world);
            match stream {
                true => Box::new(StreamBatches::new(source, byte_encoder(), settings).unwrap()),
                false => Box::new(PretrainBatches::new(source, byte_encoder(), settings).unwrap()),
            }
        };
        let mut whole = fresh();
        let own = groups.iter().skip(rank).step_by(world).flatten();
        if own.clone().all(String::is_empty) {
            let error = whole.next_batch().unwrap_err();
            assert!(matches!(error, Error::Empty { .. }), "{error}");
            return;
        }
        let count = case.between(1, 24);
        let expected: Vec<Batch> = (0..count).map(|_| whole.next_batch().unwrap()).collect();

        let mut loader = fresh();
        for (number, wanted) in expected.iter().enumerate() {
            let batch = loader.next_batch().unwrap();
            assert_eq!(batch, *wanted, "batch {number}");
            if case.one_in(4) {
                case.tell(|| format!("stopped behind batch {number} at {:?}", batch.position));
                loader = fresh();
                // Whatever the new loader did before must not matter.
                for _ in 0..case.below(3) {
                    loader.next_batch().unwrap();
                }
                loader.go_on(&written_and_read(&batch.position)).unwrap();
                assert_eq!(loader.stands(), batch.position);
            }
        }
    });
}

#[test]
fn going_on_with_other_ranks() {
    fuzz("other ranks", |case| {
        let mut groups = groups(case, 5);
        // Every rank has something, whatever their number.
        groups
            .iter_mut()
            .enumerate()
            .for_each(|(number, group)| group.push(format!("last of {number}")));
        let settings = settings(case);
        let mut read: HashMap<SourcePosition, usize> = HashMap::new();
        let mut positions = vec![Position::default(); case.between(1, 5)];
        let changes = case.between(1, 5);
        for change in 0..=changes {
            let start = |(rank, position): (usize, &Position)| {
                let source = open(&groups, rank, positions.len());
                let mut loader = PretrainBatches::new(source, byte_encoder(), settings).unwrap();
                loader.resume(&written_and_read(position)).unwrap();
                loader
            };
            let mut loaders: Vec<PretrainBatches> =
                positions.iter().enumerate().map(start).collect();
            let many = *case.of(&[0, 2, 12, 40]);
            for loader in &mut loaders {
                // Ranks are in step in batches, and never in documents.
                let rows = case.below(many + 1);
                case.tell(|| format!("{rows} rows"));
                let early = |loader: &PretrainBatches| loader.position().source.epoch < 3;
                let mut drawn = 0;
                while drawn < rows || (change == changes && early(loader)) {
                    for span in loader.next_row().unwrap().spans {
                        *read.entry(span.origin).or_default() += 1;
                    }
                    drawn += 1;
                }
            }
            positions = loaders.iter().map(PretrainBatches::position).collect();
            if change < changes {
                let world = case.between(1, 5);
                case.tell(|| format!("{world} ranks from {positions:?}"));
                positions = Position::redeal(&positions, world).unwrap();
                assert_eq!(positions.len(), world);
            }
        }
        for place in positions.iter().flat_map(|position| &position.pending) {
            *read.entry(*place).or_default() += 1;
        }
        for (place, times) in &read {
            assert_eq!(*times, 1, "{place} was read {times} times");
        }
        for epoch in 1..3 {
            for (group, texts) in groups.iter().enumerate() {
                for (row, text) in texts.iter().enumerate() {
                    let place = SourcePosition {
                        epoch,
                        file: 0,
                        group: group as u32,
                        row: row as u32,
                    };
                    assert_eq!(read.contains_key(&place), !text.is_empty(), "{place}");
                }
            }
        }
    });
}
