// ANCHOR: head
//! Exercise 03.4 in chapter 03's place: outputs and gradients have to be the chapter's, up to rounding.
//!
//! First on small rows, where a mistake shows, then on rows as long as the run's, on the run's device. Those are timed.

use crate::asking::{LIMIT, Trouble, ask};
use crate::beside::{near, times_the_chapters};
use anyhow::{Result, bail};
use speedrun::arithmetic::model_config;
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug, Slowdown};
use speedrun::recipe::Recipe;
use std::collections::BTreeSet;
use std::time::Instant;
use tch::{Device, Kind, Tensor};
use tensors::Machine;
use transformer::{Attend, causal_attention, windows};
// ANCHOR_END: head

// ANCHOR: rows
/// The sizes of a question.
#[derive(Debug, Clone, Copy)]
struct Rows {
    batch: i64,
    heads: i64,
    kv_heads: i64,
    time: i64,
    /// D
    width: i64,
    window: Option<i64>,
}

/// One position; heads of their own; shared heads; a window that cuts, that cuts all but oneself, that is longer than the row.
fn small() -> [Rows; 6] {
    let rows = |heads, kv_heads, time, window| Rows {
        batch: 2,
        heads,
        kv_heads,
        time,
        width: 8,
        window,
    };
    [
        rows(2, 2, 1, None),
        rows(3, 3, 12, None),
        rows(4, 2, 12, None),
        rows(4, 1, 12, Some(3)),
        rows(2, 2, 12, Some(0)),
        rows(2, 2, 12, Some(40)),
    ]
}

/// Numbers of one T × T matrix per row and head that the timed rows may hold, 64 MB of them: an answer may well write the
/// matrix out.
const MOST_WEIGHTS: i64 = 1 << 24;

/// Brings `attend` along.
pub fn plug(whose: &'static str, attend: Attend) -> Plug {
    let exercise = Exercise {
        chapter: 3,
        number: 4,
        title: "causal attention",
    };
    Plug {
        exercise,
        put: Box::new(move |recipe, machine, parts| {
            put(Origin::new(exercise, whose), attend, recipe, machine, parts)
        }),
    }
}

/// Puts `attend` into `parts` if it computes the chapter's attention.
fn put(
    mut origin: Origin,
    attend: Attend,
    recipe: &Recipe,
    machine: &Machine,
    parts: &mut Parts,
) -> Result<()> {
    let config = model_config(&recipe.model, recipe.tokenizer.vocab_size)?;
    let windows = windows(&config);
    let (heads, time) = (config.heads, config.context);
    let as_in_the_run = |window| Rows {
        batch: (MOST_WEIGHTS / (heads * time * time)).clamp(1, recipe.train.device_rows as i64),
        heads,
        kv_heads: config.kv_heads,
        time,
        width: config.head_width(),
        window,
    };
    let (device, compute) = (machine.device, machine.compute);
    let small = small().map(|rows| (rows, Device::Cpu, Kind::Float));
    let distinct: BTreeSet<Option<i64>> = windows.iter().copied().collect();
    let long = distinct
        .into_iter()
        .map(|window| (as_in_the_run(window), device, compute));
    let questions: Vec<(Rows, Device, Kind)> = small.into_iter().chain(long).collect();
    for &(rows, device, kind) in &questions {
        if let Err(trouble) = compare(attend, rows, device, kind) {
            bail!(origin.complaint(&trouble.about(&rows.to_string())));
        }
    }
    let timed = as_in_the_run(windows[0]);
    match ask(LIMIT, move || slowdown(attend, timed, device, compute)) {
        Ok(times_the_chapters) => {
            origin.slowdown = Some(Slowdown {
                of: "forward and backward",
                times_the_chapters,
            });
        }
        Err(trouble) => bail!(origin.complaint(&trouble.about(&timed.to_string()))),
    }
    origin.found = format!(
        "the chapter's outputs and gradients on rows of {} shapes",
        questions.len()
    );
    parts.attention = Part {
        function: attend,
        origin: Some(origin),
    };
    Ok(())
}

