//! Ranks that take turns see the batches of one rank, and go on with them when their number changes.

mod fixtures;

use dataset::{
    Batch, BatchSource, Error, MemoryDocuments, PackingSettings, Position, PretrainBatches, Turns,
};
use fixtures::byte_encoder;

fn open(position: Option<&Position>) -> PretrainBatches {
    let text = |group: usize, row: usize| format!("{group}.{row} ").repeat(1 + (group + row) % 5);
    let groups = (0..9).map(|group| (0..7).map(|row| text(group, row)).collect());
    let source = MemoryDocuments::open(groups.collect(), 0, 1).unwrap();
    let settings = PackingSettings {
        buffer: 10,
        refill: 4,
        ..PackingSettings::new(2, 12)
    };
    let mut loader = PretrainBatches::new(Box::new(source), byte_encoder(), settings).unwrap();
    if let Some(position) = position {
        loader.resume(position).unwrap();
    }
    loader
}

/// The next `rounds` rounds of all ranks, in the order of the one sequence, and where the ranks stand then.
fn rounds(world: usize, rounds: usize, position: Option<&Position>) -> (Vec<Batch>, Position) {
    let turns = |rank| Turns::new(open(position), rank, world).unwrap();
    let mut ranks: Vec<_> = (0..world).map(turns).collect();
    let mut batches = Vec::new();
    for _ in 0..rounds {
        batches.extend(ranks.iter_mut().map(|rank| rank.next_batch().unwrap()));
    }
    let position = batches.last().unwrap().position.clone();
    for batch in &batches[batches.len() - world..] {
        assert_eq!(batch.position, position, "all ranks stand in one place");
    }
    (batches, position)
}

fn texts(batches: &[Batch]) -> Vec<(&[i64], &[i64])> {
    batches
        .iter()
        .map(|batch| (batch.inputs.as_slice(), batch.targets.as_slice()))
        .collect()
}

#[test]
fn the_union_of_all_ranks_is_the_sequence_of_one() {
    let (alone, position) = rounds(1, 24, None);
    for world in [2, 3, 4, 8] {
        let (together, stand) = rounds(world, 24 / world, None);
        assert_eq!(texts(&together), texts(&alone), "{world} ranks");
        assert_eq!(stand, position, "{world} ranks");
    }
}

#[test]
fn another_number_of_ranks_goes_on_with_the_same_batches() {
    let (alone, _) = rounds(1, 48, None);
    for (before, after) in [(8, 2), (3, 4), (1, 8), (2, 3)] {
        let (first, position) = rounds(before, 24 / before, None);
        let (second, _) = rounds(after, 24 / after, Some(&position));
        let all: Vec<Batch> = first.into_iter().chain(second).collect();
        assert_eq!(texts(&all), texts(&alone), "{before} ranks, then {after}");
    }
}

#[test]
fn a_rank_outside_the_world_is_refused() {
    let error = Turns::new(open(None), 2, 2).err().expect("no such rank");
    assert!(
        matches!(error, Error::Setting { name: "rank", .. }),
        "{error}"
    );
}
