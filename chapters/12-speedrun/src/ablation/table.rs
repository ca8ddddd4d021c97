// ANCHOR: head
//! What came out: for each change the difference in bits per byte, on alone and off alone, with an interval.

use super::variant::{ALL_REFINEMENTS, ALL_SWITCHES, SEED};
use super::{Family, Row, SpeedLog, Variant};
use crate::run::Run;
use anyhow::{Context, Result};
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: effect
/// A variant against its base.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub variant: String,
    pub change: &'static str,
    pub base: &'static str,
    /// Mean over pairs of (variant − base), in bits per byte: negative is better.
    pub difference: f64,
    /// Half of the 95 % interval, by Student's t; infinite with a single pair.
    pub half_width: f64,
    pub pairs: usize,
    pub parameters: u64,
    /// Tokens per second, as a share of the base's.
    pub speed: Option<f64>,
}

/// The effects of a family, in the order of the variants.
pub fn effects(
    variants: &[Variant],
    rows: &[Row],
    speeds: &SpeedLog,
    family: Family,
) -> Vec<Effect> {
    let find = |name: &str, seed: u64| {
        rows.iter()
            .find(|row| row.variant == name && row.seed == seed)
    };
    let mut effects = Vec::new();
    for variant in variants.iter().filter(|variant| variant.family == family) {
        let Some(base) = variant.base else { continue };
        let mut differences = Vec::new();
        let mut parameters = 0;
        for row in rows.iter().filter(|row| row.variant == variant.name) {
            if let Some(partner) = find(base, row.seed) {
                differences.push(row.bits_per_byte - partner.bits_per_byte);
                parameters = row.parameters;
            }
        }
        if differences.is_empty() {
            continue;
        }
        let (difference, half_width) = interval(&differences);
        effects.push(Effect {
            variant: variant.name.clone(),
            change: variant.change,
            base,
            difference,
            half_width,
            pairs: differences.len(),
            parameters,
            speed: speeds.of(&variant.name).map(|speed| speed.ratio()),
        });
    }
    effects
}

/// Student's t for a two-sided 95 % interval, by degrees of freedom from 1 on; above 30 the normal distribution's.
const T95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Mean and half of the 95 % interval.
pub fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, f64::INFINITY);
    }
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let t = T95.get(values.len() - 2).copied().unwrap_or(1.96);
    (mean, t * (variance / n).sqrt())
}
// ANCHOR_END: effect

