// ANCHOR: head
//! Rows of data sets, from JSON lines or parquet, as JSON values.
//!
//! The data sets for fine-tuning and evaluation come in two forms: published as `.jsonl`, and converted to parquet by the
//! hub that serves them. A row has the same fields in both. So each row becomes a JSON value first, and the `schemas` say
//! once what a row of theirs has to look like. This is slower than reading columns directly, and fast enough: the largest
//! of these sets has half a million rows.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use crate::Error;
use crate::parquet_documents::{next_rows, read_footer};
// ANCHOR_END: head

// ANCHOR: place
/// Where a row stands in its file, for error messages. Counted from 1, as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Line(usize),
    Row(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(number) => write!(out, "line {number}"),
            Place::Row(number) => write!(out, "row {number}"),
        }
    }
}

/// What is done with each row. An error ends the reading.
pub type Visit<'a> = &'a mut dyn FnMut(Place, Value) -> Result<(), Error>;

/// Read a file of either form, told apart by its extension.
pub fn read_rows(path: &Path, visit: Visit) -> Result<(), Error> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => parquet_rows(path, visit),
        _ => json_lines(path, visit),
    }
}
// ANCHOR_END: place

// ANCHOR: json-lines
/// One JSON value per line; blank lines are skipped.
pub fn json_lines(path: &Path, visit: Visit) -> Result<(), Error> {
    let file = File::open(path).map_err(|error| Error::io(path, error))?;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let place = Place::Line(index + 1);
        // `lines` reports bytes that are not UTF-8 as an error of its own kind; the line number is what helps to find them.
        let line = line.map_err(|error| Error::row(path, place.to_string(), error.to_string()))?;
        // A byte-order mark at the start of the file is not JSON.
        let line = line.trim_start_matches('\u{feff}');
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str(line)
            .map_err(|error| Error::row(path, place.to_string(), format!("not JSON: {error}")))?;
        visit(place, value)?;
    }
    Ok(())
}
// ANCHOR_END: json-lines

// ANCHOR: parquet
/// Every row of a parquet file as a JSON object, keys in the order of the columns.
pub fn parquet_rows(path: &Path, visit: Visit) -> Result<(), Error> {
    let file = File::open(path).map_err(|error| Error::io(path, error))?;
    let footer = read_footer(path, &file)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer);
    let mut reader = builder
        .build()
        .map_err(|error| Error::parquet(path, error))?;
    let mut number = 0;
    while let Some(batch) = next_rows(&mut reader) {
        let batch = batch.map_err(|problem| Error::parquet(path, problem))?;
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            number += 1;
            let place = Place::Row(number);
            let mut object = Map::new();
            for (field, column) in schema.fields().iter().zip(batch.columns()) {
                let value = json_of(column, row).map_err(|kind| {
                    let problem = format!(
                        "column `{}` holds {kind}, which no data set here uses",
                        field.name()
                    );
                    Error::row(path, place.to_string(), problem)
                })?;
                object.insert(field.name().clone(), value);
            }
            visit(place, Value::Object(object))?;
        }
    }
    Ok(())
}

/// The value in row `row` of a column as JSON; the error names a type that has no JSON form here.
fn json_of(column: &ArrayRef, row: usize) -> Result<Value, String> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    // One cell at a time is widened to the largest type of its kind: strings, whole numbers, fractions.
    let widened =
        |to: DataType| cast(&column.slice(row, 1), &to).map_err(|error| error.to_string());
    match column.data_type() {
        DataType::Utf8 => Ok(column.as_string::<i32>().value(row).into()),
        DataType::LargeUtf8 => Ok(column.as_string::<i64>().value(row).into()),
        DataType::Boolean => Ok(column.as_boolean().value(row).into()),
        DataType::Utf8View | DataType::Dictionary(..) => Ok(widened(DataType::LargeUtf8)?
            .as_string::<i64>()
            .value(0)
            .into()),
        kind if kind.is_signed_integer() => Ok(widened(DataType::Int64)?
            .as_primitive::<Int64Type>()
            .value(0)
            .into()),
        kind if kind.is_unsigned_integer() => Ok(widened(DataType::UInt64)?
            .as_primitive::<UInt64Type>()
            .value(0)
            .into()),
        kind if kind.is_floating() => Ok(widened(DataType::Float64)?
            .as_primitive::<Float64Type>()
            .value(0)
            .into()),
        DataType::List(_) => list_of(&column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list_of(&column.as_list::<i64>().value(row)),
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let members = fields
                .iter()
                .zip(columns)
                .map(|(field, inner)| Ok((field.name().clone(), json_of(inner, row)?)));
            Ok(Value::Object(
                members.collect::<Result<Map<_, _>, String>>()?,
            ))
        }
        other => Err(other.to_string()),
    }
}

fn list_of(values: &ArrayRef) -> Result<Value, String> {
    (0..values.len())
        .map(|index| json_of(values, index))
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}
// ANCHOR_END: parquet
