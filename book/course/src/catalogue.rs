//! Which exercises there are: every `solutions/NN-name/src/exM_name.rs`.

use crate::sheet::Sheet;
use crate::{Error, Project};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};

// ANCHOR: catalogue
/// One exercise.
#[derive(Debug, Clone)]
pub struct Exercise {
    pub chapter: u32,
    pub number: u32,
    /// `naive_trainer`.
    pub name: String,
    /// `01-tokenizer`.
    pub folder: String,
    pub sheet: Sheet,
}

/// A chapter that has exercises.
#[derive(Debug, Clone)]
pub struct Chapter {
    pub number: u32,
    /// `01-tokenizer`.
    pub folder: String,
    /// By number, from 1 without a gap.
    pub exercises: Vec<Exercise>,
}

impl Exercise {
    /// `src/ex3_naive_trainer.rs`, in the solutions as in the exercises.
    pub fn file(&self) -> String {
        format!("src/ex{}_{}.rs", self.number, self.name)
    }

    /// Where the learner writes.
    pub fn learners_file(&self, project: &Project) -> PathBuf {
        project
            .root
            .join("exercises")
            .join(&self.folder)
            .join(self.file())
    }

    /// Where the solution is.
    pub fn solution_file(&self, project: &Project) -> PathBuf {
        project
            .root
            .join("solutions")
            .join(&self.folder)
            .join(self.file())
    }
}

/// `01.3`, as the learner types it.
impl Display for Exercise {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}.{}", self.chapter, self.number)
    }
}

/// All chapters that have exercises, in order.
///
/// # Errors
/// A file that cannot be read, a sheet that lacks something, and numbers with a gap.
pub fn chapters(project: &Project) -> Result<Vec<Chapter>, Error> {
    let folder = project.root.join("solutions");
    let mut chapters = Vec::new();
    for name in names(&folder)? {
        let number = name
            .split_once('-')
            .and_then(|(number, _)| number.parse().ok());
        if let Some(number) = number {
            chapters.push(chapter(&folder.join(&name), name, number)?);
        }
    }
    Ok(chapters)
}

fn chapter(path: &Path, folder: String, number: u32) -> Result<Chapter, Error> {
    let mut exercises = Vec::new();
    for file in names(&path.join("src"))? {
        let Some((exercise, name)) = numbered(&file) else {
            continue;
        };
        let path = path.join("src").join(&file);
        let source = fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
        exercises.push(Exercise {
            chapter: number,
            number: exercise,
            name: name.to_string(),
            folder: folder.clone(),
            sheet: Sheet::read(&path, &source)?,
        });
    }
    exercises.sort_by_key(|exercise| exercise.number);
    let gap = exercises
        .iter()
        .zip(1..)
        .find(|(exercise, n)| exercise.number != *n);
    match gap {
        Some((exercise, expected)) => Err(Error::Sheet {
            path: path.join(exercise.file()),
            missing: format!(
                "its neighbour, exercise {expected}: number them from 1 without a gap"
            ),
        }),
        None => Ok(Chapter {
            number,
            folder,
            exercises,
        }),
    }
}

/// 3 and `naive_trainer` of `ex3_naive_trainer.rs`.
pub fn numbered(file: &str) -> Option<(u32, &str)> {
    let (number, name) = file
        .strip_prefix("ex")?
        .strip_suffix(".rs")?
        .split_once('_')?;
    Some((number.parse().ok()?, name))
}

/// What lies in a folder, in the order of the names. A folder that is not there holds nothing.
pub fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| Error::file(folder, e))?,
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}
// ANCHOR_END: catalogue

// ANCHOR: chosen
/// The exercises that a learner names: `01` is a chapter, `01.3` (or `1.3`) one exercise.
///
/// # Errors
/// [`Error::UnknownExercise`].
pub fn chosen(chapters: &[Chapter], named: &str) -> Result<Vec<Exercise>, Error> {
    let (chapter, exercise) = match named.split_once('.') {
        Some((chapter, exercise)) => (chapter, Some(exercise)),
        None => (named, None),
    };
    let wanted = |exercise: &Exercise, number: Option<&str>| {
        number.is_none_or(|number| number.parse() == Ok(exercise.number))
    };
    let found: Vec<Exercise> = chapters
        .iter()
        .filter(|other| chapter.parse() == Ok(other.number))
        .flat_map(|chapter| chapter.exercises.clone())
        .filter(|other| wanted(other, exercise))
        .collect();
    match found.is_empty() {
        true => Err(Error::UnknownExercise {
            named: named.to_string(),
        }),
        false => Ok(found),
    }
}
// ANCHOR_END: chosen

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_has_exercises_and_they_are_found_by_number() {
        let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let chapters = chapters(&project).unwrap();
        let tokenizer = chosen(&chapters, "01").unwrap();
        assert!(tokenizer.len() >= 8);
        assert_eq!(chosen(&chapters, "1.3").unwrap()[0].to_string(), "01.3");
        for wrong in ["99", "01.99", "x", "01.x", ""] {
            let said = chosen(&chapters, wrong).unwrap_err().to_string();
            assert!(said.contains("cargo course status"), "{said}");
        }
    }

    #[test]
    fn only_numbered_files_are_exercises() {
        assert_eq!(numbered("ex12_fast_path.rs"), Some((12, "fast_path")));
        assert_eq!(numbered("expected.rs"), None);
        assert_eq!(numbered("lib.rs"), None);
    }
}
