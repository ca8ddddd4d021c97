// ANCHOR: head
//! Several ranks: who starts them, and what each of them computes on.
//!
//! `nanocrab speedrun --nproc 8` starts itself eight times; under `torchrun` or `srun` the program finds in its environment that it is
//! one of several, and `--nproc` is not needed. The same goes for every stage alone.

use crate::recipe::Recipe;
use anyhow::{Context, Result, ensure};
use clap::Args;
use hopper::ranks::{Limits, Nccl, Place, Sockets, launch};
use muon::Collective;
use std::process::ExitCode;
use std::rc::Rc;
use tch::Device;
use tensors::{Choice, Machine};
// ANCHOR_END: head

// ANCHOR: ranks
#[derive(Args, Clone)]
pub struct Ranks {
    /// Start so many ranks on this machine, or `auto`: one per GPU [default: this program alone]
    #[arg(long, value_name = "N")]
    nproc: Option<String>,
}

/// What a command that can be shared is to do.
pub enum Ranked {
    /// Nothing more: the ranks that were started have ended, with this code.
    Started(ExitCode),
    /// The work, as one of several ranks or alone.
    Here(Option<Place>),
}

/// Starts ranks, if that is asked for. A program that was started as a rank starts none.
///
/// # Errors
/// An environment that contradicts itself, `--nproc` without a meaning, ranks that cannot be started.
pub fn ranks(asked: &Ranks) -> Result<Ranked> {
    let place = Place::of_this_program()?;
    let count = match &asked.nproc {
        Some(word) if place.is_none() => launch::how_many(word)?,
        _ => 1,
    };
    if count == 1 {
        return Ok(Ranked::Here(place));
    }
    let program = std::env::current_exe().context("the path of this program is not known")?;
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let code = launch::run(&program, &arguments, count, launch::LAST_WORDS)?;
    Ok(Ranked::Started(ExitCode::from(code)))
}
// ANCHOR_END: ranks

// ANCHOR: join
/// The wish for a machine, with what being one of several ranks adds to it: a GPU of its own, or a share of the cores.
pub fn choice_of(mut choice: Choice, place: Option<&Place>) -> Choice {
    let Some(place) = place else { return choice };
    // Without a wish the machine takes GPU 0, and so would all ranks. One that sees a single GPU was given it for itself.
    let any_gpu = choice.device.as_deref().is_none_or(|it| it == "cuda");
    if any_gpu && launch::gpus() > 1 {
        choice.device = Some(format!("cuda:{}", place.local_rank));
    }
    let sharing = place.local_world.unwrap_or(1).max(1);
    if choice.threads.is_none() && sharing > 1 && std::env::var_os("OMP_NUM_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        choice.threads = Some((cores / sharing).max(1));
    }
    choice
}

/// Meets the other ranks: by NCCL between GPUs, by sockets otherwise.
///
/// # Errors
/// Ranks that do not come, and what else chapter 06 names.
pub fn join(place: &Place, machine: &Machine) -> Result<Rc<dyn Collective>> {
    let limits = Limits::default();
    Ok(match machine.device {
        Device::Cuda(_) => Rc::new(Nccl::join(place, &limits, machine.device)?),
        _ => Rc::new(Sockets::join(place, &limits)?),
    })
}
// ANCHOR_END: join

// ANCHOR: can-share
/// Whether `world` ranks can share the steps of a training stage: each gets as many micro-batches as any other. Asked before the
/// first stage, because the last one would ask it hours later. Rewards are shared by the answer and the pass, evenly or not.
///
/// # Errors
/// Says how many batches there are to be shared.
pub fn can_share(recipe: &Recipe, stage: &str, world: usize) -> Result<()> {
    let tuned = |stage: &sft::StageRecipe| (stage.batch_tokens, stage.device_rows);
    let step = match stage {
        "train" => Some((recipe.train.batch_tokens, recipe.train.device_rows)),
        "mid" => recipe.mid.as_ref().map(tuned),
        "sft" => recipe.sft.as_ref().map(tuned),
        _ => None,
    };
    let Some((tokens, rows)) = step else {
        return Ok(());
    };
    let batches = tokens as usize / (rows * recipe.model.context as usize);
    ensure!(
        batches.is_multiple_of(world),
        "a step of the stage {stage} of the recipe {} is {batches} batches of {rows} rows, which {world} ranks cannot share evenly: \
         choose a number of ranks that divides {batches}, or fewer device_rows",
        recipe.name
    );
    Ok(())
}
// ANCHOR_END: can-share
