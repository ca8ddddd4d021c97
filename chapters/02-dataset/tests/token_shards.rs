//! Token shards: the same batches as from the texts, every damage noticed, nothing half-written.

mod fixtures;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dataset::shard_writer::{ShardWriter, write_shards};
use dataset::token_shard::TokenShard;
use dataset::token_writer::{TokenWriter, token_shard_of, tokenise};
use dataset::{
    BatchSource, Damage, Error, OpenSettings, PackingSettings, ParquetDocuments, PretrainBatches,
    TokenShards, TokenSource, open_corpus, open_token_corpus,
};
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;
use tokenizer::{Tokenizer, TrainSettings};

fn text(number: usize) -> String {
    // Some empty ones: rows that are no documents.
    if number % 13 == 5 {
        return String::new();
    }
    let sentence = format!("Document {number} tells of seal number {}. ", number % 17);
    sentence.repeat(1 + number % 7)
}

fn small_tokenizer() -> Tokenizer {
    tokenizer::train((0..200).map(text), &TrainSettings::new(360), &mut |_| {}).unwrap()
}

/// Parquet shards, their token shards, and the tokenizer.
fn both(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>, Tokenizer) {
    let tokenizer = small_tokenizer();
    let shards = write_shards(folder, (0..300).map(text), 9_000, 16).unwrap();
    assert!(shards.len() > 2);
    for shard in &shards {
        tokenise(shard, folder, &tokenizer).unwrap();
    }
    let tokens = shards
        .iter()
        .map(|shard| token_shard_of(shard, folder))
        .collect();
    (shards, tokens, tokenizer)
}

const SETTINGS: PackingSettings = PackingSettings {
    rows: 3,
    time: 40,
    buffer: 50,
    refill: 16,
};

#[test]
fn batches_and_positions_are_the_same_as_from_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (shards, tokens, tokenizer) = both(folder.path());
    for (rank, world) in [(0, 1), (1, 3)] {
        let texts = Box::new(ParquetDocuments::open(&shards, rank, world).unwrap());
        let mut slow = PretrainBatches::new(texts, &tokenizer, SETTINGS).unwrap();
        let open = || TokenShards::open(&tokens, &tokenizer.fingerprint(), rank, world).unwrap();
        let mut fast = PretrainBatches::of_tokens(open(), SETTINGS).unwrap();
        let mut middle = None;
        // More than two epochs.
        for number in 0..300 {
            let batch = slow.next_batch().unwrap();
            assert_eq!(
                fast.next_batch().unwrap(),
                batch,
                "batch {number} of rank {rank}"
            );
            if number == 70 {
                middle = Some(batch.position);
            }
        }
        // Begun on texts, gone on with shards.
        let mut resumed = PretrainBatches::of_tokens(open(), SETTINGS).unwrap();
        resumed.resume(&middle.unwrap()).unwrap();
        let texts = Box::new(ParquetDocuments::open(&shards, rank, world).unwrap());
        let mut whole = PretrainBatches::new(texts, &tokenizer, SETTINGS).unwrap();
        for _ in 0..=70 {
            whole.next_batch().unwrap();
        }
        for _ in 0..20 {
            assert_eq!(resumed.next_batch().unwrap(), whole.next_batch().unwrap());
        }
    }
}

#[test]
fn a_folder_of_token_shards_is_divided_like_the_folder_of_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, tokenizer) = both(folder.path());
    let settings = OpenSettings {
        validation_shard: Some("shard_00001.parquet".to_owned()),
        ..OpenSettings::default()
    };
    let texts = open_corpus(folder.path(), &settings).unwrap();
    let mut tokens = open_token_corpus(folder.path(), &tokenizer, &settings).unwrap();
    for (mut text, token) in [
        (texts.train, &mut tokens.train),
        (texts.validation, &mut tokens.validation),
    ] {
        for _ in 0..100 {
            let document = text.next_document().unwrap();
            let ids = token.refill(1).unwrap().remove(0);
            assert_eq!(ids.at, document.at);
            assert_eq!(tokenizer.decode(&ids.ids[1..]), document.text);
        }
    }
}

