//! What it takes to run a kernel: how many threads, and which arguments.
//!
//! Words: a *launch* starts a *grid* of blocks of threads and returns at once; a *stream* is a queue of launches that
//! run one after another. [`Launch`] is the seam between the operations, which say what is to be run, and the GPU that runs
//! it. The tests put a CPU into its place, which runs the same kernels thread by thread.

use tch::{Device, Tensor};

use super::error::Error;
use super::kernel::Kernel;

// ANCHOR: launch
/// Something that runs kernels.
pub trait Launch: Clone + Send + Sync + 'static {
    /// Whether tensors on this device can be handed to it.
    fn reaches(&self, device: Device) -> bool;

    /// Queues a kernel behind all that was queued before.
    ///
    /// # Errors
    /// What stops it from being compiled, loaded or queued. What goes wrong while it runs shows later, as with all GPU work.
    fn launch(&self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), Error>;
}

/// One argument of a kernel, of the type that its source declares.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    /// A pointer to the tensor's first number.
    Tensor(&'a Tensor),
    /// A null pointer.
    Nothing,
    Int(i32),
    Long(i64),
    Float(f32),
}
// ANCHOR_END: launch

// ANCHOR: grid
/// Blocks in two directions, and the threads of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// In x and y.
    pub blocks: (u32, u32),
    /// Of one block.
    pub threads: u32,
}

/// Enough warps in a block to hide one another's waiting for memory, few enough that a short launch fills all processors.
const THREADS: u32 = 256;

/// More blocks than this a flat launch does not need: the 132 processors of an H100 hold 8 such blocks each, and each block
/// goes on in strides.
const MOST_BLOCKS: i64 = 1056;

impl Grid {
    /// For `total` numbers in a row, `width` per thread and stride.
    pub fn flat(total: i64, width: usize) -> Grid {
        let per_block = i64::from(THREADS) * width as i64;
        Grid {
            blocks: (parts(total, per_block).clamp(1, MOST_BLOCKS) as u32, 1),
            threads: THREADS,
        }
    }

    /// For `rows` rows, each taken by `lanes` threads.
    pub fn rows(rows: i64, lanes: i32) -> Grid {
        let threads = rows * i64::from(lanes);
        Grid {
            blocks: (parts(threads, i64::from(THREADS)).max(1) as u32, 1),
            threads: THREADS,
        }
    }

    /// A block for each of `rows`, with more threads where a row is long.
    pub fn block_per_row(rows: i64, length: i64, width: usize) -> Grid {
        let packs = parts(length, width as i64);
        Grid {
            blocks: (rows as u32, 1),
            threads: (parts(packs, 4).clamp(32, 512) as u32).next_multiple_of(32),
        }
    }

    /// For what a single block sums up.
    pub fn one_block() -> Grid {
        Grid {
            blocks: (1, 1),
            threads: THREADS,
        }
    }

    /// A block for each square of `side`.
    pub fn squares(rows: i64, columns: i64, side: i64) -> Grid {
        Grid {
            blocks: (parts(columns, side) as u32, parts(rows, side) as u32),
            threads: THREADS,
        }
    }
}

/// How many parts of `size` cover `total`, the last of them perhaps in part.
fn parts(total: i64, size: i64) -> i64 {
    (total + size - 1) / size
}

/// How many threads share a row: a power of two, up to a warp, and no more than the row has packs.
pub fn lanes(length: i64, width: usize) -> i32 {
    let packs = parts(length, width as i64).clamp(1, 32) as u32;
    packs.next_power_of_two() as i32
}
// ANCHOR_END: grid
