//! What disks, interrupted copies and wrong hands do to a file.

use std::ops::Range;

use crate::Case;

/// Numbers at which sums overflow and comparisons turn.
const NUMBERS: [u64; 8] = [
    0,
    1,
    0x7f,
    0xffff_fffe,
    0xffff_ffff,
    1 << 61,
    i64::MAX as u64,
    u64::MAX,
];

/// A copy of `whole` with one to three wounds; `other` is a file of the same kind, for pieces of it.
pub fn damaged(case: &mut Case, whole: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..case.between(1, 3) {
        wound(case, &mut bytes, other);
    }
    bytes
}

fn wound(case: &mut Case, bytes: &mut Vec<u8>, other: &[u8]) {
    let kind = case.below(9);
    if bytes.is_empty() && kind != 2 {
        return;
    }
    match kind {
        0 => {
            for _ in 0..case.between(1, 4) {
                let (at, bit) = (case.below(bytes.len()), case.below(8));
                case.tell(|| format!("bit {bit} of byte {at} turned"));
                bytes[at] ^= 1 << bit;
            }
        }
        1 => {
            let length = case.below(bytes.len());
            case.tell(|| format!("cut to {length} bytes"));
            bytes.truncate(length);
        }
        2 => {
            let piece = random_bytes(case, 40);
            case.tell(|| format!("appended {piece:?}"));
            bytes.extend(piece);
        }
        3 => {
            // Two pieces of one length change places; where they overlap, the second is written last.
            let (one, two) = (piece(case, bytes.len()), case.below(bytes.len()));
            let length = one.len().min(bytes.len() - two);
            let (a, b) = (one.start, two);
            case.tell(|| format!("{length} bytes at {a} and at {b} swapped"));
            let first = bytes[a..a + length].to_vec();
            bytes.copy_within(b..b + length, a);
            bytes[b..b + length].copy_from_slice(&first);
        }
        4 => {
            let taken = piece(case, bytes.len());
            let moved: Vec<u8> = bytes.drain(taken.clone()).collect();
            let to = case.below(bytes.len() + 1);
            case.tell(|| format!("bytes {taken:?} moved to {to}"));
            bytes.splice(to..to, moved);
        }
        5 => {
            let (place, filler) = (piece(case, bytes.len()), *case.of(&[0, 0xff, 0x55]));
            case.tell(|| format!("bytes {place:?} are {filler}"));
            bytes[place].fill(filler);
        }
        6 if !other.is_empty() => {
            let from = piece(case, other.len());
            let at = from.start.min(bytes.len() - 1);
            let length = from.len().min(bytes.len() - at);
            case.tell(|| format!("{length} bytes at {at} are those of another file at {from:?}"));
            bytes[at..at + length].copy_from_slice(&other[from.start..from.start + length]);
        }
        7 => {
            let (at, size) = (case.below(bytes.len()), *case.of(&[1, 4, 8]));
            let at = at / size * size;
            let number = *case.of(&NUMBERS);
            case.tell(|| format!("the {size} bytes at {at} are {number:#x}"));
            let end = bytes.len().min(at + size);
            bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
        }
        _ => {
            let (at, value) = (case.below(bytes.len()), case.bits() as u8);
            case.tell(|| format!("byte {at} is {value}"));
            bytes[at] = value;
        }
    }
}

/// A place of up to 64 bytes, or, now and then, of any size.
fn piece(case: &mut Case, length: usize) -> Range<usize> {
    let start = case.below(length);
    let most = match case.below(4) {
        0 => length - start,
        _ => (length - start).min(64),
    };
    start..start + case.between(1, most)
}

pub fn random_bytes(case: &mut Case, most: usize) -> Vec<u8> {
    (0..case.between(1, most))
        .map(|_| case.bits() as u8)
        .collect()
}
