//! Transcripts: what a long command printed, kept with the command, the commit and the date of its run.
//!
//! A console block of a few lines is run with every check (`console`). A run of minutes, or one on a machine that few
//! have, is run once, by `weave record`, and its file in `book/transcripts` is shown by
//! `{{#transcript book/transcripts/name.txt}}`. The file begins with four lines and an empty one; the rest is output:
//!
//! ```text
//! command: cargo run --bin dataset
//! commit: 2a398ad01b
//! date: 2026-11-23
//! machine: 2 vCPU Intel Xeon with AVX-512
//!
//! tidepool   a world of 100 entities …
//! ```

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::console;
use crate::html::escape;

/// A recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    pub command: String,
    /// At least seven digits of the commit's hash, with ` with changes` after it if the files were not committed.
    pub commit: String,
    /// `2026-11-23`
    pub date: String,
    pub machine: String,
    pub output: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("cannot read the transcript {path}: {said}; `weave record` makes one.")]
    Read { path: String, said: String },
    #[error(
        "{path} does not say `{key}:` at its head; a transcript begins with command, commit, date, machine and an empty line."
    )]
    NoKey { path: String, key: &'static str },
    #[error("{path}: `commit: {value}` is not a commit's hash of seven digits or more.")]
    Commit { path: String, value: String },
    #[error("{path}: `date: {value}` is not a date like 2026-11-23.")]
    Date { path: String, value: String },
    #[error("{path} has {lines} lines of output; lines {first}-{last} are not among them.")]
    Lines {
        path: String,
        lines: usize,
        first: usize,
        last: usize,
    },
    #[error("git does not say which commit this is ({said}); a transcript is recorded in a clone.")]
    Git { said: String },
    #[error(transparent)]
    Command(#[from] console::Error),
}

impl Transcript {
    /// Reads a transcript and checks its head.
    pub fn parse(path: &str, text: &str) -> Result<Transcript, Error> {
        let (head, output) = text.split_once("\n\n").unwrap_or((text, ""));
        let value = |key: &'static str| {
            head.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
                .map(|value| value.trim().to_string())
                .filter(|value| !value.is_empty())
                .ok_or(Error::NoKey {
                    path: path.to_string(),
                    key,
                })
        };
        let transcript = Transcript {
            command: value("command")?,
            commit: value("commit")?,
            date: value("date")?,
            machine: value("machine")?,
            output: output.trim_end().to_string() + "\n",
        };
        let hash = transcript.commit.split(' ').next().unwrap_or("");
        if hash.len() < 7 || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Error::Commit {
                path: path.to_string(),
                value: transcript.commit,
            });
        }
        if !is_date(&transcript.date) {
            return Err(Error::Date {
                path: path.to_string(),
                value: transcript.date,
            });
        }
        Ok(transcript)
    }

    /// The Markdown of a transcript: all of its output or some lines of it (counted from 1), folded if it has a title.
    pub fn render(
        &self,
        path: &str,
        lines: Option<(usize, usize)>,
        title: Option<&str>,
    ) -> Result<String, Error> {
        let all: Vec<&str> = self.output.lines().collect();
        let (first, last) = lines.unwrap_or((1, all.len()));
        if first < 1 || last < first || last > all.len() {
            return Err(Error::Lines {
                path: path.to_string(),
                lines: all.len(),
                first,
                last,
            });
        }
        let mut shown = match first {
            1 => format!("$ {}\n", self.command),
            _ => "…\n".to_string(),
        };
        shown += &all[first - 1..last].join("\n");
        if last < all.len() {
            shown += "\n…";
        }
        // A part does not begin with the command, so the caption names it.
        let what = match (first, last == all.len()) {
            (1, true) => "A run".to_string(),
            _ => format!("From a run of <code>{}</code>", escape(&self.command)),
        };
        let caption = format!(
            "{what}, {} at commit {}, on {}",
            escape(&self.date),
            escape(&self.commit),
            escape(&self.machine)
        );
        let fence = crate::listing::fence(&shown);
        let block = format!("{fence}console\n{shown}\n{fence}");
        Ok(match title {
            None => format!(
                "<figure class=\"listing run\">\n<figcaption>{caption}</figcaption>\n\n{block}\n\n</figure>"
            ),
            Some(title) => format!(
                "<details class=\"listing run\">\n<summary>{} <span class=\"lines\">{} lines</span></summary>\n<p class=\"caption\">{caption}</p>\n\n{block}\n\n</details>",
                escape(title),
                last - first + 1
            ),
        })
    }

    /// The transcript as its file holds it.
    pub fn text(&self) -> String {
        format!(
            "command: {}\ncommit: {}\ndate: {}\nmachine: {}\n\n{}",
            self.command, self.commit, self.date, self.machine, self.output
        )
    }
}