impl std::fmt::Display for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rows {
            batch,
            heads,
            kv_heads,
            time,
            width,
            window,
        } = self;
        write!(
            f,
            "q ({batch}, {heads}, {time}, {width}), k and v ({batch}, {kv_heads}, {time}, {width}) and "
        )?;
        match window {
            Some(window) => write!(f, "a window of {window}"),
            None => f.write_str("no window"),
        }
    }
}
// ANCHOR_END: rows

// ANCHOR: answer
/// q, k and v as training hands them over: (B, T, heads, D) seen as (B, heads, T, D), on the way from something that learns.
/// Sines, so that the random numbers of the run are left alone.
fn question(rows: Rows, device: Device, kind: Kind) -> [(Tensor, Tensor); 3] {
    let wave = |heads: i64, step: f64| {
        let size = [rows.batch, rows.time, heads, rows.width];
        let count: i64 = size.iter().product();
        let numbers = (Tensor::arange(count, (Kind::Double, Device::Cpu)) * step).sin() * 2.0;
        let numbers = numbers.to_kind(Kind::Float).view(size).to_device(device);
        let learning = numbers.set_requires_grad(true);
        let seen = (&learning * 1.0).to_kind(kind).transpose(1, 2);
        (learning, seen)
    };
    [
        wave(rows.heads, 0.77),
        wave(rows.kv_heads, 1.31),
        wave(rows.kv_heads, 2.17),
    ]
}

/// The output, and what flows back to q, k and v.
fn answer(
    attend: Attend,
    rows: Rows,
    device: Device,
    kind: Kind,
) -> std::result::Result<[Tensor; 4], String> {
    let [q, k, v] = question(rows, device, kind);
    let y = attend(&q.1, &k.1, &v.1, rows.window);
    if y.size() != q.1.size() {
        return Err(format!(
            "gives {:?}, where q is {:?} and so should be its output",
            y.size(),
            q.1.size()
        ));
    }
    if y.kind() != kind {
        return Err(format!("gives {:?} for {kind:?}", y.kind()));
    }
    if !y.requires_grad() {
        return Err(
            "gives numbers without a gradient, so that nothing before them would learn".into(),
        );
    }
    // Another weight for every number, or mistakes cancel out.
    let weights = (Tensor::arange(y.numel() as i64, (Kind::Double, Device::Cpu)) * 0.31).cos();
    let weights = weights.to_kind(Kind::Float).view_as(&y).to_device(device);
    let y = y.to_kind(Kind::Float);
    (&y * weights).sum(Kind::Float).backward();
    Ok([y.detach(), q.0.grad(), k.0.grad(), v.0.grad()])
}
// ANCHOR_END: answer

// ANCHOR: compare
fn compare(
    attend: Attend,
    rows: Rows,
    device: Device,
    kind: Kind,
) -> std::result::Result<(), Trouble> {
    let found = ask(LIMIT, move || answer(attend, rows, device, kind))?.map_err(Trouble::Wrong)?;
    let right = answer(causal_attention, rows, device, kind).map_err(Trouble::Wrong)?;
    let names = [
        "the output",
        "the gradient of q",
        "the gradient of k",
        "the gradient of v",
    ];
    near(&found, &right, &names, kind)
}

/// Forward and backward together, as a multiple of the chapter's time.
fn slowdown(attend: Attend, rows: Rows, device: Device, kind: Kind) -> f64 {
    let seconds = |attend: Attend| {
        let [q, k, v] = question(rows, device, kind);
        let started = Instant::now();
        let y = attend(&q.1, &k.1, &v.1, rows.window);
        y.sum(Kind::Float).backward();
        // Reading a number waits for a GPU.
        q.0.grad().sum(Kind::Float).double_value(&[]);
        started.elapsed().as_secs_f64()
    };
    times_the_chapters(|| seconds(causal_attention), || seconds(attend))
}
// ANCHOR_END: compare
