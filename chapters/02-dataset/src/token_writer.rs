// ANCHOR: head
//! Writing token shards: each parquet shard is read once, encoded on all cores, and written beside its name.
//!
//! A shard takes seconds and a corpus of hundreds takes long enough to be interrupted. What is whole is kept: a token shard
//! that is there, readable and of the same tokenizer is not written again.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tokenizer::Tokenizer;

use crate::parquet_documents::TextShard;
use crate::token_shard::{COVERED, EXTENSION, HEADER, MAGIC, TokenShard, VERSION, hexadecimal};
use crate::{Encoder, Error};
// ANCHOR_END: head

// ANCHOR: writer
/// Writes one token shard. Without [`finish`](TokenWriter::finish) nothing appears under the final name.
pub struct TokenWriter {
    path: PathBuf,
    temporary: PathBuf,
    out: Option<BufWriter<File>>,
    /// Bytes per id.
    width: usize,
    fingerprint: [u8; 32],
    /// Per group: first document, first id, checksum.
    groups: Vec<[u64; 3]>,
    /// Per document: row, length.
    documents: Vec<[u32; 2]>,
    ids: u64,
}

impl TokenWriter {
    /// `width` is 2 or 4 bytes per id.
    pub fn create(path: &Path, fingerprint: [u8; 32], width: usize) -> Result<Self, Error> {
        let temporary = path.with_extension(format!("{EXTENSION}.{}.tmp", std::process::id()));
        let file = File::create(&temporary).map_err(|error| Error::io(&temporary, error))?;
        let mut writer = TokenWriter {
            path: path.to_owned(),
            temporary,
            out: Some(BufWriter::with_capacity(1 << 20, file)),
            width,
            fingerprint,
            groups: Vec::new(),
            documents: Vec::new(),
            ids: 0,
        };
        // The header's place; what stands in it is known at the end.
        writer.put(&[0; HEADER])?;
        Ok(writer)
    }

    /// The next group: rows that rise, and their ids.
    pub fn group(&mut self, documents: &[(u32, Vec<u32>)]) -> Result<(), Error> {
        let mut bytes = Vec::new();
        let first = (self.documents.len() as u64, self.ids);
        for (row, ids) in documents {
            for &id in ids {
                if self.width == 4 {
                    bytes.extend_from_slice(&id.to_le_bytes());
                } else {
                    let id = u16::try_from(id).map_err(|_| self.too_large(id))?;
                    bytes.extend_from_slice(&id.to_le_bytes());
                }
            }
            self.documents.push([*row, ids.len() as u32]);
            self.ids += ids.len() as u64;
        }
        let checksum = crc32fast::hash(&bytes);
        self.groups.push([first.0, first.1, checksum.into()]);
        self.put(&bytes)
    }

    fn too_large(&self, id: u32) -> Error {
        Error::TokenShard {
            path: self.path.clone(),
            problem: format!("id {id} does not fit into two bytes"),
        }
    }

    /// Write the index and the header, and give the file its name.
    pub fn finish(mut self) -> Result<(), Error> {
        let length = self.ids as usize * self.width;
        self.put(&[0; 8][..length.next_multiple_of(8) - length])?;
        let mut index = Vec::new();
        for number in self.groups.iter().flatten() {
            index.extend_from_slice(&number.to_le_bytes());
        }
        for number in self.documents.iter().flatten() {
            index.extend_from_slice(&number.to_le_bytes());
        }
        self.put(&index)?;
        let header = self.header(crc32fast::hash(&index));
        let written = (|| {
            let out = self.out.as_mut().expect("only finish takes it away");
            out.rewind()?;
            out.write_all(&header)?;
            out.flush()?;
            out.get_ref().sync_all()?;
            fs::rename(&self.temporary, &self.path)
        })();
        written.map_err(|error| Error::io(&self.path, error))
    }

    fn header(&self, index: u32) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(self.width as u32).to_le_bytes());
        header.extend_from_slice(&self.fingerprint);
        let sizes = [self.groups.len(), self.documents.len(), self.ids as usize];
        for size in sizes {
            header.extend_from_slice(&(size as u64).to_le_bytes());
        }
        header.extend_from_slice(&index.to_le_bytes());
        let checksum = crc32fast::hash(&header[..COVERED]);
        header.extend_from_slice(&checksum.to_le_bytes());
        header.resize(HEADER, 0);
        header
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let out = self.out.as_mut().expect("only finish takes it away");
        out.write_all(bytes)
            .map_err(|error| Error::io(&self.temporary, error))
    }
}

impl Drop for TokenWriter {
    /// An unfinished shard leaves nothing behind. After `finish` the temporary name is gone already.
    fn drop(&mut self) {
        drop(self.out.take());
        fs::remove_file(&self.temporary).ok();
    }
}
// ANCHOR_END: writer

// ANCHOR: tokenise
/// What came of a parquet shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokenised {
    pub documents: usize,
    pub ids: usize,
    /// Whether it was there already.
    pub kept: bool,
}

/// Write the token shard of a parquet shard into `folder`.
pub fn tokenise(shard: &Path, folder: &Path, tokenizer: &Tokenizer) -> Result<Tokenised, Error> {
    let place = token_shard_of(shard, folder);
    let fingerprint = tokenizer.fingerprint();
    let source = TextShard::open(shard)?;
    if let Ok(there) = TokenShard::open(&place)
        && hexadecimal(&there.fingerprint()) == fingerprint
        && there.groups() == source.groups()
    {
        return Ok(Tokenised {
            documents: there.documents(),
            ids: there.ids(),
            kept: true,
        });
    }
    let width = if tokenizer.vocab_size() <= 1 << 16 {
        2
    } else {
        4
    };
    let encoder = Encoder::from(tokenizer);
    let mut writer = TokenWriter::create(&place, bytes_of(&fingerprint), width)?;
    for group in 0..source.groups() {
        let texts = source.read_group(group)?;
        // Empty texts are no documents; the others keep their row numbers.
        let documents: Vec<(u32, Vec<u32>)> = texts
            .par_iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(row, text)| (row as u32, encoder.document(text)))
            .collect();
        writer.group(&documents)?;
    }
    let (documents, ids) = (writer.documents.len(), writer.ids as usize);
    writer.finish()?;
    Ok(Tokenised {
        documents,
        ids,
        kept: false,
    })
}

/// `shard_00000.parquet` becomes `shard_00000.tokens`.
pub fn token_shard_of(shard: &Path, folder: &Path) -> PathBuf {
    let name = shard.file_name().unwrap_or_default();
    folder.join(name).with_extension(EXTENSION)
}

/// The 32 bytes that 64 hexadecimal digits stand for.
fn bytes_of(fingerprint: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(fingerprint.as_bytes().chunks(2)) {
        let digits = str::from_utf8(digits).expect("a fingerprint is hexadecimal");
        *byte = u8::from_str_radix(digits, 16).expect("a fingerprint is hexadecimal");
    }
    bytes
}
// ANCHOR_END: tokenise
