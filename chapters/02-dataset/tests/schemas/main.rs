//! Every schema is read from JSON lines and from parquet, and a bad row is an error that names file and place.

mod conversations;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod multiple_choice;
mod real_sets;
mod spelling;
mod sums_and_programs;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int64Array, ListBuilder, StringArray, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use dataset::schemas::gsm8k::{final_answer, parts_of};
use dataset::schemas::spelling::Split;
use dataset::schemas::{
    DataSet, Identity, MultipleChoice, Program, Schema, SimpleSpelling, SmolTalk, SpellingBee,
    WordList, WordProblem,
};
use dataset::{Conversation, ConversationSource, Error, Message, Part, Role};
use fixtures::real_data;
use parquet::arrow::ArrowWriter;
use tokenizer::TrainSettings;

fn read<S: Schema>(lines: &str) -> Result<DataSet<S>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    std::fs::write(&path, lines).unwrap();
    DataSet::open("test", &path)
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn string_lists(rows: &[&[&str]]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.iter()
            .for_each(|text| builder.values().append_value(text));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn structs(members: Vec<(&str, ArrayRef)>) -> StructArray {
    let member = |(name, values): (&str, ArrayRef)| {
        (
            Arc::new(Field::new(name, values.data_type().clone(), true)),
            values,
        )
    };
    StructArray::from(members.into_iter().map(member).collect::<Vec<_>>())
}
