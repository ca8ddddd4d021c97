// ANCHOR: head
//! A corpus has two sides that must never meet: text to train on, and text to measure with.
//!
//! - Several parquet shards: the last one in name order is validation, whole, as the public corpora intend it. When not
//!   all shards are downloaded, name it (`validation_shard`): otherwise the last one *on disk* would be taken, which the
//!   next download turns into a training shard, and the measurements into memories.
//! - Anything else (texts, or a single shard): a share of the documents, chosen by their content (see
//!   [`text_folder`](crate::text_folder)).

use std::path::Path;

use crate::parquet_documents::list_shards;
use crate::text_folder::{FolderIndex, Side, TextFolderSettings};
use crate::{DocumentSource, Error, ParquetDocuments, TextFolder};
// ANCHOR_END: head

// ANCHOR: settings
#[derive(Clone, Debug)]
pub struct OpenSettings {
    /// This process, counted from 0.
    pub rank: usize,
    /// How many train together.
    pub world: usize,
    /// File name of the shard that is validation. `None`: the last one in name order.
    pub validation_shard: Option<String>,
    /// How a folder of texts is cut and divided.
    pub texts: TextFolderSettings,
}

impl Default for OpenSettings {
    fn default() -> Self {
        OpenSettings {
            rank: 0,
            world: 1,
            validation_shard: None,
            texts: TextFolderSettings::default(),
        }
    }
}

/// The two sides of a corpus.
pub struct Corpus {
    pub train: Box<dyn DocumentSource>,
    pub validation: Box<dyn DocumentSource>,
}
// ANCHOR_END: settings

// ANCHOR: open
/// Open a folder of parquet shards, a folder of texts, or a single file.
pub fn open_corpus(path: &Path, settings: &OpenSettings) -> Result<Corpus, Error> {
    if path.is_dir() && only_parquet(path)? {
        let shards = list_shards(path)?;
        if shards.len() > 1 || settings.validation_shard.is_some() {
            return open_shards(path, settings);
        }
    }
    let (rank, world) = (settings.rank, settings.world);
    let index = FolderIndex::scan(path, &settings.texts)?;
    Ok(Corpus {
        train: Box::new(TextFolder::of_index(
            index.clone(),
            Side::Train,
            rank,
            world,
        )?),
        validation: Box::new(TextFolder::of_index(index, Side::Validation, rank, world)?),
    })
}

fn open_shards(folder: &Path, settings: &OpenSettings) -> Result<Corpus, Error> {
    let mut train = list_shards(folder)?;
    let validation = match &settings.validation_shard {
        None => train.pop(),
        Some(name) => {
            let found = train
                .iter()
                .position(|path| path.file_name().is_some_and(|file| file == name.as_str()));
            found.map(|index| train.remove(index))
        }
    };
    let Some(validation) = validation else {
        let wanted = settings.validation_shard.clone().unwrap_or_default();
        return Err(Error::MissingShard {
            path: folder.to_owned(),
            wanted,
        });
    };
    if train.is_empty() {
        return Err(Error::NoFiles {
            path: folder.to_owned(),
            wanted: "training .parquet",
        });
    }
    let (rank, world) = (settings.rank, settings.world);
    Ok(Corpus {
        train: Box::new(ParquetDocuments::open(&train, rank, world)?),
        validation: Box::new(ParquetDocuments::open(&[validation], rank, world)?),
    })
}

/// Whether a folder holds parquet shards and nothing else that `TextFolder` would read, sub-folders included.
fn only_parquet(folder: &Path) -> Result<bool, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, error))?;
    for entry in entries {
        let path = entry.map_err(|error| Error::io(folder, error))?.path();
        let other = path
            .extension()
            .is_some_and(|extension| ["txt", "md", "jsonl"].iter().any(|kind| extension == *kind));
        if other || path.is_dir() {
            return Ok(false);
        }
    }
    Ok(true)
}
// ANCHOR_END: open
