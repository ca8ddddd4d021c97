//! Right answers train a model, and the report says whose they were. Wrong ones are refused before anything is made, by a
//! message that names the exercise.
//!
//! With the feature `reference`, as `cargo course test` runs this, the right answers are the solutions; without it they are
//! whatever stands in `exercises/`.

mod orthogonalise;
mod packing;
mod rate;
mod relu_squared;

use exercises_01::chunk_trainer::merges_with;
use mine::asking::{Trouble, ask};
use speedrun::command_line::execute;
use speedrun::parts::Plug;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tch::{Kind, Tensor};
use tokenizer::count::ChunkCounts;
use tokenizer::{FindMerges, Pair};
use transformer::{Attend, causal_attention};

const WHOSE: &str = "the planted answer";

/// A program with one planted answer is asked for a run; what it says, and what it leaves behind.
fn refused(plug: Plug) -> String {
    let runs = tempfile::tempdir().unwrap();
    let said = run(runs.path(), &["speedrun", "--mine"], plug).unwrap_err();
    let left: Vec<_> = std::fs::read_dir(runs.path()).unwrap().collect();
    assert!(left.is_empty(), "a refused run leaves {left:?}");
    said
}

fn run(runs: &Path, words: &[&str], plug: Plug) -> Result<(), String> {
    let place = runs.to_str().unwrap();
    let options = ["--recipe", "smoke", "--device", "cpu", "--runs-dir", place];
    let words = [&["mine"], words, &options].concat();
    match execute(words, &[plug]) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn merges(find: FindMerges) -> Plug {
    mine::merges::plug(WHOSE, find)
}

fn attention(attend: Attend) -> Plug {
    mine::attention::plug(WHOSE, attend)
}

#[track_caller]
fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
}

const OF_MERGES: &str = "exercise 01.4, merge one chunk: the planted answer";
const OF_ATTENTION: &str = "exercise 03.4, causal attention: the planted answer";

#[test]
fn right_answers_train_and_the_report_says_whose_they_were() {
    let runs = tempfile::tempdir().unwrap();
    let mine = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mine"))
            .args(words)
            .args(["--recipe", "smoke", "--runs-dir"])
            .arg(runs.path())
            .env("OMP_WAIT_POLICY", "passive")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (good, out, err) = mine(&["speedrun", "--mine"]);
    assert!(good, "{out}\n{err}");
    says(
        &out,
        &[
            "(exercise 01.4, merge one chunk)",
            "(exercise 02.2, fill one row)",
            "(exercise 03.4, causal attention)",
            "(exercise 04.3, ones for singular values)",
            "(exercise 05.2, the trapezoid)",
            "(exercise 06.10, relu² in one pass)",
        ],
    );
    says(&out, &["chat --model", "smoke-mine-01-02-03-04-05-06/rl"]);
    let root = runs.path().join("smoke-mine-01-02-03-04-05-06");
    let report = std::fs::read_to_string(root.join("report.md")).unwrap();
    says(
        &report,
        &[
            "## Whose code",
            "to exercise 01.4, merge one chunk | the same ",
            "to exercise 02.2, fill one row | the chapter's choices from",
            "| filling rows ",
            "to exercise 03.4, causal attention | the chapter's outputs and gradients",
            "to exercise 04.3, ones for singular values | the chapter's results",
            "to exercise 05.2, the trapezoid | the chapter's multiplier at all 80 steps of this run",
            "to exercise 06.10, relu² in one pass | the chapter's outputs and gradients",
            "times the chapter's",
        ],
    );
    assert!(!report.contains("not run"), "{report}");

    // The folder knows what it was made with.
    let (good, _, err) = mine(&[
        "report",
        "--mine",
        "01",
        "--name",
        "smoke-mine-01-02-03-04-05-06",
    ]);
    assert!(!good, "a folder takes another part in");
    says(&err, &["another run", "plugged-in code", "--name"]);
    let (good, _, err) = mine(&["report", "--name", "smoke-mine-01-02-03-04-05-06"]);
    assert!(!good, "a folder takes the chapters' code in");
    says(&err, &["another run"]);
    // Without --mine the program is nanocrab, and its folder is nanocrab's.
    let (good, out, err) = mine(&["data"]);
    assert!(good, "{out}\n{err}");
    assert!(runs.path().join("smoke/data").exists());
}

