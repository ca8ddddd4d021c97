//! tidepool: a small made-up world, written in the formats of the real data sets.
//!
//! A course that begins with a download of a hundred gigabytes ends there for most. This module writes its data: a few
//! hundred invented creatures, things and places by the sea, what is true of them in many wordings, stories, sums,
//! spellings and small programs. Because we make the world, we know what the text says: which facts the model can have
//! learned, how often each was told, and which questions it has never seen.
//!
//! Reading order: `dice` (choices), `grammar` (templates), `lexicon` (the data files), `names`, `world` (who and what),
//! `phrasing` (facts in words), `genres` (documents), `tasks` (data sets beside them), `quiz`, `settings`, `corpus` (files).

// ANCHOR: modules
pub mod corpus;
pub mod dice;
pub mod error;
pub mod genres;
pub mod grammar;
pub mod lexicon;
pub mod manifest;
pub mod names;
pub mod phrasing;
pub mod quiz;
pub mod settings;
pub mod tasks;
pub mod world;

pub use corpus::write_corpus;
pub use error::Error;
pub use genres::{Genre, Mixture};
pub use manifest::{FileEntry, Manifest};
pub use quiz::Quiz;
pub use settings::{CorpusSettings, Lesson};
pub use world::{Entity, Fact, FactId, World};
// ANCHOR_END: modules
