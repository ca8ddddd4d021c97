//! Writing a world to files.
//!
//! ```text
//! pretrain/shard_00000.parquet …            documents; the last shard is validation
//! chat/{train,test,identity}.jsonl          conversations; identity as arrays
//! spelling/{train,test}.jsonl, words/words_alpha.txt
//! mmlu/{auxiliary_train,test}.jsonl
//! arc/{ARC-Easy,ARC-Challenge}/{train,test}.jsonl
//! gsm8k/{train,test}.jsonl                  humaneval/HumanEval.jsonl
//! core/core.yaml, core/eval_meta_data.csv, core/eval_data/…
//! quiz.jsonl                                held-out questions in the conversations' wording
//! manifest.json                             written last
//! ```
//!
//! The folder appears whole or not at all: everything is written beside it and renamed.

use super::dice::{Dice, fingerprint};
use super::error::Error;
use super::genres::{Genre, Mixture};
use super::manifest::{FileEntry, GENERATOR, Manifest};
use super::settings::CorpusSettings;
use super::tasks::{
    PATIENCE, Side, conversations, core_bundle, functions, identity, multiple_choice, spelling,
    word_problems,
};
use super::world::World;
use crate::shard_writer::ShardWriter;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

// ANCHOR: documents
/// The pretraining documents in the order of the shards: lesson by lesson, then the settings' own mixture, each part shuffled
/// in itself, no two documents alike.
pub fn documents(world: &World, settings: &CorpusSettings) -> Result<Vec<String>, Error> {
    settings.check()?;
    let mut desk = Desk {
        world,
        dice: Genre::ALL.map(|genre| Dice::stream(settings.seed, genre.name())),
        turns: [0; GENRES],
        seen: HashSet::new(),
    };
    let mut order = Dice::stream(settings.seed, "order of documents");
    let lessons = settings.lessons.iter();
    let parts = lessons
        .map(|lesson| (lesson.bytes, &lesson.mixture))
        .chain([(settings.bytes, &settings.mixture)]);
    let mut documents = Vec::new();
    for (bytes, mixture) in parts {
        let mut part = desk.write(bytes, mixture)?;
        order.shuffle(&mut part);
        documents.append(&mut part);
    }
    Ok(documents)
}

const GENRES: usize = Genre::ALL.len();

/// Where documents are written: what has to be remembered from one to the next.
struct Desk<'a> {
    world: &'a World,
    dice: [Dice; GENRES],
    turns: [usize; GENRES],
    /// The fingerprints of all documents so far.
    seen: HashSet<u64>,
}

impl Desk<'_> {
    /// Documents of `bytes` in all, in the shares of `mixture`.
    fn write(&mut self, bytes: usize, mixture: &Mixture) -> Result<Vec<String>, Error> {
        let weights = mixture.weights();
        let (mut written, mut repetitions) = ([0_usize; GENRES], 0);
        let mut documents = Vec::new();
        while written.iter().sum::<usize>() < bytes {
            // The next document is of the genre that is furthest behind its share.
            let genre = (0..GENRES)
                .filter(|genre| weights[*genre] > 0)
                .min_by_key(|genre| written[*genre] as u64 * 1_000 / u64::from(weights[*genre]))
                .expect("the settings were checked: one weight is above zero");
            let text =
                Genre::ALL[genre].write(self.world, self.turns[genre], &mut self.dice[genre])?;
            self.turns[genre] += 1;
            if self.seen.insert(fingerprint(&text)) {
                written[genre] += text.len();
                documents.push(text);
                repetitions = 0;
                continue;
            }
            repetitions += 1;
            if repetitions == PATIENCE {
                return Err(Error::Exhausted {
                    genre: Genre::ALL[genre].name(),
                    count: self.turns[genre],
                });
            }
        }
        Ok(documents)
    }
}

