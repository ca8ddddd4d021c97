//! A learner goes through chapter 01 in a copy of the clone: stubs, a slip of the keyboard, wrong answers, hints, right
//! answers. What is printed is read as they would read it.

use course::Project;
use course::generate::fingerprint;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mistake for each exercise: what is changed in the solution, and the sentence that it breaks.
const MISTAKES: [(u32, &str, &str, &str); 10] = [
    (
        2,
        "+= weight",
        "+= 1",
        "each place counts with its chunk's number",
    ),
    (
        3,
        "(count, Reverse(pair))",
        "(count, pair)",
        "of equally common pairs the smaller goes first",
    ),
    (
        4,
        "merged.last()",
        "ids.get(at.wrapping_sub(1))",
        "a a a a: three pairs go, one comes",
    ),
    (
        5,
        "list.before[at]",
        "None::<usize>",
        "the ids are the chapter's",
    ),
    (
        6,
        "text.push('\\u{FFFD}');",
        "",
        "joined, it is the lossy text of all the bytes",
    ),
    (
        7,
        "digits.len() % size",
        "0",
        "12345 from the right in twos is 1 23 45",
    ),
    (
        8,
        "256 + Special::ALL.len()",
        "256",
        "the cut tokenizer is the one that training with that size gives",
    ),
    (
        9,
        "|| right == id",
        "",
        "a stepping stone comes with the first token made of it",
    ),
    (
        10,
        "decode(&encode(text)) != *text",
        "decode(&encode(text)).trim() != text.trim()",
        "it finds one that trims white space at the end",
    ),
    (11, ".take(2)", ".take(3)", "digits come in ones and twos"),
];

struct Clone {
    folder: PathBuf,
}

