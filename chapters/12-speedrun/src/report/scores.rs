// ANCHOR: head
//! The table that everybody looks at first: what each stage scored.

use crate::run::Run;
use crate::stages::examination::{ChatNote, CoreNote, ExamNote};
use anyhow::Result;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: published
/// nanochat's d20 as its README printed it (October 2025, commit 3a5e0bc): task → BASE, MID, SFT, RL.
const NANOCHAT_D20: [(&str, [Option<f64>; 4]); 7] = [
    ("CORE", [Some(0.2219), None, None, None]),
    ("ARC-Easy", [None, Some(0.3561), Some(0.3876), None]),
    ("ARC-Challenge", [None, Some(0.2875), Some(0.2807), None]),
    ("MMLU", [None, Some(0.3111), Some(0.3151), None]),
    ("GSM8K", [None, Some(0.0250), Some(0.0455), Some(0.0758)]),
    ("HumanEval", [None, Some(0.0671), Some(0.0854), None]),
    ("ChatCORE", [None, Some(0.0730), Some(0.0884), None]),
];

/// Tasks that its CORE is the mean of.
const NANOCHAT_TASKS: usize = 22;

/// … and its ChatCORE, with what guessing gets. SpellingBee came later.
const NANOCHAT_CHAT: [(&str, &str, f64); 5] = [
    ("ARC-Easy", "letter", 0.25),
    ("ARC-Challenge", "letter", 0.25),
    ("MMLU", "letter", 0.25),
    ("GSM8K", "writing", 0.0),
    ("HumanEval", "writing", 0.0),
];

/// What the whole took, on eight H100: 3 hours and 51 minutes, without rewards.
const NANOCHAT_MINUTES: f64 = 231.0;
// ANCHOR_END: published

// ANCHOR: scores
const STAGES: [&str; 4] = ["base", "mid", "sft", "rl"];

/// The notes of the examinations that were held.
pub(super) fn notes(run: &Run) -> Result<[Option<ExamNote>; 4]> {
    let mut notes = [const { None }; 4];
    for (note, stage) in notes.iter_mut().zip(STAGES) {
        *note = run.folder.read_note(&format!("eval-{stage}"))?;
    }
    Ok(notes)
}