/// Runs a command in the repository's root and makes a transcript of it.
pub fn record(command: &str, machine: &str, root: &Path) -> Result<Transcript, Error> {
    const PATIENCE: Duration = Duration::from_secs(24 * 3600);
    let commit = git(root, &["rev-parse", "--short=10", "HEAD"])?;
    let changed = !git(root, &["status", "--porcelain"])?.is_empty();
    let output = console::run(command, root, false, PATIENCE)?;
    Ok(Transcript {
        command: command.to_string(),
        commit: if changed {
            format!("{commit} with changes")
        } else {
            commit
        },
        date: today(),
        machine: machine.to_string(),
        // Where somebody's clone lies is nobody's business.
        output: output.replace(&*root.to_string_lossy(), "/path/to/nanocrab"),
    })
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .map_err(|error| Error::Git {
            said: error.to_string(),
        })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_string()),
        false => Err(Error::Git {
            said: String::from_utf8_lossy(&output.stderr).trim().to_string(),
        }),
    }
}

/// Whether a text has the form of a date.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, length: usize, largest: u32| {
        part.len() == length && part.parse::<u32>().is_ok_and(|n| n >= 1 && n <= largest)
    };
    matches!(parts[..], [year, month, day]
        if number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31))
}

/// Today in UTC.
pub fn today() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    date_of_day(seconds / 86_400)
}

/// The date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`, for days after 1970): years begin
/// in March, so that the leap day is the last of its year.
fn date_of_day(day: u64) -> String {
    let day = day + 719_468; // from 0000-03-01
    let era = day / 146_097; // 400 years
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "command: cargo run\ncommit: 2a398ad\ndate: 2026-11-23\nmachine: 2 vCPU\n\none\n\ntwo\nthree\n";

    #[test]
    fn a_transcript_is_read_shown_and_written_as_it_was() {
        let transcript = Transcript::parse("t.txt", TEXT).unwrap();
        assert_eq!(transcript.output, "one\n\ntwo\nthree\n");
        assert_eq!(transcript.text(), TEXT);
        let shown = transcript.render("t.txt", None, None).unwrap();
        assert!(
            shown.contains("```console\n$ cargo run\none\n\ntwo\nthree\n```"),
            "{shown}"
        );
        assert!(
            shown.contains("A run, 2026-11-23 at commit 2a398ad, on 2 vCPU"),
            "{shown}"
        );
        let part = transcript
            .render("t.txt", Some((3, 3)), Some("Two"))
            .unwrap();
        assert!(
            part.contains("```console\n…\ntwo\n…\n```")
                && part.contains("<summary>Two ")
                && part.contains("<code>cargo run</code>"),
            "{part}"
        );
        assert!(matches!(
            transcript.render("t.txt", Some((3, 9)), None),
            Err(Error::Lines { lines: 4, .. })
        ));
    }

    #[test]
    fn a_head_that_does_not_say_everything_is_an_error() {
        let without = TEXT.replace("machine: 2 vCPU\n", "");
        assert!(matches!(
            Transcript::parse("t.txt", &without),
            Err(Error::NoKey { key: "machine", .. })
        ));
        let commit = TEXT.replace("2a398ad", "main");
        assert!(matches!(
            Transcript::parse("t", &commit),
            Err(Error::Commit { .. })
        ));
        let date = TEXT.replace("2026-11-23", "yesterday");
        assert!(matches!(
            Transcript::parse("t", &date),
            Err(Error::Date { .. })
        ));
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(date_of_day(0), "1970-01-01");
        assert_eq!(date_of_day(19_782), "2024-02-29");
        assert_eq!(date_of_day(20_781), "2026-11-24");
        assert!(is_date(&today()) && !is_date("2026-13-01") && !is_date("2026-1-01"));
    }

    #[test]
    fn a_run_is_recorded_with_its_commit_and_without_the_place_of_the_clone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let error = record("pwd", "a machine", root).unwrap_err();
        assert!(error.to_string().contains("recorded in a clone"), "{error}");
        let git = |arguments: &[&str]| git(root, arguments).unwrap();
        git(&["init", "-q"]);
        std::fs::write(root.join("a"), "a").unwrap();
        git(&["add", "a"]);
        git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "-qm",
            "a",
        ]);
        let recorded = record("pwd", "a machine", &root.canonicalize().unwrap()).unwrap();
        assert_eq!(recorded.output, "/path/to/nanocrab\n");
        assert_eq!(
            Transcript::parse("t", &recorded.text()),
            Ok(recorded.clone())
        );
        std::fs::write(root.join("a"), "b").unwrap();
        assert!(
            record("true", "m", root)
                .unwrap()
                .commit
                .ends_with(" with changes")
        );
    }
}
