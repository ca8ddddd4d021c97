//! Clocks jump: by daylight saving, by a network that corrects them, by somebody's hand. Training measures durations with
//! `Instant`, which does not; the wall clock may say what time it is and must decide nothing.

use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A wall clock that runs backwards cannot be arranged in a test without being root, and a fake one in place of the real one
/// would test the fake. What can be held is that nobody who trains ever asks it.
#[test]
fn nothing_that_trains_asks_for_the_time_of_day() {
    let chapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for chapter in [
        "03-transformer",
        "04-muon",
        "05-pretrain",
        "07-sft",
        "09-grpo",
        "10-engine",
    ] {
        rust_files(&chapters.join(chapter).join("src"), &mut files);
    }
    rust_files(&chapters.join("12-speedrun/src/stages"), &mut files);
    assert!(files.len() > 80, "{} files", files.len());
    let own = [
        "SystemTime",
        "UNIX_EPOCH",
        "chrono",
        "Local::now",
        "Utc::now",
    ];
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        for word in own {
            assert!(!text.contains(word), "{} mentions {word}", file.display());
        }
    }
}
