//! Console blocks: commands and what they print, read, run and compared.
//!
//! ```text
//! $ cargo run --bin tensors -- --help
//! usage: tensors [--json] …
//! ```
//!
//! A command stands after `$ ` (a `\` at its end continues it after `> `); the lines up to the next command are what it
//! prints. It is run by `sh` in the repository's root; what it writes to the standard error, where cargo says what it
//! compiles, is not compared. `matching` says what a page may leave open.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::blocks::{Block, Freedom, Kind};
use crate::matching::{difference, has_placeholder};
use crate::page::{Page, Problem};
use crate::patience::output_within;

/// A page's command that has not ended by then is ended; a first compilation of libtorch's binding takes some minutes.
const PATIENCE: Duration = Duration::from_secs(900);

/// A command of a console block, and what the page says that it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// As it is given to the shell.
    pub command: String,
    /// The command's lines as they stand in the block.
    typed: String,
    pub output: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("a console block that is run begins with a command: a line `$ command`.")]
    NoCommand,
    #[error("`{command}` does not start: {said}")]
    Start { command: String, said: String },
    #[error("`{command}` had not ended after {seconds} seconds and was ended.")]
    TooLong { command: String, seconds: u64 },
    #[error("`{command}` ended with {status}; the last it said:\n{said}")]
    Failed {
        command: String,
        status: String,
        said: String,
    },
    #[error("`{command}` was to fail (`run=fails`) and did not.")]
    Succeeded { command: String },
    #[error(
        "`{command}` prints something else; `weave run --update` puts it into the page.\n{difference}"
    )]
    Differs { command: String, difference: String },
}

/// Cuts a block's text into its commands.
pub fn steps(text: &str) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_string(),
                typed: format!("{line}\n"),
                output: String::new(),
            });
            continue;
        }
        let step = steps.last_mut().ok_or(Error::NoCommand)?;
        match line.strip_prefix("> ") {
            Some(more) if step.command.ends_with('\\') && step.output.is_empty() => {
                step.command.push('\n');
                step.command.push_str(more);
                step.typed.push_str(line);
                step.typed.push('\n');
            }
            _ => {
                step.output.push_str(line);
                step.output.push('\n');
            }
        }
    }
    match steps.is_empty() {
        true => Err(Error::NoCommand),
        false => Ok(steps),
    }
}

/// What a page's console blocks came to.
#[derive(Debug, Default)]
pub struct Ran {
    pub blocks: usize,
    pub problems: Vec<Problem>,
    /// The page's text with what the commands printed in place of what it said, where the two differ.
    pub updated: Option<String>,
}

/// Runs the page's console blocks in order, each command after the other.
pub fn run_page(page: &Page, blocks: &[Block], root: &Path) -> Ran {
    let mut ran = Ran::default();
    let mut edits = Vec::new();
    for block in blocks {
        let Kind::Run(freedom) = block.kind else {
            continue;
        };
        ran.blocks += 1;
        match run_block(block, freedom, root) {
            Ok((errors, text)) => {
                for error in &errors {
                    ran.problems.push(page.problem(block.inside.start, error));
                }
                if !errors.is_empty() && !has_placeholder(&block.text) {
                    let text = indented(&text, &page.text[block.inside.clone()]);
                    edits.push(crate::edit::Edit::new(block.inside.clone(), text));
                }
            }
            Err(error) => ran.problems.push(page.problem(block.inside.start, error)),
        }
    }
    if !edits.is_empty() {
        ran.updated = Some(crate::edit::apply(&page.text, edits));
    }
    ran
}

/// The differences, and the block's text as it would have to be.
fn run_block(block: &Block, freedom: Freedom, root: &Path) -> Result<(Vec<Error>, String), Error> {
    let (mut errors, mut text) = (Vec::new(), String::new());
    let steps = steps(&block.text)?;
    for (index, step) in steps.iter().enumerate() {
        let fails = freedom.fails && index + 1 == steps.len();
        let printed = run(&step.command, root, fails, PATIENCE)?;
        if let Some(difference) = difference(&step.output, &printed, freedom) {
            errors.push(Error::Differs {
                command: step.command.clone(),
                difference,
            });
        }
        text.push_str(&step.typed);
        text.push_str(&printed);
    }
    Ok((errors, text))
}

