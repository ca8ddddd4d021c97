//! A learner goes through chapters 01, 02, 03, 04, 05 and 06 in a copy of the clone: stubs, a slip of the keyboard, wrong answers, hints,
//! right answers. What is printed is read as they would read it.
//!
//! Without libtorch the learner stops after chapter 02, which needs none.

mod clone;
mod mistakes;

use clone::Clone;
use mistakes::{Chapter, DATASET, HOPPER, MUON, PRETRAIN, TOKENIZER, TRANSFORMER};
use std::fs;

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
    the_first_row(&clone);
    wrong_answers(&clone, &DATASET);
    right_answers(&clone, &DATASET);
    if clone.has_libtorch() {
        the_first_tensor(&clone);
        what_libtorch_refuses(&clone);
        wrong_answers(&clone, &TRANSFORMER);
        right_answers(&clone, &TRANSFORMER);
        the_first_mean(&clone);
        wrong_answers(&clone, &MUON);
        right_answers(&clone, &MUON);
        the_first_price(&clone);
        wrong_answers(&clone, &PRETRAIN);
        right_answers(&clone, &PRETRAIN);
        the_first_roof(&clone);
        wrong_answers(&clone, &HOPPER);
        right_answers(&clone, &HOPPER);
        all_is_done(&clone);
    } else {
        println!(
            "chapters 03, 04, 05 and 06 are skipped: there is no libtorch, which `cargo course setup` fetches"
        );
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
    says(&clone.runs("next 03"), &["Next: 03.1 first_green"]);
    says(
        &clone.runs("status"),
        &["01.11", "02.11", "03.11", "0 of 55 green"],
    );
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
    // Another exercise of the chapter is told whose file it is.
    says(
        &clone.fails("check 01.3"),
        &["01.3 cannot be judged", "cargo course reset 01.2"],
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

/// Chapter 02 begins.
fn the_first_row(clone: &Clone) {
    says(
        &clone.runs("next"),
        &["Next: 02.1 first_green (2 minutes", "check 02.1"],
    );
    let text = clone.fails("check");
    says(
        &text,
        &[
            "02.1 first_green: 0 of 1",
            "expected  ([0, 71, 72, 0], [71, 72, 0, 73])",
            "yours     ([0, 71, 72], [71, 72, 0])",
        ],
    );
    let text = clone.fails("check 02");
    says(
        &text,
        &[
            "02.2 fill_a_row: not written yet",
            "02.8 three_bugs: 2 of 6 properties hold",
            "src/ex11_patient_download.rs:",
            "0 of 11 green",
        ],
    );
    delete_the_marker(clone, &DATASET);
    says(
        &clone.runs("check"),
        &["02.1 is green", "Next: 02.2 fill_a_row"],
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

/// Chapter 04 begins.
fn the_first_mean(clone: &Clone) {
    says(
        &clone.runs("next"),
        &["Next: 04.1 first_green (5 minutes", "check 04.1"],
    );
    let text = clone.fails("check 04");
    says(
        &text,
        &[
            "04.3 orthogonalise: not written yet",
            "04.6 three_phases: 1 of 5 properties hold",
            "0 of 6 green",
        ],
    );
    delete_the_marker(clone, &MUON);
    says(&clone.runs("check"), &["04.1 is green", "Next: 04.2 adamw"]);
}

/// Chapter 05 begins.
fn the_first_price(clone: &Clone) {
    says(
        &clone.runs("next"),
        &["Next: 05.1 first_green (5 minutes", "check 05.1"],
    );
    let text = clone.fails("check 05");
    says(
        &text,
        &[
            "05.1 first_green: 0 of 2 properties hold",
            "05.5 power_cut: not written yet",
            "05.6 not_the_same_run: 1 of 6 properties hold",
            "0 of 6 green",
        ],
    );
    delete_the_marker(clone, &PRETRAIN);
    says(
        &clone.runs("check"),
        &["05.1 is green", "Next: 05.2 trapezoid"],
    );
}

/// Chapter 06 begins.
fn the_first_roof(clone: &Clone) {
    says(
        &clone.runs("next"),
        &["Next: 06.1 first_green (5 minutes", "check 06.1"],
    );
    delete_the_marker(clone, &HOPPER);
    says(
        &clone.runs("check"),
        &["06.1 is green", "Next: 06.2 step_on_paper"],
    );
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
        &["55 of 55 green, about 0 h 0 min to go", "3 of 3 hints"],
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
