//! Seeds: where a rollout's random numbers come from.
//!
//! Each rollout has a seed of its own, a function of where it stands in the run and of nothing else. So a resumed run
//! samples what the straight one would have, and it does not matter how many rows the sampler takes at once.

// ANCHOR: seeds
/// The seed of sample number `sample` of the prompt that was drawn as number `draw`, at a step of a run.
///
/// The draw's number and not the question's: a small task comes round more than once, and the second visit must not
/// get the first one's answers again.
pub fn sample_seed(run: u64, step: u64, draw: u64, sample: u64) -> u64 {
    [run, step, draw, sample].into_iter().fold(0, mixed)
}

/// One more number into the seed. The arithmetic is SplitMix64's (Steele, Lea and Flood 2014): neighbouring numbers
/// come out as far apart as any two.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = (seed ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
// ANCHOR_END: seeds
