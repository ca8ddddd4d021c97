use judge::{Case, Property, example, property};
use proptest::prelude::*;

/// Documents, or the name of the fault.
pub type Read = Result<Vec<Vec<u32>>, String>;

pub struct Functions {
    pub write: fn(&[Vec<u32>]) -> Vec<u8>,
    pub read: fn(&[u8]) -> Read,
}

const HEADER: usize = 32;

/// A file with these numbers in its header and right checksums, whatever follows.
fn sealed(width: u32, documents: u64, ids: u64, body: &[u8]) -> Vec<u8> {
    let mut file = b"TOKS".to_vec();
    file.extend(width.to_le_bytes());
    file.extend(documents.to_le_bytes());
    file.extend(ids.to_le_bytes());
    file.extend(crc32fast::hash(body).to_le_bytes());
    file.extend(crc32fast::hash(&file).to_le_bytes());
    file.extend(body);
    file
}

fn written(documents: &[Vec<u32>]) -> Vec<u8> {
    let ids = documents.concat();
    let is_wide = ids.iter().any(|&id| id > 65_535);
    let lengths = documents.iter().map(|document| document.len() as u32);
    let mut body: Vec<u8> = lengths.flat_map(u32::to_le_bytes).collect();
    for &id in &ids {
        match is_wide {
            true => body.extend(id.to_le_bytes()),
            false => body.extend((id as u16).to_le_bytes()),
        }
    }
    let width = if is_wide { 4 } else { 2 };
    sealed(width, documents.len() as u64, ids.len() as u64, &body)
}

/// The first fault of some bytes, or their documents. Slow and careful.
fn expected(file: &[u8]) -> Read {
    let at = |from: usize, bytes: usize| -> u128 {
        let bytes = file[from..from + bytes].iter().rev();
        bytes.fold(0, |number, &byte| number * 256 + u128::from(byte))
    };
    let fault = |name: &str| Err(name.to_string());
    if file.len() < HEADER {
        return fault("TooShort");
    }
    if !file.starts_with(b"TOKS") {
        return fault("NotAShard");
    }
    if at(28, 4) != u128::from(crc32fast::hash(&file[..28])) {
        return fault("DamagedHeader");
    }
    let (width, documents, ids) = (at(4, 4), at(8, 8), at(16, 8));
    if width != 2 && width != 4 {
        return Err(format!("Width({width})"));
    }
    if HEADER as u128 + 4 * documents + width * ids != file.len() as u128 {
        return fault("Length");
    }
    if at(24, 4) != u128::from(crc32fast::hash(&file[HEADER..])) {
        return fault("DamagedBody");
    }
    let lengths: Vec<u128> = (0..documents as usize)
        .map(|document| at(HEADER + 4 * document, 4))
        .collect();
    if lengths.iter().sum::<u128>() != ids {
        return fault("Lengths");
    }
    let width = width as usize;
    let mut next = HEADER + 4 * documents as usize;
    let mut id = || {
        next += width;
        at(next - width, width) as u32
    };
    Ok(lengths
        .iter()
        .map(|&length| (0..length).map(|_| id()).collect())
        .collect())
}

fn documents() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let id = prop_oneof![
        20 => 0u32..1000,
        2 => 65_530u32..65_536,
        1 => 65_534u32..65_540,
    ];
    proptest::collection::vec(proptest::collection::vec(id, 0..4), 1..4)
}

/// Numbers that somebody might write into a header: small ones, and such as wrap round when they are multiplied.
fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0u64..6,
        1 => 1u64 << 62..(1 << 62) + 4,
        1 => 1u64 << 63..(1 << 63) + 4,
        1 => u64::MAX - 3..=u64::MAX,
    ]
}

/// Bytes in which the first numbers look like lengths.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![5 => 0u32..4, 1 => any::<u32>()].prop_map(u32::to_le_bytes);
    let lengths = proptest::collection::vec(length, 0..4).prop_map(|bytes| bytes.concat());
    (lengths, proptest::collection::vec(any::<u8>(), 0..12)).prop_map(|(a, b)| [a, b].concat())
}

fn asks(f: &Functions, file: &[u8]) -> judge::Checked {
    Case::of(&[("bytes", &file)]).same(&expected(file), || (f.read)(file))
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "the documents [7, 8] and [9], byte by byte",
            |f: &Functions| {
                let documents = [vec![7, 8], vec![9]];
                Case::of(&[("documents", &documents)])
                    .same(&written(&documents), || (f.write)(&documents))
            },
        ),
        property(
            "what is written has the layout, two bytes to an id if all of them fit",
            documents,
            |f: &Functions, documents| {
                Case::of(&[("documents", &documents)])
                    .same(&written(&documents), || (f.write)(&documents))
            },
        ),
        property(
            "what follows the layout is read",
            documents,
            |f: &Functions, documents| asks(f, &written(&documents)),
        ),
        property(
            "what you write, you read",
            documents,
            |f: &Functions, documents| {
                Case::of(&[("documents", &documents)])
                    .same(&Ok(documents.clone()), || (f.read)(&(f.write)(&documents)))
            },
        ),
        property(
            "one changed byte is noticed, and named by where it lies",
            || (documents(), any::<prop::sample::Index>(), 1u8..=255),
            |f: &Functions, (documents, at, change)| {
                let mut file = written(&documents);
                let at = at.index(file.len());
                file[at] ^= change;
                Case::of(&[("documents", &documents), ("changed byte", &at)])
                    .same(&expected(&file), || (f.read)(&file))
            },
        ),
        property(
            "a file that was cut off, or goes on too long, is noticed",
            || (documents(), any::<prop::sample::Index>(), any::<bool>()),
            |f: &Functions, (documents, at, is_cut)| {
                let mut file = written(&documents);
                match is_cut {
                    true => file.truncate(at.index(file.len())),
                    false => file.extend([0; 4]),
                }
                Case::of(&[
                    ("documents", &documents),
                    ("bytes of the file", &file.len()),
                ])
                .same(&expected(&file), || (f.read)(&file))
            },
        ),
        property(
            "nonsense with right checksums is refused, and never panics",
            || {
                let width = prop_oneof![6 => Just(2u32), 3 => Just(4u32), 1 => any::<u32>()];
                (width, sizes(), sizes(), body())
            },
            |f: &Functions, (width, documents, ids, body)| {
                asks(f, &sealed(width, documents, ids, &body))
            },
        ),
        example(
            "a product that wraps round is no length: 2 · 2⁶³ ids are not none",
            |f: &Functions| asks(f, &sealed(2, 0, 1 << 63, &[])),
        ),
        example(
            "a document longer than all ids is refused",
            |f: &Functions| {
                let body = [[9, 0, 0, 0], [1, 0, 2, 0]].concat();
                asks(f, &sealed(2, 1, 2, &body))
            },
        ),
        property(
            "no bytes whatsoever do harm",
            || {
                let bytes = proptest::collection::vec(any::<u8>(), 0..60);
                (bytes, any::<bool>())
            },
            |f: &Functions, (mut bytes, begins_well)| {
                if begins_well && bytes.len() > 4 {
                    bytes[..4].copy_from_slice(b"TOKS");
                }
                asks(f, &bytes)
            },
        ),
    ]
}
