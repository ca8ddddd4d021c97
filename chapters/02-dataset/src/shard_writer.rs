// ANCHOR: head
//! Writing parquet shards in the layout of the large public corpora: one column `text`, row groups of 1,024 documents,
//! zstd level 3, neither dictionaries nor statistics (no two documents are equal, and nobody queries them).
//!
//! A shard is written under a temporary name and renamed when it is complete, so that a file with the final name is
//! always whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::Error;
use crate::parquet_documents::TEXT_COLUMN;

/// Documents per row group.
pub const ROWS_PER_GROUP: usize = 1024;

/// The size at which public corpora close a shard: about 100 MB on disk.
pub const CHARS_PER_SHARD: usize = 250_000_000;
// ANCHOR_END: head

// ANCHOR: writer
/// Writes one shard. Without [`finish`](ShardWriter::finish) nothing appears under the final name.
pub struct ShardWriter {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<ArrowWriter<File>>,
    schema: Arc<Schema>,
    /// Documents of the row group that is being collected.
    waiting: Vec<String>,
    rows_per_group: usize,
    written: ShardSummary,
}

/// What a shard holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardSummary {
    pub documents: usize,
    pub characters: usize,
}

impl ShardWriter {
    pub fn create(path: &Path) -> Result<Self, Error> {
        ShardWriter::with_group_size(path, ROWS_PER_GROUP)
    }

    /// With other row groups than usual: small ones let a small corpus be shared by several ranks.
    pub fn with_group_size(path: &Path, rows_per_group: usize) -> Result<Self, Error> {
        if rows_per_group == 0 {
            return Err(Error::Setting {
                name: "rows_per_group",
                problem: "must be at least 1".to_owned(),
            });
        }
        let temporary = path.with_extension(format!("parquet.{}.tmp", std::process::id()));
        let file = File::create(&temporary).map_err(|error| Error::io(&temporary, error))?;
        let schema = Arc::new(Schema::new(vec![Field::new(
            TEXT_COLUMN,
            DataType::Utf8,
            true,
        )]));
        let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(rows_per_group))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties));
        let mut shard = ShardWriter {
            path: path.to_owned(),
            temporary,
            writer: None,
            schema,
            waiting: Vec::new(),
            rows_per_group,
            written: ShardSummary::default(),
        };
        shard.writer = Some(writer.map_err(|error| shard.failed(error))?);
        Ok(shard)
    }

    pub fn push(&mut self, text: impl Into<String>) -> Result<(), Error> {
        let text = text.into();
        self.written.documents += 1;
        self.written.characters += text.chars().count();
        self.waiting.push(text);
        if self.waiting.len() == self.rows_per_group {
            self.write_group()
        } else {
            Ok(())
        }
    }

    /// What was pushed so far.
    pub fn written(&self) -> ShardSummary {
        self.written
    }

    /// Write the rest and the footer, and give the file its name.
    pub fn finish(mut self) -> Result<ShardSummary, Error> {
        if !self.waiting.is_empty() {
            self.write_group()?;
        }
        let writer = self
            .writer
            .take()
            .expect("only finish takes the writer, and it consumes self");
        let file = writer.into_inner().map_err(|error| self.failed(error))?;
        // On disk before it has its name: after a power cut the name must not lead to an empty file.
        file.sync_all()
            .map_err(|error| Error::io(&self.temporary, error))?;
        std::fs::rename(&self.temporary, &self.path)
            .map_err(|error| Error::io(&self.path, error))?;
        Ok(self.written)
    }
    // ANCHOR_END: writer

    // ANCHOR: group
    fn write_group(&mut self) -> Result<(), Error> {
        let texts: ArrayRef = Arc::new(StringArray::from(std::mem::take(&mut self.waiting)));
        let batch = RecordBatch::try_new(self.schema.clone(), vec![texts])
            .expect("one string column, as in the schema");
        let writer = self
            .writer
            .as_mut()
            .expect("the writer is there until finish");
        let result = writer.write(&batch).and_then(|()| writer.flush());
        result.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: ParquetError) -> Error {
        Error::io(&self.temporary, std::io::Error::other(error))
    }
}

impl Drop for ShardWriter {
    /// An unfinished shard leaves nothing behind. After `finish` the temporary name is gone already.
    fn drop(&mut self) {
        std::fs::remove_file(&self.temporary).ok();
    }
}
// ANCHOR_END: group

// ANCHOR: shards
/// Write documents as `shard_00000.parquet`, `shard_00001.parquet`, … into an existing folder.
///
/// A shard is closed once it has at least `chars_per_shard` characters and a whole number of row groups. Returns the files.
pub fn write_shards<I>(
    folder: &Path,
    documents: I,
    chars_per_shard: usize,
    rows_per_group: usize,
) -> Result<Vec<PathBuf>, Error>
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    let mut files = Vec::new();
    let mut current: Option<ShardWriter> = None;
    for document in documents {
        let mut shard = match current.take() {
            Some(shard) => shard,
            None => {
                let path = folder.join(shard_name(files.len()));
                files.push(path.clone());
                ShardWriter::with_group_size(&path, rows_per_group)?
            }
        };
        shard.push(document)?;
        let ShardSummary {
            documents,
            characters,
        } = shard.written();
        if characters >= chars_per_shard && documents % rows_per_group == 0 {
            shard.finish()?;
        } else {
            current = Some(shard);
        }
    }
    if let Some(shard) = current {
        shard.finish()?;
    }
    Ok(files)
}

/// The file name of shard number `index`.
pub fn shard_name(index: usize) -> String {
    format!("shard_{index:05}.parquet")
}
// ANCHOR_END: shards
