// ANCHOR: head
//! Parquet shards: how pretraining corpora of hundreds of gigabytes are stored.
//!
//! - A *shard* is one parquet file of a corpus, about 100 MB. Ours have a column `text`, one document per row, and may have
//!   other columns, which are not read.
//! - A *row group* is a block of rows (here 1,024) that is compressed and read on its own. It is the unit in which ranks
//!   share the work: each reads only its own groups, so nobody decompresses what another one uses.
//! - The *footer* at the file's end says where the row groups are. All footers are read when the corpus is opened, so that
//!   a damaged shard is found then and not on the second day of a run.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::Error;
use crate::group_walk::{Documents, GroupAt, Groups};
use crate::prefetch::message_of;

/// The column that holds the documents.
pub const TEXT_COLUMN: &str = "text";
// ANCHOR_END: head

// ANCHOR: open
/// Documents from parquet shards, without end.
pub type ParquetDocuments = Documents<ShardGroups>;

impl ParquetDocuments {
    /// The share of rank `rank` of `world` in these shards, in the given order.
    ///
    /// Fails if a file is missing, is not parquet, is truncated, or has no column `text` of strings.
    pub fn open(files: &[PathBuf], rank: usize, world: usize) -> Result<Self, Error> {
        let shards = files
            .iter()
            .map(|path| TextShard::open(path))
            .collect::<Result<Vec<_>, _>>()?;
        Documents::new(ShardGroups { shards }, rank, world)
    }
}

pub struct ShardGroups {
    shards: Vec<TextShard>,
}

impl Groups for ShardGroups {
    type Content = String;

    fn all(&self) -> Vec<GroupAt> {
        let groups_of = |(file, shard): (usize, &TextShard)| {
            (0..shard.groups()).map(move |group| GroupAt {
                file: file as u32,
                group: group as u32,
            })
        };
        self.shards.iter().enumerate().flat_map(groups_of).collect()
    }

    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, String)>, Error> {
        let texts = self.shards[at.file as usize].read_group(at.group as usize)?;
        let rows = texts
            .into_iter()
            .enumerate()
            .map(|(row, text)| (row as u32, text));
        Ok(rows.filter(|(_, text)| !text.is_empty()).collect())
    }

    fn describe(&self) -> String {
        let groups: usize = self.shards.iter().map(TextShard::groups).sum();
        let rows: usize = self.shards.iter().map(TextShard::documents).sum();
        match self.shards.as_slice() {
            [] => "no parquet shards".to_owned(),
            [one] => format!(
                "{} ({groups} row groups, {rows} documents)",
                one.path.display()
            ),
            [first, .., last] => format!(
                "{} shards, {} to {} ({groups} row groups, {rows} documents)",
                self.shards.len(),
                first.path.display(),
                last.path.display()
            ),
        }
    }
}
// ANCHOR_END: open

// ANCHOR: shard
/// One shard: its footer, and how to read the texts of one row group.
pub struct TextShard {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// Which column is `text`.
    column: usize,
}

