//! `nanocrab train --nproc 2`: the same model; interrupted and killed, too.

use crate::bench::{Bench, STEPS, signal, text};
use std::process::Output;

#[test]
fn two_programs_train_one_model() {
    let bench = Bench::new();
    let one = bench.train("one", &[]);
    let two = bench.train("two", &["--nproc", "2"]);
    let again = bench.train("again", &["--nproc", "2"]);
    let (_, alone) = bench.result("one");
    let (weights, losses) = bench.result("two");
    assert!(
        bench.result("again") == (weights.clone(), losses.clone()),
        "{}",
        text(&again)
    );

    assert!(
        (losses[0] / alone[0] - 1.0).abs() < 1e-9,
        "of the same weights"
    );
    let fallen = alone[0] - alone[STEPS as usize - 1];
    assert!(fallen > 0.02, "it learns: {alone:?}");
    let apart = bench.apart("base", "one", "two");
    println!(
        "weights {apart:.1e} apart after {STEPS} steps, in which the loss fell by {fallen:.2}"
    );
    assert!(apart < 1e-6, "{apart:e}");

    // Rank 0 alone prints: as many lines of the stage as one program.
    let stage = |output: &Output| {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        out.lines()
            .filter(|line| line.contains("bits per byte"))
            .count()
    };
    assert_eq!((stage(&one), stage(&two)), (1, 1), "{}", text(&two));
    let kept = bench.go_on("two", &["--nproc", "2"]);
    assert!(text(&kept).contains("kept from before"), "{}", text(&kept));

    // SIGTERM: both save together, the code is that of the signal, and the run goes on where it was.
    let child = bench.begun("stopped", &["--nproc", "2"]);
    signal("-TERM", child.id());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    bench.go_on("stopped", &["--nproc", "2"]);
    assert!(bench.result("stopped") == (weights.clone(), losses.clone()));

    // Rank 1 is killed: rank 0 names it, the code is that of the kill, and the run goes on from its last checkpoint.
    let child = bench.begun("killed", &["--nproc", "2"]);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id()));
    // Where the kernel does not list a process's children, nobody is killed, and the run ends by itself.
    let ranks: Vec<u32> = children
        .unwrap_or_default()
        .split_whitespace()
        .map(|id| id.parse().expect("a number"))
        .collect();
    if let [_, rank_1] = ranks[..] {
        signal("-KILL", rank_1);
    }
    let output = child.wait_with_output().expect("ends");
    if !ranks.is_empty() {
        assert_eq!(ranks.len(), 2);
        assert_eq!(output.status.code(), Some(137), "{}", text(&output));
        let said = text(&output);
        assert!(
            said.contains("rank 1 has ended first, with signal: 9"),
            "{said}"
        );
        assert!(
            said.contains("error: rank 1 did not join operation"),
            "{said}"
        );
        bench.go_on("killed", &["--nproc", "2"]);
        assert!(bench.result("killed") == (weights, losses));
    }

    // What cannot be shared is said before anything is trained, by every rank.
    bench.copy("three");
    let output = bench.nanocrab("three", &["train", "--nproc", "3"]).output();
    let output = output.expect("starts");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = "a step of the stage train of the recipe few is 2 batches of 4 rows, which 3 ranks cannot share evenly";
    assert!(
        text(&output).contains(&format!("\nerror: {said}"))
            || text(&output).contains(&format!("error: {said}"))
    );
    assert!(
        text(&output).contains(&format!("rank 1: error: {said}")),
        "{}",
        text(&output)
    );
}
