// ANCHOR: head
//! Chapter 02: from files to batches.
//!
//! A language model eats rows of token ids. This crate makes them, in five steps that are also its reading order:
//!
//! 1. **Sources.** A [`DocumentSource`] delivers texts for pretraining, without end; a [`ConversationSource`] is a list of
//!    conversations for fine-tuning. `parquet_documents`, `text_folder` and `schemas` read every format there is;
//!    `group_walk` goes through the files and `deal` says which part is whose; `download` brings the real sets here.
//! 2. **Splitting.** `corpus` keeps validation text apart from training text.
//! 3. **Packing.** Documents have all lengths, rows have one: `best_fit` fills rows with documents, `choosing`
//!    does it by a rule of your own, and `stream` is the older way, which cuts one long ribbon of text.
//! 4. **Batches.** `pretrain_batches` turns documents into [`Batch`]es and knows where it stands, so that a run can be
//!    stopped anywhere and continued without a token lost or read twice. `turns` deals batches, not groups, to ranks. The ids come from texts (`tokens`) or were
//!    written down beforehand (`token_writer`, `token_shard`).
//! 5. **Ahead of time.** `prefetch` does all that on a background thread while the model trains.
//!
//! Nothing here knows about tensors: a batch leaves as vectors of integers. [`tidepool`] writes a small made-up world in
//! all of these formats, so that everything can be tried without a download.
// ANCHOR_END: head

// ANCHOR: modules
pub mod batch;
pub mod best_fit;
pub mod choosing;
pub mod conversation;
pub mod corpus;
pub mod deal;
pub mod document;
pub mod download;
pub mod error;
pub mod group_walk;
pub mod parquet_documents;
pub mod pieces;
pub mod prefetch;
pub mod pretrain_batches;
pub mod rows;
pub mod schemas;
pub mod shard_writer;
pub mod stream;
pub mod text_folder;
pub mod tidepool;
pub mod token_shard;
pub mod token_writer;
pub mod tokens;
pub mod turns;
// ANCHOR_END: modules

// ANCHOR: exports
pub use batch::{Batch, BatchSource, IGNORED, Position};
pub use choosing::ChooseDocument;
pub use conversation::{Conversation, ConversationSource, Message, Part, Role};
pub use corpus::{Corpus, OpenSettings, TokenCorpus, open_corpus, open_token_corpus};
pub use document::{Document, DocumentSource, SourcePosition};
pub use error::Error;
pub use group_walk::{Damage, MemoryDocuments};
pub use parquet_documents::ParquetDocuments;
pub use prefetch::Prefetch;
pub use pretrain_batches::{PackingSettings, PretrainBatches};
pub use shard_writer::ShardWriter;
pub use stream::StreamBatches;
pub use text_folder::TextFolder;
pub use token_shard::TokenShards;
pub use tokens::{Encoder, TextTokens, TokenDocument, TokenSource};
pub use turns::Turns;
// ANCHOR_END: exports
