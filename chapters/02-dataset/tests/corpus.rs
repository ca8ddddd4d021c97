//! Training and validation text never overlap, whatever the corpus looks like.

mod fixtures;

use std::collections::BTreeSet;
use std::path::Path;

use dataset::shard_writer::write_shards;
use dataset::text_folder::{FolderIndex, Side, TextFolderSettings};
use dataset::{Corpus, DocumentSource, Error, OpenSettings, TextFolder, open_corpus};

fn one_epoch(source: &mut dyn DocumentSource) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let document = source.next_document().unwrap();
        if document.at.epoch > 1 {
            return texts;
        }
        texts.push(document.text);
    }
}

/// Both sides of a corpus; panics if they share a text.
fn sides(corpus: &mut Corpus) -> (Vec<String>, Vec<String>) {
    let (train, validation) = (
        one_epoch(&mut *corpus.train),
        one_epoch(&mut *corpus.validation),
    );
    let seen: BTreeSet<&String> = train.iter().collect();
    assert!(
        validation.iter().all(|text| !seen.contains(text)),
        "a validation text was trained on"
    );
    assert!(!train.is_empty() && !validation.is_empty());
    (train, validation)
}

fn numbered(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("This is document number {number}."))
        .collect()
}

fn short_pieces(max_document_chars: usize) -> OpenSettings {
    OpenSettings {
        texts: TextFolderSettings {
            max_document_chars,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn the_last_shard_is_validation_and_a_named_one_stays_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_shards(folder.path(), numbered(40), 1, 10).unwrap();
    assert_eq!(files.len(), 4);
    let (train, validation) =
        sides(&mut open_corpus(folder.path(), &OpenSettings::default()).unwrap());
    assert_eq!(
        (train, validation),
        (numbered(40)[..30].to_vec(), numbered(40)[30..].to_vec())
    );

    let pinned = OpenSettings {
        validation_shard: Some("shard_00001.parquet".into()),
        ..Default::default()
    };
    let (_, validation) = sides(&mut open_corpus(folder.path(), &pinned).unwrap());
    assert_eq!(validation, numbered(40)[10..20]);

    // The download stopped before the pinned shard: no other may take its place.
    std::fs::remove_file(&files[1]).unwrap();
    let error = message(open_corpus(folder.path(), &pinned));
    assert!(
        error.contains("shard_00001.parquet") && error.contains("fetch it"),
        "{error}"
    );
}

#[test]
fn a_single_shard_is_divided_by_documents() {
    let folder = tempfile::tempdir().unwrap();
    write_shards(folder.path(), numbered(400), usize::MAX, 1024).unwrap();
    let (train, validation) =
        sides(&mut open_corpus(folder.path(), &OpenSettings::default()).unwrap());
    assert_eq!((train.len(), validation.len()), (380, 20));
}

#[test]
fn every_kind_of_file_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("more/deep");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(
        folder.path().join("a.txt"),
        "\u{feff}The text.\r\nSecond line.\r\n",
    )
    .unwrap();
    std::fs::write(deep.join("b.md"), "# Heading\n\nWords.\n").unwrap();
    std::fs::write(
        deep.join("c.jsonl"),
        "{\"text\": \"first\"}\n\n{\"text\": \"second\", \"id\": 2}\n{\"text\": \"\"}\n",
    )
    .unwrap();
    std::fs::write(deep.join("ignored.rs"), "fn main() {}").unwrap();
    std::fs::write(deep.join(".hidden.txt"), "no").unwrap();
    write_shards(folder.path(), ["third", "fourth"], usize::MAX, 8).unwrap();

    let settings = TextFolderSettings::default();
    let mut all = TextFolder::open(folder.path(), Side::All, &settings, 0, 1).unwrap();
    let mut texts = one_epoch(&mut all);
    texts.sort();
    assert_eq!(
        texts,
        [
            "# Heading\n\nWords.",
            "The text.\nSecond line.",
            "first",
            "fourth",
            "second",
            "third"
        ]
    );

    let (train, validation) =
        sides(&mut open_corpus(folder.path(), &OpenSettings::default()).unwrap());
    assert_eq!((train.len(), validation.len()), (5, 1));
}

#[test]
fn equal_texts_stay_on_one_side_and_renaming_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Every text stands in two files.
    for (index, text) in numbered(60).iter().enumerate() {
        std::fs::write(folder.path().join(format!("a{index}.txt")), text).unwrap();
        std::fs::write(folder.path().join(format!("b{index}.txt")), text).unwrap();
    }
    let (_, mut validation) =
        sides(&mut open_corpus(folder.path(), &OpenSettings::default()).unwrap());
    assert_eq!(validation.len(), 2 * 3);

    for index in 0..60 {
        let [old, new] = ["a", "c"].map(|name| folder.path().join(format!("{name}{}.txt", index)));
        std::fs::rename(old, new).unwrap();
    }
    let (_, mut again) = sides(&mut open_corpus(folder.path(), &OpenSettings::default()).unwrap());
    validation.sort();
    again.sort();
    assert_eq!(validation, again);
}

