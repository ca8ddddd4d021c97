//! Chapter 12: the speedrun. Everything the chapters before it built, in order, from one recipe.
//!
//! Reading order: [`recipe`] and [`method`] (what a run decides), [`arithmetic`] (what follows from it), [`run`] and
//! [`run_folder`] (what stages share), [`stages`], [`report`] with [`curve`]; [`ablation`] and
//! [`core_bench`] stand apart.

pub mod ablation;
pub mod arithmetic;
pub mod core_bench;
pub mod curve;
pub mod method;
pub mod recipe;
pub mod reply;
pub mod report;
pub mod run;
pub mod run_folder;
pub mod stages;
