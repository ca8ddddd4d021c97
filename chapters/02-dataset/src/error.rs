// ANCHOR: head
//! Everything that can be wrong with data, each with the file at fault and the remedy.

use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {cause}", path.display())]
    Io {
        path: PathBuf,
        /// Part of the message, and therefore not `source`: a chain of errors would print it twice.
        cause: std::io::Error,
    },

    #[error(
        "{}: not a readable parquet file ({problem}); it is truncated or damaged: delete it and write or download it again",
        path.display()
    )]
    Parquet { path: PathBuf, problem: String },

    /// `group` is a row group of parquet or a group of a token shard, counted from 0. The one error that
    /// [`Damage::Skip`](crate::Damage) accepts.
    #[error(
        "{}, group {group}: damaged ({problem}); delete the file and write or download it again, or let damaged groups be left out",
        path.display()
    )]
    DamagedGroup {
        path: PathBuf,
        group: usize,
        problem: String,
    },

    #[error("{}: not a usable token shard ({problem}): delete it and write it again", path.display())]
    TokenShard { path: PathBuf, problem: String },

    #[error(
        "{}: written with another tokenizer (fingerprint {found}, wanted {wanted}): write the token shards again with this one",
        path.display()
    )]
    OtherTokenizer {
        path: PathBuf,
        found: String,
        wanted: String,
    },

    #[error(
        "{}: no column named `{wanted}`; it has {}: rename the column that holds the documents to `{wanted}`",
        path.display(), listed(found)
    )]
    MissingColumn {
        path: PathBuf,
        wanted: &'static str,
        found: Vec<String>,
    },

    #[error("{}: column `{column}` holds {found}, not strings: store the documents as UTF-8 strings", path.display())]
    NotText {
        path: PathBuf,
        column: &'static str,
        found: String,
    },

    #[error("{}: {problem}", path.display())]
    Encoding { path: PathBuf, problem: String },

    /// `place` is "line 7" in JSON lines and "row 7" in parquet, both counted from 1.
    #[error("{}, {place}: {problem}", path.display())]
    Row {
        path: PathBuf,
        place: String,
        problem: String,
    },

    #[error("{what}: no documents in it; at least one non-empty text is needed")]
    Empty { what: String },

    #[error("{}: no {wanted} files in it", path.display())]
    NoFiles { path: PathBuf, wanted: &'static str },

    #[error(
        "{}: all its text is a single document, so nothing can be kept apart for validation; add text, or lower the \
         longest document (now {max_chars} characters) so that it is cut",
        path.display()
    )]
    OneDocument { path: PathBuf, max_chars: usize },

    #[error(
        "{what}: {groups} row group(s) cannot be shared by {world} ranks; rank {rank} would get none: use fewer ranks, or \
         write shards with smaller row groups"
    )]
    TooFewGroups {
        what: String,
        groups: usize,
        rank: usize,
        world: usize,
    },

    #[error("{}: the validation shard `{wanted}` is not there; fetch it before training, so that no other shard takes its place", path.display())]
    MissingShard { path: PathBuf, wanted: String },

    #[error(
        "position {position} does not exist in {what}: {problem}; resume with the same data and the same number of ranks"
    )]
    Position {
        position: String,
        what: String,
        problem: String,
    },

    #[error("setting `{name}`: {problem}")]
    Setting { name: &'static str, problem: String },

    /// Of a rule that was brought along, see [`ChooseDocument`](crate::ChooseDocument).
    #[error(
        "the rule that chooses documents for a row {problem}; it has to give the number of one that fits, and None if \
         none does"
    )]
    Choice { problem: String },

    #[error("item {index} does not exist in {name}, which has {len}")]
    Index {
        name: String,
        index: usize,
        len: usize,
    },

    #[error("the thread that prepares batches panicked: {message}")]
    Panicked { message: String },

    #[error(
        "the thread that prepares batches has stopped after an earlier error; open the data again"
    )]
    Stopped,
}
// ANCHOR_END: error

// ANCHOR: constructors
impl Error {
    pub fn io(path: &Path, cause: std::io::Error) -> Self {
        Error::Io {
            path: path.to_owned(),
            cause,
        }
    }

    pub fn parquet(path: &Path, problem: impl std::fmt::Display) -> Self {
        Error::Parquet {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }

    pub fn row(path: &Path, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Row {
            path: path.to_owned(),
            place: place.into(),
            problem: problem.into(),
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no columns at all".to_owned();
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
// ANCHOR_END: constructors
