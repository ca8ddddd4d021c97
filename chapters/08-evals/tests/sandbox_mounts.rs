//! A file system that is mounted below a folder of Python's is read-only behind the fences, as the folder is.
//!
//! One test in a program of its own: it writes a script and starts it, which fails while another thread happens to fork.
#![cfg(target_os = "linux")]

mod denied;
mod skipped;

use denied::where_refused;
use evals::sandbox::{CPython, Executor, Limits, Verdict};
use skipped::skip;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const PYTHON: &str = "/usr/bin/python3";
const WORKER: &str = env!("CARGO_BIN_EXE_sandbox-worker");

/// A folder of Python's own library that no program of ours needs.
fn spare_folder() -> Option<String> {
    let ask = "import os; print(os.path.realpath(os.path.dirname(os.__file__)) + '/wsgiref')";
    let said = Command::new(PYTHON)
        .args(["-I", "-S", "-c", ask])
        .output()
        .ok()?;
    let folder = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    Path::new(&folder).is_dir().then_some(folder)
}

/// A shell script: in a mount namespace of its own, anybody's to write to is `folder`; then `last`.
fn mounting(folder: &str, last: &str) -> String {
    format!(
        "#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec unshare --mount sh -c 'mount -t tmpfs -o mode=777 none \"{folder}\" && {last}' worker \"$@\"
"
    )
}

fn is_mounted_and_read_only(worker: &Path, folder: &str) {
    let cpython = CPython::builder()
        .worker(worker)
        .python(PYTHON)
        .build()
        .unwrap();
    let program = format!(
        "import os
assert os.listdir('{folder}') == [], 'nothing is mounted there'
assert not os.access('{folder}', os.W_OK), 'it can be written to'"
    );
    let outcome = cpython.run(&program, &Limits::default());
    assert_eq!(Verdict::Finished, outcome.verdict, "{:?}", outcome.refused);
    let own_root = outcome
        .refused
        .iter()
        .all(|layer| layer.name != "mount namespace");
    assert!(own_root, "{:?}", outcome.refused);
}

#[test]
fn what_is_mounted_below_a_folder_of_pythons_is_read_only_too() {
    let Some(folder) = spare_folder() else {
        return skip(format!("no {PYTHON} with its library"));
    };
    let tried = Command::new("sh")
        .args(["-c", &mounting(&folder, "true")])
        .output()
        .unwrap();
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr);
        return skip(format!("only who may mount can try this: {why}"));
    }
    let scratch = tempfile::tempdir().unwrap();
    let worker = scratch.path().join("worker");
    let text = mounting(&folder, &format!("exec \"{WORKER}\" \"$@\""));
    std::fs::write(&worker, text).unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();

    is_mounted_and_read_only(&worker, &folder);
    // A kernel before 5.12: one mount at a time.
    where_refused(&[libc::SYS_mount_setattr], libc::ENOSYS, || {
        is_mounted_and_read_only(&worker, &folder)
    });
}
