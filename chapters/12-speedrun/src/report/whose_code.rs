// ANCHOR: head
//! Whose code trained the model.

use crate::parts::{Origin, Slowdown};
use crate::run::Run;
use crate::stages::vocabulary::TokenizerNote;
use anyhow::Result;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: whose_code
pub(super) fn whose_code(run: &Run, text: &mut String) -> Result<()> {
    writeln!(text, "## Whose code\n")?;
    if run.parts.identity().is_empty() {
        return Ok(writeln!(text, "The chapters' own, all of it.\n")?);
    }
    writeln!(
        text,
        "| part | whose | compared with the chapter's code | time |\n|---|---|---|---|"
    )?;
    for (name, origin) in run.parts.named() {
        let Some(origin) = origin else {
            writeln!(text, "| {name} | the chapter's | | |")?;
            continue;
        };
        let (found, time) = compared(run, origin)?;
        writeln!(
            text,
            "| {name} | **{}** to exercise {} | {found} | {time} |",
            origin.whose, origin.exercise
        )?;
    }
    Ok(writeln!(
        text,
        "\nAll training went through this code; packing and learning rate are those of pretraining. What measures (validation, examinations, \
         the quiz) and the engine that answers computed with the chapters' own, and the texts were cut into tokens by \
         chapter 01's encoder, with the merges above.\n"
    )?)
}

/// What the comparison found, and how long the answer took beside the chapter's code.
fn compared(run: &Run, origin: &Origin) -> Result<(String, String)> {
    let times = |ratio: f64| format!("{ratio:.1} times the chapter's");
    let note = run.folder.read_note::<TokenizerNote>("tokenizer")?;
    if Some(origin) == run.parts.merges.origin.as_ref()
        && let Some(plugged) = note.and_then(|note| note.plugged)
    {
        let ratio = plugged.seconds / plugged.chapters_seconds;
        return Ok((
            format!("the same {} merges on this run's text", plugged.merges),
            format!("{:.0} ms, {}", 1e3 * plugged.seconds, times(ratio)),
        ));
    }
    let time = origin.slowdown.map(|slowdown| {
        let Slowdown {
            of,
            times_the_chapters,
        } = slowdown;
        format!("{of} {}, before the run", times(times_the_chapters))
    });
    Ok((origin.found.clone(), time.unwrap_or_default()))
}
// ANCHOR_END: whose_code
