//! The checks of `cargo course test`, in the order in which they run: the quick ones first.

use crate::cleanup::Cleanup;
use crate::platform::Pins;
use crate::setup::Setup;
use crate::suite::{Verdict, run_logged, runs};
use crate::surroundings::Surroundings;
use crate::trial::default_members;
use crate::{
    Error, Project, blocks, catalogue, dependency_rule, gates, house_rules, libtest, mine, smoke,
};
use std::process::Command;

// ANCHOR: check
/// What every check is given.
pub struct Job<'a> {
    pub project: &'a Project,
    pub surroundings: &'a Surroundings,
    pub pins: &'a Pins,
    pub cleanup: &'a Cleanup,
}

#[derive(Clone, Copy)]
pub struct Check {
    pub name: &'static str,
    pub about: &'static str,
    pub needs_libtorch: bool,
    pub run: fn(&Job) -> Verdict,
}

pub fn all() -> Vec<Check> {
    let check = |name, about, needs_libtorch, run| Check {
        name,
        about,
        needs_libtorch,
        run,
    };
    vec![
        check("setup", "libtorch is there, or is fetched", false, setup),
        check("fmt", "cargo fmt --all --check", false, fmt),
        check(
            "shell",
            "shellcheck over speedrun.sh and .ci/run",
            false,
            shell,
        ),
        check(
            "dependencies",
            "a chapter depends only on chapters below it",
            false,
            dependencies,
        ),
        check(
            "house",
            "names, lengths and forbidden calls in our own sources",
            false,
            house,
        ),
        check(
            "book",
            "the book builds, every listing taken from the sources",
            false,
            book,
        ),
        check(
            "clippy",
            "cargo clippy over every crate, warnings forbidden",
            true,
            clippy,
        ),
        check(
            "blocks",
            "what the pages type themselves compiles, and their commands print what they show",
            true,
            blocks::check,
        ),
        check(
            "exercises",
            "stubs are what the solutions give; solutions pass, stubs and planted wrong answers fail",
            false,
            gates::check,
        ),
        check("tests", "cargo test over every crate", true, tests),
        check(
            "smoke",
            "a whole small run; then another, killed and resumed, must end with the same numbers",
            true,
            smoke::check,
        ),
        check(
            "mine",
            "a small run with solutions plugged in; planted wrong answers must be refused by name",
            true,
            mine::check,
        ),
    ]
}

/// The checks with these names, in their usual order; all of them for no name. `setup` comes along with a check
/// that needs libtorch.
///
/// # Errors
/// [`Error::UnknownCheck`].
pub fn choose(names: &[String]) -> Result<Vec<Check>, Error> {
    let all = all();
    if let Some(name) = names
        .iter()
        .find(|name| !all.iter().any(|check| check.name == *name))
    {
        return Err(Error::UnknownCheck { name: name.clone() });
    }
    let named = |check: &Check| names.is_empty() || names.iter().any(|name| name == check.name);
    let with_libtorch = all.iter().any(|check| named(check) && check.needs_libtorch);
    Ok(all
        .into_iter()
        .filter(|check| named(check) || (check.name == "setup" && with_libtorch))
        .collect())
}
// ANCHOR_END: check

