//! Damaged token shards: an error that names the file, or the very same ids. A shard has a checksum for everything it says.

use std::path::{Path, PathBuf};

use dataset::token_writer::TokenWriter;
use dataset::{Error, SourcePosition, TokenShards, TokenSource};

use crate::damage::damaged;
use crate::{Case, fuzz};

struct Shard {
    bytes: Vec<u8>,
    documents: Vec<(SourcePosition, Vec<u32>)>,
    ids: usize,
    width: usize,
}

impl Shard {
    fn write(case: &mut Case, folder: &Path) -> Shard {
        let path = folder.join("whole.tokens");
        let width = *case.of(&[2, 4]);
        let mut writer = TokenWriter::create(&path, [7; 32], width).unwrap();
        let (mut documents, mut count) = (Vec::new(), 0);
        for group in 0..case.between(1, 6) {
            let mut row = 0;
            let rows: Vec<(u32, Vec<u32>)> = (0..case.between(1, 12))
                .map(|_| {
                    row += case.between(1, 3) as u32;
                    let ids = (0..case.between(1, 30)).map(|_| case.below(65_536) as u32);
                    (row, ids.collect())
                })
                .collect();
            writer.group(&rows).unwrap();
            for (row, ids) in rows {
                let group = group as u32;
                let start = SourcePosition::START;
                count += ids.len();
                documents.push((
                    SourcePosition {
                        group,
                        row,
                        ..start
                    },
                    ids,
                ));
            }
        }
        writer.finish().unwrap();
        Shard {
            bytes: std::fs::read(path).unwrap(),
            documents,
            ids: count,
            width,
        }
    }

    /// The unused end of the header and the padding behind the ids say nothing.
    fn says_nothing(&self, at: usize) -> bool {
        let end = 128 + self.ids * self.width;
        (80..128).contains(&at) || (end..end.next_multiple_of(8)).contains(&at)
    }
}

/// One epoch.
fn read(path: &PathBuf) -> Result<Vec<(SourcePosition, Vec<u32>)>, Error> {
    let mut shards = TokenShards::open(std::slice::from_ref(path), &"07".repeat(32), 0, 1)?;
    let mut documents = Vec::new();
    while shards.position().epoch == 1 {
        for document in shards.refill(16)? {
            documents.push((document.at, document.ids));
        }
    }
    Ok(documents)
}

/// Checksums made right again, as whoever forges a shard would: of the groups where they can be found, index, header.
fn seal(bytes: &mut [u8]) {
    if bytes.len() < 128 {
        return;
    }
    let number = |bytes: &[u8], at: usize| -> Option<usize> {
        let eight = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        usize::try_from(u64::from_le_bytes(eight)).ok()
    };
    let width = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let (groups, ids) = (number(bytes, 48), number(bytes, 64));
    let index = ids
        .and_then(|ids| ids.checked_mul(width)?.checked_next_multiple_of(8))
        .and_then(|length| length.checked_add(128));
    if let (Some(index), Some(groups), Some(ids)) = (index, groups, ids)
        && index <= bytes.len()
    {
        for group in 0..groups.min(20) {
            let at = index + 24 * group;
            let from = number(bytes, at + 8);
            let to = match group + 1 == groups {
                true => Some(ids),
                false => number(bytes, at + 32),
            };
            let place = |ids: Option<usize>| ids?.checked_mul(width)?.checked_add(128);
            if let (Some(from), Some(to)) = (place(from), place(to))
                && let Some(sum) = bytes.get(from..to).map(crc32fast::hash)
                && let Some(checksum) = bytes.get_mut(at + 16..at + 24)
            {
                checksum.copy_from_slice(&u64::from(sum).to_le_bytes());
            }
        }
        let sum = crc32fast::hash(&bytes[index..]);
        bytes[72..76].copy_from_slice(&sum.to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes[..76]);
    bytes[76..80].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn damaged_token_shards() {
    let folder = tempfile::tempdir().unwrap();
    let mut making = Case::new(11, false);
    let shards: Vec<Shard> = (0..12)
        .map(|_| Shard::write(&mut making, folder.path()))
        .collect();
    let path = folder.path().join("damaged.tokens");
    fuzz("token shards", |case| {
        let number = case.below(shards.len());
        case.tell(|| format!("shard {number}"));
        let (shard, other) = (&shards[number], case.of(&shards));
        let mut bytes = damaged(case, &shard.bytes, &other.bytes);
        let forged = case.one_in(3);
        if forged {
            case.tell(|| "and sealed again".to_owned());
            seal(&mut bytes);
        }
        std::fs::write(&path, &bytes).unwrap();
        match read(&path) {
            Err(error) => assert!(error.to_string().contains("damaged.tokens"), "{error}"),
            // Whoever makes the checksums right may put in other ids, and nothing worse: every place is still one document.
            Ok(documents) if forged => assert!(
                documents.is_sorted_by(|one, other| one.0 < other.0),
                "rows that do not rise"
            ),
            Ok(documents) => {
                assert_eq!(bytes.len(), shard.bytes.len(), "another length went unseen");
                for (at, (one, other)) in bytes.iter().zip(&shard.bytes).enumerate() {
                    assert!(one == other || shard.says_nothing(at), "byte {at}");
                }
                assert!(documents == shard.documents, "other ids were read");
            }
        }
    });
}
