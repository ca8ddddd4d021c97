// ANCHOR: head
//! The log: a line for each finished run, appended as it ends, so that a table of ninety runs can be made in ten sittings.

use crate::recipe::Recipe;
use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: row
/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub variant: String,
    pub seed: u64,
    pub bits_per_byte: f64,
    /// Nats, of the last training batch.
    pub last_loss: f64,
    pub parameters: u64,
    pub tokens: u64,
    /// On the clock, with whatever else the machine was doing.
    pub seconds: f64,
}

const HEADER: &str = "variant,seed,bits_per_byte,last_loss,parameters,tokens,seconds";

impl Row {
    /// Names of variants contain commas, and are quoted.
    fn line(&self) -> String {
        format!(
            "\"{}\",{},{:.6},{:.6},{},{},{:.1}",
            self.variant,
            self.seed,
            self.bits_per_byte,
            self.last_loss,
            self.parameters,
            self.tokens,
            self.seconds
        )
    }

    fn parse(line: &str) -> Option<Row> {
        let (variant, rest) = line.strip_prefix('"')?.split_once("\",")?;
        let fields: Vec<&str> = rest.split(',').collect();
        let [seed, bits_per_byte, last_loss, parameters, tokens, seconds] = fields[..] else {
            return None;
        };
        Some(Row {
            variant: variant.into(),
            seed: seed.parse().ok()?,
            bits_per_byte: bits_per_byte.parse().ok()?,
            last_loss: last_loss.parse().ok()?,
            parameters: parameters.parse().ok()?,
            tokens: tokens.parse().ok()?,
            seconds: seconds.parse().ok()?,
        })
    }
}
// ANCHOR_END: row

// ANCHOR: log
pub struct Log {
    path: PathBuf,
    rows: Vec<Row>,
}

impl Log {
    /// Opens the log of a recipe, and begins it if there is none.
    ///
    /// # Errors
    /// A log of another recipe: its rows are not comparable. A line that is not a row is named; only a last line without
    /// an end, which a killed program may leave, is dropped.
    pub fn open(path: &Path, recipe: &Recipe) -> Result<Log> {
        let train = &recipe.train;
        let first = format!(
            "# {} layers, width {}, context {}, {} tokens in batches of {}",
            recipe.model.layers,
            recipe.model.width,
            recipe.model.context,
            train.tokens.unwrap_or(0),
            train.batch_tokens
        );
        if !path.exists() {
            crate::run_folder::write_whole(path, &format!("{first}\n{HEADER}\n"))?;
        }
        let mut text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        if !text.ends_with('\n') {
            text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
            crate::run_folder::write_whole(path, &text)?;
        }
        let mut lines = text.lines();
        let (found, header) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
        if found != first || header != HEADER {
            bail!(
                "{} is the log of another recipe ({found}); choose another --name, or remove it",
                path.display()
            );
        }
        let mut rows = Vec::new();
        for (index, line) in lines.enumerate() {
            rows.push(Row::parse(line).with_context(|| {
                format!(
                    "{}, line {}: `{line}` is not a row; remove the line, and the run is made again",
                    path.display(),
                    index + 3
                )
            })?);
        }
        Ok(Log {
            path: path.to_path_buf(),
            rows,
        })
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn holds(&self, variant: &str, seed: u64) -> bool {
        self.rows
            .iter()
            .any(|row| row.variant == variant && row.seed == seed)
    }

    pub fn append(&mut self, row: Row) -> Result<()> {
        let mut file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        writeln!(file, "{}", row.line())
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.rows.push(row);
        Ok(())
    }
}
// ANCHOR_END: log
