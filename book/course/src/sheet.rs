//! An exercise's sheet: what the documentation at the head of its solution says about it.
//!
//! ```text
//! //! # The naive trainer
//! //!
//! //! Goal: write the forty lines that define byte-pair encoding.
//! //!
//! //! Minutes: 30. Difficulty: 2 of 5.
//! //!
//! //! What is to be done, in as many paragraphs as it needs.
//! //!
//! //! ## Hint 1
//! //! … to ## Hint 3, and ## Notes for those who are done.
//! ```

use crate::Error;
use std::path::Path;

// ANCHOR: sheet
/// How many hints every exercise has, each saying more than the one before.
pub const HINTS: usize = 3;

/// What is said about an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub title: String,
    /// One sentence.
    pub goal: String,
    pub minutes: u32,
    /// 1 to 5.
    pub difficulty: u32,
    /// `./speedrun.sh --mine` can train with the answer.
    pub plugs_in: bool,
    pub hints: Vec<String>,
    /// What is worth knowing afterwards.
    pub notes: Option<String>,
}

impl Sheet {
    /// Reads the `//!` lines at the head of a solution.
    ///
    /// # Errors
    /// [`Error::Sheet`] names what is missing.
    pub fn read(path: &Path, source: &str) -> Result<Self, Error> {
        let missing = |what: &str| Error::Sheet {
            path: path.to_path_buf(),
            missing: what.to_string(),
        };
        let parts = parts(source);
        let (title, body) = parts
            .first()
            .filter(|(title, _)| !title.is_empty())
            .ok_or_else(|| missing("a title, `//! # The naive trainer`"))?;
        let paragraph = |start: &str| {
            let paragraphs = body.split("\n\n").map(|text| text.replace('\n', " "));
            paragraphs
                .map(|text| text.trim().to_string())
                .find_map(|text| text.strip_prefix(start).map(str::to_string))
        };
        let effort =
            paragraph("Minutes: ").ok_or_else(|| missing("a line `//! Minutes: 30. …`"))?;
        let difficulty = effort
            .split_once("Difficulty: ")
            .map_or("", |(_, rest)| rest);
        let section = |name: &str| {
            let text = parts.iter().find(|(title, _)| title == name);
            text.map(|(_, text)| text.trim().to_string())
                .filter(|text| !text.is_empty())
        };
        let hints = (1..=HINTS)
            .map(|n| {
                section(&format!("Hint {n}"))
                    .ok_or_else(|| missing(&format!("`//! ## Hint {n}` with text")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Sheet {
            title: title.clone(),
            goal: paragraph("Goal: ").ok_or_else(|| missing("a line `//! Goal: …`"))?,
            minutes: number(&effort).ok_or_else(|| missing("the number of minutes"))?,
            difficulty: number(difficulty)
                .filter(|n| (1..=5).contains(n))
                .ok_or_else(|| missing("`Difficulty: N of 5.` behind the minutes"))?,
            plugs_in: effort.contains("Plugs in"),
            hints,
            notes: section("Notes"),
        })
    }
}

/// The headings of the documentation, each with the text below it.
fn parts(source: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        let heading = line.strip_prefix("# ").or_else(|| line.strip_prefix("## "));
        match (heading, parts.last_mut()) {
            (Some(heading), _) => parts.push((heading.trim().to_string(), String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => parts.push((String::new(), format!("{line}\n"))),
        }
    }
    parts
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u32> {
    let digits = text.trim_start();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}
// ANCHOR_END: sheet

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! # Counting\n//!\n//! Goal: count\n//! pairs.\n//!\n//! Minutes: 15. Difficulty: 2 of 5. Plugs in: yes.\n\
        //!\n//! Count.\n//!\n//! ## Hint 1\n//!\n//! One.\n//!\n//! ## Hint 2\n//!\n//! Two.\n//!\n//! ## Hint 3\n//!\n//! Three,\n//! four.\n\nfn f() {}\n";

    #[test]
    fn a_sheet_is_read_from_the_documentation() {
        let sheet = Sheet::read(Path::new("a.rs"), SOURCE).unwrap();
        assert_eq!(sheet.title, "Counting");
        assert_eq!(sheet.goal, "count pairs.");
        assert_eq!(
            (sheet.minutes, sheet.difficulty, sheet.plugs_in),
            (15, 2, true)
        );
        assert_eq!(sheet.hints, ["One.", "Two.", "Three,\nfour."]);
        assert_eq!(sheet.notes, None);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (line, named) in [
            ("# Counting", "a title"),
            ("Goal: count", "Goal"),
            ("Minutes: 15", "Minutes"),
            (" Difficulty: 2 of 5.", "Difficulty"),
            ("## Hint 2", "Hint 2"),
            ("Three,\n//! four.", "Hint 3"),
        ] {
            let error = Sheet::read(Path::new("a.rs"), &SOURCE.replace(line, "")).unwrap_err();
            let said = error.to_string();
            assert!(
                said.contains(named) && said.contains("a.rs"),
                "{line}: {said}"
            );
        }
    }
}
