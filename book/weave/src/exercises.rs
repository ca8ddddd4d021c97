//! The table of a chapter's exercises, made of what their solutions say about them.

use course::{Project, catalogue};
use std::path::Path;

/// The Markdown that stands in place of `{{#exercises 03}}`.
///
/// # Errors
/// What is wrong, in words: no such chapter, or a sheet that cannot be read.
pub fn table(root: &Path, chapter: &str) -> Result<String, String> {
    let project = Project::find(root).map_err(|error| error.to_string())?;
    let chapters = catalogue::chapters(&project).map_err(|error| error.to_string())?;
    let exercises = catalogue::chosen(&chapters, chapter).map_err(|error| error.to_string())?;
    let mut text =
        String::from("| | file | goal | minutes | difficulty |\n|---|---|---|--:|--:|\n");
    for exercise in exercises {
        let sheet = &exercise.sheet;
        text.push_str(&format!(
            "| {exercise} | `ex{}_{}` | {} | {} | {} of 5 |\n",
            exercise.number,
            exercise.name,
            capitalised(&sheet.goal),
            sheet.minutes,
            sheet.difficulty
        ));
    }
    Ok(text)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapters_exercises_stand_in_a_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = table(root, "01").unwrap();
        assert!(
            text.contains("| 01.3 | `ex3_naive_trainer` | Write the forty lines"),
            "{text}"
        );
        assert!(text.lines().count() >= 10, "{text}");
        assert!(table(root, "99").is_err());
    }
}
