//! Disks: power cuts after every operation, full, read-only, silent, forgetful.

use crate::faulty_disk::{Fault, FaultyDisk};
use crate::small_run::{events, model, state, tokenizer, trace, train, undisturbed};
use pretrain::disk::RealDisk;
use pretrain::manifest::Manifest;
use pretrain::shelf::{self, Keep};
use pretrain::snapshot::Snapshot;
use pretrain::{Durability, Outcome, WhenUnwritable, checkpoint};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use transformer::Plain;

/// A checkpoint of this step, whose weights are of the seed `step`.
fn snapshot(step: u64, bits_per_byte: Option<f64>) -> Snapshot {
    let tokenizer = tokenizer();
    let (gpt, optimizer) = model(&tokenizer, step);
    let state = state(step, bits_per_byte, &tokenizer);
    let buffers = optimizer.state().unwrap();
    Snapshot::take(&gpt, Some(buffers), &tokenizer, &state)
}

fn save(base: &Path, step: u64, bits_per_byte: Option<f64>) {
    let written = snapshot(step, bits_per_byte).write(&RealDisk, base, &Keep::default());
    written.expect("a checkpoint");
}

/// Every file of the folder that its manifest names, and that all of them hold.
fn content(base: &Path) -> BTreeMap<String, Vec<u8>> {
    let manifest = Manifest::read(&RealDisk, base)
        .expect("read")
        .expect("there");
    manifest.verify(&RealDisk, base).expect("whole");
    let read = |name: &String| {
        (
            name.clone(),
            std::fs::read(base.join(name)).expect("a file"),
        )
    };
    manifest.files.keys().map(read).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// Saves once more, with a power cut after every operation in turn, each on a disk of its own that has `before` checkpoints. What is
/// found afterwards has to be whole: the old checkpoint or the new one. How often it was which.
fn cut_everywhere(before: u64, keep: &Keep, disk: impl Fn(Fault) -> FaultyDisk) -> (u64, u64) {
    let wanted: Vec<_> = (1..=before + 1)
        .map(|step| {
            let folder = tempfile::tempdir().expect("a folder");
            save(&folder.path().join("base"), step, None);
            content(&folder.path().join("base"))
        })
        .collect();
    let (mut old, mut new) = (0, 0);
    for at in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("base");
        for step in 1..=before {
            let written = snapshot(step, None).write(&RealDisk, &base, keep);
            written.expect("a checkpoint");
        }
        let disk = disk(Fault::Crash { at });
        let written = snapshot(before + 1, None).write(&disk, &base, keep);
        if disk.operations() <= at {
            written.expect("nothing went wrong");
            assert!(at > 20, "only {at} operations were tried");
            break;
        }
        written.expect_err("the machine is off");
        let said = shelf::recover(&RealDisk, &base).expect("recovers");
        assert_eq!(
            said,
            Vec::<String>::new(),
            "operation {at}: nothing is damaged"
        );
        if before == 0 && !base.exists() {
            old += 1;
            continue;
        }
        let found = content(&base);
        let step = Manifest::read(&RealDisk, &base)
            .expect("read")
            .expect("there")
            .step;
        assert!(
            found == wanted[step as usize - 1],
            "operation {at}: the files are of another step"
        );
        match step {
            step if step == before => old += 1,
            step if step == before + 1 => new += 1,
            step => panic!("operation {at}: the checkpoint of step {step} was taken"),
        }
        for name in names(folder.path()) {
            let left = ["base.new", "base.old", "base.damaged"].contains(&&*name);
            assert!(!left, "operation {at}: {name} is left");
        }
        // And the next save works.
        save(&base, before + 2, None);
        assert_eq!(content(&base).len(), 6);
    }
    (old, new)
}

#[test]
fn a_power_cut_after_any_operation_of_a_save_leaves_one_whole_checkpoint_the_old_or_the_new() {
    // The first save, one with nothing to remove, and one that removes the oldest.
    for before in 0..3 {
        let (old, new) = cut_everywhere(before, &Keep::default(), FaultyDisk::new);
        assert!(old > 10 && new > 2, "old {old} times, new {new} times");
    }
}

