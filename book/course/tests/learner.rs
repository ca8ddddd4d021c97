//! A learner goes through chapters 01 and 03 in a copy of the clone: stubs, a slip of the keyboard, wrong answers, hints,
//! right answers. What is printed is read as they would read it.
//!
//! Without libtorch the learner stops after chapter 01, which needs none.

use course::Project;
use course::generate::fingerprint;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is changed in an exercise's solution to make it wrong, and the sentence that this breaks.
struct Mistake {
    exercise: u32,
    right: &'static str,
    wrong: &'static str,
    breaks: &'static str,
}

struct Chapter {
    number: &'static str,
    folder: &'static str,
    exercises: u32,
    /// One for each exercise but the first, which only asks to delete a marker.
    mistakes: &'static [Mistake],
}

const TOKENIZER: Chapter = Chapter {
    number: "01",
    folder: "01-tokenizer",
    exercises: 11,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "+= weight",
            wrong: "+= 1",
            breaks: "each place counts with its chunk's number",
        },
        Mistake {
            exercise: 3,
            right: "(count, Reverse(pair))",
            wrong: "(count, pair)",
            breaks: "of equally common pairs the smaller goes first",
        },
        Mistake {
            exercise: 4,
            right: "merged.last()",
            wrong: "ids.get(at.wrapping_sub(1))",
            breaks: "a a a a: three pairs go, one comes",
        },
        Mistake {
            exercise: 5,
            right: "list.before[at]",
            wrong: "None::<usize>",
            breaks: "the ids are the chapter's",
        },
        Mistake {
            exercise: 6,
            right: "text.push('\\u{FFFD}');",
            wrong: "",
            breaks: "joined, it is the lossy text of all the bytes",
        },
        Mistake {
            exercise: 7,
            right: "digits.len() % size",
            wrong: "0",
            breaks: "12345 from the right in twos is 1 23 45",
        },
        Mistake {
            exercise: 8,
            right: "256 + Special::ALL.len()",
            wrong: "256",
            breaks: "the cut tokenizer is the one that training with that size gives",
        },
        Mistake {
            exercise: 9,
            right: "|| right == id",
            wrong: "",
            breaks: "a stepping stone comes with the first token made of it",
        },
        Mistake {
            exercise: 10,
            right: "decode(&encode(text)) != *text",
            wrong: "decode(&encode(text)).trim() != text.trim()",
            breaks: "it finds one that trims white space at the end",
        },
        Mistake {
            exercise: 11,
            right: ".take(2)",
            wrong: ".take(3)",
            breaks: "digits come in ones and twos",
        },
    ],
};

