// ANCHOR: head
//! What sharing an optimizer costs: bytes on the wire, time, memory. Arithmetic, with its assumptions.
//!
//! In a *ring* each of n ranks sends to its right neighbour and receives from its left. To scatter a sum of S bytes, the
//! tensor is cut into n pieces, and each piece travels n − 1 hops and is added to at each: a rank sends `(n − 1)/n · S` bytes,
//! in n − 1 rounds. To gather is the same way without the adding. A reduction to all is both, one after the other.
//!
//! | operation | bytes that a rank sends | rounds |
//! |---|---|---|
//! | reduce_scatter of S in all | (n − 1)/n · S | n − 1 |
//! | all_gather of S in all | (n − 1)/n · S | n − 1 |
//! | all_reduce of S | 2 (n − 1)/n · S | 2 (n − 1) |
//!
//! `seconds = bytes / bandwidth + rounds · latency`

use crate::groups::{Group, Method};
use crate::sharding::Share;
// ANCHOR_END: head

// ANCHOR: pieces
/// What is sent in one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// So many matrices, and the shorter side of each.
    Stack {
        count: usize,
        entries: usize,
        short: usize,
    },
    Table {
        rows: usize,
        entries: usize,
    },
}

impl Piece {
    /// The pieces of the seed architecture: two tables (V, C), and three stacks of matrices.
    pub fn of_seed(layers: usize, width: usize, vocab_size: usize) -> Vec<Piece> {
        let table = Piece::Table {
            rows: vocab_size,
            entries: vocab_size * width,
        };
        let stack = |count, entries| Piece::Stack {
            count,
            entries,
            short: width,
        };
        let (square, wide) = (width * width, 4 * width * width);
        vec![
            table,
            table,
            stack(4 * layers, square), // q, k, v, o
            stack(layers, wide),       // fc1
            stack(layers, wide),       // fc2
        ]
    }

    /// The pieces of groups as they are.
    pub fn of_groups(groups: &[Group]) -> Vec<Piece> {
        let of_group = |group: &Group| -> Vec<Piece> {
            let entries = |tensor: &tch::Tensor| tensor.numel();
            let parameters = group.parameters.iter().map(|(_, tensor)| tensor);
            match group.method {
                Method::AdamW { .. } => parameters
                    .map(|table| Piece::Table {
                        rows: table.size().first().map_or(1, |&rows| rows as usize),
                        entries: entries(table),
                    })
                    .collect(),
                Method::Muon { .. } => {
                    let first = group.parameters.first().map(|(_, matrix)| matrix);
                    let short = first.and_then(|matrix| matrix.size().into_iter().min());
                    vec![Piece::Stack {
                        count: group.parameters.len(),
                        entries: first.map_or(0, entries),
                        short: short.unwrap_or(0) as usize,
                    }]
                }
            }
        };
        groups.iter().flat_map(of_group).collect()
    }
}
// ANCHOR_END: pieces

// ANCHOR: traffic
/// How fast neighbours talk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Bytes per second from one rank to the next.
    pub bandwidth: f64,
    /// Seconds from the start of a round to the first byte.
    pub latency: f64,
}

/// Of one rank in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    /// Bytes sent, and as many received.
    pub bytes: f64,
    /// Rounds of a ring, one after the other.
    pub rounds: f64,
    /// Bytes of optimizer buffers that rank 0 keeps. No rank keeps more.
    pub buffers: f64,
    /// Of Muon's matrices, the share that the busiest rank orthogonalises, by arithmetic. 1 / world at best.
    pub orthogonalised: f64,
}

impl Traffic {
    /// Gradients and weights of four bytes per entry, AdamW's two buffers and Muon's one.
    pub fn of_step(pieces: &[Piece], world: usize) -> Traffic {
        let (n, around) = (world as f64, world as f64 - 1.0);
        let mut traffic = Traffic::default();
        let mut work = (0.0, 0.0); // of the busiest rank, of all
        for piece in pieces {
            let (sent, kept) = match *piece {
                Piece::Stack {
                    count,
                    entries,
                    short,
                } => {
                    let share = Share::of_stack(count, 0, world);
                    // The products of a round with the short side R cost 4R²C + 2R³.
                    let each = (4 * short * entries + 2 * short.pow(3)) as f64;
                    work.0 += share.count as f64 * each;
                    work.1 += count as f64 * each;
                    let padded = share.each.map_or(count, |each| each * world);
                    (padded * entries, share.count * entries)
                }
                Piece::Table { rows, entries } => {
                    let shape = [rows as i64, (entries / rows) as i64];
                    let share = Share::of_table(&shape, 0, world);
                    (entries, 2 * share.count * (entries / rows))
                }
            };
            // Cut: scattered and gathered. Not cut: reduced to all. Both go round the ring twice.
            traffic.bytes += 2.0 * around / n * 4.0 * sent as f64;
            traffic.rounds += 2.0 * around;
            traffic.buffers += 4.0 * kept as f64;
        }
        traffic.orthogonalised = work.0 / work.1;
        traffic
    }

    pub fn seconds(&self, link: &Link) -> f64 {
        self.bytes / link.bandwidth + self.rounds * link.latency
    }
}
// ANCHOR_END: traffic
