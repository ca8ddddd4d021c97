// ANCHOR: head
//! What every stage can be asked for, and how a run is opened with it.

use crate::durability_options::DurabilityOptions;
use crate::launching::{self, Ranks};
use crate::parts::{Origin, Parts, Plug, choose};
use crate::recipe::Recipe;
use crate::run::{Run, say};
use crate::run_folder::RunFolder;
use anyhow::{Result, bail};
use clap::Args;
use hopper::ranks::Place;
use muon::{Collective, Solo};
use pretrain::Interrupt;
use std::path::PathBuf;
use std::rc::Rc;
// ANCHOR_END: head

// ANCHOR: options
#[derive(Args, Clone)]
pub struct Options {
    /// smoke, tiny, d12-2026, d20, gpt2, ablate, or the path of a .json file [default: tiny; for ablate: ablate]
    #[arg(long)]
    pub recipe: Option<String>,
    /// Pretrain on the .txt, .md, .jsonl and .parquet files of this folder
    #[arg(long, value_name = "FOLDER")]
    text: Option<PathBuf>,
    /// Train with your own answers to the exercises that plug in: all of them, or those of these chapters
    #[arg(long, value_name = "NN,NN", num_args = 0..=1, value_delimiter = ',')]
    pub mine: Option<Vec<String>>,
    /// The run's name, a folder below --runs-dir [default: the recipe's name]
    #[arg(long)]
    name: Option<String>,
    #[arg(long, default_value = "runs")]
    runs_dir: PathBuf,
    /// Another seed than the recipe's, for everything that is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// cpu, cuda, cuda:1 or mps [default: the best there is]
    #[arg(long)]
    device: Option<String>,
    /// Threads of libtorch [default: all cores]
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    pub ranks: Ranks,
    #[command(flatten)]
    durability: DurabilityOptions,
}
// ANCHOR_END: options

// ANCHOR: open
impl Options {
    pub fn recipe(&self) -> Result<Recipe> {
        let recipe = Recipe::load(self.recipe.as_deref().unwrap_or("tiny"))?;
        Ok(match self.seed {
            Some(seed) => recipe.with_seed(seed),
            None => recipe,
        })
    }

    /// `runs/NAME`. Two folders of text are two runs, and so is one text with other code.
    fn folder(&self, plugs: &[&Plug]) -> Result<PathBuf> {
        let mut default = self.recipe()?.name;
        if let Some(text) = self.text.as_ref().and_then(|text| text.file_name()) {
            default += &format!("-{}", text.to_string_lossy());
        }
        if !plugs.is_empty() {
            default += "-mine";
        }
        for plug in plugs {
            default += &format!("-{:02}", plug.exercise.chapter);
        }
        Ok(self.runs_dir.join(self.name.as_deref().unwrap_or(&default)))
    }

    fn machine(&self, place: Option<&Place>) -> Result<tensors::Machine> {
        let choice = tensors::Choice {
            device: self.device.clone(),
            threads: self.threads,
            dtype: None,
        };
        Ok(tensors::start(&launching::choice_of(choice, place))?)
    }

    /// Reads the recipe, starts libtorch, looks at what is plugged in, and opens the run's folder; as one of several ranks, returns
    /// when the others are there.
    pub fn open(&self, plugs: &[Plug], place: Option<&Place>) -> Result<(Run, Rc<dyn Collective>)> {
        let speaks = place.is_none_or(|place| place.rank == 0);
        let recipe = self.recipe()?;
        if let Some(text) = &self.text
            && !text.is_dir()
        {
            bail!("--text {}: there is no such folder", text.display());
        }
        let plugs = match &self.mine {
            Some(chapters) => choose(plugs, chapters)?,
            None => Vec::new(),
        };
        let machine = self.machine(place)?;
        let mut parts = Parts::default();
        for plug in &plugs {
            (plug.put)(&recipe, &machine, &mut parts)?;
        }
        for (name, origin) in parts.named() {
            if let Some(origin) = origin.filter(|_| speaks) {
                let Origin {
                    exercise,
                    whose,
                    found,
                    ..
                } = origin;
                say(
                    "mine",
                    &format!("{name}: {whose} (exercise {exercise}) · {found}"),
                );
            }
        }
        // A recipe names the peak of the GPU it is meant for; what a CPU can do is measured.
        let named = recipe
            .hardware
            .peak_flops
            .filter(|_| machine.device.is_cuda());
        let peak_flops = named.unwrap_or_else(|| tensors::measure_gemm_gflops(&machine) * 1e9);
        let folder = RunFolder::open(&self.folder(&plugs)?)?;
        let claim = || folder.claim(&recipe, self.text.as_deref(), &parts);
        // Rank 0 claims the folder, then all meet, then the others look whether it is theirs.
        if speaks {
            claim()?;
        }
        let ranks: Rc<dyn Collective> = match place {
            Some(place) => launching::join(place, &machine)?,
            None => Rc::new(Solo),
        };
        if !speaks {
            claim()?;
        }
        let run = Run {
            folder,
            recipe,
            parts,
            text: self.text.clone(),
            skip: Vec::new(),
            machine,
            rank: ranks.rank(),
            world: ranks.world(),
            interrupt: Interrupt::listen_within(self.durability.grace()),
            durability: self.durability.durability(),
            peak_flops,
            peak_is_measured: named.is_none(),
        };
        Ok((run, ranks))
    }
}
// ANCHOR_END: open