#[test]
fn a_power_cut_that_takes_back_names_and_renames_leaves_one_whole_checkpoint_too() {
    // One that is kept, so that the older one is removed at once: without the folder's sync before, both would be gone.
    let alone = Keep {
        last: 1,
        best: false,
    };
    for (before, keep) in [(0, Keep::default()), (2, Keep::default()), (1, alone)] {
        let (old, new) = cut_everywhere(before, &keep, FaultyDisk::forgetting_names);
        assert!(old > 10 && new > 2, "old {old} times, new {new} times");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_in_any_file_is_named_and_the_older_checkpoint_taken(
        file in 0usize..6, place in 0.0f64..1.0, bit in 0u8..8,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("base");
        save(&base, 1, None);
        let whole = content(&base);
        save(&base, 2, None);
        let name = whole.keys().nth(file).expect("six files");
        let mut bytes = std::fs::read(base.join(name)).expect("a file");
        let at = (place * bytes.len() as f64) as usize;
        bytes[at] ^= 1 << bit;
        std::fs::write(base.join(name), bytes).expect("write");
        let said = shelf::recover(&RealDisk, &base).expect("recovers").join("\n");
        prop_assert!(said.contains(name.as_str()) && said.contains("step 1"), "{}", said);
        prop_assert!(content(&base) == whole);
        prop_assert!(folder.path().join("base.damaged").exists(), "kept to look at");
    }
}

#[test]
fn a_missing_file_a_short_file_and_a_broken_manifest_are_named() {
    type Spoil = dyn Fn(&Path);
    let spoil: [(&str, &str, &Spoil); 4] = [
        ("optimizer-0.safetensors", "missing", &|path| {
            std::fs::remove_file(path).expect("remove")
        }),
        ("state.json", "bytes instead of", &|path| {
            std::fs::write(path, "{").expect("write")
        }),
        ("manifest.json", "missing", &|path| {
            std::fs::remove_file(path).expect("remove")
        }),
        ("manifest.json", "cannot be read", &|path| {
            std::fs::write(path, [0, 255, 7]).expect("write")
        }),
    ];
    for (name, word, spoil) in spoil {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("base");
        save(&base, 1, None);
        save(&base, 2, None);
        spoil(&base.join(name));
        let said = shelf::recover(&RealDisk, &base)
            .expect("recovers")
            .join("\n");
        assert!(
            said.contains(name) && said.contains(word) && said.contains("step 1"),
            "{said}"
        );
    }
}

#[test]
fn a_file_that_reads_short_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base");
    save(&base, 1, None);
    save(&base, 2, None);
    let disk = FaultyDisk::new(Fault::ShortRead { bytes: 100 });
    let error = shelf::recover(&disk, &base)
        .expect_err("nothing is whole")
        .to_string();
    assert!(
        error.contains("base/model.safetensors") && error.contains("100 bytes instead of"),
        "{error}"
    );
    assert!(
        error.contains("base.step-000001/model.safetensors"),
        "the older one is named too: {error}"
    );
    assert!(error.contains("train anew"), "{error}");
    assert!(
        base.exists(),
        "what is damaged stays where it is while there is nothing better"
    );
    assert_eq!(
        shelf::recover(&RealDisk, &base).expect("recovers"),
        Vec::<String>::new()
    );
}

#[test]
fn the_last_two_and_the_best_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base");
    for (step, score) in [(10, 3.0), (20, 1.0), (30, 2.0), (40, 2.5), (50, 2.2)] {
        save(&base, step, None); // before the evaluation
        save(&base, step, Some(score));
    }
    assert_eq!(
        names(folder.path()),
        ["base", "base.step-000020", "base.step-000040"]
    );
    save(&base, 60, Some(0.5));
    assert_eq!(names(folder.path()), ["base", "base.step-000050"]);
    assert_eq!(
        checkpoint::read_state(&base)
            .expect("a state")
            .expect("there")
            .step,
        60
    );
}

