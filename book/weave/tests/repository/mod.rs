//! A small repository to weave: one crate, and a book of one page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const TRAIN: &str = "\
//! How merges are counted.
// ANCHOR: count
/// Counts.
pub fn count() -> u32 {
    1
}
// ANCHOR_END: count
";

pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub fn new(page: &str) -> Repository {
        let repository = Repository {
            folder: tempfile::tempdir().unwrap(),
        };
        let manifest = "[package]\nname = \"tokenizer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\npath = \"src/train.rs\"\n";
        repository.write("chapters/01-tokenizer/Cargo.toml", manifest);
        repository.write("chapters/01-tokenizer/src/train.rs", TRAIN);
        repository.write(
            "book/book.toml",
            "[book]\ntitle = \"T\"\n[build]\nbuild-dir = \"build\"\ncreate-missing = false\nuse-default-preprocessors = false\n\
             [preprocessor.weave]\nsource-url = \"https://example.org/blob/main/\"\n[output.html.playground]\nrunnable = false\n\
             [output.html.search]\nenable = true\n[output.html.print]\nenable = true\n",
        );
        repository.write("book/src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n");
        repository.write("book/src/one.md", page);
        repository
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.file(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the program, as `cargo course book` does.
    #[allow(dead_code, reason = "not every test file starts the program")]
    pub fn weave(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weave"));
        Said::of(command.args(arguments).current_dir(self.path()))
    }
}

/// What a program said, and whether it succeeded.
#[derive(Debug)]
#[allow(dead_code, reason = "not every test file starts the program")]
pub struct Said {
    pub success: bool,
    pub text: String,
}

#[allow(dead_code, reason = "not every test file starts the program")]
impl Said {
    pub fn of(command: &mut Command) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        let text = [stdout, stderr].concat();
        Said {
            success: status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    #[track_caller]
    pub fn passes(&self) -> &str {
        assert!(self.success, "{}", self.text);
        &self.text
    }

    /// It failed, and said this.
    #[track_caller]
    pub fn fails(&self, said: &str) {
        assert!(!self.success, "{}", self.text);
        assert!(self.text.contains(said), "{said} in {}", self.text);
    }
}

pub fn page_with(body: &str) -> String {
    format!("<!-- minutes: 2; status: draft; crate: chapters/01-tokenizer -->\n# One\n\n{body}\n")
}
