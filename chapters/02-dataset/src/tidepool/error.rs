//! What can go wrong while the world is made or written.

use std::path::PathBuf;

// ANCHOR: error
/// An error of the world's generator. Each message names the thing at fault and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The number of entities is outside what the names and vocabularies carry.
    #[error("a world of {asked} entities cannot be made; ask for {least} to {most}")]
    Entities {
        asked: usize,
        least: usize,
        most: usize,
    },
    /// An embedded data file is wrong.
    #[error("the data file tidepool/{file} is wrong: {problem}; mend the file and build again")]
    Data { file: &'static str, problem: String },
    /// A template without its closing brace.
    #[error("the template \"{0}\" has a slot that is not closed; write {{name}}")]
    OpenBrace(String),
    /// A slot that nothing fills.
    #[error("the slot {{{0}}} is neither a rule nor bound; add the rule to its data file")]
    UnknownSlot(String),
    /// A setting that cannot be met.
    #[error("the corpus settings ask for {0}")]
    Settings(String),
    /// A genre or data set has no more different texts to give.
    #[error("{genre} ran out of different texts after {count}; ask for less, or for more entities")]
    Exhausted { genre: &'static str, count: usize },
    /// The folder to be written holds something else.
    #[error("{} exists and holds other files; name an empty or new folder, or remove it", .0.display())]
    Occupied(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}; check that the folder exists, can be written and has room", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A parquet shard could not be written.
    #[error(transparent)]
    Shard(Box<crate::Error>),
}
// ANCHOR_END: error
