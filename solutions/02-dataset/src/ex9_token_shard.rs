//! # A file that nobody has to trust
//!
//! Goal: write documents' ids into bytes, and read them back so that no bytes whatsoever make the reader panic or lie.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! The chapter keeps a tokenised corpus in files. A smaller layout, all numbers little-endian:
//!
//! ```text
//!  at   bytes
//!   0      4  TOKS
//!   4      4  bytes per id: 2, or 4
//!   8      8  documents D
//!  16      8  ids N
//!  24      4  CRC-32 of everything from byte 32 on
//!  28      4  CRC-32 of the 28 bytes before
//!  32         D lengths of 4 bytes each, then the N ids, document after document
//! ```
//!
//! `write` takes two bytes per id if all ids fit, and four otherwise. `read` gives the documents back, or says what is
//! wrong: of the faults below, in their order, the first that applies.
//!
//! The judge flips bytes, cuts files off, and then does what a checksum does not help against: it writes files with
//! nonsense in them and *right* checksums. A checksum says that nobody changed the bytes by accident. It does not say
//! that whoever wrote them was right.
//!
//! ## Hint 1
//!
//! Reading a number: `bytes.get(at..at + 4)` is `None` where an index would panic, and `try_into` makes an array of it.
//! `crc32fast::hash(&bytes)` is the checksum. A header of fewer than 32 bytes is the first fault; after that the fixed
//! places are safe.
//!
//! ## Hint 2
//!
//! D and N are whatever somebody wrote. 4 · D + w · N may be larger than 2⁶⁴, and a product that wraps can come out as
//! the right length. Compute in `u128`, or with `checked_mul` and `checked_add`. Only when the sum is the length of the
//! file may D and N become sizes.
//!
//! ## Hint 3
//!
//! The lengths are somebody's words too: add them up in `u64` or wider and hold the sum against N before a slice is cut
//! by them. `split_at` with a length from a file is the classic panic.
//!
//! ## Notes
//!
//! The order of the checks is an order of trust: first what one can know without believing anything, then the header's
//! checksum, then the header's numbers against the only thing that does not come from the file, its length; then the
//! rest. No memory is asked for before a number has been held against that length. A reader that allocates D · 4 bytes
//! first is brought down by a file of 32.

/// What is wrong with some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fewer bytes than a header has.
    TooShort,
    /// It does not begin with TOKS.
    NotAShard,
    /// The header's checksum is another one.
    DamagedHeader,
    /// Neither 2 nor 4 bytes per id, but so many.
    Width(u32),
    /// The file is not as long as its header says.
    Length,
    /// The checksum of what follows the header is another one.
    DamagedBody,
    /// The documents' lengths do not add up to N.
    Lengths,
}

/// Bytes of the header.
pub const HEADER: usize = 32;

/// The file that holds these documents.
pub fn write(documents: &[Vec<u32>]) -> Vec<u8> {
    let ids: Vec<u32> = documents.concat();
    let is_narrow = ids.iter().all(|&id| id <= u32::from(u16::MAX));
    let width: u32 = if is_narrow { 2 } else { 4 };
    let mut body = Vec::new();
    for document in documents {
        body.extend_from_slice(&(document.len() as u32).to_le_bytes());
    }
    for id in &ids {
        // The first bytes of a little-endian number are its low ones.
        body.extend_from_slice(&id.to_le_bytes()[..width as usize]);
    }
    let mut file = b"TOKS".to_vec();
    file.extend_from_slice(&width.to_le_bytes());
    file.extend_from_slice(&(documents.len() as u64).to_le_bytes());
    file.extend_from_slice(&(ids.len() as u64).to_le_bytes());
    file.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    let checksum = crc32fast::hash(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    file.extend_from_slice(&body);
    file
}

/// The documents in a file.
///
/// # Errors
/// The first [`Fault`] that applies. There are no bytes that make this panic.
pub fn read(bytes: &[u8]) -> Result<Vec<Vec<u32>>, Fault> {
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        return Err(Fault::TooShort);
    };
    if header[..4] != *b"TOKS" {
        return Err(Fault::NotAShard);
    }
    if number(&header[28..]) != u64::from(crc32fast::hash(&header[..28])) {
        return Err(Fault::DamagedHeader);
    }
    let width = number(&header[4..8]) as usize;
    if !matches!(width, 2 | 4) {
        return Err(Fault::Width(width as u32));
    }
    let [documents, ids] = [8, 16].map(|at| number(&header[at..at + 8]));
    let wanted = 4 * u128::from(documents) + width as u128 * u128::from(ids);
    if wanted != body.len() as u128 {
        return Err(Fault::Length);
    }
    if number(&header[24..28]) != u64::from(crc32fast::hash(body)) {
        return Err(Fault::DamagedBody);
    }
    let (lengths, mut rest) = body.split_at(4 * documents as usize);
    let lengths: Vec<u64> = lengths.chunks(4).map(number).collect();
    if lengths
        .iter()
        .map(|&length| u128::from(length))
        .sum::<u128>()
        != u128::from(ids)
    {
        return Err(Fault::Lengths);
    }
    let document = |length: u64| {
        let (own, behind) = rest.split_at(length as usize * width);
        rest = behind;
        own.chunks(width).map(|id| number(id) as u32).collect()
    };
    Ok(lengths.into_iter().map(document).collect())
}

/// The number that up to eight little-endian bytes are.
fn number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().rev();
    digits.fold(0, |number, &byte| number << 8 | u64::from(byte))
}
