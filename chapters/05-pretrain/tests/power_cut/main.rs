//! The book's power cut explorer: a browser runs it. Its operations are those of a real save, in the same order, and what it says about
//! each moment is what the page's text says.
//!
//! Where there is no Chromium the tests say so, and fail if `NANOCRAB_NO_SKIP` is 1.

#[allow(dead_code, reason = "its markup is that of another page")]
#[path = "../../../03-transformer/tests/explorer/browser.rs"]
mod browser;
#[allow(dead_code, reason = "nothing is trained here")]
#[path = "../faults/small_run.rs"]
mod small_run;

use browser::{book, in_browser};
use pretrain::disk::{Disk, RealDisk};
use pretrain::shelf::Keep;
use pretrain::snapshot::Snapshot;
use serde_json::json;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;

const SCRIPTS: [&str; 1] = ["power-cut.js"];

/// The machine's disk, and a list of what it was asked to do.
#[derive(Debug, Default)]
struct Journal(Mutex<Vec<String>>);

impl Journal {
    fn note(&self, words: &[&str]) {
        self.0.lock().expect("no panic").push(words.join(" "));
    }
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

impl Disk for Journal {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.note(&["write", name(path)]);
        RealDisk.write(path, content)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.note(&["sync", name(path)]);
        RealDisk.sync(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        RealDisk.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(&["rename", name(from), name(to)]);
        RealDisk.rename(from, to)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.note(&["create", name(path)]);
        RealDisk.create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.note(&["remove", name(path)]);
        RealDisk.remove_folder(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        RealDisk.names(folder)
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        RealDisk.free(folder)
    }
}

/// What a save of step 120 does where step 100 is the only checkpoint, and the only one that is kept.
fn a_real_save() -> Vec<String> {
    let scratch = tempfile::tempdir().expect("a folder");
    let around = scratch.path().join("around");
    std::fs::create_dir(&around).expect("a folder");
    let base = around.join("base");
    let keep = Keep {
        last: 1,
        best: false,
    };
    let tokenizer = small_run::tokenizer();
    let snapshot = |step| {
        let (gpt, optimizer) = small_run::model(&tokenizer, step);
        let buffers = optimizer.state().expect("buffers");
        let state = small_run::state(step, None, &tokenizer);
        Snapshot::take(&gpt, Some(buffers), &tokenizer, &state)
    };
    snapshot(100).write(&RealDisk, &base, &keep).expect("saved");
    let disk = Journal::default();
    snapshot(120).write(&disk, &base, &keep).expect("saved");
    disk.0.into_inner().expect("no panic")
}

#[test]
fn the_operations_are_those_of_a_real_save() {
    let script = r"
        const words = ({ verb, name, to }) => [verb, name, to].filter(Boolean).join(' ');
        const guards = { files: true, manifest: true, inside: true, around: true };
        report(nanocrabPowerCut.operations(guards).map(words));
    ";
    let Some(found) = in_browser("power-cut", "", &SCRIPTS, &json!([]), script) else {
        return;
    };
    // Left out on the page: the small files, and the name `base.old` on the way to a removal.
    let small = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "state.json",
    ];
    let expected: Vec<String> = a_real_save()
        .into_iter()
        .filter(|done| !small.iter().any(|name| done.ends_with(&format!(" {name}"))))
        .filter(|done| !done.ends_with(" base.old") || done.starts_with("remove"))
        .map(|done| done.replace("base.old", "base.step-000100"))
        .collect();
    assert_eq!(found, json!(expected));
}

#[test]
fn nothing_is_lost_unless_something_is_left_out() {
    let script = r"
        const { GUARDS, table } = nanocrabPowerCut;
        const all = Object.fromEntries(Object.keys(GUARDS).map((key) => [key, true]));
        const none = Object.fromEntries(Object.keys(GUARDS).map((key) => [key, false]));
        const ends = (guards) => [...new Set(table(guards).flatMap(({ found }) => found))].sort();
        report({
            all: table(all).map(({ found }) => found.join(' ')),
            without: Object.keys(GUARDS).map((key) => ends({ ...all, [key]: false })),
            none: ends(none),
            onlyTheManifest: ends({ ...none, manifest: true }),
        });
    ";
    let Some(found) = in_browser("power-cut-table", "", &SCRIPTS, &json!([]), script) else {
        return;
    };
    let all = found["all"].as_array().expect("a list");
    assert_eq!(
        (&all[0], &all[all.len() - 1]),
        (&json!("old"), &json!("new"))
    );
    assert!(
        all.iter()
            .all(|end| ["old", "old new", "new"].contains(&end.as_str().unwrap_or("")))
    );
    for ends in found["without"].as_array().expect("a list") {
        assert_eq!(*ends, json!(["new", "nothing", "old"]));
    }
    assert_eq!(found["none"], json!(["garbage", "new", "nothing", "old"]));
    assert_eq!(found["onlyTheManifest"], json!(["new", "nothing", "old"]));
}

#[test]
fn the_explorer_says_what_is_lost() {
    let page = std::fs::read_to_string(book().join("05-pretrain.md")).expect("the page");
    let begin = page.find("<div id=\"power-cut\"").expect("in the page");
    let end = page.find("<!-- end of the power cut explorer -->");
    let markup = &page[begin..end.expect("in the page")];
    let driver = r"
        const root = document.getElementById('power-cut');
        const part = (name) => root.querySelector(`[data-part='${name}']`);
        const losses = () => root.querySelectorAll('tr.loss').length;
        const first = [part('reading').textContent, losses()];
        const box = root.querySelector('[data-guard=around]');
        box.checked = false;
        box.dispatchEvent(new Event('change', { bubbles: true }));
        const second = [part('reading').textContent, losses(), part('rows').lastChild.textContent];
        let turned = false;
        document.addEventListener('keydown', () => { turned = true; });
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        const named = [...root.querySelectorAll('input')].every((control) => control.labels.length > 0);
        report({ visible: !root.hidden, first, second, turned, named });
    ";
    let Some(found) = in_browser("power-cut-page", markup, &SCRIPTS, &json!([]), driver) else {
        return;
    };
    assert_eq!(found["visible"], true);
    assert_eq!(found["named"], true, "every control has a name");
    assert_eq!(found["turned"], false, "keys stay inside");
    let says = |what: &str, words: &str| {
        let text = found[what].to_string();
        assert!(text.contains(words), "{what}: {text}");
    };
    says("first", "at none of them anything is lost");
    assert_eq!(found["first"][1], 0);
    says(
        "second",
        "At 1 of 12 moments a power cut may lose everything",
    );
    says(
        "second",
        "remove base.step-000100the old checkpoint, or the new one, or nothing that can be used",
    );
    assert_eq!(found["second"][1], 1);
}
