//! A copy of the clone, in which a learner may write.

use crate::mistakes::Chapter;
use course::Project;
use course::generate::fingerprint;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Clone {
    folder: PathBuf,
}

impl Drop for Clone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Clone {
    /// A copy of this clone, with the exercises as they are at the start.
    pub fn new() -> Self {
        let here = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        // The same name in every run, so that little is compiled anew. Outside of the clone, whose .cargo/config.toml would
        // count twice.
        let name = fingerprint(here.root.as_os_str().as_encoded_bytes());
        let clone = Clone {
            folder: std::env::temp_dir().join(format!("nanocrab-learner-{}", &name[..12])),
        };
        let _ = fs::remove_dir_all(&clone.folder);
        fs::create_dir_all(&clone.folder).unwrap();
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            ".cargo",
            "book",
            "chapters",
            "exercises",
            "solutions",
        ] {
            // What the learner does not change keeps its times, and what was compiled of it in the last run is used again.
            let keep_times = ["chapters", "book"].contains(&part);
            copy(&here.root.join(part), &clone.path(part), keep_times);
        }
        clone.has_exercises_of_its_own();
        clone.has_the_libtorch_of(&here);
        clone.runs("gen --force");
        clone
    }

    /// Cargo knows a workspace's crates by their place in it: the copy's answers, compiled into the same target folder, would
    /// pass for those of the clone itself, and its stubs would be green. With another version they are other crates.
    fn has_exercises_of_its_own(&self) {
        for folder in fs::read_dir(self.path("solutions")).unwrap().flatten() {
            let manifest = folder.path().join("Cargo.toml");
            let text = fs::read_to_string(&manifest).unwrap();
            let shared = "version.workspace = true\n";
            assert!(text.contains(shared), "{}", manifest.display());
            let own = text.replacen(shared, "version = \"0.0.0\"\n", 1);
            fs::write(&manifest, own).unwrap();
        }
    }

    /// The same libtorch under the same name: under another one cargo would compile torch-sys anew.
    fn has_the_libtorch_of(&self, here: &Project) {
        if !here.libtorch().exists() {
            return;
        }
        let _ = std::os::unix::fs::symlink(here.libtorch(), self.path(".libtorch"));
        // cargo tells its tests what it told the compiler.
        let name = std::env::var("LIBTORCH").unwrap_or_default();
        let config = self.path(".cargo/config.toml");
        let text = fs::read_to_string(&config).unwrap();
        let lines = text
            .lines()
            .map(|line| match line.starts_with("LIBTORCH = ") {
                true => format!("LIBTORCH = {name:?}"),
                false => line.to_string(),
            });
        fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
    }

    pub fn has_libtorch(&self) -> bool {
        self.path(".libtorch").exists()
    }

    pub fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// What a command prints, and whether it succeeded.
    pub fn attempt(&self, command: &str) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_course"))
            .args(command.split(' '))
            .current_dir(self.path("exercises"))
            .env_remove("CI")
            // The dependencies are compiled there already.
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    pub fn runs(&self, command: &str) -> String {
        let (success, text) = self.attempt(command);
        assert!(success, "{command}: {text}");
        text
    }

    pub fn fails(&self, command: &str) -> String {
        let (success, text) = self.attempt(command);
        assert!(!success, "{command}: {text}");
        text
    }

    /// The name of an exercise's file, and its solution.
    pub fn solution(&self, chapter: &Chapter, number: u32) -> (String, String) {
        let folder = self.path("solutions").join(chapter.folder).join("src");
        let names = fs::read_dir(&folder).unwrap().flatten();
        let mut names = names.map(|entry| entry.file_name().into_string().unwrap());
        let name = names
            .find(|name| name.starts_with(&format!("ex{number}_")))
            .unwrap();
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    }

    pub fn write(&self, chapter: &Chapter, number: u32, text: &str) {
        let (name, _) = self.solution(chapter, number);
        let folder = self.path("exercises").join(chapter.folder).join("src");
        fs::write(folder.join(name), text).unwrap();
    }
}

/// The folder that this test was built into.
fn target() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_course"));
    program.ancestors().nth(2).unwrap().to_path_buf()
}

fn copy(from: &Path, to: &Path, keep_times: bool) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            // What git ignores is not part of a clone.
            let name = entry.file_name().into_string().unwrap();
            if name != "build" && !name.starts_with(".progress") {
                copy(&entry.path(), &to.join(entry.file_name()), keep_times);
            }
        }
        return;
    }
    fs::copy(from, to).unwrap();
    if keep_times {
        let changed = from.metadata().unwrap().modified().unwrap();
        let copied = fs::File::options().write(true).open(to).unwrap();
        copied.set_modified(changed).unwrap();
    }
}
