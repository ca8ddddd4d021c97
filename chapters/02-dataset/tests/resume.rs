//! Stop anywhere, resume from the written position: the same batches, bit for bit.

mod fixtures;

use dataset::{
    Batch, BatchSource, DocumentSource, MemoryDocuments, PackingSettings, Position, Prefetch,
    PretrainBatches, SourcePosition, StreamBatches,
};
use fixtures::{byte_encoder, ids_of};
use proptest::prelude::*;

/// Documents of the given lengths, no two alike, `per_group` to a group.
fn documents(lengths: &[usize], per_group: usize) -> Vec<Vec<String>> {
    let text =
        |(index, &length): (usize, &usize)| format!("{index} ").repeat(length)[..length].to_owned();
    let texts: Vec<String> = lengths.iter().enumerate().map(text).collect();
    texts.chunks(per_group).map(<[String]>::to_vec).collect()
}

fn open(groups: &[Vec<String>], rank: usize, world: usize) -> Box<dyn DocumentSource> {
    Box::new(MemoryDocuments::open(groups.to_vec(), rank, world).unwrap())
}

/// As a checkpoint would keep it.
fn written_and_read(position: &Position) -> Position {
    serde_json::from_str(&serde_json::to_string(position).unwrap()).unwrap()
}

fn take(loader: &mut dyn BatchSource, count: usize) -> Vec<Batch> {
    (0..count).map(|_| loader.next_batch().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn packed_batches_resume_exactly(
        lengths in prop::collection::vec(1usize..60, 4..80), per_group in 1usize..12, stop in 0usize..12,
        rows in 1usize..4, time in 4usize..40, buffer in 1usize..50, refill in 1usize..20, rank in 0usize..2,
    ) {
        let groups = documents(&lengths, per_group);
        let world = if groups.len() >= 2 { 2 } else { 1 };
        let rank = rank.min(world - 1);
        let settings = PackingSettings { rows, time, buffer, refill };
        let mut whole = PretrainBatches::new(open(&groups, rank, world), byte_encoder(), settings).unwrap();
        let expected = take(&mut whole, stop + 6);

        let position = if stop == 0 { Position::default() } else { expected[stop - 1].position.clone() };
        let mut resumed = PretrainBatches::new(open(&groups, rank, world), byte_encoder(), settings).unwrap();
        resumed.resume(&written_and_read(&position)).unwrap();
        prop_assert_eq!(take(&mut resumed, 6), &expected[stop..]);
    }

    #[test]
    fn streams_resume_exactly(
        lengths in prop::collection::vec(1usize..60, 4..60), per_group in 1usize..12, stop in 0usize..12,
        rows in 1usize..4, time in 2usize..40, refill in 1usize..20,
    ) {
        let groups = documents(&lengths, per_group);
        let settings = PackingSettings { rows, time, buffer: 1, refill };
        let mut whole = StreamBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
        let expected = take(&mut whole, stop + 6);

        let position = if stop == 0 { Position::default() } else { expected[stop - 1].position.clone() };
        let mut resumed = StreamBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
        resumed.resume(&written_and_read(&position)).unwrap();
        prop_assert_eq!(take(&mut resumed, 6), &expected[stop..]);
    }

    #[test]
    fn ranks_share_all_documents_and_never_the_same(
        lengths in prop::collection::vec(1usize..9, 8..60), per_group in 1usize..5, world in 1usize..5,
    ) {
        let groups = documents(&lengths, per_group);
        prop_assume!(groups.len() >= world);
        let mut seen = Vec::new();
        for rank in 0..world {
            let mut source = open(&groups, rank, world);
            loop {
                let document = source.next_document().unwrap();
                if document.at.epoch > 1 {
                    break;
                }
                seen.push((document.at.group, document.at.row));
            }
        }
        seen.sort_unstable();
        let all: Vec<(u32, u32)> =
            (0..lengths.len()).map(|index| ((index / per_group) as u32, (index % per_group) as u32)).collect();
        prop_assert_eq!(seen, all);
    }
}

#[test]
fn a_resume_is_exact_although_prefetch_runs_ahead() {
    let groups = documents(&[13, 40, 7, 22, 5, 31, 60, 2, 18, 44], 3);
    let settings = PackingSettings {
        rows: 2,
        time: 16,
        buffer: 6,
        refill: 4,
    };
    let fresh = || PretrainBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
    let expected = take(&mut fresh(), 12);

    let mut ahead = Prefetch::new(fresh(), 4);
    let used = take(&mut ahead, 5);
    assert_eq!(used, expected[..5]);
    // Time enough to fill the channel, so that the thread stands several batches further on.
    std::thread::sleep(std::time::Duration::from_millis(50));
    drop(ahead);

    let mut loader = fresh();
    loader.resume(&written_and_read(&used[4].position)).unwrap();
    let resumed = take(&mut Prefetch::new(loader, 4), 7);
    assert_eq!(resumed, expected[5..]);
}

#[test]
fn restart_gives_the_first_batch_again() {
    let groups = documents(&[13, 40, 7, 22, 5], 2);
    let settings = PackingSettings {
        rows: 2,
        time: 16,
        buffer: 3,
        refill: 4,
    };
    let mut loader = PretrainBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
    let first = loader.next_batch().unwrap();
    loader.next_batch().unwrap();
    loader.restart().unwrap();
    assert_eq!(ids_of(&loader.next_batch().unwrap()), ids_of(&first));
}

#[test]
fn a_position_from_other_data_or_other_ranks_is_refused() {
    let groups = documents(&[5, 6, 7, 8], 1);
    let settings = PackingSettings {
        rows: 1,
        time: 8,
        buffer: 2,
        refill: 2,
    };
    let mut loader = PretrainBatches::new(open(&groups, 0, 1), byte_encoder(), settings).unwrap();
    let position = loader.next_batch().unwrap().position;

    let mut half = PretrainBatches::new(open(&groups, 0, 2), byte_encoder(), settings).unwrap();
    let message = half.resume(&position).unwrap_err().to_string();
    assert!(message.contains("same number of ranks"), "{message}");

    let mut shorter =
        PretrainBatches::new(open(&groups[..1], 0, 1), byte_encoder(), settings).unwrap();
    assert!(shorter.resume(&position).is_err());

    let gone = Position {
        pending: vec![SourcePosition {
            row: 9,
            ..SourcePosition::START
        }],
        ..Position::default()
    };
    let message = loader.resume(&gone).unwrap_err().to_string();
    assert!(
        message.contains("row 9") && message.contains("same data"),
        "{message}"
    );
}

#[test]
fn a_new_source_stands_at_the_beginning_and_one_document_is_an_epoch() {
    let mut source = MemoryDocuments::open(vec![vec!["1".to_owned()]], 0, 1).unwrap();
    assert_eq!(source.position(), SourcePosition::START);
    assert_eq!(source.next_document().unwrap().text, "1");
    assert_eq!(source.position().epoch, 2);
}
