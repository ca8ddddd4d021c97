//! The `tokenizers` crate on the same task.

use anyhow::{Result, anyhow};
use tokenizer::Special;
use tokenizer::pattern::pattern_text;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{SplitDelimiterBehavior, Tokenizer};

/// Byte-level BPE with this chapter's pattern.
pub fn train(documents: &[String], vocab_size: usize) -> Result<Tokenizer> {
    let split = Split::new(
        SplitPattern::Regex(pattern_text()),
        SplitDelimiterBehavior::Isolated,
        false,
    );
    let bytes = ByteLevel::new(false, false, false);
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
        split.map_err(|error| anyhow!(error))?.into(),
        bytes.into(),
    ])));
    let trainer = BpeTrainer::builder()
        .vocab_size(vocab_size - Special::ALL.len())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build();
    tokenizer
        .train(&mut TrainerWrapper::BpeTrainer(trainer), documents.iter())
        .map_err(|error| anyhow!(error))?;
    Ok(tokenizer)
}

/// Our vocabulary, by way of the file.
pub fn load(ours: &tokenizer::Tokenizer) -> Result<Tokenizer> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tokenizer.json");
    ours.save(&path)?;
    let mut theirs = Tokenizer::from_file(&path).map_err(|error| anyhow!(error))?;
    theirs.set_encode_special_tokens(true); // names of special tokens are text, as for everybody here
    Ok(theirs)
}

pub fn encode(theirs: &Tokenizer, documents: &[String]) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    for document in documents {
        let encoding = theirs.encode_fast(document.as_str(), false);
        ids.extend_from_slice(encoding.map_err(|error| anyhow!(error))?.get_ids());
    }
    Ok(ids)
}
