//! What a step of d20 (2026, V 32,768, B 32, T 2,048, bf16) takes, with three sets of kernels. Arithmetic; nothing runs.

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
    for (name, choices) in [
        ("plain expressions", Choices::plain()),
        ("fused, backward from inputs", Choices::fused(Keeps::Input)),
        (
            "fused, backward from outputs",
            Choices::fused(Keeps::Output),
        ),
    ] {
        let model = model(choices)?;
        println!("{name}: {:.1} GB", model.peak() as f64 / 1e9);
    }
    println!("{}", model(Choices::fused(Keeps::Output))?.table());
    Ok(())
}