/// Calls of the attention that is plugged in below.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn pretraining_and_both_fine_tunings_go_through_the_attention_that_is_plugged_in() {
    fn counted(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
        CALLS.fetch_add(1, Ordering::SeqCst);
        causal_attention(q, k, v, window)
    }
    let runs = tempfile::tempdir().unwrap();
    let calls = |stage: &str| {
        CALLS.store(0, Ordering::SeqCst);
        run(runs.path(), &[stage, "--mine"], attention(counted)).unwrap();
        CALLS.load(Ordering::SeqCst)
    };
    // Before every command the plug looks at it; the data are made without any model.
    let looking = calls("data");
    assert_eq!(calls("tokenizer"), looking);
    // Two layers. Eighty steps of one batch each; validation goes through the chapter's attention.
    assert_eq!(calls("train") - looking, 2 * 80);
    for stage in ["mid", "sft"] {
        let steps = (calls(stage) - looking) / 2;
        assert!((10..200).contains(&steps), "{stage}: {steps} passes");
    }
}

#[test]
fn a_chapter_without_a_plug_is_answered_with_those_that_have_one() {
    let runs = tempfile::tempdir().unwrap();
    let words = ["mine", "speedrun", "--mine", "01,00", "--runs-dir"];
    let words = [&words[..], &[runs.path().to_str().unwrap()]].concat();
    let said = format!("{:#}", execute(words, &mine::plugs()).unwrap_err());
    says(
        &said,
        &[
            "--mine 00",
            "01 (merge one chunk)",
            "02 (fill one row)",
            "03 (causal attention)",
            "04 (ones for singular values)",
            "06 (relu² in one pass)",
        ],
    );
}

/// The sheets of the exercises promise it to the learner.
#[test]
fn the_exercises_that_say_so_plug_in_and_no_others() {
    let solutions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../solutions");
    let mut promised = BTreeSet::new();
    for chapter in std::fs::read_dir(solutions).unwrap().flatten() {
        let chapters = chapter.file_name().to_string_lossy()[..2].parse().unwrap();
        for file in std::fs::read_dir(chapter.path().join("src"))
            .unwrap()
            .flatten()
        {
            let name = file.file_name().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(file.path()).unwrap();
            if text.contains("of 5. Plugs in:") {
                let number = name.trim_start_matches("ex").split('_').next().unwrap();
                promised.insert((chapters, number.parse().unwrap()));
            }
        }
    }
    let plugs = mine::plugs();
    let kept: BTreeSet<(u32, u32)> = plugs
        .iter()
        .map(|plug| (plug.exercise.chapter, plug.exercise.number))
        .collect();
    assert_eq!(promised, kept);
}

#[test]
fn a_merge_that_forgets_its_left_neighbour_is_refused() {
    fn forgetful(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
        let mut changes = exercises_01::ex4_merge_chunk::merge_chunk(ids, pair, new);
        changes.retain(|(changed, _)| changed.1 != new);
        changes
    }
    let said = refused(merges(|counts, wanted, _| {
        Ok(merges_with(forgetful, counts, wanted))
    }));
    says(
        &said,
        &[
            OF_MERGES,
            "merges (",
            "asked about",
            "`cargo course check 01.4`",
        ],
    );
}

#[test]
fn merges_in_another_order_too_few_and_too_many_are_refused() {
    let said = refused(merges(|counts, wanted, progress| {
        let mut merges = tokenizer::train::merges(counts, wanted, progress)?;
        merges.reverse();
        Ok(merges)
    }));
    says(
        &said,
        &[OF_MERGES, "at step 1, where the chapter's code merges"],
    );
    let said = refused(merges(|_, _, _| Ok(Vec::new())));
    says(
        &said,
        &[OF_MERGES, "makes 0 merges, where the chapter's code makes"],
    );
    let said = refused(merges(|counts, wanted, progress| {
        tokenizer::train::merges(counts, wanted + 1, progress)
    }));
    says(
        &said,
        &[OF_MERGES, "merges, where the chapter's code makes"],
    );
}

/// The merges of small texts are right, those of the training text are not: the stage that trains the tokenizer sees it.
#[test]
fn merges_that_go_wrong_on_the_training_text_are_refused_there() {
    fn late(counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
        let mut merges = tokenizer::train::merges(counts, wanted, &mut |_| ()).unwrap();
        if counts.len() > 1000 {
            merges.swap(2, 3);
        }
        merges
    }
    fn fragile(counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
        assert!(counts.len() < 1000, "so many chunks");
        tokenizer::train::merges(counts, wanted, &mut |_| ()).unwrap()
    }
    let said = |plug| {
        let runs = tempfile::tempdir().unwrap();
        let said = run(runs.path(), &["speedrun", "--mine"], plug).unwrap_err();
        assert!(!runs.path().join("smoke-mine-01/tokenizer").exists());
        said
    };
    let of_late = said(merges(|counts, wanted, _| Ok(late(counts, wanted))));
    says(
        &of_late,
        &[
            "stage tokenizer",
            OF_MERGES,
            "on the training text",
            "01.4`",
        ],
    );
    let of_fragile = said(merges(|counts, wanted, _| Ok(fragile(counts, wanted))));
    says(
        &of_fragile,
        &[
            "stage tokenizer",
            OF_MERGES,
            "panicked (the lines above",
            "01.4`",
        ],
    );
}

