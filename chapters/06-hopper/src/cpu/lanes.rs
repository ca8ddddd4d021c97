// ANCHOR: head
//! Eight numbers at a time: how a plain loop becomes vector instructions.
//!
//! A CPU core with AVX2 adds eight fp32 numbers with one instruction, its *lanes*. The compiler turns a loop over a slice into
//! such instructions by itself (*autovectorisation*) under two conditions. It must be allowed to use them: a program for
//! any x86-64 may not, so `pulp` compiles a closure several times and picks, when the program runs, the version
//! for this machine. And the loop must not depend on the order of additions: a sum of floats does, so sums are kept
//! here in several independent ones.

use pulp::Arch;
// ANCHOR_END: head

// ANCHOR: vectorised
/// Runs a loop with the widest instructions that this machine has. What the closure calls must be inlined into it.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}
// ANCHOR_END: vectorised

// ANCHOR: sums
/// Two vectors' worth with AVX2: one is enough for correctness, two hide the four cycles that an addition takes.
const LANES: usize = 16;

/// Σ aᵢ·bᵢ, in sixteen sums that are added up at the end.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (mut a, mut b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in a.by_ref().zip(b.by_ref()) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    total(&sums) + rest
}

/// The sum of the lanes, by halves.
#[inline(always)]
fn total(sums: &[f32; LANES]) -> f32 {
    let mut sums = *sums;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

/// Replaces every x by `f(x).0` and returns Σ `f(x).1`.
#[inline(always)]
pub(super) fn replace_and_sum(row: &mut [f32], f: impl Fn(f32) -> (f32, f32)) -> f32 {
    let mut sums = [0.0f32; LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in chunks.by_ref() {
        for lane in 0..LANES {
            let (new, term) = f(chunk[lane]);
            chunk[lane] = new;
            sums[lane] += term;
        }
    }
    let mut rest = 0.0;
    for x in chunks.into_remainder() {
        let (new, term) = f(*x);
        *x = new;
        rest += term;
    }
    total(&sums) + rest
}

/// Σ `f(x)`, as [`replace_and_sum`] without the writing.
#[inline(always)]
pub(super) fn sum_of(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; LANES];
    let mut chunks = row.chunks_exact(LANES);
    for chunk in chunks.by_ref() {
        for lane in 0..LANES {
            sums[lane] += f(chunk[lane]);
        }
    }
    let rest: f32 = chunks.remainder().iter().map(|&x| f(x)).sum();
    total(&sums) + rest
}
// ANCHOR_END: sums
