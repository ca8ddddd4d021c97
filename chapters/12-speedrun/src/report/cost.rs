// ANCHOR: head
//! What a run costs: by arithmetic before it, and by the clock where the machine is the one that has the price.

use crate::arithmetic::Plan;
use crate::recipe::{Hardware, Recipe};
use anyhow::Result;
use std::fmt::Write;
use tch::Device;
// ANCHOR_END: head

// ANCHOR: cost
/// The plan's hours and dollars as a row of the header.
pub(super) fn estimate(recipe: &Recipe, text: &mut String) -> Result<()> {
    let plan = Plan::of(recipe)?;
    let hardware = &recipe.hardware;
    write!(
        text,
        "| pretraining by arithmetic | {:.2e} FLOPs",
        plan.total_flops
    )?;
    if let Some(hours) = plan.hours {
        write!(
            text,
            "; {hours:.2} h on {} at {:.1} % of {:.0} TFLOP/s a device",
            hardware.name,
            100.0 * hardware.assumed_mfu.unwrap_or(0.0),
            hardware.peak_flops.unwrap_or(0.0) / 1e12
        )?;
    }
    match plan.dollars {
        Some(dollars) => writeln!(text, "; about ${dollars:.0} |")?,
        None => writeln!(text, "; the recipe names no price |")?,
    }
    Ok(())
}

/// What the stages took, and what the recipe's hardware costs in that time, if they ran on it.
pub(super) fn cost(
    recipe: &Recipe,
    (device, ranks): (Device, usize),
    seconds: f64,
    text: &mut String,
) -> Result<()> {
    write!(
        text,
        "All stages together: **{:.1} minutes**",
        seconds / 60.0
    )?;
    let Hardware {
        name,
        devices,
        dollars_per_hour,
        ..
    } = &recipe.hardware;
    let is_meant = device.is_cuda() && ranks as u64 == *devices;
    match dollars_per_hour {
        Some(dollars) if is_meant => writeln!(
            text,
            ", ${:.2} at ${dollars:.2} an hour for {name}.\n",
            dollars * seconds / 3600.0
        )?,
        Some(dollars) => writeln!(
            text,
            ". The recipe's price, ${dollars:.2} an hour, is that of {name}; this was written by {ranks} {} on {}.\n",
            if ranks == 1 { "rank" } else { "ranks" },
            if device.is_cuda() {
                "CUDA"
            } else {
                "other hardware"
            }
        )?,
        None => writeln!(
            text,
            ". The recipe names no price; pretraining is {:.2e} FLOPs by arithmetic.\n",
            Plan::of(recipe)?.total_flops
        )?,
    }
    Ok(())
}
// ANCHOR_END: cost

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, on: (Device, usize)) -> (String, String) {
        let recipe = Recipe::named(name).expect("a recipe");
        let (mut before, mut after) = (String::new(), String::new());
        estimate(&recipe, &mut before).expect("a row");
        cost(&recipe, on, 2.0 * 3600.0, &mut after).expect("a line");
        (before, after)
    }

    #[test]
    fn a_price_is_asked_on_its_own_hardware_only() {
        let (before, after) = said("d20", (Device::Cuda(0), 8));
        // 3.918e19 FLOPs over eight devices at 48.65 % of 989 TFLOP/s, $24 an hour
        let row = "3.92e19 FLOPs; 2.83 h on 8×H100 SXM, bf16 at 48.6 % of 989 TFLOP/s a device; about $68 |";
        assert!(before.contains(row), "{before}");
        assert!(after.contains("**120.0 minutes**, $48.00 at"), "{after}");
        for elsewhere in [(Device::Cpu, 8), (Device::Cuda(0), 1)] {
            let (_, after) = said("d20", elsewhere);
            assert!(!after.contains("$48"), "{after}");
            assert!(after.contains("is that of 8×H100 SXM"), "{after}");
        }
    }

    #[test]
    fn without_a_price_the_flops_are_named() {
        let (before, after) = said("tiny", (Device::Cpu, 1));
        for line in [before, after] {
            assert!(line.contains("names no price"), "{line}");
            assert!(line.contains(" FLOPs") && !line.contains('$'), "{line}");
        }
    }
}
// ANCHOR_END: tests