const TRANSFORMER: Chapter = Chapter {
    number: "03",
    folder: "03-transformer",
    exercises: 11,
    mistakes: &[
        Mistake {
            exercise: 2,
            right: "r.pow_tensor_scalar(3)",
            wrong: "r.square()",
            breaks: "backward is autograd's, through the chapter's norm",
        },
        Mistake {
            exercise: 3,
            right: "b * &cos - a * &sin",
            wrong: "b * &cos + a * &sin",
            breaks: "lengths stay",
        },
        Mistake {
            exercise: 4,
            right: "distance.lt(0)",
            wrong: "distance.lt(-1)",
            breaks: "two positions: the second takes e² parts of its own value and one of the first's",
        },
        Mistake {
            exercise: 5,
            right: ".mean_dim(1, false, weight.kind())",
            wrong: ".sum_dim_intlist(1, false, weight.kind())",
            breaks: "each shared head is the mean of its group, number by number",
        },
        Mistake {
            exercise: 6,
            right: "y.sqrt() * 2.0",
            wrong: "y.sqrt()",
            breaks: "the gradient of relu² is autograd's, and 0 where relu² is silent",
        },
        Mistake {
            exercise: 7,
            right: "every.triu(1)",
            wrong: "every.triu(2)",
            breaks: "one head: no logit is moved by a later token",
        },
        Mistake {
            exercise: 8,
            right: "per_position - 1) /",
            wrong: "0) /",
            breaks: "d20 is half attention from T = 9,319 on",
        },
        Mistake {
            exercise: 9,
            right: "index_add(",
            wrong: "index_copy(",
            breaks: "a token that stands twice gives its row two gradients",
        },
        Mistake {
            exercise: 10,
            right: "(from - window).max(0)",
            wrong: "from",
            breaks: "it is the chapter's attention with this window",
        },
        Mistake {
            exercise: 11,
            right: "sum * (&maximum - &larger).exp()",
            wrong: "sum",
            breaks: "in chunks of any size the sum is the chapter's",
        },
    ],
};

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
            // What the learner does not change keeps its times, and what was compiled of it in the last run is used again.
            let keep_times = ["chapters", "book"].contains(&part);
            copy(&here.root.join(part), &clone.path(part), keep_times);
        }
        clone.has_the_libtorch_of(&here);
        clone.runs("gen --force");
        clone
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

    fn has_libtorch(&self) -> bool {
        self.path(".libtorch").exists()
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
    fn solution(&self, chapter: &Chapter, number: u32) -> (String, String) {
        let folder = self.path("solutions").join(chapter.folder).join("src");
        let names = fs::read_dir(&folder).unwrap().flatten();
        let mut names = names.map(|entry| entry.file_name().into_string().unwrap());
        let name = names
            .find(|name| name.starts_with(&format!("ex{number}_")))
            .unwrap();
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    }

    fn write(&self, chapter: &Chapter, number: u32, text: &str) {
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

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_learner_goes_through_the_chapters() {
    let clone = Clone::new();
    the_first_minute(&clone);
    a_file_that_does_not_compile(&clone);
    wrong_answers(&clone, &TOKENIZER);
    hints(&clone);
    right_answers(&clone, &TOKENIZER);
    if clone.has_libtorch() {
        the_first_tensor(&clone);
        what_libtorch_refuses(&clone);
        wrong_answers(&clone, &TRANSFORMER);
        right_answers(&clone, &TRANSFORMER);
        all_is_done(&clone);
    } else {
        println!("chapter 03 is skipped: there is no libtorch, which `cargo course setup` fetches");
    }
    afterwards(&clone);
}

/// Takes the marker out of the first exercise, as it asks to.
fn delete_the_marker(clone: &Clone, chapter: &Chapter) {
    let file = clone
        .path("exercises")
        .join(chapter.folder)
        .join("src/ex1_first_green.rs");
    let marked = fs::read_to_string(&file).unwrap();
    let unmarked: Vec<&str> = marked
        .lines()
        .filter(|line| !line.contains("delete this line"))
        .collect();
    assert_eq!(marked.lines().count(), unmarked.len() + 1);
    fs::write(&file, unmarked.join("\n")).unwrap();
}

fn the_first_minute(clone: &Clone) {
    says(
        &clone.runs("next"),
        &[
            "Next: 01.1 first_green (2 minutes",
            "cargo course check 01.1",
        ],
    );
    says(&clone.runs("status"), &["01.11", "03.11", "0 of 22 green"]);
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

    delete_the_marker(clone, &TOKENIZER);
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
    clone.write(&TOKENIZER, 2, "pub fn count_pairs( {\n");
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
}

/// Chapter 03 begins, with the first program that needs libtorch.
fn the_first_tensor(clone: &Clone) {
    says(
        &clone.runs("next"),
        &["Next: 03.1 first_green (5 minutes", "check 03.1"],
    );
    let text = clone.fails("check");
    says(
        &text,
        &[
            "03.1 first_green: 0 of 1",
            "V = 2",
            "expected  0.693",
            "yours     ",
        ],
    );
    let text = clone.fails("check 03");
    says(
        &text,
        &[
            "03.4 causal_attention: not written yet",
            "03.7 three_bugs: 0 of 6 properties hold",
            "src/ex11_loss_in_chunks.rs:",
            "0 of 11 green",
        ],
    );
    delete_the_marker(clone, &TRANSFORMER);
    says(
        &clone.runs("check"),
        &["03.1 is green", "Next: 03.2 rms_norm"],
    );
    says(
        &clone.runs("check 03.4 --reference"),
        &["all 7 properties hold", "The solution holds"],
    );
}

/// A product of the wrong shapes: said with the learner's line and the shapes, and without libtorch's own stack.
fn what_libtorch_refuses(clone: &Clone) {
    let (_, solution) = clone.solution(&TRANSFORMER, 4);
    let right = ".matmul(&shared(k).transpose(2, 3))";
    assert!(solution.contains(right));
    clone.write(
        &TRANSFORMER,
        4,
        &solution.replace(right, ".matmul(&shared(k))"),
    );
    let text = clone.fails("check 03.4");
    says(
        &text,
        &[
            "given     q = (1, 1, 2, 1) [[[[1], [1]]]]",
            "panicked at exercises/03-transformer/src/ex4_causal_attention.rs:",
            "libtorch says: Expected size",
        ],
    );
    for noise in ["frame #", "Exception raised", "thread '", "unwrap()"] {
        assert!(!text.contains(noise), "{text}");
    }
}

fn wrong_answers(clone: &Clone, chapter: &Chapter) {
    for mistake in chapter.mistakes {
        let (name, solution) = clone.solution(chapter, mistake.exercise);
        let right = mistake.right;
        assert!(solution.contains(right), "{name} has no `{right}` any more");
        let wrong = solution.replace(right, mistake.wrong);
        clone.write(chapter, mistake.exercise, &wrong);
    }
    for mistake in chapter.mistakes {
        let exercise = format!("{}.{}", chapter.number, mistake.exercise);
        let text = clone.fails(&format!("check {exercise}"));
        let sentence = mistake.breaks;
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
                &format!("You write in exercises/{}/src/ex", chapter.folder),
                &format!("`cargo course hint {exercise}`"),
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

fn right_answers(clone: &Clone, chapter: &Chapter) {
    let number = chapter.number;
    for mistake in chapter.mistakes {
        let (_, solution) = clone.solution(chapter, mistake.exercise);
        clone.write(chapter, mistake.exercise, &solution);
    }
    for exercise in chapter.mistakes.iter().map(|mistake| mistake.exercise) {
        let text = clone.runs("check");
        let green = format!("{number}.{exercise} is green. Yours beside the reference");
        says(&text, &[&green]);
        if exercise < chapter.exercises {
            says(&text, &[&format!("Next: {number}.{}", exercise + 1)]);
        }
    }
}

fn all_is_done(clone: &Clone) {
    says(
        &clone.runs("status"),
        &["22 of 22 green, about 0 h 0 min to go", "3 of 3 hints"],
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
    // Answers that do not compile are nobody's fault but the learner's.
    let (_, answer) = clone.solution(&TOKENIZER, 2);
    clone.write(&TOKENIZER, 2, "pub fn count_pairs( {\n");
    says(
        &clone.runs("test --only exercises"),
        &["01 not judged, because your answers do not compile"],
    );
    clone.write(&TOKENIZER, 2, &answer);
    // A change after the green is noticed.
    let (_, solution) = clone.solution(&TOKENIZER, 7);
    clone.write(&TOKENIZER, 7, &format!("{solution}\n// later\n"));
    says(&clone.runs("status"), &["changed since it was green"]);
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
    let (_, solution) = clone.solution(&TOKENIZER, 7);
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
