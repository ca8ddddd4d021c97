//! Damaged parquet files. The format has no checksum where ours is written without one, so damage inside the data of a
//! group may read as other texts, and damage in the footer as other groups. What holds all the same: no panic, no endless
//! loop, no text that is not UTF-8; every error names the file; a file that does not end as parquet does is refused; and
//! while the footer is whole, a group whose bytes are whole reads as it was written, beside whatever became of the others.

use std::cell::Cell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use arrow::array::{Array, ArrayRef, ListBuilder, StringArray, StringBuilder, StructArray};
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use dataset::parquet_documents::TextShard;
use dataset::rows::{parquet_rows, read_rows};
use dataset::schemas::{DataSet, MultipleChoice};
use dataset::{Damage, DocumentSource, Error, ParquetDocuments, ShardWriter};
use parquet::arrow::ArrowWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::damage::damaged;
use crate::{Case, fuzz};

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// The parquet crate panics on some damage, and our readers make errors of it. What such a panic prints on its way is of
/// no interest, unless the input is gone through again because one got through.
fn quietly<T>(case: &Case, read: impl FnOnce() -> T) -> T {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !READING.get() {
                usual(panic);
            }
        }));
    });
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            READING.set(false);
        }
    }
    let _loud = Loud;
    READING.set(!case.telling);
    read()
}

fn words(case: &mut Case) -> String {
    const WORDS: [&str; 8] = [
        "tide ",
        "crab ",
        "Straße ",
        "🦀",
        "你好",
        "\n",
        "lighthouse ",
        "é",
    ];
    (0..case.between(1, 30)).map(|_| *case.of(&WORDS)).collect()
}

struct Shard {
    bytes: Vec<u8>,
    /// Where each group lies, and its texts.
    groups: Vec<(Range<usize>, Vec<String>)>,
}

impl Shard {
    fn write(case: &mut Case, folder: &Path) -> Shard {
        let path = folder.join("whole.parquet");
        let size = case.between(1, 20);
        let texts: Vec<String> = (0..case.between(1, 60)).map(|_| words(case)).collect();
        let mut writer = ShardWriter::with_group_size(&path, size).unwrap();
        for text in &texts {
            writer.push(text.clone()).unwrap();
        }
        writer.finish().unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let places = reader.metadata().row_groups().iter().map(|group| {
            let (start, length) = group.column(0).byte_range();
            start as usize..(start + length) as usize
        });
        let groups = places.zip(texts.chunks(size).map(<[String]>::to_vec));
        Shard {
            bytes: std::fs::read(&path).unwrap(),
            groups: groups.collect(),
        }
    }

    /// Where the last group ends; what follows is the footer.
    fn footer(&self) -> usize {
        self.groups.last().map_or(0, |(place, _)| place.end)
    }
}

fn named(error: &Error) {
    let said = error.to_string();
    assert!(said.contains("damaged.parquet"), "names no file: {said}");
}

#[test]
fn damaged_parquet_shards() {
    let folder = tempfile::tempdir().unwrap();
    let mut making = Case::new(12, false);
    let shards: Vec<Shard> = (0..12)
        .map(|_| Shard::write(&mut making, folder.path()))
        .collect();
    let path = folder.path().join("damaged.parquet");
    fuzz("parquet shards", |case| {
        let number = case.below(shards.len());
        case.tell(|| format!("shard {number}"));
        let (shard, other) = (&shards[number], case.of(&shards));
        let bytes = match case.one_in(2) {
            true => damaged(case, &shard.bytes, &other.bytes),
            false => {
                // Only the footer, which is where all numbers stand that are believed.
                let (data, footer) = shard.bytes.split_at(shard.footer());
                case.tell(|| format!("of the footer, which begins at {}", data.len()));
                let footer = damaged(case, footer, &other.bytes[other.footer()..]);
                [data, &footer].concat()
            }
        };
        std::fs::write(&path, &bytes).unwrap();
        quietly(case, || check_shard(&path, &bytes, shard));
    });
}