impl Drop for Clone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Clone {
    /// A copy of this clone, with the exercises as they are at the start.
    fn new() -> Self {
        let here = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        // The same name in every run: to cargo another path is another crate, and the target folder would keep them all.
        // Outside of the clone, whose .cargo/config.toml would count twice.
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
            copy(&here.root.join(part), &clone.path(part));
        }
        clone.runs("gen --force");
        clone
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// What a command prints, and whether it succeeded.
    fn attempt(&self, command: &str) -> (bool, String) {
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

    fn runs(&self, command: &str) -> String {
        let (success, text) = self.attempt(command);
        assert!(success, "{command}: {text}");
        text
    }

    fn fails(&self, command: &str) -> String {
        let (success, text) = self.attempt(command);
        assert!(!success, "{command}: {text}");
        text
    }

    /// The name of an exercise's file, and its solution.
    fn solution(&self, number: u32) -> (String, String) {
        let folder = self.path("solutions/01-tokenizer/src");
        let names = fs::read_dir(&folder).unwrap().flatten();
        let mut names = names.map(|entry| entry.file_name().into_string().unwrap());
        let name = names
            .find(|name| name.starts_with(&format!("ex{number}_")))
            .unwrap();
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    }

    fn write(&self, number: u32, text: &str) {
        let (name, _) = self.solution(number);
        fs::write(self.path("exercises/01-tokenizer/src").join(name), text).unwrap();
    }
}

/// The folder that this test was built into.
fn target() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_course"));
    program.ancestors().nth(2).unwrap().to_path_buf()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            // What git ignores is not part of a clone.
            let name = entry.file_name().into_string().unwrap();
            if name != "build" && !name.starts_with(".progress") {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_learner_goes_through_chapter_01() {
    let clone = Clone::new();
    the_first_minute(&clone);
    a_file_that_does_not_compile(&clone);
    wrong_answers(&clone);
    hints(&clone);
    right_answers(&clone);
    afterwards(&clone);
}

fn the_first_minute(clone: &Clone) {
    says(
        &clone.runs("next"),
        &[
            "Next: 01.1 first_green (2 minutes",
            "cargo course check 01.1",
        ],
    );
    says(&clone.runs("status"), &["01.11", "0 of 11 green"]);
    let text = clone.fails("check");
    says(
        &text,
        &[
            "01.1 first_green: 0 of 1",
            "expected  [240, 159, 166, 128]",
            "yours     [240, 159, 166]",
        ],
    );
    // The rest is not written yet, and says so without a panic's noise.
    let text = clone.fails("check 01");
    says(
        &text,
        &[
            "01.11 splitter: not written yet",
            "src/ex4_merge_chunk.rs:",
            "0 of 11 green",
        ],
    );
    assert!(!text.contains("thread '"), "{text}");

    let file = clone.path("exercises/01-tokenizer/src/ex1_first_green.rs");
    let marked = fs::read_to_string(&file).unwrap();
    let unmarked: Vec<&str> = marked
        .lines()
        .filter(|line| !line.contains("delete this line"))
        .collect();
    assert_eq!(marked.lines().count(), unmarked.len() + 1);
    fs::write(&file, unmarked.join("\n")).unwrap();
    let text = clone.runs("check");
    says(
        &text,
        &[
            "01.1 is green",
            "── yours",
            "── reference",
            "Next: 01.2 weighted_pairs",
        ],
    );
}

fn a_file_that_does_not_compile(clone: &Clone) {
    clone.write(2, "pub fn count_pairs( {\n");
    let text = clone.fails("check 01.2");
    says(
        &text,
        &["ex2_weighted_pairs.rs:1", "Your code does not compile yet"],
    );
    // Whether it is me or my machine can be asked all the same.
    says(
        &clone.runs("check 01.2 --reference"),
        &[
            "all 7 properties hold",
            "The solution holds on this machine",
        ],
    );
    let text = clone.runs("test --only exercises");
    says(
        &text,
        &["01 not judged, because your answers do not compile"],
    );
}

fn wrong_answers(clone: &Clone) {
    for (number, right, wrong, _) in MISTAKES {
        let (name, solution) = clone.solution(number);
        assert!(solution.contains(right), "{name} has no `{right}` any more");
        clone.write(number, &solution.replace(right, wrong));
    }
    for (number, _, _, sentence) in MISTAKES {
        let text = clone.fails(&format!("check 01.{number}"));
        let (_, after) = text
            .split_once(&format!("✗ {sentence}"))
            .unwrap_or_else(|| panic!("{sentence}: {text}"));
        // The input that shows it, and what was expected instead.
        let shown = after.split('✗').next().unwrap();
        let input = shown.contains("given     ") && shown.contains("expected  ");
        assert!(input || shown.contains("but       "), "{text}");
        says(
            &text,
            &[
                "You write in exercises/01-tokenizer/src/ex",
                &format!("`cargo course hint 01.{number}`"),
            ],
        );
        assert!(!text.contains("is green"), "{text}");
    }
}

fn hints(clone: &Clone) {
    let first = clone.runs("hint");
    says(&first, &["01.2 weighted_pairs, hint 1 of 3"]);
    assert!(!first.contains("hint 2 of 3"));
    says(&clone.runs("hint 1.2"), &["hint 1 of 3", "hint 2 of 3"]);
    says(&clone.fails("check"), &["gives a hint, the last one"]);
    says(
        &clone.runs("hint"),
        &["hint 3 of 3", "cargo course solution 01.2"],
    );
    says(&clone.fails("check"), &["All hints are given"]);
    says(
        &clone.runs("solution"),
        &[
            "solutions/01-tokenizer/src/ex2_weighted_pairs.rs",
            "+= weight",
        ],
    );
    let (success, text) = clone.attempt("hint 01.99");
    assert!(!success);
    says(&text, &["no exercise `01.99`", "cargo course status"]);
}

fn right_answers(clone: &Clone) {
    for (number, ..) in MISTAKES {
        clone.write(number, &clone.solution(number).1);
    }
    for (number, ..) in MISTAKES {
        let text = clone.runs("check");
        says(
            &text,
            &[&format!("01.{number} is green. Yours beside the reference")],
        );
        match number {
            11 => says(&text, &["All exercises are green"]),
            _ => says(&text, &[&format!("Next: 01.{}", number + 1)]),
        }
    }
    says(
        &clone.runs("status"),
        &["11 of 11 green, about 0 h 0 min to go", "3 of 3 hints"],
    );
    says(&clone.runs("check"), &["All exercises are green"]);
}

fn afterwards(clone: &Clone) {
    // The generator knows that these files are not its own any more.
    says(
        &clone.runs("gen"),
        &["kept exercises/01-tokenizer/src/ex4_merge_chunk.rs"],
    );
    says(
        &clone.runs("test --only exercises"),
        &["exercises     passed", "11 of them yours by now"],
    );
    // A change after the green is noticed.
    let (_, solution) = clone.solution(7);
    clone.write(7, &format!("{solution}\n// later\n"));
    says(
        &clone.runs("status"),
        &["10 of 11 green", "changed since it was green"],
    );
    says(
        &clone.runs("reset 01.7"),
        &["your version is kept in", "01.7 is as it was at the start"],
    );
    says(
        &clone.runs("reset 01.7"),
        &["01.7 is as it was at the start"],
    );
    says(
        &clone.fails("check"),
        &["01.7 digit_groups: not written yet"],
    );
    // The solution of somebody who looks after exercises changes: learners' files stay, the others follow.
    let (_, solution) = clone.solution(7);
    let file = clone.path("solutions/01-tokenizer/src/ex7_digit_groups.rs");
    fs::write(
        file,
        solution.replace("/// The share of", "/// What share of"),
    )
    .unwrap();
    let text = clone.fails("test --only exercises");
    says(
        &text,
        &["ex7_digit_groups.rs is not what its solution gives: run `cargo course gen`"],
    );
    says(
        &clone.runs("gen"),
        &[
            "2 written",
            "kept exercises/01-tokenizer/src/ex4_merge_chunk.rs",
        ],
    );
}
