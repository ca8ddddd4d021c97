// ANCHOR: head
//! `--dry-run`: what a recipe will cost, before it costs anything. All of it is arithmetic, none of it measured.

use crate::method::DialRates;
use crate::recipe::{Model, Recipe};
use anyhow::Result;
use transformer::dial_2026::{DialSettings, dial_2026, scaling_parameters};
use transformer::{Config, dial};
// ANCHOR_END: head

// ANCHOR: plan
/// What follows from a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub parameters: u64,
    /// Those of matrices and head: what the dial of 2026 counts in.
    pub scaling_parameters: u64,
    /// What the dial of 2026 says about rates at this size, batch and length.
    pub dial: DialRates,
    pub flops_per_token: f64,
    pub steps: u64,
    /// Training tokens, in whole steps.
    pub tokens: u64,
    /// Micro-batches per step on each device.
    pub accumulation: usize,
    pub total_flops: f64,
    pub memory: Memory,
    /// Hours of pretraining and their price, where the recipe names a peak and a share of it.
    pub hours: Option<f64>,
    pub dollars: Option<f64>,
}

/// Bytes on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// fp32 masters.
    pub weights: u64,
    pub gradients: u64,
    /// AdamW keeps two moments of embedding and head, Muon one buffer per matrix; sharded over the devices.
    pub optimizer: u64,
    /// What autograd keeps for the backward pass of one micro-batch, plus the logits and their gradient.
    pub activations: u64,
}

impl Memory {
    pub fn total(&self) -> u64 {
        self.weights + self.gradients + self.optimizer + self.activations
    }
}
// ANCHOR_END: plan

// ANCHOR: config
/// The model of a recipe, with the vocabulary that its tokenizer turned out to have.
pub fn model_config(model: &Model, vocab_size: usize) -> Result<Config> {
    let config = Config {
        vocab_size: vocab_size as i64,
        layers: model.layers,
        heads: model.heads,
        kv_heads: model.kv_heads,
        width: model.width,
        context: model.context,
        rope_base: model.rope_base,
        switches: model.switches.clone(),
        // What no recipe changes: softcap, epsilon.
        ..Config::d(4, vocab_size as i64, model.context)?
    };
    config.check()?;
    Ok(config)
}
// ANCHOR_END: config

// ANCHOR: arithmetic
impl Plan {
    pub fn of(recipe: &Recipe) -> Result<Plan> {
        let config = model_config(&recipe.model, recipe.tokenizer.vocab_size)?;
        let parameters = dial::parameter_count(&config) as u64;
        let flops_per_token = dial::flops_per_token(&config) as f64;
        let train = &recipe.train;
        let scaling_parameters = scaling_parameters(&config) as u64;
        let per = |ratio: Option<f64>, parameters: u64| {
            ratio.map(|ratio| (ratio * parameters as f64) as u64)
        };
        let wanted = train
            .tokens
            .or(per(train.tokens_per_parameter, parameters))
            .or(per(train.tokens_per_scaling_parameter, scaling_parameters))
            .unwrap_or(0);
        let steps = (wanted / train.batch_tokens).max(1);
        let tokens = steps * train.batch_tokens;
        let devices = recipe.hardware.devices;
        let rows = train.device_rows as u64;
        let micro_batch = rows * config.context as u64;
        let total_flops = tokens as f64 * flops_per_token;
        let speed = recipe
            .hardware
            .peak_flops
            .zip(recipe.hardware.assumed_mfu)
            .map(|(peak, mfu)| peak * mfu * devices as f64);
        let hours = speed.map(|speed| total_flops / speed / 3600.0);
        Ok(Plan {
            parameters,
            scaling_parameters,
            dial: dial_rates(recipe, &config, wanted)?,
            flops_per_token,
            steps,
            tokens,
            accumulation: (train.batch_tokens / (micro_batch * devices)) as usize,
            total_flops,
            memory: memory(
                &config,
                parameters,
                micro_batch,
                recipe.hardware.bf16,
                devices,
            ),
            hours,
            dollars: hours
                .zip(recipe.hardware.dollars_per_hour)
                .map(|(hours, price)| hours * price),
        })
    }
}

