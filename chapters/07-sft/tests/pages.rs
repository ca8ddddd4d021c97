//! Pages of pretraining in a mixture of conversations: which ones, and rendered as pretraining reads them.

mod words;

use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Conversation, ConversationSource, DocumentSource, Message, ParquetDocuments};
use sft::{Pages, Side, render};
use std::path::{Path, PathBuf};
use tokenizer::Special;
use words::tokenizer;

/// Tidepool's pretraining shards: two for training, one for validation.
fn shards(root: &Path) -> PathBuf {
    let settings = CorpusSettings {
        shards: 2,
        ..CorpusSettings::smoke()
    };
    let world = World::new(1, 40).expect("a world");
    write_corpus(&world, &root.join("tidepool"), &settings).expect("a corpus");
    root.join("tidepool/pretrain")
}

fn texts(pages: &Pages) -> Vec<String> {
    (0..pages.len())
        .map(|row| pages.get(row).expect("a page").messages[0].text())
        .collect()
}

fn documents(shard: PathBuf) -> Vec<String> {
    let mut documents = ParquetDocuments::open(&[shard], 0, 1).expect("a shard");
    let mut texts = Vec::new();
    loop {
        let document = documents.next_document().expect("a document");
        if document.at.epoch > 1 {
            return texts;
        }
        texts.push(document.text);
    }
}

#[test]
fn training_pages_never_come_from_the_validation_shard() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = shards(root.path());
    let open = |side| Pages::open("pages".into(), &folder, side).expect("pages");
    let (training, validation) = (texts(&open(Side::Train)), texts(&open(Side::Test)));
    assert_eq!(training, documents(folder.join("shard_00001.parquet")));
    assert_eq!(validation, documents(folder.join("shard_00002.parquet")));
    assert!(!validation.is_empty() && training.len() > validation.len());

    let first = folder.join("shard_00000.parquet");
    let named = Pages::open("pages".into(), &first, Side::Train).expect("pages");
    assert_eq!(texts(&named), documents(first));
    let error = named.get(named.len()).expect_err("behind the last page");
    assert!(error.to_string().contains("pages"), "{error}");
}

#[test]
fn a_folder_without_two_shards_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = shards(root.path());
    for shard in ["shard_00001.parquet", "shard_00002.parquet"] {
        std::fs::remove_file(folder.join(shard)).expect("removed");
    }
    let error = Pages::open("pages".into(), &folder, Side::Train)
        .err()
        .expect("refused")
        .to_string();
    assert!(
        error.contains("two shards") && error.contains("pretrain"),
        "{error}"
    );
}

#[test]
fn a_page_is_rendered_as_pretraining_reads_it() {
    let tokenizer = tokenizer();
    let text = "a crab, a crab: <|assistant_start|>";
    let page = |messages| Conversation { messages };
    let rendered = render(&page(vec![Message::page(text)]), &tokenizer, 1_000).expect("rendered");
    let mut ids = vec![tokenizer.special(Special::Bos)];
    tokenizer.encode_into(text, &mut ids);
    assert_eq!(rendered.ids, ids, "special tokens in a text are text");
    assert_eq!(rendered.supervised(), ids.len() - 1, "all of it is learned");
    let short = render(&page(vec![Message::page(text)]), &tokenizer, 4).expect("rendered");
    assert_eq!((short.ids.as_slice(), short.mask.len()), (&ids[..4], 4));

    // Nobody's message has no place among those of somebody.
    let error = render(
        &page(vec![Message::page(text), Message::assistant("and more")]),
        &tokenizer,
        1_000,
    )
    .expect_err("refused")
    .to_string();
    assert!(error.contains("`page`"), "{error}");
}
