// ANCHOR: head
//! What a run is to do when a disk is full, a loss is no number, or a scheduler wants the machine back.

use clap::{Args, ValueEnum};
use pretrain::shelf::Keep;
use pretrain::trouble::{OnTrouble, Reaction, Spike};
use pretrain::{Durability, WhenUnwritable};
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: options
#[derive(Args, Clone)]
pub struct DurabilityOptions {
    /// Checkpoints that are kept, besides the best
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// When a checkpoint cannot be written: stop, or go on and try again later
    #[arg(long, value_enum, default_value_t = Unwritable::Stop)]
    when_unwritable: Unwritable,
    /// When a loss or a gradient is no number
    #[arg(long, value_enum, default_value_t = Choice::Stop)]
    on_nan: Choice,
    /// When a loss is a spike, see --spike
    #[arg(long, value_enum, default_value_t = Choice::Skip)]
    on_spike: Choice,
    /// A loss of so many times its running mean is a spike [default: none is]
    #[arg(long, value_name = "TIMES")]
    spike: Option<f64>,
    /// Seconds after a SIGTERM in which the program may still save
    #[arg(long, value_name = "SECONDS", default_value_t = 25)]
    grace: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Unwritable {
    Stop,
    GoOn,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    /// End with an error; the last checkpoint stays
    Stop,
    /// Leave the step out
    Skip,
    /// Return to the last checkpoint and read other rows
    GoBack,
}

impl From<Choice> for Reaction {
    fn from(choice: Choice) -> Reaction {
        match choice {
            Choice::Stop => Reaction::Stop,
            Choice::Skip => Reaction::Skip,
            Choice::GoBack => Reaction::GoBack,
        }
    }
}

impl DurabilityOptions {
    pub fn durability(&self) -> Durability {
        Durability {
            keep: Keep {
                last: self.keep as usize,
                best: true,
            },
            when_unwritable: match self.when_unwritable {
                Unwritable::Stop => WhenUnwritable::Stop,
                Unwritable::GoOn => WhenUnwritable::GoOn,
            },
            on_trouble: OnTrouble {
                not_finite: self.on_nan.into(),
                spike: self.spike.map(|factor| Spike {
                    factor,
                    // The running mean knows nothing before.
                    after: 20,
                    reaction: self.on_spike.into(),
                }),
                ..OnTrouble::default()
            },
            ..Durability::default()
        }
    }

    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace)
    }
}
// ANCHOR_END: options