/// What the dial says: rates go with the root of the batch; Muon's weight decay is such that a weight is forgotten over the
/// same share of the run as at depth 12.
fn dial_rates(recipe: &Recipe, config: &Config, tokens: u64) -> Result<DialRates> {
    let settings = DialSettings {
        head_width: config.head_width(),
        // Without a ratio the reference is nanochat's own.
        tokens_per_parameter: recipe.train.tokens_per_scaling_parameter.unwrap_or(12.0),
        ..DialSettings::new(config.vocab_size, config.context)
    };
    let reference = dial_2026(12, &settings)?;
    let batch = recipe.train.batch_tokens as f64;
    let rate_scale = (batch / reference.batch_tokens as f64).sqrt();
    let matrix_decay =
        reference.weight_decay * rate_scale * reference.target_tokens as f64 / tokens.max(1) as f64;
    Ok(DialRates {
        rate_scale,
        matrix_decay,
    })
}

/// The model of memory: with `U = B·T·C` activations of the compute type, plain autograd keeps about 19.5 U per
/// layer (four norms' inputs, q, k, v before and after rotation, attention's output, the MLP's 4 U twice), and
/// the loss needs the logits (B·T·V) in the compute type, in fp32, and as a gradient.
fn memory(config: &Config, parameters: u64, micro_batch: u64, half: bool, devices: u64) -> Memory {
    let bytes = if half { 2 } else { 4 };
    // Value tables are AdamW's too (chapter 04): one on every second layer, a row of the value's width per token.
    let value_tables = match config.switches.value_embeddings {
        true => (config.layers + 1) / 2,
        false => 0,
    };
    let value_width = config.kv_heads * config.head_width();
    let tables = (config.vocab_size * (2 * config.width + value_tables * value_width)) as u64;
    let unit = micro_batch * config.width as u64 * bytes;
    let logits = micro_batch * config.vocab_size as u64;
    Memory {
        weights: 4 * parameters,
        gradients: 4 * parameters,
        optimizer: (8 * tables + 4 * (parameters - tables)) / devices,
        activations: (19.5 * unit as f64) as u64 * config.layers as u64 + logits * (bytes + 4 + 4),
    }
}
// ANCHOR_END: arithmetic

// ANCHOR: print
/// The plan as lines of text.
pub fn describe(recipe: &Recipe) -> Result<String> {
    let plan = Plan::of(recipe)?;
    let gib = |bytes: u64| bytes as f64 / (1u64 << 30) as f64;
    let mut lines = vec![
        format!("recipe {}: {}", recipe.name, recipe.about),
        format!("  parameters        {:>16}", grouped(plan.parameters)),
        format!("  FLOPs per token   {:>16.4e}", plan.flops_per_token),
        format!(
            "  training tokens   {:>16}   in {} steps of {}",
            grouped(plan.tokens),
            grouped(plan.steps),
            grouped(recipe.train.batch_tokens)
        ),
        format!(
            "  micro-batches     {:>16}   per step and device, {} rows of {}",
            plan.accumulation, recipe.train.device_rows, recipe.model.context
        ),
        format!("  training FLOPs    {:>16.3e}", plan.total_flops),
        format!(
            "  memory per device {:>12.1} GiB   weights {:.1}, gradients {:.1}, optimizer {:.1}, activations {:.1}",
            gib(plan.memory.total()),
            gib(plan.memory.weights),
            gib(plan.memory.gradients),
            gib(plan.memory.optimizer),
            gib(plan.memory.activations)
        ),
    ];
    match (plan.hours, plan.dollars) {
        (Some(hours), Some(dollars)) => lines.push(format!(
            "  pretraining       {hours:>14.2} h   on {} at {:.1} % of {:.0} TFLOP/s; about ${dollars:.0}",
            recipe.hardware.name,
            100.0 * recipe.hardware.assumed_mfu.unwrap_or(0.0),
            recipe.hardware.peak_flops.unwrap_or(0.0) / 1e12
        )),
        _ => lines.push(format!("  pretraining        on {}: the speed is measured, not computed", recipe.hardware.name)),
    }
    lines.push(
        "All of this is arithmetic (the formulas stand in chapter 12); nothing was run.".into(),
    );
    Ok(lines.join("\n"))
}

/// 560988160 → 560,988,160
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
// ANCHOR_END: print