fn check_shard(path: &PathBuf, bytes: &[u8], whole: &Shard) {
    let read = match TextShard::open(path) {
        Ok(read) => read,
        Err(error) => return named(&error),
    };
    assert!(bytes.ends_with(b"PAR1"), "not the end of a parquet file");
    let footer = whole.footer();
    let footer_is_whole =
        bytes.len() == whole.bytes.len() && bytes[footer..] == whole.bytes[footer..];
    for group in 0..read.groups() {
        let texts = read.read_group(group);
        if let Err(error) = &texts {
            named(error);
        }
        for text in texts.iter().flatten() {
            assert!(str::from_utf8(text.as_bytes()).is_ok(), "no UTF-8");
        }
        if footer_is_whole {
            let (place, written) = &whole.groups[group];
            if bytes[place.clone()] == whole.bytes[place.clone()] {
                assert!(texts.is_ok_and(|texts| texts == *written), "group {group}");
            } else if let Ok(texts) = texts {
                assert_eq!(texts.len(), written.len(), "documents in group {group}");
            }
        }
    }
    // As a run reads it: an epoch, damaged groups left out.
    let source = ParquetDocuments::open(std::slice::from_ref(path), 0, 1);
    let skip = Damage::Skip(Arc::new(named));
    match source.map(|source| source.on_damage(skip)) {
        Err(error) => named(&error),
        Ok(mut source) => {
            while source.position().epoch == 1 {
                if let Err(error) = source.next_document() {
                    return named(&error);
                }
            }
        }
    }
}

/// Questions in the shape of ARC: strings, and lists in a structure.
fn questions(case: &mut Case, path: &Path) -> Vec<u8> {
    let rows = case.between(1, 40);
    let mut lists = [(); 2].map(|()| ListBuilder::new(StringBuilder::new()));
    let [text, label] = &mut lists;
    for _ in 0..rows {
        for letter in ["A", "B", "C", "D"].into_iter().take(case.between(2, 4)) {
            text.values().append_value(words(case));
            label.values().append_value(letter);
        }
        text.append(true);
        label.append(true);
    }
    let member = |(name, values): (&str, ArrayRef)| {
        let kind = values.data_type().clone();
        (Arc::new(Field::new(name, kind, true)), values)
    };
    let lists: [ArrayRef; 2] = lists.map(|mut list| Arc::new(list.finish()) as ArrayRef);
    let choices: Vec<_> = ["text", "label"]
        .into_iter()
        .zip(lists)
        .map(member)
        .collect();
    let question = StringArray::from_iter_values((0..rows).map(|_| words(case)));
    let key = StringArray::from_iter_values((0..rows).map(|_| *case.of(&["A", "B"])));
    let columns: [(&str, ArrayRef); 3] = [
        ("question", Arc::new(question)),
        ("choices", Arc::new(StructArray::from(choices))),
        ("answerKey", Arc::new(key)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    DataSet::<MultipleChoice>::open("whole", path).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn damaged_data_sets_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let mut making = Case::new(13, false);
    let files: Vec<Vec<u8>> = (0..8)
        .map(|_| questions(&mut making, &folder.path().join("whole.parquet")))
        .collect();
    let path = folder.path().join("damaged.parquet");
    fuzz("data sets in parquet", |case| {
        let number = case.below(files.len());
        case.tell(|| format!("file {number}"));
        let other = case.below(files.len());
        let bytes = damaged(case, &files[number], &files[other]);
        std::fs::write(&path, &bytes).unwrap();
        quietly(case, || {
            // Rows of any schema first: what a schema refuses would hide what comes behind it.
            if let Err(error) = parquet_rows(&path, &mut |_, _| Ok(())) {
                named(&error);
                assert!(read_rows(&path, &mut |_, _| Ok(())).is_err());
            }
            if let Err(error) = DataSet::<MultipleChoice>::open("damaged", &path) {
                named(&error);
            }
        });
    });
}
