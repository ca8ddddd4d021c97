// ANCHOR: head
//! The catalogue: which data sets there are, where they lie on the network, and where in a data folder they belong.
//!
//! It is a file, `catalogue.toml`, compiled into the program. There are three kinds of entry:
//!
//! | kind | on the network | in the data folder |
//! |---|---|---|
//! | `shards` | `shard_00000.parquet` … in a repository of the hub | some of them, and always the last, in `pretrain/` |
//! | `rows` | parquet files that the hub's converter made; the hub lists them | JSON lines, or the files in a folder |
//! | `files` | one file at one address | the file, or what is packed in it |

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::error::Error;
use super::settings::Settings;
use super::transfer::Wanted;
use super::verify::Form;
use crate::shard_writer::shard_name;
// ANCHOR_END: head

// ANCHOR: catalogue
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub shards: Vec<ShardSet>,
    pub rows: Vec<RowSet>,
    pub files: Vec<SingleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardSet {
    pub name: String,
    /// owner/name on the hub
    pub repository: String,
    /// The number of the last shard, which is validation.
    pub last: usize,
    pub about: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSet {
    pub name: String,
    pub repository: String,
    pub config: String,
    pub about: String,
    pub splits: Vec<SplitPlace>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitPlace {
    pub split: String,
    /// Below the data folder.
    pub place: String,
    pub form: RowForm,
    /// As published.
    pub rows: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowForm {
    Lines,
    Folder,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleFile {
    pub name: String,
    pub address: Url,
    pub form: Form,
    pub place: String,
    pub about: String,
}

impl Catalogue {
    /// The one that belongs to this program.
    pub fn built_in() -> Self {
        toml::from_str(include_str!("../../catalogue.toml"))
            .expect("the catalogue is compiled in, and a test reads it")
    }

    /// Every name there is, in the catalogue's order.
    pub fn names(&self) -> Vec<String> {
        let shards = self.shards.iter().map(|set| &set.name);
        let rows = self.rows.iter().map(|set| &set.name);
        let files = self.files.iter().map(|file| &file.name);
        shards.chain(rows).chain(files).cloned().collect()
    }

    /// The shards of a name or a repository.
    pub fn shard_set(&self, name: &str) -> Result<&ShardSet, Error> {
        let mut sets = self.shards.iter();
        sets.find(|set| set.name == name || set.repository == name)
            .ok_or_else(|| self.unknown(name))
    }

    /// Whether everything that a set of rows or a single file puts into a data folder is there already.
    pub fn is_in_place(&self, name: &str, folder: &Path) -> bool {
        let rows = self.rows.iter().filter(|set| set.name == name);
        let splits = rows.flat_map(|set| &set.splits).map(|split| &split.place);
        let files = self.files.iter().filter(|file| file.name == name);
        let places = splits.chain(files.map(|file| &file.place));
        let mut places = places.peekable();
        places.peek().is_some() && places.all(|place| folder.join(place).exists())
    }

    pub(crate) fn unknown(&self, name: &str) -> Error {
        Error::Unknown {
            name: name.to_owned(),
            known: self.names(),
        }
    }
}
// ANCHOR_END: catalogue

// ANCHOR: shards
impl ShardSet {
    /// The name of the shard that nothing is ever trained on.
    pub fn validation(&self) -> String {
        shard_name(self.last)
    }

    /// The names of the first `count` training shards. `None` means all of them.
    pub fn training(&self, count: Option<usize>) -> Result<Vec<String>, Error> {
        let count = count.unwrap_or(self.last);
        if count == 0 || count > self.last {
            return Err(Error::Shards {
                repository: self.repository.clone(),
                wanted: count,
                all: self.last,
            });
        }
        Ok((0..count).map(shard_name).collect())
    }

    /// The files to have for `count` training shards: validation first. Whoever stops a download half way must not be
    /// left with a folder in which a training shard is the last.
    pub fn wanted(&self, count: Option<usize>, settings: &Settings) -> Result<Vec<Wanted>, Error> {
        let mut names = vec![self.validation()];
        names.extend(self.training(count)?);
        let folder = cache_of(&settings.cache, &self.repository);
        names
            .iter()
            .map(|name| {
                let path = format!("datasets/{}/resolve/main/{name}", self.repository);
                Ok(Wanted {
                    address: on_hub(settings, &path)?,
                    path: folder.join(name),
                    form: Form::Parquet,
                })
            })
            .collect()
    }
}

/// The folder of a repository in the cache.
pub(crate) fn cache_of(cache: &Path, repository: &str) -> std::path::PathBuf {
    cache.join(repository.replace('/', "--"))
}

/// An address on the hub, or on the mirror that stands in for it.
pub(crate) fn on_hub(settings: &Settings, path: &str) -> Result<Url, Error> {
    let base = settings.endpoint.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/{path}")).map_err(|error| Error::Setting {
        name: "HF_ENDPOINT",
        value: settings.endpoint.to_string(),
        problem: error.to_string(),
    })
}
// ANCHOR_END: shards

// ANCHOR: single
impl SingleFile {
    pub fn wanted(&self, settings: &Settings) -> Wanted {
        let name = self
            .address
            .path_segments()
            .and_then(|mut parts| parts.next_back())
            .unwrap_or(&self.name);
        Wanted {
            address: self.address.clone(),
            path: settings.cache.join("files").join(name),
            form: self.form,
        }
    }
}
// ANCHOR_END: single