#[test]
fn attention_without_a_mask_is_refused() {
    fn sees_all(q: &Tensor, k: &Tensor, v: &Tensor, _window: Option<i64>) -> Tensor {
        let shared = q.size()[1] != k.size()[1];
        Tensor::scaled_dot_product_attention::<Tensor>(q, k, v, None, 0.0, false, None, shared)
    }
    let said = refused(attention(sees_all));
    says(
        &said,
        &[
            OF_ATTENTION,
            "is off in",
            "the output",
            "q (2, 3, 12, 8)",
            "check 03.4`",
        ],
    );
}

#[test]
fn attention_that_is_nearly_right_is_refused() {
    // A window of its own width: one position short.
    let said = refused(attention(|q, k, v, window| {
        causal_attention(q, k, v, window.map(|window| (window - 1).max(0)))
    }));
    says(&said, &[OF_ATTENTION, "the output", "a window of 3"]);
    // Heads shared with the wrong partners.
    let said = refused(attention(|q, k, v, window| {
        let groups = q.size()[1] / k.size()[1];
        let [k, v] = [k, v].map(|x| x.repeat([1, groups, 1, 1]));
        causal_attention(q, &k, &v, window)
    }));
    says(
        &said,
        &[OF_ATTENTION, "q (2, 4, 12, 8), k and v (2, 2, 12, 8)"],
    );
    // Outputs right, but the keys never learn.
    let said = refused(attention(|q, k, v, window| {
        causal_attention(q, &k.detach(), v, window)
    }));
    says(&said, &[OF_ATTENTION, "loses the gradient of k"]);
    let said = refused(attention(|q, k, v, window| {
        causal_attention(&q.detach(), &k.detach(), &v.detach(), window)
    }));
    says(&said, &[OF_ATTENTION, "without a gradient"]);
}

#[test]
fn answers_that_are_no_attention_at_all_are_refused() {
    let said = refused(attention(|q, k, v, window| {
        causal_attention(q, k, v, window).transpose(1, 2)
    }));
    says(
        &said,
        &[OF_ATTENTION, "gives [2, 1, 2, 8], where q is [2, 2, 1, 8]"],
    );
    let said = refused(attention(|q, k, v, window| {
        causal_attention(q, k, v, window).to_kind(Kind::Double)
    }));
    says(&said, &[OF_ATTENTION, "gives Double for Float"]);
    let said = refused(attention(|q, k, v, window| {
        causal_attention(q, k, v, window) * f64::NAN
    }));
    says(&said, &[OF_ATTENTION, "is off in 32 of 32 numbers", "NaN"]);
    // libtorch says what does not fit, and then where in libtorch, in many lines.
    let said = refused(attention(|q, k, v, _window| q.matmul(k).matmul(v)));
    says(
        &said,
        &[
            OF_ATTENTION,
            "asked libtorch",
            "Expected size for",
            "q (2, 2, 1, 8)",
        ],
    );
    assert!(!said.contains("tch-0"), "{said}");
    assert!(!said.contains('\n'), "{said}");
}

#[test]
fn answers_that_are_not_written_that_panic_or_never_come_are_refused() {
    let said = refused(merges(|_, _, _| todo!("exercise 01.4")));
    says(&said, &[OF_MERGES, "is not written yet", "main.rs:"]);
    let said = refused(attention(|_, _, _, _| todo!("exercise 03.4")));
    says(&said, &[OF_ATTENTION, "is not written yet", "main.rs:"]);
    let said = refused(merges(
        |_, wanted, _| Ok(vec![(0, 0); 2][wanted..].to_vec()),
    ));
    says(
        &said,
        &[OF_MERGES, "panicked at", "main.rs:", "out of range"],
    );
    let limit = Duration::from_millis(100);
    let silent = ask(limit, || std::thread::sleep(Duration::from_secs(3600)));
    assert_eq!(silent, Err(Trouble::Silent(limit)));
}
