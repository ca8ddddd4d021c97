// ANCHOR: head
//! What a run does about the things that happen to long runs: by choice, and with defaults that lose nothing.

use crate::disk::{Disk, RealDisk};
use crate::shelf::Keep;
use crate::trouble::OnTrouble;
use std::sync::Arc;
// ANCHOR_END: head

// ANCHOR: durability
#[derive(Debug, Clone)]
pub struct Durability {
    pub keep: Keep,
    /// Whether checkpoints are written by a thread while training goes on. It costs a copy of the state in memory.
    pub background: bool,
    pub when_unwritable: WhenUnwritable,
    pub on_trouble: OnTrouble,
    /// What checkpoints are written to.
    pub disk: Arc<dyn Disk>,
}

impl Default for Durability {
    fn default() -> Self {
        Durability {
            keep: Keep::default(),
            background: true,
            when_unwritable: WhenUnwritable::Stop,
            on_trouble: OnTrouble::default(),
            disk: Arc::new(RealDisk),
        }
    }
}

/// What happens when a checkpoint, or a line of the log, cannot be written: the disk is full, or read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenUnwritable {
    /// The run stops, and says why. A scheduler that starts it again finds the checkpoint before.
    #[default]
    Stop,
    /// It is said, training goes on, and the next checkpoint tries again. Only the last one of a stage has to succeed.
    GoOn,
}
// ANCHOR_END: durability
