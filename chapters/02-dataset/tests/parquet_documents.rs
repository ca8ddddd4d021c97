//! Shards are written whole, read back exactly, shared by row group, and refused clearly when something is wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, LargeStringArray, StringArray, StringViewArray};
use arrow::record_batch::RecordBatch;
use dataset::shard_writer::write_shards;
use dataset::{DocumentSource, Error, ParquetDocuments, ShardWriter, SourcePosition};
use parquet::arrow::ArrowWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};

fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            format!(
                "Document {number}: {}",
                "the tide comes in. ".repeat(number % 7 + 1)
            )
        })
        .collect()
}

fn shard(folder: &Path, name: &str, documents: &[String], rows_per_group: usize) -> PathBuf {
    let path = folder.join(name);
    let mut writer = ShardWriter::with_group_size(&path, rows_per_group).unwrap();
    documents
        .iter()
        .for_each(|text| writer.push(text.clone()).unwrap());
    writer.finish().unwrap();
    path
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn first_epoch(source: &mut dyn DocumentSource) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let document = source.next_document().unwrap();
        if document.at.epoch > 1 {
            return texts;
        }
        texts.push(document.text);
    }
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let documents = texts(2500);
    let files = write_shards(folder.path(), documents.clone(), usize::MAX, 1024).unwrap();
    assert_eq!(files, [folder.path().join("shard_00000.parquet")]);
    let mut source = ParquetDocuments::open(&files, 0, 1).unwrap();
    assert_eq!(first_epoch(&mut source), documents);
}

#[test]
fn shards_have_the_layout_of_the_public_corpora() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_shards(folder.path(), texts(5000), 60_000, 1024).unwrap();
    assert!(files.len() > 1);
    for file in &files[..files.len() - 1] {
        let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
        for group in reader.metadata().row_groups() {
            assert_eq!(group.num_rows(), 1024);
            let column = group.column(0);
            assert!(matches!(
                column.compression(),
                parquet::basic::Compression::ZSTD(_)
            ));
            assert!(column.dictionary_page_offset().is_none() && column.statistics().is_none());
        }
    }
}

#[test]
fn ranks_take_row_groups_in_turn_also_across_files() {
    let folder = tempfile::tempdir().unwrap();
    let documents = texts(7);
    // Row groups of one document; three in the first file, four in the second.
    let files = [
        shard(folder.path(), "a.parquet", &documents[..3], 1),
        shard(folder.path(), "b.parquet", &documents[3..], 1),
    ];
    let of_rank = |rank| first_epoch(&mut ParquetDocuments::open(&files, rank, 2).unwrap());
    assert_eq!(
        of_rank(0),
        [0, 2, 4, 6].map(|index: usize| documents[index].clone())
    );
    assert_eq!(
        of_rank(1),
        [1, 3, 5].map(|index: usize| documents[index].clone())
    );
    let message = message(ParquetDocuments::open(&files, 7, 8));
    assert!(
        message.contains("7 row group(s) cannot be shared by 8 ranks"),
        "{message}"
    );
}

#[test]
fn any_document_can_be_read_again_by_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let documents = texts(30);
    let files = [
        shard(folder.path(), "a.parquet", &documents[..20], 8),
        shard(folder.path(), "b.parquet", &documents[20..], 8),
    ];
    let mut source = ParquetDocuments::open(&files, 0, 1).unwrap();
    let all: Vec<_> = (0..70).map(|_| source.next_document().unwrap()).collect();
    assert_eq!((all[0].at, all[69].at.epoch), (SourcePosition::START, 3));
    for document in all.iter().rev() {
        source.seek(&document.at).unwrap();
        assert_eq!(source.position(), document.at);
        assert_eq!(source.next_document().unwrap(), *document);
    }
}

#[test]
fn all_string_types_and_missing_values_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let values = || vec![Some("one"), None, Some(""), Some("two")];
    let columns: [ArrayRef; 3] = [
        Arc::new(StringArray::from(values())),
        Arc::new(LargeStringArray::from(values())),
        Arc::new(StringViewArray::from(values())),
    ];
    for (index, column) in columns.into_iter().enumerate() {
        let path = folder.path().join(format!("{index}.parquet"));
        write(
            &path,
            vec![
                ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
                ("text", column),
            ],
        );
        let mut source = ParquetDocuments::open(&[path], 0, 1).unwrap();
        assert_eq!(
            first_epoch(&mut source),
            ["one", "two"],
            "empty texts are left out"
        );
        // Their rows are counted all the same.
        source
            .seek(&SourcePosition {
                row: 3,
                ..SourcePosition::START
            })
            .unwrap();
        assert_eq!(source.next_document().unwrap().text, "two");
    }
}

#[test]
fn a_file_without_a_text_column_is_an_error_that_names_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.parquet");
    let content: ArrayRef = Arc::new(StringArray::from(vec!["words"]));
    write(
        &path,
        vec![
            ("content", content),
            ("id", Arc::new(Int64Array::from(vec![1]))),
        ],
    );
    let error = message(ParquetDocuments::open(std::slice::from_ref(&path), 0, 1));
    assert!(
        error.contains("other.parquet")
            && error.contains("`content`, `id`")
            && error.contains("rename"),
        "{error}"
    );

    write(&path, vec![("text", Arc::new(Int64Array::from(vec![1])))]);
    let error = message(ParquetDocuments::open(&[path], 0, 1));
    assert!(
        error.contains("Int64") && error.contains("UTF-8 strings"),
        "{error}"
    );
}

#[test]
fn a_corpus_without_documents_is_an_error_not_an_endless_loop() {
    let folder = tempfile::tempdir().unwrap();
    let none = shard(folder.path(), "none.parquet", &[], 8);
    let blank = shard(folder.path(), "blank.parquet", &vec![String::new(); 20], 8);
    assert!(message(ParquetDocuments::open(&[], 0, 1)).contains("no documents"));
    assert!(message(ParquetDocuments::open(&[none], 0, 1)).contains("none.parquet"));
    let error = message(
        ParquetDocuments::open(&[blank], 0, 1)
            .unwrap()
            .next_document(),
    );
    assert!(
        error.contains("blank.parquet") && error.contains("no documents"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = message(ParquetDocuments::open(
        &["nowhere/shard_00007.parquet".into()],
        0,
        1,
    ));
    assert!(error.contains("shard_00007.parquet"), "{error}");
}

#[test]
fn truncated_and_damaged_shards_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(shard(folder.path(), "whole.parquet", &texts(60), 16)).unwrap();
    let path = folder.path().join("damaged.parquet");
    let read_all = || -> Result<(), Error> {
        let mut source = ParquetDocuments::open(std::slice::from_ref(&path), 0, 1)?;
        while source.next_document()?.at.epoch == 1 {}
        Ok(())
    };
    // A download that stopped, at many places.
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = message(read_all());
        assert!(
            error.contains("damaged.parquet") && error.contains("truncated or damaged"),
            "{error}"
        );
    }
    // One byte changed in many places: found, or harmless, but never a panic.
    let mut found = 0;
    for place in (0..whole.len()).step_by(1) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        std::fs::write(&path, &bytes).unwrap();
        found += usize::from(read_all().is_err());
    }
    assert!(found > 0);
}

#[test]
fn an_unfinished_shard_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard_00000.parquet");
    let mut writer = ShardWriter::create(&path).unwrap();
    for text in texts(1500) {
        writer.push(text).unwrap();
    }
    assert!(!path.exists(), "not under its name before it is whole");
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(ShardWriter::create(Path::new("nowhere/shard.parquet")).is_err());
}
