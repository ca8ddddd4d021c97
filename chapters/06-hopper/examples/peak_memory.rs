//! What a step of d20 (2026, V 32,768, B 32, T 2,048, bf16) takes, with four sets of kernels. Arithmetic; nothing runs.

use anyhow::Result;
use hopper::precision::memory_model::{Choices, Keeps, MemoryModel};
use tch::Kind;
use transformer::Config;

fn main() -> Result<()> {
    let model = |choices| -> Result<MemoryModel> {
        Ok(MemoryModel {
            config: Config::d_2026(20, 32_768, 2048, 128)?,
            batch: 32,
            time: 2048,
            kind: Kind::BFloat16,
            choices,
        })
    };
    let apart = Choices {
        mix: Keeps::Input,
        ..Choices::fused(Keeps::Output)
    };
    for (name, choices) in [
        ("plain expressions", Choices::plain()),
        ("fused, backward from inputs", Choices::fused(Keeps::Input)),
        ("fused, backward from outputs", apart),
        (
            "the same, mix and norm joined",
            Choices::fused(Keeps::Output),
        ),
    ] {
        let peak = model(choices)?.peak() as f64;
        let (gb, gib) = (peak / 1e9, peak / (1u64 << 30) as f64);
        println!("{name:<31} {gb:6.1} GB  {gib:6.1} GiB");
    }
    println!("{}", model(Choices::fused(Keeps::Output))?.table());
    Ok(())
}
