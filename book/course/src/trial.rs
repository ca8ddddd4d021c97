//! Builds the program that judges a chapter's exercises, and runs it.
//!
//! Only that program is built: the chapter's exercises, the chapter's crate, and what judges them.

use crate::catalogue::{self, Exercise};
use crate::{Error, Project};
use serde_json::Value;
use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::{Command, Stdio};

// ANCHOR: build
/// Chapters whose exercises build without libtorch.
const WITHOUT_LIBTORCH: [u32; 2] = [1, 2];

/// What a chapter's exercises stand on that takes minutes to compile: a crate, and what people know it as.
fn slow_to_compile(chapter: u32) -> Option<(&'static str, &'static str)> {
    match chapter {
        1 => None,
        2 => Some(("parquet", "the readers of parquet")),
        _ => Some(("tch", "libtorch's Rust side")),
    }
}

/// A program that judges.
pub struct Program {
    pub package: String,
    executable: PathBuf,
    /// What the compiler warned of, in the package itself.
    pub warnings: Vec<Complaint>,
}

/// A warning or an error of the compiler's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// `exercises/01-tokenizer/src/ex3_naive_trainer.rs`; empty where it names no file.
    pub file: String,
    /// As the compiler prints it.
    pub text: String,
}

/// What came of compiling.
pub enum Built {
    Program(Program),
    /// It does not compile, because of these files.
    Broken(Vec<String>),
}

/// Whose answers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Learner,
    /// The solutions, in the learner's place.
    Reference,
    /// All of them and the wrong ones too.
    Everybody,
}

/// Builds the program for a chapter; why it does not compile goes to standard error.
///
/// # Errors
/// [`Error::Trial`] when cargo itself fails.
pub fn build(project: &Project, chapter: u32, whose: Whose) -> Result<Built, Error> {
    let (package, test) = match whose {
        Whose::Everybody => (format!("solutions-{chapter:02}"), "gates"),
        Whose::Learner | Whose::Reference => (format!("exercises-{chapter:02}"), "yours"),
    };
    let failed = |said: &str| Error::Trial {
        package: package.clone(),
        said: said.to_string(),
    };
    if !WITHOUT_LIBTORCH.contains(&chapter) && !project.libtorch().exists() {
        return Err(failed(
            "libtorch is missing, which `cargo course setup` fetches",
        ));
    }
    if !is_compiled(project, &package) {
        let missing = slow_to_compile(chapter).filter(|(krate, _)| !is_compiled(project, krate));
        let how_long = match missing {
            None => "one to three minutes".to_string(),
            Some((_, what)) => format!("with {what} some minutes"),
        };
        eprintln!(
            "compiling what judges the exercises of chapter {chapter:02}: {how_long}, the first time"
        );
    }
    let mut cargo = project.cargo();
    // Colours for people; what is read from the messages is the same.
    let format = match std::io::stderr().is_terminal() {
        true => "--message-format=json-diagnostic-rendered-ansi",
        false => "--message-format=json",
    };
    cargo.args(["test", "--no-run", "--quiet", format]);
    cargo.args(selection(project, chapter, &package)?);
    cargo.args(["--test", test]);
    if whose == Whose::Reference {
        cargo.arg("--features").arg(format!("{package}/reference"));
    }
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    let messages: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let (warnings, errors) = diagnostics(&messages, &package);
    if !output.status.success() {
        if errors.is_empty() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
        }
        errors.iter().for_each(|error| eprintln!("{}", error.text));
        return Ok(Built::Broken(
            errors.into_iter().map(|error| error.file).collect(),
        ));
    }
    let executable = messages
        .iter()
        .filter(|message| message["target"]["name"] == test)
        .find_map(|message| message["executable"].as_str())
        .ok_or_else(|| failed("cargo names no program"))?
        .into();
    Ok(Built::Program(Program {
        package,
        executable,
        warnings,
    }))
}

/// The packages that cargo chooses features for. Alone, an exercise's package would get a tch, or a parquet, with fewer
/// features than everything else does, and that is minutes of compiling for a second one. So the default members are named
/// beside it; what is built is still its test program alone, and no libtorch where it has none among its dependencies.
///
/// # Errors
/// The chapters' folder cannot be read.
pub fn selection(project: &Project, chapter: u32, package: &str) -> Result<Vec<String>, Error> {
    let mut selected = vec![format!("--package={package}")];
    if slow_to_compile(chapter).is_some() {
        selected.extend(default_members(project)?);
    }
    Ok(selected)
}

/// The default members of the workspace, as they are named to cargo.
///
/// # Errors
/// The chapters' folder cannot be read.
pub fn default_members(project: &Project) -> Result<Vec<String>, Error> {
    let folders = catalogue::names(&project.root.join("chapters"))?;
    let chapters = folders
        .iter()
        .filter_map(|folder| folder.split_once('-'))
        .map(|(_, name)| name);
    let all = chapters.chain(["course"]);
    Ok(all.map(|name| format!("--package={name}")).collect())
}

