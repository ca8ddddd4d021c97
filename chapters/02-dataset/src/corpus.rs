// ANCHOR: head
//! A corpus has two sides that must never meet: text to train on, and text to measure with.
//!
//! - Several parquet shards: the last one in name order is validation, whole, as the public corpora intend it. When not
//!   all shards are downloaded, name it (`validation_shard`): otherwise the last one *on disk* would be taken, which the
//!   next download turns into a training shard, and the measurements into memories.
//! - Anything else (texts, or a single shard): a share of the documents, chosen by their content (see
//!   [`text_folder`](crate::text_folder)).

use std::path::{Path, PathBuf};

use tokenizer::Tokenizer;

use crate::group_walk::Damage;
use crate::parquet_documents::{list_files, list_shards};
use crate::text_folder::{FolderIndex, Side, TextFolderSettings};
use crate::{DocumentSource, Error, ParquetDocuments, TextFolder, TokenShards, token_shard};
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
    /// What to do about a row group that cannot be read. (A folder of texts is read whole when it is opened, and then any
    /// damage is an error.)
    pub damage: Damage,
}

impl Default for OpenSettings {
    fn default() -> Self {
        OpenSettings {
            rank: 0,
            world: 1,
            validation_shard: None,
            texts: TextFolderSettings::default(),
            damage: Damage::Stop,
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
    let (train, validation) = divide(folder, list_shards(folder)?, settings)?;
    let open = |files: &[PathBuf]| -> Result<Box<dyn DocumentSource>, Error> {
        let documents = ParquetDocuments::open(files, settings.rank, settings.world)?;
        Ok(Box::new(documents.on_damage(settings.damage.clone())))
    };
    Ok(Corpus {
        train: open(&train)?,
        validation: open(&[validation])?,
    })
}

/// Shards in name order into those for training and the one for validation.
fn divide(
    folder: &Path,
    mut shards: Vec<PathBuf>,
    settings: &OpenSettings,
) -> Result<(Vec<PathBuf>, PathBuf), Error> {
    let validation = match &settings.validation_shard {
        None => shards.pop(),
        Some(name) => {
            // By the name without its ending: a token shard is called like the shard that it was made from.
            let wanted = Path::new(name).file_stem();
            let found = shards.iter().position(|path| path.file_stem() == wanted);
            found.map(|index| shards.remove(index))
        }
    };
    let Some(validation) = validation else {
        let wanted = settings.validation_shard.clone().unwrap_or_default();
        return Err(Error::MissingShard {
            path: folder.to_owned(),
            wanted,
        });
    };
    if shards.is_empty() {
        return Err(Error::NoFiles {
            path: folder.to_owned(),
            wanted: "training shards among the",
        });
    }
    Ok((shards, validation))
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

// ANCHOR: tokens
/// The two sides of a corpus that was tokenised beforehand.
pub struct TokenCorpus {
    pub train: TokenShards,
    pub validation: TokenShards,
}

/// Open a folder of token shards, divided as the parquet shards of the same names would be.
pub fn open_token_corpus(
    folder: &Path,
    tokenizer: &Tokenizer,
    settings: &OpenSettings,
) -> Result<TokenCorpus, Error> {
    let shards = list_files(folder, token_shard::EXTENSION)?;
    let (train, validation) = divide(folder, shards, settings)?;
    let fingerprint = tokenizer.fingerprint();
    let open = |files: &[PathBuf]| {
        let documents = TokenShards::open(files, &fingerprint, settings.rank, settings.world)?;
        Ok(documents.on_damage(settings.damage.clone()))
    };
    Ok(TokenCorpus {
        train: open(&train)?,
        validation: open(&[validation])?,
    })
}
// ANCHOR_END: tokens