/// Tasks as nanochat scores them, then multiple choice by likelihood, which is the fairer question to a small model.
/// Beside nanochat's stand the means of the same tasks, and how long it all took.
pub(super) fn scores(
    recipe: &str,
    notes: &[Option<ExamNote>; 4],
    seconds: f64,
    text: &mut String,
) -> Result<()> {
    if notes.iter().all(Option::is_none) {
        return Ok(());
    }
    let beside = recipe == "d20";
    writeln!(text, "## Scores\n")?;
    let columns = STAGES.map(str::to_uppercase).join(" | ");
    let (more, rule) = if beside {
        (" | nanochat BASE | MID | SFT | RL", "---|---|---|---|")
    } else {
        ("", "")
    };
    writeln!(
        text,
        "| task | {columns}{more} |\n|---|---|---|---|---|{rule}"
    )?;
    let mut row = |name: &str, label: &str, cell: &dyn Fn(&ExamNote) -> Option<String>| {
        let cells: Vec<String> = notes
            .iter()
            .map(|note| note.as_ref().and_then(cell).unwrap_or("–".into()))
            .collect();
        if cells.iter().all(|cell| cell == "–") {
            return Ok(());
        }
        write!(text, "| {label} | {} |", cells.join(" | "))?;
        if beside {
            let published = NANOCHAT_D20.iter().find(|(task, _)| *task == name);
            for stage in 0..4 {
                let value = published.and_then(|(_, values)| values[stage]);
                write!(
                    text,
                    " {} |",
                    value.map_or("–".into(), |v| format!("{v:.4}"))
                )?;
            }
        }
        writeln!(text)
    };
    let core = notes[0].as_ref().and_then(|note| note.core.as_ref());
    row("CORE", &core_label(core, beside), &|note| {
        let core = note.core.as_ref()?;
        Some(with_interval(
            core.core,
            core.interval.low,
            core.interval.high,
        ))
    })?;
    let tasks = [
        ("ARC-Easy", "letter"),
        ("ARC-Challenge", "letter"),
        ("MMLU", "letter"),
        ("GSM8K", "writing"),
        ("HumanEval", "writing"),
        ("SpellingBee", "writing"),
    ];
    for (task, method) in tasks {
        row(task, task, &|note| find(note, task, method).map(accuracy))?;
    }
    let chat_core = |note: &ExamNote| {
        let (mean, interval) = note.chat_core.as_ref()?;
        Some(with_interval(*mean, interval.low, interval.high))
    };
    if beside {
        row("", "ChatCORE, mean of all tasks asked", &chat_core)?;
        row("ChatCORE", "ChatCORE, mean of nanochat's five", &|note| {
            nanochats_chat_core(note).map(|mean| format!("{mean:.4}"))
        })?;
    } else {
        row("", "ChatCORE", &chat_core)?;
    }
    for task in ["ARC-Easy", "ARC-Challenge", "MMLU"] {
        row("", &format!("{task}, by likelihood"), &|note| {
            find(note, task, "continuation").map(accuracy)
        })?;
    }
    row("", "right answers to GSM8K that called the tool", &|note| {
        let score = find(note, "GSM8K", "writing")?;
        let (_, right) = score.tool?;
        Some(format!("{right} of {}", score.right))
    })?;
    if beside {
        let (ours, theirs) = (hours(seconds), hours(60.0 * NANOCHAT_MINUTES));
        writeln!(
            text,
            "| total time | – | – | – | {ours} | – | – | {theirs} | – |"
        )?;
    }
    writeln!(
        text,
        "\nIn brackets the 95 % interval: Wilson's for one task, bootstrap for CORE and ChatCORE. Guessing gets 0.25 of multiple \
         choice; CORE and ChatCORE are centred, so that guessing is 0.\n"
    )?;
    if let Some(core) = core {
        writeln!(
            text,
            "| task of CORE | questions | accuracy | guessing | centred |\n|---|---:|---:|---:|---:|"
        )?;
        for task in &core.tasks {
            let accuracy = with_interval(task.accuracy, task.interval.low, task.interval.high);
            writeln!(
                text,
                "| {} | {} | {accuracy} | {:.2} | {:.4} |",
                task.task, task.questions, task.baseline, task.centred
            )?;
        }
        writeln!(text)?;
    }
    let mut missing: Vec<&String> = notes
        .iter()
        .flatten()
        .flat_map(|note| &note.missing)
        .collect();
    missing.sort();
    missing.dedup();
    for missing in missing {
        writeln!(text, "Not asked: {missing}.\n")?;
    }
    Ok(())
}

/// Beside nanochat's number a mean of other tasks is not called by the same name.
fn core_label(core: Option<&CoreNote>, beside: bool) -> String {
    match core {
        Some(core) if beside && core.tasks.len() != NANOCHAT_TASKS => {
            format!("CORE, mean of {} tasks", core.tasks.len())
        }
        _ => "CORE".into(),
    }
}

/// The centred mean of the tasks that nanochat's ChatCORE had, if all were asked.
fn nanochats_chat_core(note: &ExamNote) -> Option<f64> {
    let centred = NANOCHAT_CHAT.map(|(task, method, guessing)| {
        let score = find(note, task, method)?;
        Some((score.accuracy() - guessing) / (1.0 - guessing))
    });
    Some(centred.into_iter().sum::<Option<f64>>()? / NANOCHAT_CHAT.len() as f64)
}

fn hours(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    format!("{} h {} min", minutes / 60, minutes % 60)
}

fn find<'a>(note: &'a ExamNote, task: &str, method: &str) -> Option<&'a ChatNote> {
    note.chat
        .iter()
        .find(|score| score.task == task && score.method == method)
}

fn accuracy(score: &ChatNote) -> String {
    with_interval(score.accuracy(), score.interval.low, score.interval.high)
}

