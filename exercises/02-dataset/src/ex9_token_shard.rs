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
//! Help: `cargo course hint 02.9`. Judge it: `cargo course check 02.9`.

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
    let _ = documents; // delete this line
    todo!("exercise 02.9")
}

/// The documents in a file.
///
/// # Errors
/// The first [`Fault`] that applies. There are no bytes that make this panic.
pub fn read(bytes: &[u8]) -> Result<Vec<Vec<u32>>, Fault> {
    let _ = bytes; // delete this line
    todo!("exercise 02.9")
}
