//! A small CSV file: a line of names, then a line per row, no quotes.

use std::path::Path;

use anyhow::{Context, Result, ensure};

pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(path: &Path) -> Result<Table> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("cannot read {shown}: run the example that writes it first")
        })?;
        let cells = |line: &str| line.split(',').map(str::to_string).collect::<Vec<String>>();
        let mut lines = text.lines().map(cells);
        let names = lines.next().with_context(|| format!("{shown} is empty"))?;
        let rows: Vec<Vec<String>> = lines.collect();
        let whole = rows.iter().all(|row| row.len() == names.len());
        ensure!(
            whole,
            "{shown} has a row with more or fewer cells than names"
        );
        Ok(Table { names, rows })
    }

    /// The rows in which each named column has the value.
    pub fn with(&self, wanted: &[(&str, &str)]) -> Result<Table> {
        let mut rows = self.rows.clone();
        for (name, value) in wanted {
            let column = self.column(name)?;
            rows.retain(|row| row[column] == *value);
        }
        ensure!(!rows.is_empty(), "no row has {wanted:?}");
        let names = self.names.clone();
        Ok(Table { names, rows })
    }

    pub fn texts(&self, name: &str) -> Result<Vec<&str>> {
        let column = self.column(name)?;
        Ok(self.rows.iter().map(|row| row[column].as_str()).collect())
    }

    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let number = |text: &str| {
            text.parse::<f64>()
                .with_context(|| format!("`{text}` under `{name}` is not a number"))
        };
        self.texts(name)?.into_iter().map(number).collect()
    }

    pub fn points(&self, x: &str, y: &str) -> Result<Vec<(f64, f64)>> {
        Ok(self.numbers(x)?.into_iter().zip(self.numbers(y)?).collect())
    }

    fn column(&self, name: &str) -> Result<usize> {
        let found = self.names.iter().position(|known| known == name);
        found.with_context(|| format!("there is no column `{name}`"))
    }
}
