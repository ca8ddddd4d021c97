// ANCHOR: head
//! Do all ranks start the same operations in the same order?
//!
//! A collective has no name on the wire. The third operation of one rank meets the third of the others, whatever they are:
//! with different shapes the ranks hang, with equal shapes they add the gradient of one matrix to that of another, and
//! nobody is told. So each rank writes down what it starts, and from time to time the ranks compare a checksum of their
//! notes: one number each, so it costs next to nothing. Only if they differ the notes themselves are sent.

use crate::messages::gather_bytes;
use crate::{Collective, Error};
use tch::Tensor;
// ANCHOR_END: head

// ANCHOR: sequence
/// The operations that a rank has started since the last comparison, a line for each.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    notes: Vec<String>,
}

impl Sequence {
    /// Call when the operation is started, with the name of whose tensor it is.
    pub fn note(&mut self, operation: &str, name: &str, tensor: &Tensor) {
        let (shape, kind) = (tensor.size(), tensor.kind());
        self.notes
            .push(format!("{operation} of `{name}` {shape:?} {kind:?}"));
    }

    /// FNV-1a over all notes.
    pub fn checksum(&self) -> u64 {
        let bytes = self
            .notes
            .iter()
            .flat_map(|note| note.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    }

    /// Returns when every rank has noted the same, and begins anew. All ranks must call it after the same operation.
    ///
    /// # Errors
    /// The first operation that differs, and the rank that differs from rank 0; the same words on every rank.
    pub fn compare(&mut self, collective: &dyn Collective) -> Result<(), Error> {
        let sums = gather_bytes(collective, &self.checksum().to_le_bytes())?;
        let agreed = sums.iter().all(|sum| *sum == sums[0]);
        let notes = std::mem::take(&mut self.notes);
        if agreed {
            return Ok(());
        }
        let all = gather_bytes(collective, notes.join("\n").as_bytes())?;
        let all: Vec<String> = all
            .iter()
            .map(|notes| String::from_utf8_lossy(notes).into_owned())
            .collect();
        let differs = |(rank, notes): (usize, &String)| {
            let (mut first, mut other) = (all[0].lines(), notes.lines());
            for number in 1.. {
                let pair = (first.next(), other.next());
                if pair.0 != pair.1 {
                    let words = |line: Option<&str>| line.unwrap_or("nothing").to_string();
                    return Some((number, rank, words(pair.0), words(pair.1)));
                }
                if pair.0.is_none() {
                    break;
                }
            }
            None
        };
        // Equal notes with unequal checksums cannot be: the sum is a function of the notes.
        let found = all.iter().enumerate().filter_map(differs).min();
        let (number, rank, expected, found) = found.expect("the checksums differ");
        Err(Error::Order {
            number,
            rank,
            expected,
            found,
        })
    }
}
// ANCHOR_END: sequence
