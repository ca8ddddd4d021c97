//! What ranks say to each other, as bytes.
//!
//! ```text
//! 4 bytes          header          8 bytes          payload
//! its length       JSON            its length       bytes of a tensor, or nothing
//! ```
//!
//! The header is text, so that another version of this program can read at least which version it is talking to. Nothing is
//! encrypted and nobody is asked who he is: like PyTorch's, such a port belongs into a network of one's own.

use std::io::{self, Read, Write};

use muon::Operation;
use serde::{Deserialize, Serialize};

// ANCHOR: message
/// The header of a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The first words of a rank to rank 0.
    Hello {
        version: u32,
        world: usize,
        rank: usize,
    },
    /// Rank 0's answer to somebody who cannot take part.
    TurnedAway { why: String },
    /// Rank 0's answer to all when all are there.
    Begin,
    /// Bytes of rank 0 for all, such as NCCL's id.
    Word,
    /// A sign of life: which operation a rank started last.
    Doing {
        rank: usize,
        started: u64,
        operation: String,
    },
    /// A rank will join no more.
    Gone { rank: usize, why: String },
    /// What a rank brings to the meeting `number` (chapter 04's `Hall`).
    Tensor {
        rank: usize,
        number: u64,
        operation: Operation,
        shape: Vec<i64>,
        kind: String,
    },
}
// ANCHOR_END: message

// ANCHOR: frames
/// No header is longer: whoever sends more is no rank.
const LONGEST_HEADER: u32 = 64 * 1024;

/// Writes a frame.
///
/// # Errors
/// The line's.
pub fn send(to: &mut impl Write, message: &Message, payload: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(message)?;
    let mut frame = Vec::with_capacity(12 + header.len());
    frame.extend((header.len() as u32).to_le_bytes());
    frame.extend(header);
    frame.extend((payload.len() as u64).to_le_bytes());
    to.write_all(&frame)?;
    to.write_all(payload)
}

/// Waits for a frame: its message, and the bytes behind it.
///
/// # Errors
/// The line's; a header that is too long or no [`Message`]; an end in the middle of a frame.
pub fn receive(from: &mut impl Read) -> io::Result<(Message, Vec<u8>)> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST_HEADER {
        let what = format!("a header of {length} bytes: not a rank of this program");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut header = vec![0; length as usize];
    from.read_exact(&mut header)?;
    let message = serde_json::from_slice(&header)?;
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    // Grows as the bytes come: a length alone takes no memory.
    let mut payload = Vec::new();
    if from.take(length).read_to_end(&mut payload)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((message, payload))
}
// ANCHOR_END: frames
