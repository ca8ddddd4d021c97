//! # Not the same run
//!
//! Goal: find four reasons why a run that was stopped and went on is not the run that was not stopped.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! Below is a whole training run of one weight, which learns the mean of noisy numbers by Adam. It has what large runs have: a
//! loader that reads ahead, random numbers, averages with bias correction, a running mean of the loss, and a rule that leaves out
//! a step whose loss is a spike. `Run::save` writes down where it stands, and `Run::load` goes on from there.
//!
//! It trains well, before the stop and after it. But four things are wrong, two in `save` and two in `load`, and each makes
//! another run of it. The rest of the file is right. A `Saved` has a place for everything that is needed.
//!
//! The judge stops runs and compares every loss with the undisturbed run's, to the last bit: without reading ahead, without
//! noise, without spikes, and with each of them. Which of these hold and which do not says where to look. Mend one at a time, and
//! check.
//!
//! ## Hint 1
//!
//! Go through `Run::step` and ask of every field that it reads: where does it come from after a stop? Is it the same number, or
//! one that is nearly the same?
//!
//! ## Hint 2
//!
//! A number that was read ahead has left the loader and has not been trained on. Where does the next run have to begin to read?
//!
//! Adam's bias correction counts updates. A step that was left out is a step and no update.
//!
//! ## Hint 3
//!
//! In `save`: `read: self.read - self.ahead.len()`, and the running mean as it is, without rounding. In `load`: the dice from
//! `saved.dice` and not from the seed, the updates from `saved.updates` and not from the steps.
//!
//! ## Notes
//!
//! None of the four is exotic. A loader that prefetches and saves where its *reader* stands loses a few batches with every stop.
//! Dice that begin anew at each start draw the same noise again: with dropout, the same masks. A count that is derived from
//! another one is right until somebody adds a rule. And two decimals are enough for a loss that is read by people: where it is
//! small, the mean is 0 afterwards, and every loss a spike.
//!
//! What finds all of them is one test that compares bits. "The loss goes on about where it was" finds none.

use std::collections::VecDeque;

/// What a run is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Numbers to learn from, one a step, read in a circle.
    pub data: Vec<f64>,
    pub seed: u64,
    /// Numbers that wait behind the one that is trained on.
    pub ahead: usize,
    /// How much chance is added to each number.
    pub noise: f64,
    /// A loss of so many times the running mean is a spike.
    pub spike: f64,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    pub step: u64,
    pub weight: f64,
    /// Adam's averages of the gradient and of its square.
    pub first: f64,
    pub second: f64,
    /// Updates that went into the averages.
    pub updates: u64,
    /// The running mean of the loss.
    pub mean: f64,
    /// Numbers that were trained on, or left out.
    pub read: usize,
    pub dice: Dice,
}

/// A run.
pub struct Run {
    settings: Settings,
    step: u64,
    weight: f64,
    first: f64,
    second: f64,
    updates: u64,
    mean: f64,
    /// Numbers that have left the loader.
    read: usize,
    /// Those of them that wait.
    ahead: VecDeque<f64>,
    dice: Dice,
}

impl Run {
    // given
    /// A run that has not begun.
    pub fn new(settings: &Settings) -> Run {
        Run {
            settings: settings.clone(),
            step: 0,
            weight: 0.0,
            first: 0.0,
            second: 0.0,
            updates: 0,
            mean: 0.0,
            read: 0,
            ahead: VecDeque::new(),
            dice: Dice::new(settings.seed),
        }
    }

    // given
    /// One step; returns its loss.
    pub fn step(&mut self) -> f64 {
        while self.ahead.len() <= self.settings.ahead {
            let at = self.read % self.settings.data.len();
            self.ahead.push_back(self.settings.data[at]);
            self.read += 1;
        }
        let number = self.ahead.pop_front().unwrap_or_default();
        let number = number + self.settings.noise * self.dice.next_number();
        let loss = (self.weight - number).powi(2);
        self.step += 1;
        // In the beginning, the loss moves a lot.
        if self.step > 4 && loss > self.settings.spike * self.mean {
            return loss;
        }
        self.mean = if self.step == 1 {
            loss
        } else {
            0.9 * self.mean + 0.1 * loss
        };
        let gradient = 2.0 * (self.weight - number);
        self.updates += 1;
        self.first = 0.9 * self.first + 0.1 * gradient;
        self.second = 0.99 * self.second + 0.01 * gradient * gradient;
        let updates = self.updates as i32;
        let first = self.first / (1.0 - 0.9f64.powi(updates));
        let second = self.second / (1.0 - 0.99f64.powi(updates));
        self.weight -= 0.02 * first / (second.sqrt() + 1e-8);
        loss
    }

    /// Where it stands.
    pub fn save(&self) -> Saved {
        Saved {
            step: self.step,
            weight: self.weight,
            first: self.first,
            second: self.second,
            updates: self.updates,
            // solution
            mean: self.mean,
            read: self.read - self.ahead.len(),
            // end solution
            //+ mean: (self.mean * 100.0).round() / 100.0,
            //+ read: self.read,
            dice: self.dice.clone(),
        }
    }

    /// A run that goes on from there.
    pub fn load(settings: &Settings, saved: &Saved) -> Run {
        Run {
            settings: settings.clone(),
            step: saved.step,
            weight: saved.weight,
            first: saved.first,
            second: saved.second,
            // solution
            updates: saved.updates,
            // end solution
            //+ updates: saved.step,
            mean: saved.mean,
            read: saved.read,
            ahead: VecDeque::new(),
            // solution
            dice: saved.dice.clone(),
            // end solution
            //+ dice: Dice::new(settings.seed),
        }
    }
}

/// Numbers by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Dice(u64);

impl Dice {
    // given
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    // given
    /// The next one, between -1 and 1 (Knuth's linear congruential generator).
    pub fn next_number(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
