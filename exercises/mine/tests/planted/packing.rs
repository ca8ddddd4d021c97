//! Packing: right choices change nothing about a run, wrong ones are refused.

use super::{WHOSE, refused, run, says};
use dataset::ChooseDocument;
use speedrun::command_line::execute;
use speedrun::parts::Plug;
use std::cmp::Reverse;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const OF_PACKING: &str = "exercise 02.2, fill one row: the planted answer";

fn packing(choose: ChooseDocument) -> Plug {
    mine::packing::plug(WHOSE, choose)
}

fn right(lengths: &[usize], room: usize) -> Option<usize> {
    let fitting = (0..lengths.len()).filter(|&number| lengths[number] <= room);
    fitting.max_by_key(|&number| (lengths[number], Reverse(number)))
}

/// What pretraining came to, from the note of its stage: all but the seconds.
fn pretrained(root: &Path) -> serde_json::Value {
    let note = std::fs::read_to_string(root.join("notes/base.json")).unwrap();
    let mut note: serde_json::Value = serde_json::from_str(&note).unwrap();
    for clock in ["training_seconds", "seconds"] {
        note.as_object_mut().unwrap().remove(clock).unwrap();
    }
    note
}

/// Calls of the rule that is plugged in below.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn pretraining_goes_through_the_rule_that_is_plugged_in_and_comes_to_the_same() {
    fn counted(lengths: &[usize], room: usize) -> Option<usize> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        right(lengths, room)
    }
    let runs = tempfile::tempdir().unwrap();
    let calls = |stage: &str| {
        CALLS.store(0, Ordering::SeqCst);
        run(runs.path(), &[stage, "--mine"], packing(counted)).unwrap();
        CALLS.load(Ordering::SeqCst)
    };
    // Before every command the plug looks at it; neither the data nor the tokenizer are packed.
    let looking = calls("data");
    assert_eq!(calls("tokenizer"), looking);
    // Every row begins with a choice, and 640 rows are read twice: by training, and by the trigram that is counted beside it.
    let training = calls("train") - looking;
    assert!(training > 2 * 640, "{training}");

    // The same stages with the chapters' own code.
    let place = runs.path().to_str().unwrap();
    for stage in ["data", "tokenizer", "train"] {
        let options = ["--recipe", "smoke", "--device", "cpu", "--runs-dir", place];
        execute([&["nanocrab", stage][..], &options].concat(), &[]).unwrap();
    }
    let note = |name: &str| pretrained(&runs.path().join(name));
    assert_eq!(note("smoke-mine-02"), note("smoke"));
}

#[test]
fn choices_that_are_nearly_right_are_refused() {
    let said = refused(packing(|lengths, room| {
        lengths.iter().position(|&length| length <= room)
    }));
    says(
        &said,
        &[
            OF_PACKING,
            "chooses Some(",
            "where the chapter's code chooses Some(",
            "asked about the lengths [",
            "and a room of ",
            "check 02.2`",
        ],
    );
    // The last of several equally long ones.
    let said = refused(packing(|lengths, room| {
        let fitting = (0..lengths.len()).filter(|&number| lengths[number] <= room);
        fitting.max_by_key(|&number| lengths[number])
    }));
    says(
        &said,
        &[OF_PACKING, "where the chapter's code chooses Some("],
    );
    // What fits exactly is passed over.
    let said = refused(packing(|lengths, room| right(lengths, room - 1)));
    says(
        &said,
        &[OF_PACKING, "where the chapter's code chooses Some("],
    );
    // Where nothing fits, what is to be cropped.
    let said = refused(packing(|lengths, room| {
        let shortest = || (0..lengths.len()).min_by_key(|&number| lengths[number]);
        right(lengths, room).or_else(shortest)
    }));
    says(
        &said,
        &[OF_PACKING, "where the chapter's code chooses None"],
    );
}

#[test]
fn choices_from_few_that_do_not_hold_for_many_are_refused() {
    let said = refused(packing(|lengths, room| {
        right(&lengths[..lengths.len().min(100)], room)
    }));
    says(
        &said,
        &[OF_PACKING, "asked about 1000 lengths and a room of"],
    );
}

#[test]
fn choices_that_are_not_there_are_refused() {
    let said = refused(packing(|lengths, _| Some(lengths.len())));
    says(&said, &[OF_PACKING, "chooses Some(0)", "the lengths []"]);
    let said = refused(packing(|_, _| None));
    says(
        &said,
        &[OF_PACKING, "chooses None, where the chapter's code chooses"],
    );
    let said = refused(packing(|_, _| todo!("exercise 02.2")));
    says(&said, &[OF_PACKING, "is not written yet", "packing.rs:"]);
    let said = refused(packing(|lengths, _| Some(lengths[0])));
    says(&said, &[OF_PACKING, "panicked at", "out of bounds"]);
}

/// Right for every buffer that the plug looks at, and wrong for one of more than a thousand, as it is filled in a run. The
/// stage that trains says so.
#[test]
fn choices_that_go_wrong_on_the_training_text_are_refused_there() {
    fn late(lengths: &[usize], room: usize) -> Option<usize> {
        match lengths.len() {
            ..=1000 => right(lengths, room),
            more => Some(more),
        }
    }
    fn refusing(lengths: &[usize], room: usize) -> Option<usize> {
        right(lengths, room).filter(|_| lengths.len() <= 1000)
    }
    fn fragile(lengths: &[usize], room: usize) -> Option<usize> {
        assert!(lengths.len() <= 1000, "so many documents");
        right(lengths, room)
    }
    let said = |choose: ChooseDocument| {
        let runs = tempfile::tempdir().unwrap();
        let said = run(runs.path(), &["speedrun", "--mine"], packing(choose)).unwrap_err();
        assert!(!runs.path().join("smoke-mine-02/notes/base.json").exists());
        says(
            &said,
            &[
                "stage train",
                OF_PACKING,
                "on the training text, though it held on other buffers",
                "check 02.2`",
            ],
        );
        said
    };
    says(&said(late), &["failed", "wait, numbered from 0"]);
    says(&said(refusing), &["failed", "gives None for a room of"]);
    says(
        &said(fragile),
        &["seems to have panicked", "so many documents"],
    );
}
