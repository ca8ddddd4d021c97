// ANCHOR: head
//! What a model is made from, where a stage has been left out.
//!
//! Words: a stage is *left out* by `--skip`, by a recipe that has none, or because there is nothing that it could start from. A model
//! that is there from an earlier run is used all the same. *Put aside* is a checkpoint that does not follow from what the run
//! does now: it lies in the run's folder `put-aside`, where no stage looks.

use crate::rank_0::by_rank_0;
use crate::recipe::Recipe;
use crate::run::Run;
use crate::run_folder::{RunFolder, write_whole};
use anyhow::{Context, Result};
use muon::Collective;
use pretrain::Metrics;
use std::fs;
use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: left-out
/// The stages that train a model, in order.
pub const MODELS: [&str; 4] = ["base", "mid", "sft", "rl"];

/// What a stage starts from, or asks: the best first. A policy needs a model that answers and stops.
fn starts(stage: &str) -> &'static [&'static str] {
    match stage {
        "mid" => &["base"],
        "sft" => &["mid", "base"],
        "rl" => &["sft"],
        "quiz" => &["rl", "sft", "mid"],
        _ => &[],
    }
}

/// The stage on the command line that makes a model.
pub fn command(model: &str) -> &str {
    if model == "base" { "train" } else { model }
}

/// Whether a recipe has the stage at all.
pub fn in_recipe(recipe: &Recipe, model: &str) -> bool {
    match model {
        "mid" => recipe.mid.is_some(),
        "sft" => recipe.sft.is_some(),
        "rl" => recipe.rl.is_some(),
        _ => true,
    }
}

/// Why a stage has no model and will have none; `None` if it has one, or is going to.
pub fn left_out(run: &Run, model: &str) -> Option<String> {
    if run.folder.has_model(model) {
        return None;
    }
    let command = command(model);
    if run.skip.iter().any(|skipped| skipped == command) {
        return Some(format!("`{command}` is left out, as asked"));
    }
    if !in_recipe(&run.recipe, model) {
        return Some(format!("the recipe has no `{command}`"));
    }
    no_start(run, model)
}

/// Why there is nothing that a stage could start from, if so.
pub fn no_start(run: &Run, stage: &str) -> Option<String> {
    let why = starts(stage).iter().map(|start| left_out(run, start));
    why.collect::<Option<Vec<_>>>()?.pop()
}

/// The model that a stage starts from, or asks: the best that is not left out. It need not be there yet.
pub fn start(run: &Run, stage: &str) -> Option<&'static str> {
    let mut starts = starts(stage).iter().copied();
    starts.find(|start| left_out(run, start).is_none())
}

/// Whether a stage that started from `from` is what it would be now. A start that is better than today's is as good.
pub fn holds(run: &Run, stage: &str, from: &str) -> bool {
    start(run, stage).is_none_or(|now| place(stage, from) <= place(stage, now))
}

/// Whether it is what a stage starts from, or asks, if nothing is left out.
pub fn is_best(stage: &str, from: &str) -> bool {
    place(stage, from) == 0
}

/// Counted from the best. Notes of programs that could not leave a stage out name no start: it was the best.
fn place(stage: &str, from: &str) -> usize {
    let found = starts(stage).iter().position(|start| *start == from);
    found.unwrap_or(0)
}
// ANCHOR_END: left-out

// ANCHOR: descend
/// Called when the training of a model begins or goes on: what does not follow from it is put aside. Returns what the model started
/// from.
pub fn descend(run: &Run, ranks: &dyn Collective, model: &str, from: &str) -> Result<String> {
    let (stale, from) = by_rank_0(ranks, || {
        let stale = run.folder.put_aside_stale(model, from)?;
        Ok((stale, run.folder.start_of(model)))
    })?;
    for old in stale {
        let line = format!("the checkpoint of `{old}` was made without it, and is put aside");
        run.say(command(model), &line);
    }
    if !is_best(model, &from) {
        run.say(model, &format!("starts from the model of `{from}`"));
    }
    Ok(from)
}

impl RunFolder {
    /// Whether a stage has finished a model, and the model is there.
    pub fn has_model(&self, model: &str) -> bool {
        let note = self.note_folder().join(format!("{model}.json"));
        note.exists() && self.model(model).join("config.json").exists()
    }

    /// What the checkpoint of a model started from.
    fn start_of(&self, model: &str) -> String {
        let noted = fs::read_to_string(self.start_note(model)).unwrap_or_default();
        match noted.trim() {
            "" => starts(model).first().copied().unwrap_or_default().into(),
            noted => noted.into(),
        }
    }

    fn start_note(&self, model: &str) -> PathBuf {
        self.note_folder().join(format!("{model}.from"))
    }