// ANCHOR: markdown
/// The table as Markdown, with what it was measured on.
pub fn markdown(run: &Run, effects: &[Effect], rows: &[Row], family: Family) -> String {
    let mean = |name: &str| {
        let found: Vec<f64> = rows
            .iter()
            .filter(|row| row.variant == name)
            .map(|row| row.bits_per_byte)
            .collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    };
    let (all, what) = match family {
        Family::Model => (ALL_SWITCHES, "all switches on"),
        Family::Optimizer => (ALL_REFINEMENTS, "all refinements on"),
    };
    let mut text = String::from(
        "| change | on alone: Δ bits per byte | off alone: Δ bits per byte | tokens/s, on alone | parameters, on alone |\n|---|--:|--:|--:|--:|\n",
    );
    let cell = |effect: Option<&Effect>| {
        effect.map_or("–".to_string(), |effect| {
            // A minus sign, not a hyphen; an interval from one pair would be no interval.
            let number = format!("{:+.4}", effect.difference).replace('-', "−");
            if effect.half_width.is_finite() {
                format!("{number} ± {:.4}", effect.half_width)
            } else {
                number
            }
        })
    };
    let mut done: Vec<String> = Vec::new();
    for effect in effects {
        // The three rates of AdamW have one name of change and a line each.
        let stem = effect
            .variant
            .trim_end_matches(", on alone")
            .trim_end_matches(", off alone")
            .to_string();
        if done.contains(&stem) {
            continue;
        }
        let twin = |suffix: &str| {
            let name = format!("{stem}{suffix}");
            effects.iter().find(|effect| effect.variant == name)
        };
        let on = twin(", on alone").or_else(|| twin(""));
        text += &format!(
            "| {stem} | {} | {} | {} | {} |\n",
            cell(on),
            cell(twin(", off alone")),
            on.and_then(|on| on.speed)
                .map_or("–".into(), |speed| format!("{speed:.2}×")),
            on.map_or("–".into(), |on| crate::arithmetic::grouped(on.parameters)),
        );
        done.push(stem);
    }
    let (recipe, model) = (&run.recipe.train, &run.recipe.model);
    let pairs = effects.iter().map(|effect| effect.pairs);
    let trust = match (pairs.clone().min(), pairs.max()) {
        (Some(1), Some(1)) => {
            "One pair each: no interval can be given, and differences of a hundredth may be luck."
                .to_string()
        }
        (Some(least), Some(most)) if least == most => {
            format!("Mean of {least} pairs with the 95 % interval of Student's t.")
        }
        (least, most) => format!(
            "Mean of {} to {} pairs, with the 95 % interval of Student's t where there are two or more; the runs are not complete.",
            least.unwrap_or(0),
            most.unwrap_or(0)
        ),
    };
    text += &format!(
        "\nNegative is better where a change is on alone; where it is off alone, positive says that it is missed. \
         {trust} The seed recipe has {} bits per byte, with {what} {}. \
         {} layers, width {}, context {}, {} tokens of tidepool in batches of {}. {} cores of an {}, commit {}, {}; `nanocrab ablate`.\n",
        mean(SEED).map_or("–".into(), |mean| format!("{mean:.4}")),
        mean(all).map_or("–".into(), |mean| format!("{mean:.4}")),
        model.layers,
        model.width,
        model.context,
        crate::arithmetic::grouped(recipe.tokens.unwrap_or(0)),
        crate::arithmetic::grouped(recipe.batch_tokens),
        run.machine.threads,
        crate::report::processor().trim_start_matches(", "),
        crate::report::commit(),
        chrono::Local::now().format("%Y-%m-%d"),
    );
    text
}
// ANCHOR_END: markdown

// ANCHOR: figure
/// Dots with intervals, a line per variant, zero in the middle of things.
pub fn figure(path: &Path, effects: &[Effect]) -> Result<()> {
    use std::fmt::Write;
    // At the left there is room for the longest name.
    let (left, right, top, line) = (400.0, 800.0, 28.0, 20.0);
    let reach = effects
        .iter()
        .map(|effect| {
            effect.difference.abs() + effect.half_width.min(effect.difference.abs() + 0.01)
        })
        .fold(1e-4, f64::max);
    let x =
        |value: f64| left + (right - left) * (value.clamp(-reach, reach) + reach) / (2.0 * reach);
    let height = top + line * effects.len() as f64 + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 {height}\" font-family=\"sans-serif\" font-size=\"12\" \
         fill=\"currentColor\">\n<line x1=\"{0}\" x2=\"{0}\" y1=\"{top}\" y2=\"{1}\" stroke=\"currentColor\" \
         stroke-opacity=\"0.4\"/>\n",
        x(0.0),
        height - 30.0
    );
    for (index, effect) in effects.iter().enumerate() {
        let y = top + line * (index as f64 + 0.7);
        let colour = if effect.base == SEED {
            "#2e86c1"
        } else {
            "#d65a31"
        };
        let (low, high) = (
            x(effect.difference - effect.half_width),
            x(effect.difference + effect.half_width),
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\" \
             stroke=\"{colour}\" stroke-width=\"2\"/><circle cx=\"{:.1}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>",
            left - 12.0,
            y + 4.0,
            effect.variant,
            x(effect.difference)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{0}\">−{reach:.3}</text><text x=\"{1}\" y=\"{0}\" text-anchor=\"middle\">Δ bits per byte \
         (left is better)</text><text x=\"{right}\" y=\"{0}\" text-anchor=\"end\">+{reach:.3}</text>\n</svg>",
        height - 8.0,
        x(0.0)
    );
    let folder = path.parent().context("a figure has a folder")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    crate::run_folder::write_whole(path, &svg)
}
// ANCHOR_END: figure
