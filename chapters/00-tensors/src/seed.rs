//! Random numbers that come out the same again.

// ANCHOR: seed
/// Seeds libtorch's generators, on the CPU and on every GPU. The same seed, device and number of threads give the same
/// numbers. Draws that must not depend on the device or on what was drawn before (shuffles, samples) take a seed of
/// their own from whoever calls them; this one is for weights' first values.
pub fn seed_everything(seed: i64) {
    tch::manual_seed(seed);
}
// ANCHOR_END: seed
