// ANCHOR: head
//! Turns: how ways of doing the same are compared on a machine that is never the same twice.
//!
//! Words: a *contestant* is a piece of work that can be repeated; a *round* gives each contestant one *turn*. All ratios
//! and differences are taken inside a round, between turns that lie seconds apart, and then the median over the rounds
//! is reported with the least and the most.

use std::time::Instant;

use tch::Device;

use super::Error;
use super::resources::minor_faults;
// ANCHOR_END: head

// ANCHOR: wait
/// Waits until the device has done what it was asked for. A GPU takes orders and answers at once; a clock that is read
/// before it has finished measures how fast orders are given.
pub fn wait(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}
// ANCHOR_END: wait

// ANCHOR: spread
/// Least, median and most of a few numbers; all NaN if there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    /// In any order.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Spread {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (numbers.first(), numbers.last()) else {
            return Spread {
                least: f64::NAN,
                median: f64::NAN,
                most: f64::NAN,
            };
        };
        // Of an even number of values the two in the middle count half each.
        let middle = numbers.len() / 2;
        let below = numbers[(numbers.len() - 1) / 2];
        Spread {
            least,
            median: (below + numbers[middle]) / 2.0,
            most,
        }
    }

    /// In another unit. A change that turns the order round exchanges least and most.
    pub fn map(self, change: impl Fn(f64) -> f64) -> Spread {
        Spread::of([self.least, self.median, self.most].map(change))
    }

    /// `least`, `median` and `most`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "least": self.least, "median": self.median, "most": self.most })
    }
}
// ANCHOR_END: spread

// ANCHOR: turns
/// A contestant: does its work once.
pub type Work<'a> = Box<dyn FnMut() -> Result<(), Error> + 'a>;

/// What one turn took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Until the device was done.
    pub seconds: f64,
    /// Pages that the kernel had to hand out during the turn; see [`minor_faults`].
    pub faults: u64,
}

/// What all contestants took, in all rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Turns {
    /// `turns[contestant][round]`
    turns: Vec<Vec<Turn>>,
}

impl Turns {
    /// Each contestant once uncounted (memory is asked for, kernels are loaded), then the rounds.
    ///
    /// # Errors
    /// No round at all, and whatever a contestant says.
    pub fn take(
        device: Device,
        rounds: usize,
        contestants: &mut [Work<'_>],
    ) -> Result<Turns, Error> {
        if rounds == 0 {
            return Err(Error::TooFew {
                what: "the number of rounds",
                given: 0,
                least: 1,
            });
        }
        let mut turns = vec![Vec::with_capacity(rounds); contestants.len()];
        for round in 0..=rounds {
            for (work, turns) in contestants.iter_mut().zip(&mut turns) {
                let turn = timed(device, work)?;
                if round > 0 {
                    turns.push(turn);
                }
            }
        }
        Ok(Turns { turns })
    }

    /// From seconds that were measured elsewhere, `seconds[contestant][round]`.
    pub fn from_seconds(seconds: Vec<Vec<f64>>) -> Turns {
        let turn = |seconds| Turn { seconds, faults: 0 };
        let turns = seconds
            .into_iter()
            .map(|rounds| rounds.into_iter().map(turn).collect());
        Turns {
            turns: turns.collect(),
        }
    }

    /// A contestant's turns, round by round.
    pub fn rounds(&self, who: usize) -> &[Turn] {
        &self.turns[who]
    }

    /// Seconds of a contestant's turns.
    pub fn seconds(&self, who: usize) -> Spread {
        Spread::of(self.turns[who].iter().map(|turn| turn.seconds))
    }

    /// Page faults of one turn, the median.
    pub fn faults(&self, who: usize) -> f64 {
        Spread::of(self.turns[who].iter().map(|turn| turn.faults as f64)).median
    }

    /// How many times as fast `quick` is as `slow`, round by round.
    pub fn ratio(&self, slow: usize, quick: usize) -> Spread {
        Spread::of(
            self.pairs(slow, quick)
                .map(|(slow, quick)| slow.seconds / quick.seconds),
        )
    }

    /// How many seconds `quick` saves, round by round.
    pub fn saved(&self, slow: usize, quick: usize) -> Spread {
        Spread::of(
            self.pairs(slow, quick)
                .map(|(slow, quick)| slow.seconds - quick.seconds),
        )
    }

    fn pairs(&self, one: usize, other: usize) -> impl Iterator<Item = (&Turn, &Turn)> {
        self.turns[one].iter().zip(&self.turns[other])
    }
}

fn timed(device: Device, work: &mut Work<'_>) -> Result<Turn, Error> {
    wait(device);
    let (faults, begin) = (minor_faults(), Instant::now());
    work()?;
    wait(device);
    Ok(Turn {
        seconds: begin.elapsed().as_secs_f64(),
        faults: minor_faults().saturating_sub(faults),
    })
}
// ANCHOR_END: turns
