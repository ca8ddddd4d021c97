// ANCHOR: head
//! The curves of the stages, drawn from the log.

use crate::curve::{Series, draw};
use crate::run::Run;
use crate::stages::base::BaseNote;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: curves
/// The points (step, value) of one field of one stage.
fn points(events: &[Value], stage: &str, field: &str) -> Vec<(f64, f64)> {
    events
        .iter()
        .filter(|event| event["stage"] == stage)
        .filter_map(|event| Some((event["step"].as_f64()?, event[field].as_f64()?)))
        .collect::<Vec<_>>()
}

pub(super) fn curves(run: &Run, events: &[Value], text: &mut String) -> Result<()> {
    writeln!(text, "## Curves\n")?;
    for (stage, title) in [
        ("base", "Pretraining"),
        ("mid", "Midtraining"),
        ("sft", "Fine-tuning"),
    ] {
        let loss = points(events, stage, "loss");
        if loss.len() < 2 {
            continue;
        }
        let name = format!("figures/{stage}-loss.svg");
        let series = [Series {
            label: format!("{title}: training loss"),
            points: loss,
        }];
        draw(
            &run.folder.root().join(&name),
            "step",
            "nats per token",
            &series,
        )?;
        writeln!(
            text,
            "![{title}: training loss, nats per token, over steps]({name})\n"
        )?;
    }
    let rewards = points(events, "rl", "reward");
    if rewards.len() >= 2 {
        let name = "figures/rl-reward.svg";
        let series = [Series {
            label: "mean reward of a step".into(),
            points: rewards,
        }];
        draw(&run.folder.root().join(name), "step", "reward", &series)?;
        writeln!(
            text,
            "![Reinforcement learning: mean reward over steps]({name})\n"
        )?;
    }
    let bits = points(events, "base", "bits_per_byte");
    if bits.len() >= 2 {
        let trigram = run
            .folder
            .read_note::<BaseNote>("base")?
            .map(|note| note.trigram_bits_per_byte);
        let ends = (bits[0].0, bits[bits.len() - 1].0);
        let mut series = vec![Series {
            label: "the model".into(),
            points: bits,
        }];
        if let Some(trigram) = trigram {
            series.push(Series {
                label: "Kneser–Ney trigram".into(),
                points: vec![(ends.0, trigram), (ends.1, trigram)],
            });
        }
        draw(
            &run.folder.root().join("figures/bits-per-byte.svg"),
            "step",
            "bits per byte",
            &series,
        )?;
        writeln!(
            text,
            "![Bits per byte on validation text, over steps](figures/bits-per-byte.svg)\n"
        )?;
    }
    Ok(())
}
// ANCHOR_END: curves
