// ANCHOR: head
//! The demonstration of chapter 06: operation by operation, what libtorch takes, what ours takes, and what the machine's
//! ceilings would allow.
//!
//! `cargo run --bin hopper`, under a minute on a CPU. `nanocrab bench kernels` measures the same at other sizes and
//! writes files; `nanocrab bench train` takes a whole step apart.

use hopper::bench::kernels;
use hopper::bench::workload::Size;
use transformer::Config;

/// A pass of a small model: 4 rows of 256 tokens, four layers of width 256, 4,096 words.
const ROWS: i64 = 4;
const TIME: i64 = 256;
const VOCABULARY: i64 = 4096;
const ROUNDS: usize = 5;
// ANCHOR_END: head

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    if let Some(word) = std::env::args().nth(1) {
        anyhow::bail!("`{word}` is not understood; sizes are chosen with `nanocrab bench kernels`");
    }
    let machine = tensors::start(&tensors::Choice::default())?;
    let size = Size {
        config: Config {
            heads: 4,
            kv_heads: 4,
            ..Config::d(4, VOCABULARY, TIME)?
        },
        rows: ROWS,
        accumulation: 1,
        clip: None,
    };
    let report = kernels::measure(&size, &machine, ROUNDS, &mut |what| eprintln!("  {what}"))?;
    println!("{}\n{}", report.heading(), report.table());
    println!(
        "eager: chapter 03's expressions. fused: this chapter's. limit: the time in which the ceilings would let the\n\
         bytes be moved, or the products be computed. At sizes that fit into the caches memory is no limit, and a share\n\
         may exceed 100 %. peak: the most memory alive at once, eager → fused."
    );
    Ok(())
}
// ANCHOR_END: main