#[test]
fn another_tokenizer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, tokens, _) = both(folder.path());
    let other =
        tokenizer::train((0..200).map(text), &TrainSettings::new(340), &mut |_| {}).unwrap();
    let error = TokenShards::open(&tokens, &other.fingerprint(), 0, 1)
        .err()
        .unwrap();
    assert!(matches!(error, Error::OtherTokenizer { .. }), "{error}");
    assert!(error.to_string().contains("shard_00000.tokens"), "{error}");
}

#[test]
fn what_is_whole_is_kept_and_what_is_not_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (shards, tokens, tokenizer) = both(folder.path());
    assert!(
        tokenise(&shards[0], folder.path(), &tokenizer)
            .unwrap()
            .kept
    );
    let whole = std::fs::read(&tokens[0]).unwrap();
    std::fs::write(&tokens[0], &whole[..whole.len() - 1]).unwrap();
    assert!(
        !tokenise(&shards[0], folder.path(), &tokenizer)
            .unwrap()
            .kept
    );
    assert_eq!(std::fs::read(&tokens[0]).unwrap(), whole);
}

#[test]
fn every_wrong_byte_is_noticed_and_none_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_, tokens, tokenizer) = both(folder.path());
    let whole = std::fs::read(&tokens[0]).unwrap();
    let path = folder.path().join("damaged.tokens");
    // The header and the beginning of the ids byte by byte, the rest in steps.
    let places = (0..600).chain((600..whole.len()).step_by(37));
    for at in places.chain([whole.len() - 1]) {
        // The unused end of the header and the padding behind the ids say nothing.
        if (80..128).contains(&at) {
            continue;
        }
        let mut content = whole.clone();
        content[at] ^= 0x10;
        std::fs::write(&path, content).unwrap();
        let read = || -> Result<(), Error> {
            let mut shards =
                TokenShards::open(std::slice::from_ref(&path), &tokenizer.fingerprint(), 0, 1)?;
            while shards.position().epoch == 1 {
                shards.refill(16)?;
            }
            Ok(())
        };
        let ids_end = 128 + 2 * TokenShard::open(&tokens[0]).unwrap().ids();
        let padding = ids_end..ids_end.next_multiple_of(8);
        if padding.contains(&at) {
            continue;
        }
        let error = read().expect_err(&format!("byte {at} was changed and nobody noticed"));
        assert!(error.to_string().contains("damaged.tokens"), "{error}");
    }
}

#[test]
fn a_truncated_file_is_an_error_and_not_the_end_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (_, tokens, _) = both(folder.path());
    let whole = std::fs::read(&tokens[0]).unwrap();
    let path = folder.path().join("short.tokens");
    for length in [0, 1, 8, 127, 128, 129, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(TokenShard::open(&path).is_err(), "{length} bytes");
    }
}

/// Nobody's disk does this; whoever crafts a file can.
#[test]
fn a_shard_whose_checksums_hold_and_whose_numbers_do_not_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, tokens, _) = both(folder.path());
    let whole = std::fs::read(&tokens[0]).unwrap();
    let number = |at: usize| u64::from_le_bytes(whole[at..at + 8].try_into().unwrap()) as usize;
    let (groups, ids) = (number(48), number(64));
    let index = 128 + (2 * ids).next_multiple_of(8);
    let lengths = index + 24 * groups;
    let first_row: [u8; 4] = whole[lengths..lengths + 4].try_into().unwrap();
    let longer = u32::from_le_bytes(whole[lengths + 4..lengths + 8].try_into().unwrap()) + 1;
    let much = (1_u64 << 61).to_le_bytes();
    for (at, bytes) in [
        (lengths + 4, &longer.to_le_bytes()[..]), // a document longer than its group
        (lengths + 8, &first_row[..]),            // two documents in one row
        (index + 24, &much[..]),                  // a group that begins behind the last document
        (index + 8, &1_u64.to_le_bytes()[..]),    // ids before the first group
        (48, &much[..]),                          // 24 · 2⁶¹ groups
        (56, &much[..]),                          // 8 · 2⁶¹ documents
        (64, &u64::MAX.to_le_bytes()[..]),        // ids
    ] {
        let mut bad = whole.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        let seal = crc32fast::hash(&bad[index..]).to_le_bytes();
        bad[72..76].copy_from_slice(&seal);
        let seal = crc32fast::hash(&bad[..76]).to_le_bytes();
        bad[76..80].copy_from_slice(&seal);
        let path = folder.path().join("crafted.tokens");
        std::fs::write(&path, &bad).unwrap();
        let said = TokenShard::open(&path).err().expect("refused").to_string();
        assert!(
            [
                "contradicts itself",
                "makes no sense",
                "not what its header says"
            ]
            .iter()
            .any(|words| said.contains(words)),
            "{at}: {said}"
        );
    }
}

