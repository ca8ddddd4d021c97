// ANCHOR: head
//! What a change costs in time: a few steps of the base, a few of the variant, and again, so that whatever else slows
//! the machine down slows both. The ratio of the medians is what the table prints; the seconds themselves mean little.

use super::training::Training;
use super::{Bench, Variant};
use crate::run::Run;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Steps of one turn.
const STEPS: usize = 4;
// ANCHOR_END: head

// ANCHOR: speed
/// Tokens per second of a variant and of its base, medians over the turns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    pub variant: f64,
    pub base: f64,
}

impl Speed {
    pub fn ratio(&self) -> f64 {
        self.variant / self.base
    }
}

pub struct SpeedLog {
    path: PathBuf,
    speeds: BTreeMap<String, Speed>,
}

impl SpeedLog {
    pub fn open(path: &Path) -> Result<SpeedLog> {
        let mut speeds = BTreeMap::new();
        if path.exists() {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for (index, line) in text.lines().enumerate().skip(1) {
                let (name, speed) = parse(line).with_context(|| {
                    format!(
                        "{}, line {}: `{line}` is not a measurement; remove the file to measure again",
                        path.display(),
                        index + 1
                    )
                })?;
                speeds.insert(name, speed);
            }
        }
        Ok(SpeedLog {
            path: path.to_path_buf(),
            speeds,
        })
    }

    pub fn of(&self, variant: &str) -> Option<Speed> {
        self.speeds.get(variant).copied()
    }

    fn insert(&mut self, variant: &str, speed: Speed) -> Result<()> {
        self.speeds.insert(variant.into(), speed);
        let mut text = String::from("variant,tokens_per_second,base_tokens_per_second\n");
        for (name, speed) in &self.speeds {
            text += &format!("\"{name}\",{:.0},{:.0}\n", speed.variant, speed.base);
        }
        crate::run_folder::write_whole(&self.path, &text)
    }
}

fn parse(line: &str) -> Option<(String, Speed)> {
    let (name, rest) = line.strip_prefix('"')?.split_once("\",")?;
    let (variant, base) = rest.split_once(',')?;
    let speed = Speed {
        variant: variant.parse().ok()?,
        base: base.parse().ok()?,
    };
    Some((name.into(), speed))
}
// ANCHOR_END: speed

// ANCHOR: measure
/// Measures every chosen variant that has not been measured.
pub(super) fn measure(
    run: &Run,
    bench: &Bench,
    variants: &[Variant],
    chosen: &[&Variant],
    rounds: usize,
    log: &mut SpeedLog,
) -> Result<()> {
    for variant in chosen {
        let base = variants
            .iter()
            .find(|base| Some(base.name.as_str()) == variant.base);
        let (Some(base), None) = (base, log.of(&variant.name)) else {
            continue;
        };
        let mut pair = [
            Training::new(run, bench, variant, 1)?,
            Training::new(run, bench, base, 1)?,
        ];
        let mut times = [Vec::new(), Vec::new()];
        // The first round warms up: memory is asked for, pages are touched.
        for round in 0..=rounds {
            for (training, times) in pair.iter_mut().zip(&mut times) {
                let started = Instant::now();
                for _ in 0..STEPS {
                    training.step(run)?;
                }
                if round > 0 {
                    times.push(started.elapsed().as_secs_f64());
                }
            }
            if run.interrupt.pressed() {
                return Ok(());
            }
        }
        let tokens = STEPS as f64 * run.recipe.train.batch_tokens as f64;
        let [variant_time, base_time] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        let speed = Speed {
            variant: tokens / variant_time,
            base: tokens / base_time,
        };
        run.say(
            "ablate",
            &format!(
                "{:<44} {:.2}× the speed of {}",
                variant.name,
                speed.ratio(),
                base.name
            ),
        );
        log.insert(&variant.name, speed)?;
    }
    Ok(())
}
// ANCHOR_END: measure