/// The new lines with the indentation of the old ones: the block may stand in a list item.
fn indented(text: &str, old: &str) -> String {
    let indentation: String = old.chars().take_while(|c| *c == ' ').collect();
    text.lines()
        .map(|line| match line.is_empty() {
            true => "\n".to_string(),
            false => format!("{indentation}{line}\n"),
        })
        .collect()
}

/// Runs a command and returns what it prints, each line without the spaces at its end.
pub fn run(command: &str, root: &Path, fails: bool, patience: Duration) -> Result<String, Error> {
    let output = output_within(
        Command::new("sh")
            .args(["-c", command])
            .current_dir(root)
            // Set by the cargo that started this program; a second cargo would take it for another libtorch.
            .env_remove("LIBTORCH")
            .env("NO_COLOR", "1"),
        patience,
    );
    let output = output.map_err(|error| Error::Start {
        command: command.to_string(),
        said: error.to_string(),
    })?;
    let Some(output) = output else {
        return Err(Error::TooLong {
            command: command.to_string(),
            seconds: patience.as_secs(),
        });
    };
    let status = output.status;
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    match (status.success(), fails) {
        (true, true) => Err(Error::Succeeded {
            command: command.to_string(),
        }),
        (false, false) => Err(Error::Failed {
            command: command.to_string(),
            status: status.to_string(),
            said: last_lines(&format!("{printed}{said}"), 20),
        }),
        _ => Ok(printed
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()),
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks;

    fn ran(text: &str) -> Ran {
        let page = Page::new("a.md", text);
        run_page(&page, &blocks::find(&page).0, &std::env::temp_dir())
    }

    #[test]
    fn commands_are_read_with_their_output() {
        let steps = steps("$ echo a \\\n> b\na b\n$ true\n").unwrap();
        assert_eq!(steps[0].command, "echo a \\\nb");
        assert_eq!(steps[0].output, "a b\n");
        assert_eq!(
            (steps[1].command.as_str(), steps[1].output.as_str()),
            ("true", "")
        );
        assert_eq!(super::steps("output\n"), Err(Error::NoCommand));
    }

    #[test]
    fn what_is_printed_is_compared_and_put_into_the_page() {
        let good = ran("```console,run\n$ echo a \\\n> b\na b\n$ printf 'x  \\n'\nx\n```\n");
        assert_eq!(
            (good.blocks, good.problems.len()),
            (1, 0),
            "{:?}",
            good.problems
        );
        assert_eq!(good.updated, None);

        let stale = ran("- item\n\n  ```console,run\n  $ echo new\n  old\n  ```\n\nend\n");
        assert!(
            stale.problems[0].message.contains("- old\n+ new"),
            "{:?}",
            stale.problems
        );
        assert_eq!(
            stale.updated.as_deref(),
            Some("- item\n\n  ```console,run\n  $ echo new\n  new\n  ```\n\nend\n")
        );
    }

    #[test]
    fn a_failing_command_is_a_problem_unless_it_is_to_fail() {
        let failed = ran("```console,run\n$ echo why >&2; exit 3\n```\n");
        let said = &failed.problems[0].message;
        assert!(
            said.contains("exit status: 3") && said.contains("why"),
            "{said}"
        );
        assert!(
            ran("```console,run=fails\n$ false\n```\n")
                .problems
                .is_empty()
        );
        let succeeded = ran("```console,run=fails\n$ true\n```\n");
        assert!(succeeded.problems[0].message.contains("was to fail"));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let error = run(
            "sleep 30 & sleep 30",
            Path::new("/"),
            false,
            Duration::from_millis(100),
        );
        assert!(matches!(error, Err(Error::TooLong { .. })), "{error:?}");
    }
}
