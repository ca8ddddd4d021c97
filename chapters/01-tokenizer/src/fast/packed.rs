// ANCHOR: head
//! A chunk of up to fifteen bytes as one number.
//!
//! Counting looks a chunk up in a table, and so does encoding, once per chunk and so a few hundred million times per
//! gigabyte. A table of strings compares strings: it follows a pointer to bytes that lie anywhere, and calls a
//! function that compares any length. But chunks are short. Fifteen bytes and their number fit into 128 bits, and two
//! such numbers are equal or not by two comparisons, with nothing to follow.

use std::hash::{Hash, Hasher};
// ANCHOR_END: head

// ANCHOR: packed
/// Up to fifteen bytes, low ones first, and in the topmost byte how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    low: u64,
    high: u64,
}

impl Packed {
    /// One byte of sixteen is the length.
    pub const LONGEST: usize = 15;
    /// No bytes.
    pub const EMPTY: Packed = Packed { low: 0, high: 0 };

    /// `bytes[from..end]`; `None` if that is too long.
    #[inline]
    pub fn new(bytes: &[u8], from: usize, end: usize) -> Option<Packed> {
        let length = end - from;
        if length > Self::LONGEST {
            return None;
        }
        // Sixteen bytes are read at once, whatever follows the chunk, and what is not its own is cut away. Only in the
        // last sixteen bytes of a text must they be copied.
        let sixteen = match bytes[from..].first_chunk::<16>() {
            Some(sixteen) => *sixteen,
            None => {
                let mut padded = [0; 16];
                padded[..length].copy_from_slice(&bytes[from..end]);
                padded
            }
        };
        let number = u128::from_le_bytes(sixteen) & ((1 << (8 * length)) - 1);
        Some(Packed {
            low: number as u64,
            high: (number >> 64) as u64 | (length as u64) << 56,
        })
    }

    /// The bytes it was made of, in front, and their number.
    pub fn bytes(self) -> ([u8; 16], usize) {
        let number = u128::from(self.low) | u128::from(self.high) << 64;
        (number.to_le_bytes(), (self.high >> 56) as usize)
    }

    /// A number in which every bit depends on every bit of the bytes: multiply, and fold the upper half of the product
    /// onto the lower. The two constants are digits of π; any two without a pattern would do.
    #[inline]
    pub fn mixed(self) -> u64 {
        let product = u128::from(self.low ^ 0x243f_6a88_85a3_08d3)
            * u128::from(self.high ^ 0x1319_8a2e_0370_7344);
        product as u64 ^ (product >> 64) as u64
    }
}

impl Hash for Packed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
        state.write_u64(self.high);
    }
}
// ANCHOR_END: packed
