//! # The trapezoid
//!
//! Goal: compute the learning rate's multiplier at any step of a run, and say when a run may still be made longer.
//!
//! Minutes: 25. Difficulty: 2 of 5. Plugs in: `./speedrun.sh --mine 05` pretrains with your multiplier.
//!
//! A schedule rises for w = `warmup_steps`, is flat at 1, and falls for the last d steps to `final_fraction`. Steps are counted
//! from 0. In the warm-up, step s has (s + 1) / w, so that the first step is not wasted on a rate of 0 and step w - 1 has the
//! whole rate. The warm-down takes `warmdown_ratio` of all S = `steps`, rounded to whole steps as Python rounds, halves to the
//! even neighbour. While more than d steps are left, or exactly d, the multiplier is 1. With fewer left it is on the straight
//! line from 1 to `final_fraction`, where it would arrive at step S, one after the last.
//!
//! A warm-up goes first: in a short run, where both claim a step, the step is the warm-up's.
//!
//! The second function is about a run that has taken its first `done` steps. May it be made longer, to `steps` in all, or
//! shorter? It may if these steps have had the rates that they would have had in the other run: then nobody can tell afterwards
//! that there ever was another plan. The share `warmdown_ratio` and the number `warmup_steps` stay what they are.
//!
//! Help: `cargo course hint 05.2`. Judge it: `cargo course check 05.2`.

use pretrain::Schedule;

/// The multiplier of all learning rates at a step, which is at most `schedule.steps`. Momentum and decay of the schedule do not
/// matter here.
pub fn multiplier(schedule: &Schedule, step: u64) -> f64 {
    let _ = (schedule, step); // delete this line
    todo!("exercise 05.2")
}

/// Whether a run of this schedule that has taken `done` steps may become one of `steps` steps in all, which are not fewer than `done`.
pub fn can_be(schedule: &Schedule, done: u64, steps: u64) -> bool {
    let _ = (schedule, done, steps); // delete this line
    todo!("exercise 05.2")
}
