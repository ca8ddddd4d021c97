// ANCHOR: head
//! *Replay*: pages of pretraining between the conversations.
//!
//! Whatever a stage does not practise, its steps wear away. Conversations ask for some of what the base model
//! has read; the rest stands in pages alone, and is forgotten while the model sees nothing but conversations. The
//! remedy is as old as the observation: a few of the old examples among the new.
//!
//! A page goes through the mixture as a conversation of one message, from nobody ([`Role::Page`](dataset::Role)),
//! and is rendered as pretraining read it: `<|bos|>` and its text, every token trained on.

use crate::{Error, Side};
use dataset::{
    Conversation, ConversationSource, DocumentSource, Message, ParquetDocuments,
    parquet_documents::list_shards,
};
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: pages
/// The documents of one shard.
pub struct Pages {
    name: String,
    texts: Vec<String>,
}

impl Pages {
    /// The documents of the shard at `path`; if that is a folder of shards, of the last training shard, or of the
    /// very last one, which is validation. One shard is enough, and is held in memory: of the largest public ones,
    /// 250 MB.
    ///
    /// # Errors
    /// A folder without two shards; a file that is no shard of texts.
    pub fn open(name: String, path: &Path, side: Side) -> Result<Self, Error> {
        let shard = match path.is_dir() {
            true => last_shard(path, side)?,
            false => path.to_owned(),
        };
        let mut documents = ParquetDocuments::open(&[shard], 0, 1)?;
        let mut texts = Vec::new();
        loop {
            let document = documents.next_document()?;
            if document.at.epoch > 1 {
                return Ok(Pages { name, texts });
            }
            texts.push(document.text);
        }
    }
}

fn last_shard(folder: &Path, side: Side) -> Result<PathBuf, dataset::Error> {
    let mut shards = list_shards(folder)?;
    let validation = shards.pop();
    let (Some(training), Some(validation)) = (shards.pop(), validation) else {
        return Err(dataset::Error::NoFiles {
            path: folder.to_owned(),
            wanted: "two shards (one to train on, one for validation; or name a single shard by `file`) among the",
        });
    };
    Ok(match side {
        Side::Train => training,
        Side::Test => validation,
    })
}

impl ConversationSource for Pages {
    fn len(&self) -> usize {
        self.texts.len()
    }

    fn get(&self, index: usize) -> Result<Conversation, dataset::Error> {
        match self.texts.get(index) {
            Some(text) => Ok(Conversation {
                messages: vec![Message::page(text)],
            }),
            None => Err(dataset::Error::Index {
                name: self.name.clone(),
                index,
                len: self.texts.len(),
            }),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}
// ANCHOR_END: pages
