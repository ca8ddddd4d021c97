//! Wrong answers to exercise 9.

use super::Of;
use crate::properties::ex9_token_shard::{self, Functions, Read};
use judge::program::Wrong;
use solutions_02::ex9_token_shard as right;

fn read(bytes: &[u8]) -> Read {
    right::read(bytes).map_err(|fault| format!("{fault:?}"))
}

/// The same file with both checksums made right again.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let body = crc32fast::hash(&file[32..]);
    file[24..28].copy_from_slice(&body.to_le_bytes());
    let header = crc32fast::hash(&file[..28]);
    file[28..32].copy_from_slice(&header.to_le_bytes());
    file
}

/// As `right::write` does, with so many bytes to an id.
fn written(documents: &[Vec<u32>], width: usize) -> Vec<u8> {
    let ids = documents.concat();
    let lengths = documents.iter().map(|document| document.len() as u32);
    let mut file = b"TOKS".to_vec();
    file.extend((width as u32).to_le_bytes());
    file.extend((documents.len() as u64).to_le_bytes());
    file.extend((ids.len() as u64).to_le_bytes());
    file.extend([0; 8]);
    file.extend(lengths.flat_map(u32::to_le_bytes));
    for id in ids {
        file.extend(&id.to_le_bytes()[..width]);
    }
    sealed(file)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = &bytes[at..at + 4];
    u32::from_le_bytes(four.try_into().expect("four bytes"))
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 9,
        name: "token_shard",
        properties: ex9_token_shard::properties,
    };
    let writing = |write| Functions { write, read };
    let reading = |read| Functions {
        write: right::write,
        read,
    };
    vec![
        of.planted(
            "always-two-bytes",
            writing(|documents| written(documents, 2)),
        ),
        of.planted(
            "always-four-bytes",
            writing(|documents| written(documents, 4)),
        ),
        of.planted(
            "65535-does-not-fit",
            writing(|documents| {
                let is_narrow = documents.iter().flatten().all(|&id| id < 65_535);
                written(documents, if is_narrow { 2 } else { 4 })
            }),
        ),
        of.planted(
            "65536-fits",
            writing(|documents| {
                let is_narrow = documents.iter().flatten().all(|&id| id <= 65_536);
                written(documents, if is_narrow { 2 } else { 4 })
            }),
        ),
        of.planted(
            "the-other-end-first",
            writing(|documents| {
                let mut file = right::write(documents);
                let width = u32_at(&file, 4) as usize;
                let ids = 32 + 4 * documents.len();
                file[ids..].chunks_mut(width).for_each(<[u8]>::reverse);
                sealed(file)
            }),
        ),
        of.planted(
            "the-checksum-of-the-ids-alone",
            writing(|documents| {
                let mut file = right::write(documents);
                let ids = crc32fast::hash(&file[32 + 4 * documents.len()..]);
                file[24..28].copy_from_slice(&ids.to_le_bytes());
                let header = crc32fast::hash(&file[..28]);
                file[28..32].copy_from_slice(&header.to_le_bytes());
                file
            }),
        ),
        of.planted(
            "the-header-is-believed",
            reading(|bytes| {
                let mut file = bytes.to_vec();
                if file.len() >= 32 {
                    let header = crc32fast::hash(&file[..28]);
                    file[28..32].copy_from_slice(&header.to_le_bytes());
                }
                read(&file)
            }),
        ),
        of.planted(
            "the-ids-are-believed",
            reading(|bytes| match bytes.len() < 32 {
                true => read(bytes),
                false if crc32fast::hash(&bytes[..28]) == u32_at(bytes, 28) => {
                    read(&sealed(bytes.to_vec()))
                }
                false => read(bytes),
            }),
        ),
        of.planted(
            "the-length-wraps-round",
            reading(|bytes| {
                let said = read(bytes);
                if said != Err("Length".to_string()) {
                    return said;
                }
                let u64_at =
                    |at| u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32;
                let (documents, ids) = (u64_at(8), u64_at(16));
                let width = u64::from(u32_at(bytes, 4));
                let wanted = documents
                    .wrapping_mul(4)
                    .wrapping_add(ids.wrapping_mul(width));
                match wanted == bytes.len() as u64 - 32 {
                    true => Err("DamagedBody".to_string()),
                    false => said,
                }
            }),
        ),
        of.planted(
            "what-comes-behind-is-ignored",
            reading(|bytes| {
                let shorter = (32..bytes.len()).find_map(|end| read(&bytes[..end]).ok());
                read(bytes).or_else(|fault| shorter.ok_or(fault))
            }),
        ),
        of.planted(
            "lengths-are-not-added-up",
            reading(|bytes| match read(bytes) {
                Err(fault) if fault == "Lengths" => {
                    let documents = u32_at(bytes, 8) as usize;
                    let width = u32_at(bytes, 4) as usize;
                    let mut rest = &bytes[32 + 4 * documents..];
                    let document = |at| {
                        let length = u32_at(bytes, 32 + 4 * at) as usize;
                        let taken = rest.len().min(length.saturating_mul(width));
                        let (ids, behind) = rest.split_at(taken);
                        rest = behind;
                        ids.chunks(width)
                            .map(|id| id.iter().rev().fold(0, |n, &b| n << 8 | u32::from(b)))
                            .collect()
                    };
                    Ok((0..documents).map(document).collect())
                }
                said => said,
            }),
        ),
        of.planted(
            "one-fault-for-everything",
            reading(|bytes| read(bytes).map_err(|_| "NotAShard".to_string())),
        ),
        of.planted(
            "the-body-before-the-header",
            reading(|bytes| {
                let is_damaged = bytes.len() >= 32
                    && bytes.starts_with(b"TOKS")
                    && crc32fast::hash(&bytes[32..]) != u32_at(bytes, 24);
                match is_damaged {
                    true => Err("DamagedBody".to_string()),
                    false => read(bytes),
                }
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                write: |_| Vec::new(),
                read: |_| Ok(Vec::new()),
            },
        ),
        of.constant(
            "always-too-short",
            Functions {
                write: |_| b"TOKS".to_vec(),
                read: |_| Err("TooShort".to_string()),
            },
        ),
    ]
}
