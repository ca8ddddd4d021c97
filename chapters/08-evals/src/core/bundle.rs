// ANCHOR: head
//! A bundle: the folder that says which tasks there are and holds their items.
//!
//! ```text
//! core.yaml            a list `icl_tasks`: label, file, shots, kind, delimiter
//! eval_meta_data.csv   the baseline of each task, in per cent
//! eval_data/…jsonl     the items, one JSON object per line
//! ```
//!
//! The same folder shape holds the 22 published tasks and tidepool's six.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dataset::rows::read_rows;
use serde::Deserialize;

use super::{Item, Kind};
use crate::Error;
// ANCHOR_END: head

// ANCHOR: bundle
pub struct Bundle {
    /// In the order of core.yaml.
    pub tasks: Vec<CoreTask>,
    /// Labels of tasks whose file is not there. The mean over the others is not the bundle's score, and every report says so.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct CoreTask {
    pub label: String,
    pub kind: Kind,
    /// How many solved items stand in front of each question.
    pub shots: usize,
    /// What stands between question and answer.
    pub delimiter: String,
    /// Accuracy of guessing, 0 to 1. Kept as published, even where it is not one over the number of choices.
    pub baseline: f64,
    pub file: PathBuf,
}
// ANCHOR_END: bundle

// ANCHOR: yaml
#[derive(Deserialize)]
struct TaskList {
    icl_tasks: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    label: String,
    /// Below `eval_data/`.
    dataset_uri: String,
    /// A list, of which only the first is used.
    num_fewshot: Vec<usize>,
    icl_task_type: Kind,
    #[serde(default = "space")]
    continuation_delimiter: String,
}

fn space() -> String {
    " ".to_owned()
}
// ANCHOR_END: yaml

// ANCHOR: open
impl Bundle {
    /// Reads the two tables; the items are read task by task.
    pub fn open(folder: &Path) -> Result<Bundle, Error> {
        let path = folder.join("core.yaml");
        let wrong = |problem: String| Error::Bundle {
            path: path.clone(),
            problem,
        };
        let text = std::fs::read_to_string(&path).map_err(|cause| Error::NoBundle {
            path: path.clone(),
            cause,
        })?;
        let list: TaskList = serde_saphyr::from_str(&text)
            .map_err(|error| wrong(format!("{error}; mend it, or unpack the bundle again")))?;
        let baselines = baselines(&folder.join("eval_meta_data.csv"))?;

        let (mut tasks, mut missing) = (Vec::new(), Vec::new());
        for entry in list.icl_tasks {
            let label = entry.label;
            let Some(&percent) = baselines.get(&label) else {
                return Err(wrong(format!(
                    "task `{label}` has no line in eval_meta_data.csv, so there is no baseline to centre it by; add one"
                )));
            };
            let Some(&shots) = entry.num_fewshot.first() else {
                return Err(wrong(format!(
                    "task `{label}`: num_fewshot is an empty list; write [0] for none"
                )));
            };
            let file = folder.join("eval_data").join(&entry.dataset_uri);
            if !file.is_file() {
                missing.push(label);
                continue;
            }
            tasks.push(CoreTask {
                label,
                kind: entry.icl_task_type,
                shots,
                delimiter: entry.continuation_delimiter,
                baseline: percent / 100.0,
                file,
            });
        }
        if tasks.is_empty() {
            return Err(wrong(
                "none of its tasks has its file below eval_data/; unpack the bundle again"
                    .to_owned(),
            ));
        }
        Ok(Bundle { tasks, missing })
    }
}

impl CoreTask {
    /// All items, in the file's order.
    pub fn items(&self) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        read_rows(&self.file, &mut |place, row| {
            let item = Item::read(self.kind, row)
                .map_err(|problem| dataset::Error::row(&self.file, place.to_string(), problem))?;
            items.push(item);
            Ok(())
        })?;
        if items.is_empty() {
            return Err(dataset::Error::Empty {
                what: self.file.display().to_string(),
            }
            .into());
        }
        Ok(items)
    }
}
// ANCHOR_END: open

// ANCHOR: baselines
#[derive(Deserialize)]
struct MetaRow {
    #[serde(rename = "Eval Task")]
    task: String,
    #[serde(rename = "Random baseline")]
    percent: f64,
}

/// Per cent by label.
fn baselines(path: &Path) -> Result<HashMap<String, f64>, Error> {
    let wrong = |error: csv::Error| Error::Bundle {
        path: path.to_owned(),
        problem: format!(
            "{error}; it needs the columns `Eval Task` and `Random baseline`, in per cent: mend it, or unpack the bundle again"
        ),
    };
    let file = std::fs::File::open(path).map_err(|cause| Error::NoBundle {
        path: path.to_owned(),
        cause,
    })?;
    let mut baselines = HashMap::new();
    for row in csv::Reader::from_reader(file).deserialize() {
        let MetaRow { task, percent } = row.map_err(wrong)?;
        if !(0.0..100.0).contains(&percent) {
            return Err(Error::Bundle {
                path: path.to_owned(),
                problem: format!(
                    "the baseline of `{task}` is {percent} per cent; it must be at least 0 and below 100"
                ),
            });
        }
        baselines.insert(task, percent);
    }
    Ok(baselines)
}
// ANCHOR_END: baselines