/// Whether a package's library was compiled before: the message before a long compilation depends on it.
fn is_compiled(project: &Project, package: &str) -> bool {
    let library = format!("lib{}-", package.replace('-', "_"));
    let compiled = fs::read_dir(project.target_folder().join("debug/deps"));
    let names = compiled
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    names
        .into_iter()
        .any(|name| name.to_string_lossy().starts_with(&library))
}

/// The warnings of a package, and everybody's errors.
fn diagnostics(messages: &[Value], package: &str) -> (Vec<Complaint>, Vec<Complaint>) {
    // The package's identity is a path and a version, `path+file:///…/exercises/01-tokenizer#exercises-01@0.1.0`.
    let is_own = |message: &&Value| {
        message["package_id"]
            .as_str()
            .is_some_and(|id| id.contains(&format!("#{package}@")))
    };
    let complaint = |level: &str, message: &Value| {
        let said = &message["message"];
        let spans = said["spans"].as_array();
        let primary = spans.and_then(|spans| spans.iter().find(|span| span["is_primary"] == true));
        let text = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str).unwrap_or_default();
            text.trim_end().to_string()
        };
        (said["level"] == level).then(|| Complaint {
            file: text(primary.map(|span| &span["file_name"])),
            text: text(Some(&said["rendered"])),
        })
    };
    let warnings = messages
        .iter()
        .filter(is_own)
        .filter_map(|message| complaint("warning", message));
    let errors = messages
        .iter()
        .filter_map(|message| complaint("error", message));
    (warnings.collect(), errors.collect())
}
// ANCHOR_END: build

// ANCHOR: run
/// How one exercise came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub exercise: u32,
    pub held: usize,
    pub properties: usize,
    pub unwritten: bool,
}

impl Score {
    pub fn is_green(&self) -> bool {
        self.held == self.properties
    }
}

impl Program {
    fn command(&self, project: &Project) -> Command {
        let mut command = Command::new(&self.executable);
        // Paths in panics are relative to the root, and so are the links that a terminal makes of them.
        command
            .current_dir(&project.root)
            .envs(project.search_path())
            // The tensors of exercises are small: threads would only get in each other's way.
            .env("OMP_NUM_THREADS", "1");
        command
    }

    /// Judges exercises of one chapter. The report goes to standard output.
    ///
    /// # Errors
    /// [`Error::Trial`] when the program does not start, or ends without results.
    pub fn judge(&self, project: &Project, exercises: &[Exercise]) -> Result<Vec<Score>, Error> {
        let failed = |said: String| Error::Trial {
            package: self.package.clone(),
            said,
        };
        let folder = project.target_folder().join("course");
        let results = folder.join(format!("{}-{}.json", self.package, std::process::id()));
        fs::create_dir_all(&folder).map_err(|e| Error::file(&folder, e))?;
        let mut command = self.command(project);
        command.arg("--results").arg(&results);
        for exercise in exercises {
            command.arg("--exercise").arg(exercise.number.to_string());
        }
        let status = command
            .status()
            .map_err(|error| failed(error.to_string()))?;
        let text = fs::read_to_string(&results);
        let _ = fs::remove_file(&results);
        let parsed = text
            .ok()
            .and_then(|text| serde_json::from_str::<Vec<Value>>(&text).ok());
        let parsed = parsed.ok_or_else(|| {
            failed(format!(
                "the tests ended with {status} before they were done"
            ))
        })?;
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let read = |value: &Value| Score {
            exercise: number(&value["exercise"]) as u32,
            held: number(&value["held"]) as usize,
            properties: number(&value["properties"]) as usize,
            unwritten: value["unwritten"] == true,
        };
        Ok(parsed.iter().map(read).collect())
    }

    /// Judges the exercises themselves. What the program says is the answer; `Err` if there are complaints.
    pub fn gates(&self, project: &Project, edited: &[u32]) -> Result<String, String> {
        let mut command = self.command(project);
        for number in edited {
            command.arg("--edited").arg(number.to_string());
        }
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_string();
        match output.status.success() {
            true => Ok(said),
            false => Err(said + &String::from_utf8_lossy(&output.stderr)),
        }
    }
}
// ANCHOR_END: run

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn warnings_are_those_of_the_package_and_errors_those_of_all() {
        let message = |package: &str, level: &str| {
            json!({
                "package_id": format!("path+file:///clone/{package}#{package}@0.1.0"),
                "message": {
                    "level": level,
                    "rendered": format!("{level} in {package}\n"),
                    "spans": [
                        { "file_name": "other.rs", "is_primary": false },
                        { "file_name": format!("{package}.rs"), "is_primary": true },
                    ],
                },
            })
        };
        let messages = [
            message("exercises-01", "warning"),
            message("tokenizer", "warning"),
            message("tokenizer", "error"),
        ];
        let (warnings, errors) = diagnostics(&messages, "exercises-01");
        let complaint = |package: &str, level: &str| Complaint {
            file: format!("{package}.rs"),
            text: format!("{level} in {package}"),
        };
        assert_eq!(warnings, [complaint("exercises-01", "warning")]);
        assert_eq!(errors, [complaint("tokenizer", "error")]);
    }
}
