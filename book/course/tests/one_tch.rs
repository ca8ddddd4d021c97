//! The exercises are built with the tch and the parquet that everything else uses: second ones would be minutes of compiling.

use course::Project;
use course::trial::selection;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Every package that a selection builds, with the features that cargo chooses for it.
fn features(project: &Project, selected: &[String]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(&project.root)
        .args(["tree", "--offline", "--locked", "--prefix=none"])
        .args(["--edges=normal,build,dev", "--format={p} {f}"])
        .args(selected)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    // Cargo marks what it has listed before.
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
    lines.map(|line| line.trim_end().to_string()).collect()
}

#[test]
fn exercises_on_large_crates_choose_the_features_of_the_chapters() {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let chapters = features(&project, &[]);
    assert!(chapters.iter().any(|line| line.starts_with("tch v")));
    assert!(chapters.iter().any(|line| line.starts_with("parquet v")));
    let packages = [
        (2, "exercises-02"),
        (2, "solutions-02"),
        (3, "exercises-03"),
        (3, "solutions-03"),
        (5, "exercises-05"),
        (5, "solutions-05"),
        (6, "exercises-06"),
        (6, "solutions-06"),
    ];
    for (chapter, package) in packages {
        let selected = selection(&project, chapter, package).unwrap();
        let with_exercises = features(&project, &selected);
        let added: Vec<&String> = with_exercises.difference(&chapters).collect();
        let is_own = |line: &&&String| {
            ["exercises-", "solutions-", "judge "]
                .iter()
                .any(|own| line.starts_with(own))
        };
        let others: Vec<&&String> = added.iter().filter(|line| !is_own(line)).collect();
        assert!(others.is_empty(), "{package} changes {others:#?}");
        assert!(added.len() > others.len(), "{package} is in its own tree");
    }
}

#[test]
fn exercises_that_need_little_are_built_alone() {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let selected = selection(&project, 1, "exercises-01").unwrap();
    assert_eq!(selected, ["--package=exercises-01"]);
    let built = features(&project, &selected);
    assert!(!built.iter().any(|line| line.starts_with("tch ")));
}