#[test]
fn a_disk_without_room_is_seen_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base");
    save(&base, 1, None);
    let disk = FaultyDisk::new(Fault::Full { free: 10_000 });
    let error = snapshot(2, None)
        .write(&disk, &base, &Keep::default())
        .expect_err("no room");
    let error = error.to_string();
    assert!(
        error.contains("10000 are free") && error.contains("make room"),
        "{error}"
    );
    assert_eq!(names(folder.path()), ["base"]);
}

#[test]
fn the_size_that_is_asked_for_is_the_size_that_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = snapshot(1, None).size();
    save(&folder.path().join("base"), 1, None);
    let written: u64 = names(&folder.path().join("base"))
        .iter()
        .map(|name| {
            std::fs::metadata(folder.path().join("base").join(name))
                .expect("a file")
                .len()
        })
        .sum();
    assert!(
        written <= asked && asked < written + 20_000,
        "{written} written, {asked} asked for"
    );
}

#[test]
fn a_disk_that_fills_up_or_does_not_sync_leaves_the_old_checkpoint_and_no_rubbish() {
    let faults = [
        Fault::Write {
            name: "optimizer-0.safetensors",
            kind: io::ErrorKind::StorageFull,
            times: 1,
        },
        Fault::Write {
            name: "manifest.json",
            kind: io::ErrorKind::ReadOnlyFilesystem,
            times: 1,
        },
        Fault::Sync,
    ];
    for fault in faults {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("base");
        save(&base, 1, None);
        let old = content(&base);
        let disk = FaultyDisk::new(fault.clone());
        let error = snapshot(2, None)
            .write(&disk, &base, &Keep::default())
            .expect_err("fails");
        let error = error.to_string();
        assert!(
            error.contains("base.new") && error.contains("space left"),
            "{error}"
        );
        assert!(content(&base) == old);
        assert_eq!(names(folder.path()), ["base"], "{fault:?}");
    }
}

fn unwritable(when: WhenUnwritable, times: usize, background: bool) -> Durability {
    let name = "model.safetensors";
    let kind = io::ErrorKind::StorageFull;
    Durability {
        when_unwritable: when,
        background,
        disk: Arc::new(FaultyDisk::new(Fault::Write { name, kind, times })),
        ..Durability::default()
    }
}

#[test]
fn a_full_disk_stops_the_run_or_not_as_was_asked() {
    let whole = tempfile::tempdir().expect("a folder");
    undisturbed(whole.path());
    for background in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let stop = unwritable(WhenUnwritable::Stop, 1, background);
        let error = train(folder.path(), &stop, &Plain, None)
            .expect_err("full")
            .to_string();
        assert!(error.contains("model.safetensors"), "{error}");
        assert!(
            events(folder.path()).len() < 20,
            "it stopped before the end"
        );

        // Some checkpoints fail, the last one does not: the run is as if nothing had happened.
        let folder = tempfile::tempdir().expect("a folder");
        let go_on = unwritable(WhenUnwritable::GoOn, 5, background);
        let outcome = train(folder.path(), &go_on, &Plain, None).expect("goes on");
        assert!(matches!(outcome, Outcome::Finished(_)));
        assert!(trace(folder.path()) == trace(whole.path()));

        // A run is not called finished whose last checkpoint is nowhere.
        let folder = tempfile::tempdir().expect("a folder");
        let never = unwritable(WhenUnwritable::GoOn, usize::MAX, background);
        let error = train(folder.path(), &never, &Plain, None)
            .expect_err("full")
            .to_string();
        assert!(error.contains("model.safetensors"), "{error}");
    }
}

#[test]
fn a_run_goes_on_from_the_older_checkpoint_and_ends_the_same() {
    let (whole, folder) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    undisturbed(whole.path());
    train(folder.path(), &Durability::default(), &Plain, Some(10)).expect("interrupted");
    let weights = folder.path().join("base/model.safetensors");
    let mut bytes = std::fs::read(&weights).expect("weights");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&weights, bytes).expect("write");
    undisturbed(folder.path());
    assert!(trace(folder.path()) == trace(whole.path()), "another run");
}