#[test]
fn a_single_long_file_is_cut_and_divided() {
    let folder = tempfile::tempdir().unwrap();
    let play: String = (0..200)
        .map(|number| format!("SPEAKER {number}:\nI say my line number {number}.\n\n"))
        .collect();
    let file = folder.path().join("play.txt");
    std::fs::write(&file, &play).unwrap();
    let (train, validation) = sides(&mut open_corpus(&file, &short_pieces(100)).unwrap());
    assert!(
        train
            .iter()
            .chain(&validation)
            .all(|text| text.starts_with("SPEAKER") && text.ends_with('.'))
    );
    let letters = |texts: &[String]| {
        texts
            .iter()
            .map(|text| text.split_whitespace().count())
            .sum::<usize>()
    };
    assert_eq!(
        letters(&train) + letters(&validation),
        play.split_whitespace().count(),
        "no word is lost"
    );
}

#[test]
fn ranks_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = numbered(500)
        .iter()
        .map(|text| format!("{{\"text\": \"{text}\"}}\n"))
        .collect();
    std::fs::write(folder.path().join("lines.jsonl"), lines).unwrap();
    let index = FolderIndex::scan(folder.path(), &TextFolderSettings::default()).unwrap();
    let mut all = Vec::new();
    for rank in 0..3 {
        all.extend(one_epoch(
            &mut TextFolder::of_index(index.clone(), Side::Train, rank, 3).unwrap(),
        ));
    }
    all.extend(one_epoch(
        &mut TextFolder::of_index(index, Side::Validation, 0, 1).unwrap(),
    ));
    all.sort();
    let mut expected = numbered(500);
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn bad_folders_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| message(open_corpus(path, &OpenSettings::default()));
    assert!(open(&folder.path().join("missing")).contains("missing"));
    let error = open(folder.path());
    assert!(
        error.contains("no .txt, .md, .jsonl or .parquet"),
        "{error}"
    );

    let file = folder.path().join("a.txt");
    std::fs::write(&file, " \n\n").unwrap();
    let error = open(folder.path());
    assert!(error.contains("no documents in it"), "{error}");

    std::fs::write(&file, "Only one text.").unwrap();
    let error = open(folder.path());
    assert!(
        error.contains("a single document") && error.contains("10000 characters"),
        "{error}"
    );

    std::fs::write(&file, b"caf\xe9").unwrap();
    let error = open(folder.path());
    assert!(
        error.contains("a.txt") && error.contains("byte 3") && error.contains("UTF-8"),
        "{error}"
    );
    std::fs::remove_file(&file).unwrap();

    let lines = folder.path().join("b.jsonl");
    std::fs::write(&lines, "{\"text\": \"fine\"}\n{\"content\": \"x\"}\n").unwrap();
    let error = open(folder.path());
    assert!(
        error.contains("b.jsonl, line 2") && error.contains("`text`"),
        "{error}"
    );
    std::fs::write(&lines, "{\"text\": \"fine\"}\n{\"text\": \n").unwrap();
    let error = open(folder.path());
    assert!(
        error.contains("b.jsonl, line 2") && error.contains("not JSON"),
        "{error}"
    );

    let error = message(open_corpus(folder.path(), &short_pieces(0)));
    assert!(error.contains("max_document_chars"), "{error}");
}

#[test]
fn the_real_text_folder_is_divided_without_overlap() {
    let Some(data) = fixtures::real_data() else {
        return;
    };
    let (train, validation) =
        sides(&mut open_corpus(&data.join("text"), &short_pieces(2000)).unwrap());
    let share = validation.len() as f64 / (train.len() + validation.len()) as f64;
    assert!((0.04..0.06).contains(&share), "{share}");
    assert!(train.len() > 10_000);
    assert!(train.iter().all(|text| text.chars().count() <= 2000));
}
