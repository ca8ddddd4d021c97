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
//! ## Hint 1
//!
//! Three cases, asked in this order: `step < warmup_steps`; more than d steps left or exactly d; the rest. Numbers of steps are
//! `u64`: write `step + d <= steps` and not `step <= steps - d`, which overflows when d is larger than `steps`.
//!
//! ## Hint 2
//!
//! `(ratio * steps as f64).round_ties_even()`. In the warm-down, let u be the share of it that is left, (S - s) / d. At u = 1 the
//! multiplier is 1, at u = 0 it is f: u + (1 - u) · f.
//!
//! ## Hint 3
//!
//! `can_be`: make the other schedule, `Schedule { steps, ..schedule.clone() }`, and ask both for every step below `done`. Loops
//! are allowed: this question is asked once in the life of a run.
//!
//! ## Notes
//!
//! For a run that has not begun its warm-down the answer is yes for all longer runs, and that is what a flat middle is for. A
//! cosine depends on its end from the first step on. With a share of 0.65, as in July 2026, the flat part is short: a run of
//! 2,520 steps can be made longer while it has taken 883 or fewer.
//!
//! Plugged in, the multiplier is compared with the chapter's at every step of your run before it begins: a rate that is wrong at
//! one step in a thousand would be found by nobody afterwards.

use pretrain::Schedule;

/// The multiplier of all learning rates at a step, which is at most `schedule.steps`. Momentum and decay of the schedule do not
/// matter here.
pub fn multiplier(schedule: &Schedule, step: u64) -> f64 {
    let all = schedule.steps;
    let down = (schedule.warmdown_ratio * all as f64).round_ties_even() as u64;
    if step < schedule.warmup_steps {
        (step + 1) as f64 / schedule.warmup_steps as f64
    } else if step + down <= all {
        1.0
    } else {
        let left = (all - step) as f64 / down as f64;
        left + (1.0 - left) * schedule.final_fraction
    }
}

/// Whether a run of this schedule that has taken `done` steps may become one of `steps` steps in all, which are not fewer than `done`.
pub fn can_be(schedule: &Schedule, done: u64, steps: u64) -> bool {
    let other = Schedule {
        steps,
        ..schedule.clone()
    };
    (0..done).all(|step| multiplier(schedule, step) == multiplier(&other, step))
}
