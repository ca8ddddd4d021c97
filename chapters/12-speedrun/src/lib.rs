//! Chapter 12: the speedrun. Everything the chapters before it built, in order, from one recipe.
//!
//! Reading order: [`recipe`] with its check and [`method`] (what a run decides), [`arithmetic`] (what follows from it), [`parts`], [`run`],
//! [`run_folder`], [`stage_manifest`] and [`lineage`] (what stages share), [`rank_0`] (what ranks do not), [`stages`] and [`pipeline`],
//! [`options`] with [`durability_options`], [`launching`] and [`command_line`], [`report`] with [`curve`], [`compare`]; [`ablation`], [`bench`] and
//! [`core_bench`] stand apart.

pub mod ablation;
pub mod arithmetic;
pub mod bench;
mod bench_files;
pub mod command_line;
pub mod compare;
pub mod core_bench;
pub mod curve;
pub mod durability_options;
pub mod launching;
pub mod lineage;
pub mod method;
pub mod options;
pub mod parts;
pub mod pipeline;
pub mod rank_0;
pub mod recipe;
mod recipe_check;
pub mod reply;
pub mod report;
pub mod run;
pub mod run_folder;
pub mod stage_manifest;
pub mod stages;
