// ANCHOR: head
//! The report card: `report.md` and `report.html`, what a run did and how well.

mod code_size;
mod cost;
mod curves;
mod environment;
mod html;
mod machine;
mod samples;
mod scores;
mod settings;
mod stage_table;
mod whose_code;

pub use environment::commit;
pub use machine::processor;

use crate::run::Run;
use crate::run_folder::write_whole;
use crate::stages::quiz::QuizNote;
use anyhow::Result;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: write
/// Writes the report from the notes and the log. A stage that has not run is said to be missing.
pub fn write(run: &Run) -> Result<()> {
    let events = if run.folder.metrics().exists() {
        pretrain::read_metrics(&run.folder.metrics())?
    } else {
        Vec::new()
    };
    let exams = scores::notes(run)?;
    let mut text = String::new();
    environment::header(run, &mut text)?;
    whose_code::whose_code(run, &mut text)?;
    let mut table = String::new();
    let seconds = stage_table::stages(run, &mut table)?;
    scores::scores(&run.recipe.name, &exams, seconds, &mut text)?;
    settings::settings(&run.recipe, &mut text)?;
    text += &table;
    let on = (run.machine.device, run.world);
    cost::cost(&run.recipe, on, seconds, &mut text)?;
    curves::curves(run, &events, &mut text)?;
    samples::samples(&events, &mut text)?;
    let last = ["base", "mid", "sft", "rl"].into_iter().zip(&exams).rev();
    if let Some((stage, note)) = last
        .filter_map(|(stage, note)| Some((stage, note.as_ref()?)))
        .next()
    {
        samples::answers(note, stage, &mut text)?;
    }
    if let Some(quiz) = run.folder.read_note::<QuizNote>("quiz")? {
        samples::quiz(&quiz, &mut text)?;
    }
    writeln!(
        text,
        "## Recipe\n\n```json\n{}\n```",
        serde_json::to_string_pretty(&run.recipe)?
    )?;
    write_whole(&run.folder.report(), &text)?;
    let title = format!("Nanocrab report: {}", run.recipe.name);
    let page = run.folder.report().with_extension("html");
    write_whole(&page, &html::page(&title, &text, run.folder.root())?)?;
    run.say(
        "report",
        &format!("{} and {}", run.folder.report().display(), page.display()),
    );
    Ok(())
}
// ANCHOR_END: write
