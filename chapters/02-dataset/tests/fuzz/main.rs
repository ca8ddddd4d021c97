//! What must hold for every input, on as many random inputs as there is time for.
//!
//! `NANOCRAB_FUZZ_SECONDS` is the time for each target (2 by default). Inputs are made from numbers that count upwards from
//! `NANOCRAB_FUZZ_SEED`; a failure prints the number of its input and the input, and a run that begins with that number
//! begins with that input:
//! `NANOCRAB_FUZZ_SECONDS=600 cargo test --test fuzz -- --nocapture --test-threads 1`

mod damage;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod packing;
mod parquet_files;
mod positions;
mod rows;
mod token_files;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// An input that takes longer than this is held to be an endless loop.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
}

/// The random choices that make one input (SplitMix64), and, once it has failed, what it consists of.
struct Case {
    state: u64,
    telling: bool,
    story: String,
}

impl Case {
    fn new(seed: u64, telling: bool) -> Self {
        Case {
            state: seed,
            telling,
            story: String::new(),
        }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 32) as usize % n
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A part of the input, kept only when the input is gone through again because it failed.
    fn tell(&mut self, part: impl FnOnce() -> String) {
        if self.telling {
            self.story.push_str(&part());
            self.story.push('\n');
        }
    }
}

/// Runs `check`, which panics where something does not hold, on inputs until the time is up.
fn fuzz(target: &'static str, check: impl Fn(&mut Case)) {
    let first = number("NANOCRAB_FUZZ_SEED", 1);
    let time = Duration::from_secs(number("NANOCRAB_FUZZ_SECONDS", 2));
    let (begun, watched) = channel();
    std::thread::spawn(move || {
        let mut seed = first;
        loop {
            match watched.recv_timeout(PATIENCE) {
                Ok(next) => seed = next,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{target}: NANOCRAB_FUZZ_SEED={seed} has not ended in {PATIENCE:?}");
                    std::process::exit(101);
                }
            }
        }
    });
    let start = Instant::now();
    let mut inputs = 0;
    while start.elapsed() < time {
        let seed = first.wrapping_add(inputs);
        begun.send(seed).expect("the watch is awake");
        let mut case = Case::new(seed, false);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&mut case))) {
            let mut case = Case::new(seed, true);
            let again = catch_unwind(AssertUnwindSafe(|| check(&mut case)));
            let often = if again.is_err() { "" } else { ", only once" };
            let (said, story) = (said(&*panic), case.story);
            panic!("{target}: NANOCRAB_FUZZ_SEED={seed}{often}: {said}\n{story}");
        }
        inputs += 1;
    }
    let rate = inputs as f64 / start.elapsed().as_secs_f64();
    println!("{target}: {inputs} inputs, {rate:.0} a second, all as they should be");
    assert!(inputs > 0, "{target}: nothing was tried");
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
