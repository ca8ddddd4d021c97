//! Models and vocabularies for the tests of this crate.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use dataset::tidepool::{CorpusSettings, World, write_corpus};
use tch::{Device, Kind, Tensor};
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Config, Error, Gpt, Scorer, Scores, layout};

/// Every weight random: a fresh model's logits are all equal, and then nothing could go wrong.
pub fn random_gpt(vocab_size: usize, context: i64) -> Gpt {
    let config = Config {
        vocab_size: vocab_size as i64,
        layers: 2,
        heads: 2,
        kv_heads: 1,
        width: 32,
        context,
        ..Config::d(2, vocab_size as i64, context).unwrap()
    };
    let tensors = layout(&config)
        .into_iter()
        .enumerate()
        .map(|(number, slot)| {
            // Numbers from a formula, not from libtorch's global generator, which other tests use at the same time.
            let count: i64 = slot.shape.iter().product();
            let x = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898;
            let x = ((x + number as f64 * 78.233).sin() * 43758.5453).frac();
            let scale = 3.0 / (*slot.shape.last().unwrap() as f64).sqrt();
            let x = (x * scale).to_kind(Kind::Float).view(&slot.shape[..]);
            (slot.name, x)
        })
        .collect();
    Gpt::from_tensors(&config, Device::Cpu, tensors).unwrap()
}

/// tidepool in little, written once per test binary and name.
pub fn tidepool(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("evals-{name}"));
    write_corpus(&World::new(1, 40).unwrap(), &dir, &CorpusSettings::smoke()).unwrap();
    dir
}

/// 400 tokens from some of tidepool's rows.
pub fn vocabulary(dir: &Path) -> Tokenizer {
    let text = std::fs::read_to_string(dir.join("chat/train.jsonl")).unwrap();
    let lines = text.lines().take(300).map(str::to_owned);
    tokenizer::train(lines, &TrainSettings::new(400), &mut |_| ()).unwrap()
}

/// Knows some rows by heart: there every id is its first guess at no loss, elsewhere none is, at a loss of 1.
pub struct ByHeart {
    pub rows: Vec<Vec<u32>>,
}

impl Scorer for ByHeart {
    fn score_from(&self, rows: &[Vec<u32>], _: &[usize]) -> Result<Vec<Scores>, Error> {
        let one = |row: &Vec<u32>| {
            let known = self.rows.contains(row);
            Scores {
                losses: vec![if known { 0.0 } else { 1.0 }; row.len() - 1],
                argmax: match known {
                    true => row[1..].iter().copied().chain([0]).collect(),
                    false => vec![u32::MAX; row.len()],
                },
            }
        };
        Ok(rows.iter().map(one).collect())
    }
}

/// Passes everything on and writes down the lengths of the rows of each pass.
pub struct Recording<'a> {
    pub inner: &'a dyn Scorer,
    pub passes: RefCell<Vec<Vec<Vec<u32>>>>,
}

impl Scorer for Recording<'_> {
    fn score_from(&self, rows: &[Vec<u32>], from: &[usize]) -> Result<Vec<Scores>, Error> {
        self.passes.borrow_mut().push(rows.to_vec());
        self.inner.score_from(rows, from)
    }
}

/// The folder of real data; `None`, and a word about it, where there is none.
pub fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("NANOCRAB_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some_and(|value| value == "1");
        assert!(
            !forbidden,
            "NANOCRAB_REAL_DATA is not set and skipping is forbidden"
        );
        println!("skipped: NANOCRAB_REAL_DATA is not set");
    }
    folder
}
