// ANCHOR: head
//! `nanocrab compare`: finished runs side by side, each a column.
//!
//! One run is an anecdote. The same recipe with other seeds says how much of a score was luck.

use crate::recipe::Recipe;
use crate::run_folder::{RunFolder, write_whole};
use crate::stages::base::BaseNote;
use crate::stages::examination::{ChatNote, ExamNote};
use crate::stages::quiz::QuizNote;
use crate::stages::reinforcing::RlNote;
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: column
/// What a finished run has to show, in the order of its rows: a name, and the figure or a dash.
struct Column {
    title: String,
    cells: Vec<(String, String)>,
}

const TASKS: [(&str, &str, &str); 9] = [
    ("ARC-Easy", "continuation", "by likelihood"),
    ("ARC-Challenge", "continuation", "by likelihood"),
    ("MMLU", "continuation", "by likelihood"),
    ("ARC-Easy", "letter", "by letter"),
    ("ARC-Challenge", "letter", "by letter"),
    ("MMLU", "letter", "by letter"),
    ("GSM8K", "writing", "written"),
    ("HumanEval", "writing", "written"),
    ("SpellingBee", "writing", "written"),
];

impl Column {
    fn of(path: &Path) -> Result<Column> {
        let recipe = path.join("recipe.json");
        if !recipe.exists() {
            bail!(
                "{} is no run: it has no recipe.json; name folders like runs/tiny",
                path.display()
            );
        }
        let recipe = claimed(&recipe)?;
        let folder = RunFolder::open(path)?;
        let mut cells = Vec::new();
        let mut row = |name: &str, value: Option<String>| {
            cells.push((name.to_string(), value.unwrap_or("–".into())));
        };
        let base = folder.read_note::<BaseNote>("base")?;
        row(
            "bits per byte",
            base.as_ref()
                .map(|note| format!("{:.4}", note.bits_per_byte)),
        );
        row(
            "a trigram's",
            base.map(|note| format!("{:.4}", note.trigram_bits_per_byte)),
        );
        for stage in ["base", "mid", "sft", "rl"] {
            let note = folder.read_note::<ExamNote>(&format!("eval-{stage}"))?;
            let Some(note) = note else { continue };
            let stage = stage.to_uppercase();
            if let Some(core) = &note.core {
                row(
                    &format!("{stage}: CORE"),
                    Some(with_interval(
                        core.core,
                        core.interval.low,
                        core.interval.high,
                    )),
                );
            }
            for (task, method, words) in TASKS {
                let score = note
                    .chat
                    .iter()
                    .find(|score| score.task == task && score.method == method);
                if let Some(score) = score {
                    row(&format!("{stage}: {task}, {words}"), Some(share(score)));
                    if let Some((_, right)) = score.tool.filter(|_| task == "GSM8K") {
                        row(
                            &format!("{stage}: right ones that called the tool"),
                            Some(format!("{right} of {}", score.right)),
                        );
                    }
                }
            }
        }
        let rl = folder.read_note::<RlNote>("rl")?;
        row(
            "mean reward, first and last tenth of the steps",
            rl.map(|note| format!("{:.2}, {:.2}", note.first_reward, note.last_reward)),
        );
        let quiz = folder.read_note::<QuizNote>("quiz")?;
        row(
            "quiz in chat",
            quiz.map(|note| {
                let interval = note.interval();
                with_interval(note.rate(), interval.low, interval.high)
            }),
        );
        Ok(Column {
            title: format!("{}, seed {}", recipe.name, recipe.seed),
            cells,
        })
    }
}

/// The recipe that a run's folder was claimed with. Behind it stand the text's folder and the code that was plugged in, if any.
fn claimed(path: &Path) -> Result<Recipe> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut parts: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    if parts.is_empty() {
        bail!(
            "{} is not what a run writes there; name folders that `nanocrab speedrun` has made",
            path.display()
        );
    }
    serde_json::from_value(parts.swap_remove(0)).with_context(|| {
        let path = path.display();
        format!(
            "{path} holds a recipe of another version of this program; run it again with this one"
        )
    })
}

