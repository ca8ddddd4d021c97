// ANCHOR: head
//! What every stage took and gave.

use crate::arithmetic::grouped;
use crate::run::Run;
use crate::stages::base::BaseNote;
use crate::stages::data::DataNote;
use crate::stages::examination::ExamNote;
use crate::stages::fine_tuning::TuningNote;
use crate::stages::quiz::QuizNote;
use crate::stages::reinforcing::RlNote;
use crate::stages::vocabulary::TokenizerNote;
use anyhow::Result;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: stages
/// A line per stage; says how many seconds all took.
pub(super) fn stages(run: &Run, text: &mut String) -> Result<f64> {
    writeln!(
        text,
        "## Stages\n\n| stage | seconds | result |\n|---|---:|---|"
    )?;
    let mut total = 0.0;
    let mut row = |stage: &str, found: Option<(f64, String)>| match found {
        Some((seconds, result)) => {
            total += seconds;
            writeln!(text, "| {stage} | {seconds:.1} | {result} |")
        }
        None => writeln!(text, "| {stage} | – | not run |"),
    };
    row(
        "data",
        run.folder
            .read_note::<DataNote>("data")?
            .map(|n| (n.seconds, n.about)),
    )?;
    row(
        "tokenizer",
        run.folder
            .read_note::<TokenizerNote>("tokenizer")?
            .map(|n| {
                (
                    n.seconds,
                    format!(
                        "{} tokens, {:.2} bytes per token",
                        n.vocab_size, n.bytes_per_token
                    ),
                )
            }),
    )?;
    row(
        "train",
        run.folder.read_note::<BaseNote>("base")?.map(|n| {
            let result = format!(
                "**{:.4} bits per byte** after {} tokens in {} steps, {:.0} tokens/s; a Kneser–Ney trigram of the same text has {:.4}",
                n.bits_per_byte,
                grouped(n.tokens),
                grouped(n.steps),
                n.tokens as f64 / n.training_seconds,
                n.trigram_bits_per_byte
            );
            (n.seconds, result)
        }),
    )?;
    exam(run, "base", &mut row)?;
    for (name, asked) in [("mid", run.recipe.mid.is_some()), ("sft", true)] {
        if asked {
            let note = run.folder.read_note::<TuningNote>(name)?;
            row(name, note.map(|n| (n.seconds, tuning(&n))))?;
            exam(run, name, &mut row)?;
        }
    }
    if run.recipe.rl.is_some() {
        let note = run.folder.read_note::<RlNote>("rl")?;
        let line = |n: RlNote| {
            let result = format!(
                "mean reward {:.3} over the first tenth of {} steps, **{:.3}** over the last",
                n.first_reward,
                grouped(n.steps),
                n.last_reward
            );
            (n.seconds, result)
        };
        row("rl", note.map(line))?;
        exam(run, "rl", &mut row)?;
    }
    if let Some(n) = run.folder.read_note::<QuizNote>("quiz")? {
        let evals::Interval { low, high } = n.interval();
        let result = format!(
            "**{:.1} %** [{:.1}, {:.1}] of {} held-out questions answered in chat{}; always the commonest value: {:.1} %",
            100.0 * n.rate(),
            100.0 * low,
            100.0 * high,
            n.asked,
            of(" by the model of", &n.model),
            100.0 * n.rate_by_commonest()
        );
        row("quiz", Some((n.seconds, result)))?;
    } else if run.recipe.quiz.is_some() {
        row("quiz", None)?;
    }
    writeln!(text)?;
    Ok(total)
}

/// Writes a stage's line: its name, and its seconds and result if it has run.
type Row<'a> = dyn FnMut(&str, Option<(f64, String)>) -> std::fmt::Result + 'a;

/// The line of an examination, where the recipe has any.
fn exam(run: &Run, stage: &str, row: &mut Row<'_>) -> Result<()> {
    if run.recipe.evals.is_some() {
        let name = format!("eval-{stage}");
        let note = run.folder.read_note::<ExamNote>(&name)?;
        let line = |n: ExamNote| {
            let asked: usize = n.chat.iter().map(|score| score.total).sum::<usize>()
                + n.core
                    .iter()
                    .flat_map(|core| &core.tasks)
                    .map(|task| task.questions)
                    .sum::<usize>();
            (
                n.seconds,
                format!("{} questions asked, see below", grouped(asked as u64)),
            )
        };
        row(&name, note.map(line))?;
    }
    Ok(())
}

/// Whose model, where the note says.
fn of(words: &str, model: &str) -> String {
    match model {
        "" => String::new(),
        model => format!("{words} `{model}`"),
    }
}

fn tuning(note: &TuningNote) -> String {
    let sources: Vec<String> = note
        .sources
        .iter()
        .map(|source| format!("{} {:.0} %", source.source, 100.0 * source.faultless))
        .collect();
    format!(
        "{} steps{}; held-out answers reproduced word for word: {}",
        grouped(note.steps),
        of(" from the model of", &note.from),
        sources.join(", ")
    )
}
// ANCHOR_END: stages