// ANCHOR: quick
fn setup(job: &Job) -> Verdict {
    let setup = Setup {
        project: job.project,
        surroundings: job.surroundings,
        pins: job.pins,
        flavour: None,
        cleanup: job.cleanup,
    };
    match setup.run() {
        Ok(outcome) => Verdict::Passed(outcome.in_words()),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}

fn fmt(job: &Job) -> Verdict {
    if !runs_cargo(job, &["fmt", "--version"]) {
        return Verdict::Skipped("cargo fmt is missing: `rustup component add rustfmt`".into());
    }
    let mut command = job.project.cargo();
    command.args(["fmt", "--all", "--check", "--", "-l", "--color", "never"]);
    match one_command(
        job,
        "fmt",
        "compares the layout of every file",
        &mut command,
        |_| String::new(),
    ) {
        Verdict::Failed(files) => {
            Verdict::Failed(format!("`cargo fmt --all` mends these files\n{files}"))
        }
        verdict => verdict,
    }
}

fn shell(job: &Job) -> Verdict {
    if !runs(job.surroundings, "shellcheck") {
        return Verdict::Skipped(format!(
            "shellcheck is missing: {}",
            job.surroundings.packages.shellcheck()
        ));
    }
    let mut command = job.surroundings.command("shellcheck");
    command
        .current_dir(&job.project.root)
        .args(["speedrun.sh", ".ci/run"]);
    one_command(
        job,
        "shell",
        "reads the shell scripts",
        &mut command,
        |_| String::new(),
    )
}

fn dependencies(job: &Job) -> Verdict {
    let output = job
        .project
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output();
    let metadata = match output {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => return Verdict::Failed(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => return Verdict::Failed(format!("`cargo metadata` does not start: {error}")),
    };
    match serde_json::from_slice(&metadata) {
        Ok(metadata) => {
            let packages = dependency_rule::packages(&metadata);
            Verdict::of(
                &dependency_rule::violations(&packages),
                format!("{} packages", packages.len()),
            )
        }
        Err(error) => Verdict::Failed(format!(
            "`cargo metadata` printed something else than JSON: {error}"
        )),
    }
}

fn house(job: &Job) -> Verdict {
    match house_rules::violations(&job.project.root) {
        Ok(found) => Verdict::of(&found.complaints, format!("{} files", found.files)),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}
// ANCHOR_END: quick

// ANCHOR: heavy
// Cargo chooses the features of shared dependencies by the packages that a command names, and compiles a dependency
// once for every choice. The checks therefore name none: they mean the default members, all chapters and this tool, as
// `./speedrun.sh` does. The weaver, whose libraries would change the choice for everybody, comes after them alone.

fn book(job: &Job) -> Verdict {
    let note = if is_built(job.project, "weave") {
        "weaves the pages"
    } else {
        "compiles the weaver first, a minute or two, once"
    };
    let mut command = job.project.cargo();
    command.args(["run", "--quiet", "--package", "weave", "--", "build"]);
    one_command(job, "book", note, &mut command, |said| {
        said.lines().last().unwrap_or_default().to_string()
    })
}

fn clippy(job: &Job) -> Verdict {
    if !runs_cargo(job, &["clippy", "--version"]) {
        return Verdict::Skipped("cargo clippy is missing: `rustup component add clippy`".into());
    }
    let note = if is_built(job.project, "nanocrab") {
        "reads every crate"
    } else {
        "compiles the binding to libtorch first, one to two minutes on two cores, once"
    };
    let found = catalogue::chapters(job.project)
        .and_then(|chapters| Ok((chapters, default_members(job.project)?)));
    let (chapters, mut read) = match found {
        Ok(found) => found,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    read.push("--package=judge".into());
    let solutions = chapters.iter().map(|chapter| chapter.number);
    read.extend(solutions.map(|number| format!("--package=solutions-{number:02}")));
    let read = read.join(" ");
    let parts = [
        // All in one, because cargo would choose other features, and so another tch, for the solutions alone. Not the
        // exercises: in a learner's clone they are the learner's. --no-deps keeps clippy away from them.
        (
            "clippy",
            note,
            &*format!("clippy --no-deps {read} --all-targets -- -D warnings"),
        ),
        (
            "clippy-weave",
            "reads the weaver",
            "clippy --package weave --all-targets -- -D warnings",
        ),
    ];
    for (name, note, arguments) in parts {
        let mut command = cargo(job, arguments);
        match one_command(job, name, note, &mut command, |_| String::new()) {
            Verdict::Passed(_) => {}
            other => return other,
        }
    }
    let mut command = match mine::cargo(job.project, "clippy") {
        Ok(command) => command,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    command.args(["--no-deps", "--all-targets", "--", "-D", "warnings"]);
    let note = "reads what plugs exercises into the speedrun";
    one_command(job, "clippy-mine", note, &mut command, |_| String::new())
}

fn tests(job: &Job) -> Verdict {
    // One test at a time: a test that trains uses every core, and two of them beside each other would be slower
    // than one after the other. --show-output keeps the lines of tests that say they were skipped.
    const HOW: &str = "--no-fail-fast -- --test-threads=1 --show-output";
    let parts = [
        (
            "tests",
            "compiles and runs every test",
            format!("test {HOW}"),
        ),
        (
            "tests-weave",
            "the weaver's own",
            format!("test --package weave {HOW}"),
        ),
        (
            "tests-judge",
            "what judges the exercises",
            format!("test --package judge {HOW}"),
        ),
    ];
    let mut log = String::new();
    let mut failures = Vec::new();
    for (name, note, arguments) in parts {
        let mut command = cargo(job, &arguments);
        // Examples in the documentation are linked outside the target folder, where the search path of
        // .cargo/config.toml leads nowhere.
        let lib = job.project.libtorch().join("lib");
        let flags = format!("-Clink-arg=-Wl,-rpath,{}", lib.display());
        command.env("RUSTDOCFLAGS", flags);
        match run_logged(job, name, note, &mut command) {
            Ok(logged) => {
                if !logged.success {
                    failures
                        .push(libtest::failures(&logged.text).unwrap_or_else(|| logged.end(60)));
                }
                log += &logged.text;
            }
            Err(error) => failures.push(error),
        }
    }
    match failures.is_empty() {
        true => Verdict::Passed(libtest::count(&log)),
        false => Verdict::Failed(format!("{}\n{}", libtest::count(&log), failures.join("\n"))),
    }
}

// ANCHOR_END: heavy

// ANCHOR: commands
/// `cargo` with arguments as one would type them.
pub(crate) fn cargo(job: &Job, arguments: &str) -> Command {
    let mut command = job.project.cargo();
    command.args(arguments.split(' '));
    command
}

fn one_command(
    job: &Job,
    name: &str,
    note: &str,
    command: &mut Command,
    passed: impl FnOnce(&str) -> String,
) -> Verdict {
    match run_logged(job, name, note, command) {
        Ok(logged) => logged.verdict(passed),
        Err(error) => Verdict::Failed(error),
    }
}

fn runs_cargo(job: &Job, arguments: &[&str]) -> bool {
    job.project
        .cargo()
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Whether a program of the workspace was built before: the message before a long compilation depends on it.
pub fn is_built(project: &Project, program: &str) -> bool {
    project.target_folder().join("debug").join(program).exists()
}
// ANCHOR_END: commands

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choosing_keeps_the_order_and_brings_setup_along() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|name| name.to_string()).collect();
            choose(&only)
                .unwrap()
                .iter()
                .map(|check| check.name)
                .collect()
        };
        assert_eq!(names(&["house", "fmt"]), ["fmt", "house"]);
        assert_eq!(names(&["tests"]), ["setup", "tests"]);
        assert_eq!(names(&[]).len(), all().len());
        let error = choose(&["nothing".to_string()]).err().unwrap().to_string();
        assert!(
            error.contains("`nothing`") && error.contains("--list"),
            "{error}"
        );
    }
}