impl TextShard {
    /// Read the footer and find the column.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::io(path, error))?;
        let metadata = read_footer(path, &file)?;
        let fields = metadata.schema().fields();
        let Some((column, field)) = fields.find(TEXT_COLUMN) else {
            let found = fields.iter().map(|field| field.name().clone()).collect();
            return Err(Error::MissingColumn {
                path: path.to_owned(),
                wanted: TEXT_COLUMN,
                found,
            });
        };
        if !is_text(field.data_type()) {
            let found = field.data_type().to_string();
            return Err(Error::NotText {
                path: path.to_owned(),
                column: TEXT_COLUMN,
                found,
            });
        }
        Ok(TextShard {
            path: path.to_owned(),
            metadata,
            column,
        })
    }

    pub fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    pub fn documents(&self) -> usize {
        self.metadata.metadata().file_metadata().num_rows().max(0) as usize
    }

    /// All texts of one row group, in order. A missing value (null) reads as an empty text.
    pub fn read_group(&self, group: usize) -> Result<Vec<String>, Error> {
        let damaged = |error: &dyn std::fmt::Display| Error::DamagedGroup {
            path: self.path.clone(),
            group,
            problem: error.to_string(),
        };

        let file = File::open(&self.path).map_err(|error| Error::io(&self.path, error))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let only_text = ProjectionMask::roots(builder.parquet_schema(), [self.column]);
        let mut reader = builder
            .with_projection(only_text)
            .with_row_groups(vec![group])
            .build()
            .map_err(|error| damaged(&error))?;

        let mut texts = Vec::new();
        while let Some(batch) = next_rows(&mut reader) {
            let batch = batch.map_err(|problem| damaged(&problem))?;
            // Strings come as Utf8, LargeUtf8, Utf8View or a dictionary, as the writer liked; one form is enough here.
            let column =
                cast(batch.column(0), &DataType::LargeUtf8).map_err(|error| damaged(&error))?;
            let strings = column.as_string::<i64>();
            texts.extend(
                strings
                    .iter()
                    .map(|text| text.unwrap_or_default().to_owned()),
            );
        }
        // A page that claims fewer values ends the reading early, and nobody else would notice.
        let wanted = self.metadata.metadata().row_group(group).num_rows();
        if texts.len() as i64 != wanted {
            let found = texts.len();
            return Err(damaged(&format!(
                "{found} documents where the footer says {wanted}"
            )));
        }
        Ok(texts)
    }
}

/// Read a parquet file's footer, and check what the parquet crate takes for granted: that every column lies inside the
/// file. Without this check a single wrong byte in a footer can end the program with a panic.
pub(crate) fn read_footer(path: &Path, file: &File) -> Result<ArrowReaderMetadata, Error> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())
        .map_err(|error| Error::parquet(path, error))?;
    let length = file
        .metadata()
        .map_err(|error| Error::io(path, error))?
        .len();
    for (number, group) in metadata.metadata().row_groups().iter().enumerate() {
        for column in group.columns() {
            let start = column
                .dictionary_page_offset()
                .unwrap_or(column.data_page_offset());
            let end = start.checked_add(column.compressed_size());
            let inside = start >= 0
                && column.compressed_size() >= 0
                && end.is_some_and(|end| end as u64 <= length);
            if !inside || group.num_rows() < 0 {
                let name = column.column_path().string();
                let problem = format!("row group {number} puts column `{name}` outside the file");
                return Err(Error::parquet(path, problem));
            }
        }
    }
    Ok(metadata)
}

/// The next rows of a file. The parquet crate trusts what it decodes and panics on some contradictions in it; a damaged
/// file must not end the program, so such a panic becomes an error.
pub(crate) fn next_rows(
    reader: &mut ParquetRecordBatchReader,
) -> Option<Result<RecordBatch, String>> {
    // In a release the parquet crate builds its arrays unchecked, and it validates strings only where the footer calls them
    // UTF-8 in one of two places; a string that is none would be undefined behaviour.
    let checked = |batch: RecordBatch| {
        let columns = batch.columns().iter();
        let valid = columns.map(|column| column.to_data().validate_full());
        valid.collect::<Result<(), _>>().map(|()| batch)
    };
    let next = || Some(reader.next()?.and_then(checked));
    match catch_unwind(AssertUnwindSafe(next)) {
        Ok(batch) => Some(batch?.map_err(|error| error.to_string())),
        Err(panic) => Some(Err(message_of(&*panic))),
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}
// ANCHOR_END: shard

// ANCHOR: list
/// The parquet files in a folder, in name order. Sub-folders are not searched.
pub fn list_shards(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    list_files(folder, "parquet")
}

/// The files of a folder that have this ending, in name order.
pub(crate) fn list_files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Error::io(folder, error))?.path();
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == ending)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
// ANCHOR_END: list
