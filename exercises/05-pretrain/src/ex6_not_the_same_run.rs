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
//! Help: `cargo course hint 05.6`. Judge it: `cargo course check 05.6`.

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
            mean: (self.mean * 100.0).round() / 100.0,
            read: self.read,
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
            updates: saved.step,
            mean: saved.mean,
            read: saved.read,
            ahead: VecDeque::new(),
            dice: Dice::new(settings.seed),
        }
    }
}

/// Numbers by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next one, between -1 and 1 (Knuth's linear congruential generator).
    pub fn next_number(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
