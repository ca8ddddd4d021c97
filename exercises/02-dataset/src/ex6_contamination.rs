//! # Examination questions in the training text
//!
//! Goal: find the test items that stand in a training text which is too large to keep.
//!
//! Minutes: 30. Difficulty: 3 of 5.
//!
//! An examination measures what a model has understood only if it has not read the questions. Public examinations lie on
//! the web, with their answers, in many copies; so whoever trains on the web looks for them. The usual rule: an item is
//! *contaminated* if some `n` of its words, one behind the other, also stand one behind the other in a training document.
//! (GPT-3 took 13 words.) An item of fewer words is contaminated if all of them stand somewhere in a row; one without
//! words never is.
//!
//! Words are runs of letters and digits in lower case, so that a comma more or a capital less hides nothing.
//!
//! The training text comes as an iterator: once, document by document, 100 billion words of it in life. The test set has
//! some thousand items. Which of the two do you keep in a table?
//!
//! Help: `cargo course hint 02.6`. Judge it: `cargo course check 02.6`.

/// Runs of letters and digits, in lower case.
pub fn words(text: &str) -> Vec<String> {
    let _ = text; // delete this line
    todo!("exercise 02.6")
}

/// The numbers of the contaminated items, ascending.
pub fn contaminated(
    training: &mut dyn Iterator<Item = String>,
    items: &[&str],
    n: usize,
) -> Vec<usize> {
    let _ = (training, items, n); // delete this line
    todo!("exercise 02.6")
}
