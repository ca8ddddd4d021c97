//! How each chapter begins for the learner, and what stands in the way there.

use crate::clone::Clone;
use crate::mistakes::{DATASET, HOPPER, MUON, PRETRAIN, TOKENIZER, TRANSFORMER};
use crate::{delete_the_marker, says};

pub fn the_first_minute(clone: &Clone) {
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

pub fn a_file_that_does_not_compile(clone: &Clone) {
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
pub fn the_first_row(clone: &Clone) {
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
pub fn the_first_tensor(clone: &Clone) {
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
pub fn what_libtorch_refuses(clone: &Clone) {
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
pub fn the_first_mean(clone: &Clone) {
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
pub fn the_first_price(clone: &Clone) {
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
pub fn the_first_roof(clone: &Clone) {
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
