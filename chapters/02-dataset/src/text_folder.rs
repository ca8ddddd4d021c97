// ANCHOR: head
//! A folder of your own texts as a corpus.
//!
//! | file | documents in it |
//! |---|---|
//! | `.txt`, `.md` | one |
//! | `.jsonl` | one per line, in its field `text` |
//! | `.parquet` | one per row, in the column `text` |
//!
//! Sub-folders are searched too; names that begin with a dot are left out, and so are other kinds of file. A document longer
//! than `max_document_chars` is cut into several (see [`pieces`](crate::pieces)).
//!
//! A folder has no natural validation file, so a *share* of its documents is kept apart: those whose hash is smallest. The
//! choice depends on the text alone. Equal texts therefore land on the same side even if they stand in two files, and a
//! document does not change sides because a file beside it was renamed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::group_walk::{Documents, GroupAt, Groups};
use crate::parquet_documents::TextShard;
use crate::pieces::pieces;
use crate::rows::{Place, json_lines};

/// So many documents of a file make a group, the unit that ranks share.
const DOCUMENTS_PER_GROUP: usize = 64;
// ANCHOR_END: head

// ANCHOR: settings
/// Which documents a source delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    All,
    Train,
    Validation,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextFolderSettings {
    /// Longer documents are cut. Best-fit packing crops what is longer than a row, so for a short context this should be
    /// about the length of a row: two to three characters per id with a vocabulary of a thousand, four with a large one.
    pub max_document_chars: usize,
    /// The share of documents kept for validation, more than 0 and less than 1. At least one document goes to each side.
    pub validation_share: f64,
}

