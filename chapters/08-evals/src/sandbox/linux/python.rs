// ANCHOR: python
//! Which files make up a Python: its program, its library, and the shared libraries of the system. These, and nothing
//! else, a program will be able to read.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Python {
    /// The real file: `python3` may be a link, or a script of a version manager.
    pub program: PathBuf,
    /// Files and folders that it reads, links resolved.
    pub reads: Vec<PathBuf>,
}

/// Our own text, run without fences. `-S` leaves out installed packages; HumanEval needs none.
const ASK: &str = r#"
import json, os, sys, sysconfig
program = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
library = sysconfig.get_config_var("LIBDIR") or ""
shared = [os.path.join(library, n) for n in (os.listdir(library) if os.path.isdir(library) else []) if n.startswith("libpython")]
print(json.dumps({"program": program, "reads": [os.path.realpath(p) for p in sys.path + shared if os.path.exists(p)]}))
"#;

/// Where the dynamic linker looks. Links among these (`/lib` is one to `usr/lib` nowadays) stay links. The linker itself
/// lies in `/lib64` on x86-64 and in `/lib` on aarch64; a folder that is not there is left out.
pub(super) const SYSTEM: [&str; 7] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/etc/ld.so.cache",
];

impl Python {
    pub fn find(candidate: &Path) -> Result<Python, String> {
        let output = Command::new(candidate)
            .args(["-I", "-S", "-c", ASK])
            .env_clear()
            .env("PATH", "/usr/bin:/bin") // for a version manager's script
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            let last = String::from_utf8_lossy(&output.stderr);
            return Err(last
                .lines()
                .last()
                .unwrap_or("it failed without a word")
                .to_owned());
        }
        let python: Python =
            serde_json::from_slice(&output.stdout).map_err(|_| "it is no Python 3".to_owned())?;
        Ok(python)
    }

    /// Everything that must be readable, each path once and none inside another.
    pub fn paths(&self) -> Vec<PathBuf> {
        let system = SYSTEM
            .iter()
            .filter_map(|path| Path::new(path).canonicalize().ok());
        let mut all: Vec<PathBuf> = self.reads.iter().cloned().chain(system).collect();
        all.push(self.program.clone());
        all.sort();
        all.dedup_by(|later, earlier| later.starts_with(earlier.as_path()));
        all
    }
}
// ANCHOR_END: python
