// ANCHOR: head
//! A hash table for a set that is known beforehand: chunk to token, and pair to merged token.
//!
//! *Open addressing*: one array, in which an entry lies at the index that its mixed bits say, or else in the next free
//! place behind it. The vocabulary is complete when the table is made. So it never grows, nothing is ever removed, and
//! as it is at most half full, the first or second place looked at mostly answers.

use crate::Pair;
use crate::fast::packed::Packed;
// ANCHOR_END: head

// ANCHOR: key
/// What an entry is found by: few bytes, compared at once.
pub trait Key: Copy + Eq {
    /// Stands in free places; no entry has it.
    const FREE: Self;
    /// A number in which every bit depends on all of the key.
    fn mixed(self) -> u64;
}

impl Key for Packed {
    const FREE: Packed = Packed::EMPTY; // no chunk is empty

    #[inline]
    fn mixed(self) -> u64 {
        Packed::mixed(self)
    }
}

impl Key for Pair {
    const FREE: Pair = (u32::MAX, u32::MAX);

    #[inline]
    fn mixed(self) -> u64 {
        let both = u64::from(self.0) << 32 | u64::from(self.1);
        let product = u128::from(both) * 0x9e37_79b9_7f4a_7c15; // 2⁶⁴ divided by the golden ratio
        product as u64 ^ (product >> 64) as u64
    }
}
// ANCHOR_END: key

// ANCHOR: table
#[derive(Debug)]
pub struct FlatTable<K> {
    places: Box<[(K, u32)]>,
}

impl<K: Key> FlatTable<K> {
    /// No key may be there twice.
    pub fn new(entries: &[(K, u32)]) -> Self {
        let size = (2 * entries.len()).next_power_of_two().max(2);
        let mut table = FlatTable {
            places: vec![(K::FREE, 0); size].into(),
        };
        for &(key, id) in entries {
            let mut at = key.mixed() as usize % size;
            while table.places[at].0 != K::FREE {
                at = (at + 1) % size;
            }
            table.places[at] = (key, id);
        }
        table
    }

    #[inline]
    pub fn get(&self, key: K) -> Option<u32> {
        let last = self.places.len() - 1; // a power of two less one: `&` is the remainder
        let mut at = key.mixed() as usize & last;
        loop {
            let (found, id) = self.places[at];
            if found == key {
                return Some(id);
            }
            if found == K::FREE {
                return None;
            }
            at = (at + 1) & last;
        }
    }
}
// ANCHOR_END: table