impl Default for TextFolderSettings {
    fn default() -> Self {
        TextFolderSettings {
            max_document_chars: 10_000,
            validation_share: 0.05,
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: index
/// What is in a folder: its files, and a hash per document. Eight bytes per document; the texts are read when needed.
pub struct FolderIndex {
    folder: PathBuf,
    files: Vec<IndexedFile>,
    /// Documents with a hash up to this one are validation.
    threshold: u64,
    max_document_chars: usize,
}

struct IndexedFile {
    path: PathBuf,
    hashes: Vec<u64>,
}

impl FolderIndex {
    /// Read everything once. `folder` may also be a single file.
    pub fn scan(folder: &Path, settings: &TextFolderSettings) -> Result<Arc<Self>, Error> {
        let TextFolderSettings {
            max_document_chars,
            validation_share,
        } = *settings;
        if max_document_chars == 0 {
            return Err(Error::Setting {
                name: "max_document_chars",
                problem: "must be at least 1".to_owned(),
            });
        }
        if !(validation_share > 0.0 && validation_share < 1.0) {
            let problem = format!("{validation_share} is not between 0 and 1");
            return Err(Error::Setting {
                name: "validation_share",
                problem,
            });
        }
        let mut paths = Vec::new();
        collect_files(folder, &mut paths)?;
        if paths.is_empty() {
            return Err(Error::NoFiles {
                path: folder.to_owned(),
                wanted: ".txt, .md, .jsonl or .parquet",
            });
        }
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let hashes = read_documents(&path, max_document_chars)?
                .iter()
                .map(|text| hash(text))
                .collect();
            files.push(IndexedFile { path, hashes });
        }

        let mut hashes: Vec<u64> = files
            .iter()
            .flat_map(|file| file.hashes.iter().copied())
            .collect();
        if hashes.is_empty() {
            return Err(Error::Empty {
                what: folder.display().to_string(),
            });
        }
        hashes.sort_unstable();
        // Distinct hashes, because equal texts cannot be told apart: with two different texts both sides get one.
        hashes.dedup();
        let kept = (hashes.len() as f64 * validation_share).round() as usize;
        let threshold = hashes[kept.clamp(1, (hashes.len() - 1).max(1)) - 1];
        Ok(Arc::new(FolderIndex {
            folder: folder.to_owned(),
            files,
            threshold,
            max_document_chars,
        }))
    }

    fn is_on(&self, side: Side, hash: u64) -> bool {
        match side {
            Side::All => true,
            Side::Train => hash > self.threshold,
            Side::Validation => hash <= self.threshold,
        }
    }
}
// ANCHOR_END: index

// ANCHOR: folder
/// Documents from a folder of texts, without end.
pub type TextFolder = Documents<FolderGroups>;

impl TextFolder {
    /// The share of rank `rank` of `world` in one side of a folder.
    pub fn open(
        folder: &Path,
        side: Side,
        settings: &TextFolderSettings,
        rank: usize,
        world: usize,
    ) -> Result<Self, Error> {
        TextFolder::of_index(FolderIndex::scan(folder, settings)?, side, rank, world)
    }

    /// The same from an index that is there already; both sides of a folder share one.
    pub fn of_index(
        index: Arc<FolderIndex>,
        side: Side,
        rank: usize,
        world: usize,
    ) -> Result<Self, Error> {
        let groups = FolderGroups {
            index,
            side,
            current: None,
        };
        if groups.all().is_empty() {
            let path = groups.index.folder.clone();
            return Err(Error::OneDocument {
                path,
                max_chars: groups.index.max_document_chars,
            });
        }
        Documents::new(groups, rank, world)
    }
}

pub struct FolderGroups {
    index: Arc<FolderIndex>,
    side: Side,
    /// The documents of the file that is being read.
    current: Option<(u32, Vec<String>)>,
}

impl Groups for FolderGroups {
    type Content = String;

    /// Only groups that hold something for this side, so that ranks share them evenly.
    fn all(&self) -> Vec<GroupAt> {
        let mut groups = Vec::new();
        for (file, indexed) in self.index.files.iter().enumerate() {
            for (group, hashes) in indexed.hashes.chunks(DOCUMENTS_PER_GROUP).enumerate() {
                if hashes.iter().any(|&hash| self.index.is_on(self.side, hash)) {
                    groups.push(GroupAt {
                        file: file as u32,
                        group: group as u32,
                    });
                }
            }
        }
        groups
    }

    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, String)>, Error> {
        let file = &self.index.files[at.file as usize];
        if self
            .current
            .as_ref()
            .is_none_or(|(current, _)| *current != at.file)
        {
            let documents = read_documents(&file.path, self.index.max_document_chars)?;
            if documents.len() != file.hashes.len() {
                let problem = "was changed while it was in use; start again".to_owned();
                return Err(Error::Encoding {
                    path: file.path.clone(),
                    problem,
                });
            }
            self.current = Some((at.file, documents));
        }
        let (_, documents) = self.current.as_ref().expect("just read");
        let start = at.group as usize * DOCUMENTS_PER_GROUP;
        let rows = documents
            .iter()
            .zip(&file.hashes)
            .skip(start)
            .take(DOCUMENTS_PER_GROUP)
            .enumerate();
        let ours = rows.filter(|(_, (_, hash))| self.index.is_on(self.side, **hash));
        Ok(ours
            .map(|(row, (text, _))| (row as u32, text.clone()))
            .collect())
    }

    fn describe(&self) -> String {
        let hashes = self.index.files.iter().flat_map(|file| &file.hashes);
        let documents = hashes
            .filter(|&&hash| self.index.is_on(self.side, hash))
            .count();
        let side = match self.side {
            Side::All => "",
            Side::Train => "training ",
            Side::Validation => "validation ",
        };
        format!(
            "{} ({} files, {documents} {side}documents)",
            self.index.folder.display(),
            self.index.files.len()
        )
    }
}
// ANCHOR_END: folder

// ANCHOR: read
/// All documents of one file, long ones cut, empty ones left out.
fn read_documents(path: &Path, max_chars: usize) -> Result<Vec<String>, Error> {
    let mut documents = Vec::new();
    let mut add =
        |text: &str| documents.extend(pieces(text, max_chars).into_iter().map(str::to_owned));
    match extension(path) {
        "parquet" => {
            let shard = TextShard::open(path)?;
            for group in 0..shard.groups() {
                shard.read_group(group)?.iter().for_each(|text| add(text));
            }
        }
        "jsonl" => {
            json_lines(path, &mut |place: Place, row| match row
                .get("text")
                .and_then(|text| text.as_str())
            {
                Some(text) => {
                    add(text);
                    Ok(())
                }
                None => Err(Error::row(
                    path,
                    place.to_string(),
                    "no field `text` that holds a string",
                )),
            })?;
        }
        _ => add(&read_text(path)?),
    }
    Ok(documents)
}

/// A text file: UTF-8, without the byte-order mark that some editors write, line ends as `\n`.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Error::Encoding {
            path: path.to_owned(),
            problem: format!("not UTF-8 at byte {place}; save it as UTF-8"),
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    })
}

/// The text files in a folder and below, in an order that is the same on every machine.
fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if path.is_file() {
        if matches!(extension(path), "txt" | "md" | "jsonl" | "parquet") {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(|error| Error::io(path, error))?;
    let mut inside = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::io(path, error))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            inside.push(entry.path());
        }
    }
    inside.sort();
    inside
        .iter()
        .try_for_each(|path| collect_files(path, files))
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or("")
}

/// FNV-1a, then a mixer that spreads it over all 64 bits. Written out because the standard library's hash may change with
/// its version, and a validation set must not.
fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}
// ANCHOR_END: read
