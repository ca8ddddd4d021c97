//! A learner goes through chapters 01, 02, 03, 04, 05 and 06 in a copy of the clone: stubs, a slip of the keyboard, wrong answers, hints,
//! right answers. What is printed is read as they would read it.
//!
//! Without libtorch the learner stops after chapter 02, which needs none.

mod beginnings;
mod clone;
mod mistakes;

use beginnings::{
    a_file_that_does_not_compile, the_first_mean, the_first_minute, the_first_price,
    the_first_roof, the_first_row, the_first_tensor, what_libtorch_refuses,
};
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