    /// Puts aside the checkpoints that do not follow: a model's own, if it started from a lesser one than it would now; all later ones, if the
    /// model is going to be another; else those that were made while it was left out. Returns whose they were.
    fn put_aside_stale(&self, model: &str, from: &str) -> Result<Vec<String>> {
        let at = MODELS.iter().position(|known| *known == model);
        let at = at.with_context(|| format!("`{model}` is no stage that trains a model"))?;
        let begun = !self.checkpoints(model)?.is_empty();
        let lesser = begun && place(model, &self.start_of(model)) > place(model, from);
        let goes_on = begun && !lesser;
        let first = match goes_on {
            true => (at + 1..MODELS.len()).find(|&later| {
                let start = self.start_of(MODELS[later]);
                MODELS[..at].contains(&start.as_str())
            }),
            false => Some(if lesser { at } else { at + 1 }),
        };
        let mut stale = Vec::new();
        for old in &MODELS[first.unwrap_or(MODELS.len())..] {
            if self.put_aside(old)? {
                stale.push((*old).to_string());
            }
        }
        if !goes_on && !from.is_empty() {
            fs::create_dir_all(self.note_folder())
                .with_context(|| format!("cannot create {}", self.note_folder().display()))?;
            write_whole(&self.start_note(model), from)?;
        }
        Ok(stale)
    }

    /// A model's checkpoints, whole or not: `sft`, `sft.step-000120`, `sft.new`.
    fn checkpoints(&self, model: &str) -> Result<Vec<PathBuf>> {
        let cannot = || format!("cannot read {}", self.root().display());
        let mut found = Vec::new();
        for entry in fs::read_dir(self.root()).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_of = name.strip_prefix(model).is_some_and(|rest| {
                // `sft` itself, or one of its siblings of chapter 05
                rest.is_empty() || rest.starts_with('.')
            });
            if is_of && entry.path().is_dir() {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// Moves a model's checkpoints out of the way, cuts its lines off the log, and forgets what was noted of it. The checkpoints come
    /// last: a program that dies before does it again.
    fn put_aside(&self, model: &str) -> Result<bool> {
        let found = self.checkpoints(model)?;
        if found.is_empty() {
            return Ok(false);
        }
        if self.metrics().exists() {
            // Later lines are of later stages, which are put aside too.
            Metrics::open(&self.metrics())?.rewind(model)?;
        }
        for noted in ["from", "seconds", "manifest.json"] {
            let path = self.note_folder().join(format!("{model}.{noted}"));
            if path.exists() {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        let aside = self.root().join("put-aside");
        fs::create_dir_all(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
        for path in found {
            let to = aside.join(path.file_name().unwrap_or_default());
            if to.exists() {
                fs::remove_dir_all(&to)
                    .with_context(|| format!("cannot remove {}", to.display()))?;
            }
            fs::rename(&path, &to)
                .with_context(|| format!("cannot move {} aside", path.display()))?;
        }
        Ok(true)
    }
}
// ANCHOR_END: descend

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    fn folder(models: &[&str]) -> (tempfile::TempDir, RunFolder) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::open(place.path()).expect("a run");
        for model in models {
            fs::create_dir(place.path().join(model)).expect("a checkpoint");
        }
        (place, folder)
    }

    fn aside(folder: &RunFolder, model: &str, from: &str) -> Vec<String> {
        folder.put_aside_stale(model, from).expect("readable")
    }

    #[test]
    fn what_was_made_without_a_stage_does_not_follow_from_it() {
        let (place, folder) = folder(&["base", "sft.step-000010", "base.step-000010"]);
        let made = "{\"stage\":\"base\",\"step\":1}\n";
        fs::write(
            folder.metrics(),
            format!("{made}{{\"stage\":\"sft\",\"step\":1}}\n"),
        )
        .expect("a log");
        assert_eq!(aside(&folder, "mid", "base"), ["sft"]);
        assert!(place.path().join("put-aside/sft.step-000010").exists());
        assert!(place.path().join("base.step-000010").exists());
        assert_eq!(fs::read_to_string(folder.metrics()).expect("a log"), made);

        // Interrupted, and left out once more: what then started from `base` does not follow from the rest of `mid`.
        fs::create_dir(place.path().join("mid")).expect("a checkpoint");
        assert!(aside(&folder, "sft", "base").is_empty());
        for model in ["sft", "rl"] {
            fs::create_dir(place.path().join(model)).expect("a checkpoint");
        }
        assert_eq!(aside(&folder, "mid", "base"), ["sft", "rl"]);
    }

    #[test]
    fn what_started_as_it_would_now_goes_on() {
        let (place, folder) = folder(&["base", "mid", "sft", "rl"]);
        for (model, from) in [
            ("base", ""),
            ("mid", "base"),
            ("sft", "mid"),
            ("sft", "base"),
        ] {
            assert!(aside(&folder, model, from).is_empty(), "{model}, {from}");
        }
        assert_eq!(folder.start_of("sft"), "mid", "whatever is asked for now");
        fs::remove_dir(place.path().join("sft")).expect("a checkpoint");
        assert_eq!(
            aside(&folder, "sft", "base"),
            ["rl"],
            "another model begins"
        );
        fs::create_dir(place.path().join("sft")).expect("a checkpoint");
        assert_eq!(
            aside(&folder, "sft", "mid"),
            ["sft"],
            "there is a better start now"
        );
    }
}
// ANCHOR_END: tests
