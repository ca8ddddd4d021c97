//! Bundles are read, batched and scored; the table and the CSV say what came out.

mod batching;
mod bundle;
#[allow(dead_code)]
#[path = "../random_scorer/mod.rs"]
mod random_scorer;
mod scores;

use std::cell::RefCell;
use std::path::Path;

use evals::Bootstrap;
use evals::batches::{score_batched, score_one_at_a_time};
use evals::benchmark::compare;
use evals::core::{
    Bundle, CoreSettings, Item, Kind, csv, evaluate, order, question, questions, table,
};
use evals::question::{Goal, Question, Row, SpanScores, judge};
use random_scorer::{ByHeart, Recording, random_gpt, real_data, tidepool, vocabulary};
use tokenizer::Tokenizer;
use transformer::{Error, Plain, PlainScorer, Scorer, Scores};

/// Questions of all kinds from tidepool's bundle, `most` of each task.
fn some_questions(dir: &Path, tokenizer: &Tokenizer, most: usize, context: usize) -> Vec<Question> {
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    let mut all = Vec::new();
    for task in &bundle.tasks {
        let items = task.items().unwrap();
        let asked = order(items.len(), Some(most));
        let asked: Vec<&Item> = asked.into_iter().map(|item| &items[item]).collect();
        all.extend(questions(task, &asked, tokenizer, context).0);
    }
    all
}