#[test]
fn an_unfinished_shard_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tokens");
    let mut writer = TokenWriter::create(&path, [0; 32], 2).unwrap();
    writer.group(&[(0, vec![1, 2, 3])]).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let mut writer = TokenWriter::create(&path, [0; 32], 2).unwrap();
    let error = writer.group(&[(0, vec![70_000])]).unwrap_err();
    assert!(error.to_string().contains("70000"), "{error}");
}

/// A parquet shard of three row groups, of which those in `damaged` cannot be read.
fn damaged_shard(folder: &Path, damaged: std::ops::Range<usize>) -> PathBuf {
    let path = folder.join("shard_00000.parquet");
    let mut writer = ShardWriter::with_group_size(&path, 8).unwrap();
    for number in 0..24 {
        writer.push(format!("document {number}")).unwrap();
    }
    writer.finish().unwrap();
    let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for group in damaged {
        let (start, length) = reader.metadata().row_group(group).column(0).byte_range();
        bytes[start as usize..(start + length) as usize].fill(0xaa);
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_damaged_row_group_stops_the_run_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = damaged_shard(folder.path(), 1..2);
    let source = Box::new(ParquetDocuments::open(&[path], 0, 1).unwrap());
    let mut batches =
        PretrainBatches::new(source, &small_tokenizer(), PackingSettings::new(1, 64)).unwrap();
    let error = batches.next_batch().unwrap_err().to_string();
    assert!(
        error.contains("shard_00000.parquet, group 1") && error.contains("left out"),
        "{error}"
    );
}

#[test]
fn a_damaged_row_group_is_left_out_by_choice_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = damaged_shard(folder.path(), 1..2);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = heard.clone();
    let damage = Damage::Skip(Arc::new(move |error| {
        notes.lock().unwrap().push(error.to_string())
    }));
    let mut source = ParquetDocuments::open(&[path], 0, 1)
        .unwrap()
        .on_damage(damage);
    let mut groups = Vec::new();
    for _ in 0..2 * 16 {
        let document = dataset::DocumentSource::next_document(&mut source).unwrap();
        groups.push((document.at.epoch, document.at.group));
    }
    let expected: Vec<(u32, u32)> = [(1, 0), (1, 2), (2, 0), (2, 2)]
        .iter()
        .flat_map(|group| std::iter::repeat_n(*group, 8))
        .collect();
    assert_eq!(groups, expected);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 2, "once in each epoch");
    assert!(heard[0].contains("group 1"));
}

#[test]
fn a_shard_without_a_single_readable_group_is_not_walked_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = damaged_shard(folder.path(), 0..3);
    let damage = Damage::Skip(Arc::new(|_| ()));
    let mut source = ParquetDocuments::open(&[path], 0, 1)
        .unwrap()
        .on_damage(damage);
    let error = dataset::DocumentSource::next_document(&mut source).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_ids_come_back(
        groups in prop::collection::vec(prop::collection::vec(prop::collection::vec(0u32..65_536, 0..30), 0..9), 1..6),
        wide in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tokens");
        let mut writer = TokenWriter::create(&path, [7; 32], if wide { 4 } else { 2 }).unwrap();
        for group in &groups {
            let rows: Vec<(u32, Vec<u32>)> =
                group.iter().enumerate().map(|(row, ids)| (3 * row as u32, ids.clone())).collect();
            writer.group(&rows).unwrap();
        }
        writer.finish().unwrap();
        prop_assume!(groups.iter().any(|group| !group.is_empty()));
        let mut shards = TokenShards::open(&[path], &"07".repeat(32), 0, 1).unwrap();
        for (number, group) in groups.iter().enumerate() {
            for (row, ids) in group.iter().enumerate() {
                let document = shards.refill(1).unwrap().remove(0);
                prop_assert_eq!(&document.ids, ids);
                prop_assert_eq!((document.at.group, document.at.row), (number as u32, 3 * row as u32));
            }
        }
        let _ = TokenSource::describe(&shards);
    }
}