fn with_interval(value: f64, low: f64, high: f64) -> String {
    format!("{value:.4} [{low:.2}, {high:.2}]").replace('-', "−")
}
// ANCHOR_END: scores

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::examination::CoreTaskNote;
    use evals::Interval;

    const INTERVAL: Interval = Interval {
        low: 0.1,
        high: 0.3,
    };

    /// BASE with a CORE of so many tasks, SFT with a ChatCORE.
    fn examined(tasks: usize) -> [Option<ExamNote>; 4] {
        let score = |(task, method, _): &(&str, &str, f64)| ChatNote {
            task: task.to_string(),
            method: method.to_string(),
            right: 40,
            total: 100,
            interval: INTERVAL,
            too_long: 0,
            tool: None,
        };
        let chat = |asked: bool| match asked {
            true => NANOCHAT_CHAT.iter().map(score).collect(),
            false => Vec::new(),
        };
        let note = |core, chat_core: Option<(f64, Interval)>| {
            Some(ExamNote {
                seconds: 1.0,
                core,
                chat: chat(chat_core.is_some()),
                chat_core,
                missing: Vec::new(),
                examples: Vec::new(),
            })
        };
        let task = |number: usize| CoreTaskNote {
            task: format!("task {number}"),
            questions: 100,
            accuracy: 0.5,
            interval: INTERVAL,
            baseline: 0.25,
            centred: 0.3333,
        };
        let core = CoreNote {
            core: 0.2001,
            interval: INTERVAL,
            tasks: (0..tasks).map(task).collect(),
        };
        [
            note(Some(core), None),
            None,
            note(None, Some((0.0711, INTERVAL))),
            None,
        ]
    }

    /// The lines of the table that begin with a name.
    fn rows(recipe: &str, tasks: usize, name: &str) -> Vec<String> {
        let mut text = String::new();
        scores(recipe, &examined(tasks), 13_890.0, &mut text).expect("a text");
        let is_of = |line: &&str| line.starts_with(&format!("| {name}"));
        text.lines().filter(is_of).map(str::to_owned).collect()
    }

    #[test]
    fn d20_stands_beside_nanochats() {
        let core = "| CORE | 0.2001 [0.10, 0.30] | – | – | – | 0.2219 | – | – | – |";
        assert_eq!(rows("d20", 22, "CORE"), [core]);
        // (3 · (0.4 − 0.25) / 0.75 + 2 · 0.4) / 5
        let chat = [
            "| ChatCORE, mean of all tasks asked | – | – | 0.0711 [0.10, 0.30] | – | – | – | – | – |",
            "| ChatCORE, mean of nanochat's five | – | – | 0.2800 | – | – | 0.0730 | 0.0884 | – |",
        ];
        assert_eq!(rows("d20", 22, "ChatCORE"), chat);
        let time = "| total time | – | – | – | 3 h 52 min | – | – | 3 h 51 min | – |";
        assert_eq!(rows("d20", 22, "total time"), [time]);
    }

    #[test]
    fn a_core_of_other_tasks_is_not_taken_for_nanochats() {
        let line = &rows("d20", 21, "CORE")[0];
        assert!(line.starts_with("| CORE, mean of 21 tasks |"), "{line}");
        assert!(line.contains("| 0.2219 |"), "{line}");
    }

    /// nanochat's own numbers give nanochat's own mean.
    #[test]
    fn its_chat_core_is_the_mean_of_five() {
        let sft = NANOCHAT_CHAT.map(|(task, _, guessing)| {
            let row = NANOCHAT_D20.iter().find(|(name, _)| *name == task);
            let score = row.and_then(|(_, values)| values[2]).expect("published");
            (score - guessing) / (1.0 - guessing)
        });
        let mean = sft.iter().sum::<f64>() / 5.0;
        assert!((mean - 0.0884).abs() < 5e-5, "{mean}");
    }

    #[test]
    fn other_recipes_stand_alone() {
        let alone = "| CORE | 0.2001 [0.10, 0.30] | – | – | – |";
        assert_eq!(rows("tiny", 5, "CORE"), [alone]);
        let chat = "| ChatCORE | – | – | 0.0711 [0.10, 0.30] | – |";
        assert_eq!(rows("tiny", 5, "ChatCORE"), [chat]);
        assert!(rows("tiny", 5, "total time").is_empty());
    }
}
// ANCHOR_END: tests
