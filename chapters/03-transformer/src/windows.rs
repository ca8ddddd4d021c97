// ANCHOR: head
//! Switch: windows. Most layers need not see far. A pattern such as `SSSL` is repeated over the layers: S layers see a
//! short stretch, L layers everything, and the last layer is always long. The work of attention shrinks with the window.

use crate::Config;

/// Short windows are multiples of this, the block size of GPU attention kernels.
const BLOCK: i64 = 128;
// ANCHOR_END: head

// ANCHOR: windows
/// For each layer how many positions back a query sees, itself not counted; `None` is all.
pub fn windows(config: &Config) -> Vec<Option<i64>> {
    let last = config.layers as usize - 1;
    (0..config.layers as usize)
        .map(|layer| {
            let pattern = config.switches.window_pattern.as_deref()?.as_bytes();
            let short = layer != last && pattern[layer % pattern.len()] == b'S';
            let window = short_window(config.context);
            (short && window < config.context).then_some(window)
        })
        .collect()
}

/// A quarter of the context, rounded up to whole blocks.
pub fn short_window(context: i64) -> i64 {
    (context + 4 * BLOCK - 1) / (4 * BLOCK) * BLOCK
}
// ANCHOR_END: windows