/// Different words in the documents.
fn distinct_words(documents: &[String]) -> usize {
    let words = documents
        .iter()
        .flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphabetic()));
    // Words are few and texts are long: a word is put into lower case once for each way it is written.
    let written: HashSet<&str> = words.filter(|word| !word.is_empty()).collect();
    written
        .into_iter()
        .map(str::to_lowercase)
        .collect::<HashSet<_>>()
        .len()
}
// ANCHOR_END: documents

// ANCHOR: write_corpus
/// Writes the world's corpus as the folder `dir`, and gives its manifest. A complete corpus of the same world and
/// settings is left as it is; another tidepool corpus is replaced.
///
/// # Errors
/// Settings that cannot be met, a folder that holds anything else, and what the disk reports.
pub fn write_corpus(
    world: &World,
    dir: &Path,
    settings: &CorpusSettings,
) -> Result<Manifest, Error> {
    settings.check()?;
    let existing = Manifest::read(dir);
    if let Some(manifest) = &existing
        && manifest.is_of(world.seed(), world.entities().len(), settings)
        && manifest.is_complete(dir)
    {
        return Ok(manifest.clone());
    }
    if existing.is_none() && fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::Occupied(dir.to_path_buf()));
    }
    let temporary = beside(dir, "tmp");
    remove(&temporary)?;
    let mut folder = Folder {
        root: temporary.clone(),
        files: Vec::new(),
    };
    let outcome = write_everything(world, settings, &mut folder);
    let manifest = match outcome {
        Ok(distinct_words) => Manifest {
            generator: GENERATOR,
            world_seed: world.seed(),
            entities: world.entities().len(),
            settings: settings.clone(),
            distinct_words,
            files: folder.files,
        },
        Err(error) => {
            remove(&temporary)?;
            return Err(error);
        }
    };
    manifest.write(&temporary)?;
    // The old corpus steps aside first: a rename cannot replace a folder that is not empty.
    let old = beside(dir, "old");
    remove(&old)?;
    if dir.exists() {
        rename(dir, &old)?;
    }
    rename(&temporary, dir)?;
    remove(&old)?;
    Ok(manifest)
}

fn write_everything(
    world: &World,
    settings: &CorpusSettings,
    folder: &mut Folder,
) -> Result<usize, Error> {
    let documents = documents(world, settings)?;
    let words = distinct_words(&documents);
    folder.shards(&documents, settings)?;
    drop(documents);

    let seed = settings.seed;
    let questions = settings.test_questions;
    for (side, chats, spellings, problems) in [
        (
            Side::Train,
            settings.chat_conversations,
            settings.spelling_conversations,
            settings.word_problems,
        ),
        (
            Side::Test,
            settings.chat_conversations / 10,
            settings.spelling_conversations / 10,
            settings.word_problems / 10,
        ),
    ] {
        let name = side.name();
        folder.lines(
            &format!("chat/{name}.jsonl"),
            &conversations::write(world, side, chats, seed)?,
        )?;
        folder.lines(
            &format!("spelling/{name}.jsonl"),
            &spelling::write(world, side, spellings, seed)?,
        )?;
        folder.lines(
            &format!("gsm8k/{name}.jsonl"),
            &word_problems::write(world, side, problems, seed)?,
        )?;
        let count = if side == Side::Train {
            settings.choice_questions
        } else {
            questions
        };
        let mmlu = if side == Side::Train {
            "auxiliary_train"
        } else {
            "test"
        };
        folder.lines(
            &format!("mmlu/{mmlu}.jsonl"),
            &multiple_choice::mmlu(world, side, count, seed)?,
        )?;
        folder.lines(
            &format!("arc/ARC-Easy/{name}.jsonl"),
            &multiple_choice::arc_easy(world, side, count, seed)?,
        )?;
        folder.lines(
            &format!("arc/ARC-Challenge/{name}.jsonl"),
            &multiple_choice::arc_challenge(world, side, count, seed)?,
        )?;
    }
    folder.lines(
        "chat/identity.jsonl",
        &identity::write(world, settings.identity_conversations, seed)?,
    )?;
    folder.text(
        "words/words_alpha.txt",
        &spelling::word_list(world),
        world.lexicon.words.len(),
    )?;
    folder.lines(
        "humaneval/HumanEval.jsonl",
        &functions::write(world, settings.functions, seed)?,
    )?;
    let tasks = core_bundle::write(world, questions, seed)?;
    folder.text("core/core.yaml", &core_bundle::yaml(&tasks), tasks.len())?;
    folder.text(
        "core/eval_meta_data.csv",
        &core_bundle::meta_data(&tasks),
        tasks.len(),
    )?;
    for task in &tasks {
        folder.lines(&format!("core/eval_data/{}", task.uri()), &task.rows)?;
    }
    folder.lines("quiz.jsonl", &world.quiz(questions, seed))?;
    Ok(words)
}
// ANCHOR_END: write_corpus

