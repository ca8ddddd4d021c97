// ANCHOR: head
//! Downloads: the real data sets, from the network into a data folder that looks like tidepool's.
//!
//! - The *hub* is Hugging Face's server of data sets; a *mirror* answers in its place.
//! - The *cache* keeps what was fetched, for every run (`settings`); a *data folder* belongs to one run and holds links
//!   into the cache (`arrange`).
//! - A *promise* is what the servers say that a file is: its size, its SHA-256, its version (`request`).
//!
//! Reading order: `catalogue` says what there is; `settings` and `request` how to ask; `patience` when to ask again;
//! `transfer` brings one file whatever happens, `verify` checks it, `queue` brings many, `bars` shows it; `listing` asks
//! the hub which files a set has; `arrange` puts them in their places. [`provide`] below does all of it.
// ANCHOR_END: head

// ANCHOR: modules
mod arrange;
mod bars;
mod catalogue;
mod error;
mod listing;
mod patience;
mod queue;
mod request;
mod settings;
mod transfer;
mod verify;

use std::path::{Path, PathBuf};

pub use bars::Bars;
pub use catalogue::{Catalogue, RowForm, RowSet, ShardSet, SingleFile, SplitPlace};
pub use error::Error;
pub use queue::fetch_all;
pub use request::Client;
pub use settings::{HUB, Settings};
pub use transfer::{Silent, Wanted, Watch, fetch};
pub use verify::{Form, sha256};
// ANCHOR_END: modules

// ANCHOR: order
/// What a run needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Pretraining text: the name or the repository of a set of shards, and how many training shards (`None`: all).
    pub shards: Option<(String, Option<usize>)>,
    /// Names of other sets.
    pub sets: Vec<String>,
}

/// What was done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provided {
    /// Files that belong to the order.
    pub files: usize,
    /// Files of them that were not in the cache.
    pub fetched: usize,
    /// What a reader of the report should know.
    pub remarks: Vec<String>,
}
// ANCHOR_END: order

// ANCHOR: provide
/// Put everything that an order names into a data folder, fetching what is not in the cache.
pub fn provide(
    catalogue: &Catalogue,
    order: &Order,
    folder: &Path,
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<Provided, Error> {
    let client = Client::new(settings)?;
    // First everything that can be known without a transfer of gigabytes: names, numbers, lists of files.
    let mut jobs = Vec::new();
    if let Some((name, count)) = &order.shards {
        let files = catalogue.shard_set(name)?.wanted(*count, settings)?;
        jobs.push((files, Job::Shards));
    }
    for name in &order.sets {
        let before = jobs.len();
        for set in catalogue.rows.iter().filter(|set| set.name == *name) {
            for split in &set.splits {
                let files = set.wanted(&split.split, &client, settings)?;
                jobs.push((files, Job::Rows(split)));
            }
        }
        for file in catalogue.files.iter().filter(|file| file.name == *name) {
            jobs.push((vec![file.wanted(settings)], Job::File(file)));
        }
        if jobs.len() == before {
            return Err(catalogue.unknown(name));
        }
    }
    let files: Vec<Wanted> = jobs.iter().flat_map(|(files, _)| files).cloned().collect();
    let mut provided = Provided {
        files: files.len(),
        fetched: fetch_all(&client, &files, settings, watch)?,
        remarks: Vec::new(),
    };
    for (files, job) in &jobs {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        provided.remarks.extend(job.arrange(&paths, folder)?);
    }
    Ok(provided)
}

/// What becomes of fetched files.
enum Job<'a> {
    Shards,
    Rows(&'a SplitPlace),
    File(&'a SingleFile),
}

impl Job<'_> {
    /// Put the files into their place. Returns a remark, if there is something to say.
    fn arrange(&self, files: &[PathBuf], folder: &Path) -> Result<Option<String>, Error> {
        match self {
            Job::Shards => arrange::link_all(files, &folder.join("pretrain"))?,
            Job::Rows(split) if split.form == RowForm::Folder => {
                arrange::link_all(files, &folder.join(&split.place))?;
            }
            Job::Rows(split) => {
                let place = folder.join(&split.place);
                if !place.exists() {
                    let rows = arrange::as_lines(files, &place)?;
                    if rows != split.rows {
                        return Ok(Some(format!(
                            "{} has {rows} rows; {} were published when this was written",
                            split.place, split.rows
                        )));
                    }
                }
            }
            Job::File(file) => {
                let place = folder.join(&file.place);
                match file.form {
                    Form::Bundle if place.exists() => (),
                    Form::Bundle => arrange::unpack(&files[0], &place)?,
                    _ => arrange::link(&files[0], &place)?,
                }
            }
        }
        Ok(None)
    }
}
// ANCHOR_END: provide
