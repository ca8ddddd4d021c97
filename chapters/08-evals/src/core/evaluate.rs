// ANCHOR: head
//! The evaluation: every task of a bundle, with intervals, and CORE.

use tokenizer::Tokenizer;
use transformer::Scorer;

use super::{Bundle, CoreTask, Item, Kind, order, questions};
use crate::Error;
use crate::batches::{DEFAULT_BUDGET, score_batched};
use crate::interval::{Bootstrap, Interval, centred, percentiles};
use crate::question::{Verdict, judge};
// ANCHOR_END: head

// ANCHOR: settings
#[derive(Debug, Clone)]
pub struct CoreSettings {
    /// Only so many questions of each task, as during training; `None` = all.
    pub most: Option<usize>,
    /// The model's context. Longer rows lose their beginning.
    pub context: usize,
    /// Tokens in one forward pass.
    pub budget: usize,
    pub bootstrap: Bootstrap,
}

impl CoreSettings {
    pub fn new(context: usize) -> CoreSettings {
        CoreSettings {
            most: None,
            context,
            budget: DEFAULT_BUDGET,
            bootstrap: Bootstrap::default(),
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: scores
#[derive(Debug, Clone, PartialEq)]
pub struct TaskScore {
    pub label: String,
    pub kind: Kind,
    pub shots: usize,
    /// One per question asked, in the order asked.
    pub correct: Vec<bool>,
    /// Questions whose rows did not fit the context whole.
    pub cropped: usize,
    pub baseline: f64,
    /// Of the accuracy.
    pub interval: Interval,
}

impl TaskScore {
    pub fn accuracy(&self) -> f64 {
        let right = self.correct.iter().filter(|&&correct| correct).count();
        right as f64 / self.correct.len().max(1) as f64
    }

    pub fn centred(&self) -> f64 {
        centred(self.accuracy(), self.baseline)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct CoreScore {
    pub tasks: Vec<TaskScore>,
    /// The mean of the tasks' centred accuracies. Every task weighs the same, whether it has 32 questions or 20,000.
    pub core: f64,
    pub interval: Interval,
    /// Tasks of the bundle that could not be asked.
    pub missing: Vec<String>,
}
// ANCHOR_END: scores

// ANCHOR: evaluate
/// Scores all tasks of a bundle. `on_task` hears each result as it is there.
pub fn evaluate(
    bundle: &Bundle,
    tokenizer: &Tokenizer,
    scorer: &dyn Scorer,
    settings: &CoreSettings,
    on_task: &mut dyn FnMut(&TaskScore),
) -> Result<CoreScore, Error> {
    let mut tasks: Vec<TaskScore> = Vec::new();
    // resampled[b]: CORE of the b-th resample of everything, a sum at first
    let mut resampled = vec![0.0; settings.bootstrap.resamples];
    for (number, task) in bundle.tasks.iter().enumerate() {
        let (verdicts, cropped) = score_task(task, tokenizer, scorer, settings)?;
        let correct: Vec<bool> = verdicts.iter().map(|verdict| verdict.correct).collect();
        let accuracies = settings.bootstrap.accuracies(&correct, number);
        for (sum, &accuracy) in resampled.iter_mut().zip(&accuracies) {
            *sum += centred(accuracy, task.baseline);
        }
        let score = TaskScore {
            label: task.label.clone(),
            kind: task.kind,
            shots: task.shots,
            correct,
            cropped,
            baseline: task.baseline,
            interval: percentiles(accuracies),
        };
        on_task(&score);
        tasks.push(score);
    }
    let count = tasks.len().max(1) as f64;
    Ok(CoreScore {
        core: tasks.iter().map(TaskScore::centred).sum::<f64>() / count,
        interval: percentiles(resampled.into_iter().map(|sum| sum / count).collect()),
        tasks,
        missing: bundle.missing.clone(),
    })
}

/// One task: a verdict per question, in the order asked, and how many questions had to be cropped.
pub fn score_task(
    task: &CoreTask,
    tokenizer: &Tokenizer,
    scorer: &dyn Scorer,
    settings: &CoreSettings,
) -> Result<(Vec<Verdict>, usize), Error> {
    let items = task.items()?;
    let asked: Vec<&Item> = order(items.len(), settings.most)
        .into_iter()
        .map(|item| &items[item])
        .collect();
    let (questions, cropped) = questions(task, &asked, tokenizer, settings.context);
    let scores = score_batched(scorer, &questions, settings.budget, &mut |_| ())?;
    let verdicts = questions
        .iter()
        .zip(scores)
        .map(|(question, rows)| judge(question, rows))
        .collect();
    Ok((verdicts, cropped))
}
// ANCHOR_END: evaluate