// ANCHOR: folder
/// The folder being written, with the entries of its future manifest.
struct Folder {
    root: PathBuf,
    files: Vec<FileEntry>,
}

impl Folder {
    fn shards(&mut self, documents: &[String], settings: &CorpusSettings) -> Result<(), Error> {
        let validation = (documents.len() * settings.validation_percent / 100).max(1);
        let (training, validation) = documents.split_at(documents.len() - validation);
        let per_shard = training.len().div_ceil(settings.shards);
        for (number, documents) in training.chunks(per_shard).chain([validation]).enumerate() {
            let name = format!("pretrain/shard_{number:05}.parquet");
            let path = self.place(&name)?;
            write_shard(&path, documents, settings.rows_per_group)
                .map_err(|error| Error::Shard(Box::new(error)))?;
            let bytes = documents.iter().map(|text| text.len() as u64).sum();
            self.note(name, documents.len(), Some(bytes))?;
        }
        Ok(())
    }

    fn lines<T: Serialize>(&mut self, name: &str, rows: &[T]) -> Result<(), Error> {
        let mut text = String::new();
        for row in rows {
            text += &serde_json::to_string(row).expect("rows are plain data");
            text.push('\n');
        }
        self.text(name, &text, rows.len())
    }

    fn text(&mut self, name: &str, text: &str, records: usize) -> Result<(), Error> {
        let path = self.place(name)?;
        fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
        self.note(name.to_string(), records, None)
    }

    /// The full path of a file, with its folder made.
    fn place(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.root.join(name);
        let parent = path.parent().unwrap_or(&self.root).to_path_buf();
        fs::create_dir_all(&parent).map_err(|source| Error::Io {
            path: parent,
            source,
        })?;
        Ok(path)
    }

    fn note(&mut self, path: String, records: usize, text_bytes: Option<u64>) -> Result<(), Error> {
        let full = self.root.join(&path);
        let file_bytes = fs::metadata(&full)
            .map_err(|source| Error::Io { path: full, source })?
            .len();
        self.files.push(FileEntry {
            path,
            records,
            text_bytes: text_bytes.unwrap_or(file_bytes),
            file_bytes,
        });
        Ok(())
    }
}

fn write_shard(
    path: &Path,
    documents: &[String],
    rows_per_group: usize,
) -> Result<(), crate::Error> {
    let mut shard = ShardWriter::with_group_size(path, rows_per_group)?;
    for document in documents {
        shard.push(document.clone())?;
    }
    shard.finish()?;
    Ok(())
}

/// A hidden name beside `dir`, on the same disk, so that it can be renamed.
fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let name = dir.file_name().map_or_else(
        || "tidepool".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    dir.with_file_name(format!(".{name}.{}.{suffix}", std::process::id()))
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Io {
            path: dir.to_path_buf(),
            source,
        }),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::Io {
        path: to.to_path_buf(),
        source,
    })
}
// ANCHOR_END: folder
