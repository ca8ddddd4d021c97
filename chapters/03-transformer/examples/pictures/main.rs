//! `cargo run --example pictures -- FOLDER`: draws the chapter's figures, from the CSV files that the other examples measured
//! and from this crate's own functions.
//!
//! FOLDER is `book/src/figures`. The drawings use `currentColor` and the page's colour variables, so that one file serves the
//! light and the dark book. From `03-without.csv` a table is written too.

mod chart;
mod computed;
mod measured;
mod shared_heads;
/// The reader of CSV files that chapter 01's figures use.
#[path = "../../../01-tokenizer/examples/draw/table.rs"]
mod table;

use std::path::Path;

use anyhow::{Context, Result};
use table::Table;

const ACCENT: &str = "var(--figure-accent)";
const SECOND: &str = "var(--figure-second)";
const THIRD: &str = "var(--figure-third)";
const PLAIN: &str = "currentColor";

fn main() -> Result<()> {
    let folder = std::env::args()
        .nth(1)
        .context("name the folder of the CSV files, book/src/figures")?;
    let folder = Path::new(&folder);
    let read = |name: &str| Table::read(&folder.join(name));
    let write = |name: &str, text: String| -> Result<()> {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("03-rope.svg", computed::rope())?;
    write("03-relu-squared.svg", computed::relu_squared()?)?;
    write("03-shared-heads.svg", shared_heads::picture())?;
    write(
        "03-failures.svg",
        measured::failures(&read("03-failures.csv")?)?,
    )?;
    let without = read("03-without.csv")?;
    write("03-without.svg", measured::without(&without)?)?;
    let scores = [computed::scores(), measured::largest_score(&without)?];
    write("03-qk-norm.svg", chart::row(&scores, 370.0))?;
    let [value, slope] = computed::softcap();
    let capped = [value, slope, measured::largest_logit(&without)?];
    write("03-softcap.svg", chart::row(&capped, 270.0))?;
    write("03-without.md", measured::table(&without)?)
}
