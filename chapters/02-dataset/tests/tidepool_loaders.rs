//! The made-up data sets go through the loaders of the real ones.

use dataset::schemas::{
    DataSet, Identity, MultipleChoice, Program, SmolTalk, SpellingBee, WordList, WordProblem,
    spelling::Split,
};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{ConversationSource, DocumentSource, ParquetDocuments, Part, Role};
use std::path::{Path, PathBuf};

fn corpus(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tidepool-loaders-{name}"));
    write_corpus(&World::new(1, 60).unwrap(), &dir, &CorpusSettings::smoke()).unwrap();
    dir
}

fn check(set: &dyn ConversationSource, least: usize) {
    assert!(set.len() >= least, "{}: {}", set.name(), set.len());
    for index in 0..set.len() {
        let messages = set.get(index).unwrap().messages;
        assert_eq!(
            messages.last().unwrap().role,
            Role::Assistant,
            "{} {index}",
            set.name()
        );
        assert!(messages.iter().all(|message| !message.text().is_empty()));
    }
}

fn open<S: dataset::schemas::Schema>(file: &Path) -> DataSet<S> {
    DataSet::open(file.display().to_string(), file).unwrap()
}

#[test]
fn every_set_of_conversations_is_read_by_its_loader() {
    let dir = corpus("sets");
    for file in [
        "chat/train.jsonl",
        "chat/test.jsonl",
        "spelling/train.jsonl",
        "spelling/test.jsonl",
    ] {
        check(&open::<SmolTalk>(&dir.join(file)), 30);
    }
    check(&open::<Identity>(&dir.join("chat/identity.jsonl")), 100);
    for file in ["mmlu/auxiliary_train.jsonl", "mmlu/test.jsonl"] {
        check(&open::<MultipleChoice>(&dir.join(file)), 100);
    }
    for set in ["ARC-Easy", "ARC-Challenge"] {
        for side in ["train", "test"] {
            check(
                &open::<MultipleChoice>(&dir.join(format!("arc/{set}/{side}.jsonl"))),
                100,
            );
        }
    }
    check(&open::<Program>(&dir.join("humaneval/HumanEval.jsonl")), 40);
    let words = WordList::open(&dir.join("words/words_alpha.txt")).unwrap();
    check(&SpellingBee::new(words, 50, Split::Test), 50);
}

#[test]
fn word_problems_become_conversations_with_calculator_calls() {
    let dir = corpus("sums");
    let problems = open::<WordProblem>(&dir.join("gsm8k/train.jsonl"));
    check(&problems, 500);
    for index in 0..problems.len() {
        let parts = problems.get(index).unwrap().messages.pop().unwrap().parts;
        assert!(parts.iter().any(|part| matches!(part, Part::Python(_))));
        assert!(
            parts
                .iter()
                .any(|part| matches!(part, Part::PythonOutput(_)))
        );
    }
}

#[test]
fn shards_are_read_as_documents() {
    let dir = corpus("shards");
    let shard = dir.join("pretrain/shard_00000.parquet");
    let mut documents = ParquetDocuments::open(&[shard], 0, 1).unwrap();
    for _ in 0..100 {
        assert!(!documents.next_document().unwrap().text.is_empty());
    }
}