fn share(score: &ChatNote) -> String {
    with_interval(score.accuracy(), score.interval.low, score.interval.high)
}

fn with_interval(value: f64, low: f64, high: f64) -> String {
    format!("{value:.3} [{low:.2}, {high:.2}]").replace('-', "−")
}
// ANCHOR_END: column

// ANCHOR: markdown
/// The runs as one Markdown table. A row that only some runs have shows a dash in the others.
pub fn markdown(folders: &[PathBuf]) -> Result<String> {
    let columns = folders
        .iter()
        .map(|folder| Column::of(folder))
        .collect::<Result<Vec<_>>>()?;
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in columns.iter().flat_map(|column| &column.cells) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        titles.join(" | "),
        "---:|".repeat(columns.len())
    );
    for name in names {
        let cells: Vec<&str> = columns
            .iter()
            .map(|column| {
                let found = column.cells.iter().find(|(row, _)| row == name);
                found.map_or("–", |(_, value)| value.as_str())
            })
            .collect();
        writeln!(text, "| {name} | {} |", cells.join(" | "))?;
    }
    Ok(text)
}

/// Prints the table, and writes it to a file if one is named, with a line that says on what it was measured.
pub fn run(folders: &[PathBuf], to: Option<&Path>) -> Result<()> {
    let table = markdown(folders)?;
    print!("{table}");
    if let Some(path) = to {
        let measured = format!(
            "\n95 % intervals in brackets: Wilson's for one task, bootstrap for CORE. {}, commit {}, {}; `nanocrab compare`.\n",
            crate::report::processor().trim_start_matches(", "),
            crate::report::commit(),
            chrono::Local::now().format("%Y-%m-%d"),
        );
        write_whole(path, &(table + &measured))?;
    }
    Ok(())
}
// ANCHOR_END: markdown

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    /// A run's folder with a recipe, what stands behind it, and a note of the rewards.
    fn folder(behind: &str, last_reward: f64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let recipe = Recipe::named("smoke").expect("a recipe").with_seed(5);
        let recipe = serde_json::to_string(&recipe).expect("plain data");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("recipe.json", format!("[{recipe}{behind}]"));
        std::fs::create_dir(folder.path().join("notes")).expect("a folder");
        let rl = RlNote {
            steps: 3,
            tokens: 5,
            seconds: 1.0,
            first_reward: 0.25,
            last_reward,
        };
        write("notes/rl.json", serde_json::to_string(&rl).expect("plain"));
        folder
    }

    #[test]
    fn runs_with_text_or_plugged_in_code_stand_beside_plain_ones() {
        let runs = [
            folder(", null", 0.5),
            folder(", \"/texts\", [[\"attention\", \"03.4\"]]", 0.75),
        ];
        let paths = runs.each_ref().map(|run| run.path().to_path_buf());
        let table = markdown(&paths).expect("a table");
        let reward = "| mean reward, first and last tenth of the steps | 0.25, 0.50 | 0.25, 0.75 |";
        for line in [
            "| | smoke, seed 5 | smoke, seed 5 |",
            reward,
            "| quiz in chat | – | – |",
        ] {
            assert!(table.contains(line), "{line} is missing in:\n{table}");
        }
    }

    #[test]
    fn what_is_no_run_is_named() {
        let run = folder(", null", 0.5);
        let said = |text: &str| {
            std::fs::write(run.path().join("recipe.json"), text).expect("written");
            let error = markdown(&[run.path().to_path_buf()]).expect_err("no run");
            format!("{error:#}")
        };
        assert!(said("hello").contains("name folders that"));
        assert!(said("[{}, null]").contains("another version"));
        let nowhere = run.path().join("nowhere");
        let error = markdown(&[nowhere]).expect_err("no run");
        assert!(error.to_string().contains("no recipe.json"), "{error}");
    }
}
// ANCHOR_END: tests
