//! `cargo run --example evaluate -- DATA OUT`: our tokenizers beside GPT-2's and GPT-4's, on texts that ours never saw.
//!
//! DATA is a folder of real texts (`text/`, `core/`, `gsm8k/`, `humaneval/`); OUT is where the CSV and the tables go. Two
//! tokenizers are trained, both with V 32,768: one on English technical prose with code in it, the other on the same
//! and nine tenths of the lines of a course in eight languages. The remaining tenth of those lines is measured on.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use tiktoken_rs::CoreBPE;
use tokenizer::fertility::{Fertility, Script};
use tokenizer::{Tokenizer, TrainSettings, train};

const VOCAB_SIZE: usize = 32_768;
const ENGLISH: &str = "English prose (LAMBADA)";

/// The number of a text's tokens, and how many of them are no text by themselves.
type Measure = Box<dyn Fn(&str) -> (usize, usize)>;

/// A tokenizer, whoever made it.
struct Judged {
    name: &'static str,
    vocab_size: usize,
    measure: Measure,
}

/// A text's name, and what each tokenizer made of it.
type Row<'t> = (&'t str, Vec<(Fertility, usize)>);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().context("name the folder of the texts")?;
    let out = arguments
        .next()
        .context("name the folder to write to, after the texts")?;
    let (data, out) = (Path::new(&data), Path::new(&out));

    let many = read(data, "text/multilingual.txt")?;
    let (kept, held): (Vec<_>, Vec<_>) = many.lines().enumerate().partition(|(at, _)| at % 10 != 0);
    let mut english = documents(&read(data, "text/docs-rust-book.txt")?);
    english.extend(documents(&read(data, "text/docs-peps.txt")?));
    english.extend(field(data, "text/docs-rfcs.jsonl", &["text"])?);
    // Some proposals are there in translation, and a handful of pages teaches a tokenizer a script.
    let all = english.len();
    english.retain(|document| foreign_lines(document) < 0.02);
    println!(
        "{} documents in other scripts left out",
        all - english.len()
    );
    let kept: Vec<&str> = kept.into_iter().map(|(_, line)| line).collect();
    let with_scripts = [english.clone(), documents(&kept.join("\n"))].concat();
    let ours = |texts: Vec<String>| -> Result<Tokenizer> {
        let bytes: usize = texts.iter().map(String::len).sum();
        println!("training on {} documents, {bytes} bytes", texts.len());
        let settings = TrainSettings::new(VOCAB_SIZE);
        Ok(train(texts.into_iter(), &settings, &mut |_| ())?)
    };
    let judged = [
        judge_ours("ours, English", ours(english)?),
        judge_ours("ours, 9 languages", ours(with_scripts)?),
        judge_theirs("GPT-2", 50_257, tiktoken_rs::r50k_base()?),
        judge_theirs("GPT-4", 100_277, tiktoken_rs::cl100k_base()?),
    ];

    let lambada = "core/eval_data/language_understanding/lambada_openai.jsonl";
    let code = ["prompt", "canonical_solution"];
    let prose = field(data, lambada, &["context", "continuation"])?;
    let sums = field(data, "gsm8k/test.jsonl", &["question", "answer"])?;
    let functions = field(data, "humaneval/HumanEval.jsonl", &code)?;
    let mut texts = vec![
        (ENGLISH, prose.join("\n")),
        ("Python (HumanEval)", functions.join("\n")),
        (
            "HumanEval without indentation",
            without(r"(?m)^[ \t]+", &functions.join("\n"))?,
        ),
        ("mathematics (GSM8K)", sums.join("\n")),
        (
            "GSM8K without numbers",
            without(r" ?\p{N}+", &sums.join("\n"))?,
        ),
    ];
    for script in Script::ALL.into_iter().filter(|&s| s != Script::Latin) {
        let lines: Vec<&str> = held
            .iter()
            .map(|&(_, line)| line)
            .filter(|line| Script::of(line) == Some(script))
            .collect();
        texts.push((script.name(), lines.join("\n")));
    }
    let rows: Vec<Row> = texts
        .iter()
        .map(|(name, text)| {
            let row = judged.iter().map(|tokenizer| {
                let (tokens, broken) = (tokenizer.measure)(text);
                (Fertility::new(text, tokens), broken)
            });
            (*name, row.collect())
        })
        .collect();
    write(out, "01-fertility.csv", &csv(&judged, &rows)?)?;
    write(out, "01-evaluation.md", &bytes_table(&judged, &rows)?)?;
    write(out, "01-scripts.md", &script_tables(&judged, &rows)?)
}

fn judge_ours(name: &'static str, tokenizer: Tokenizer) -> Judged {
    Judged {
        name,
        vocab_size: tokenizer.vocab_size(),
        measure: Box::new(move |text| {
            let ids = tokenizer.encode(text);
            let alone = |id: &&u32| broken(tokenizer.token(**id).unwrap_or_default());
            (ids.len(), ids.iter().filter(alone).count())
        }),
    }
}

fn judge_theirs(name: &'static str, vocab_size: usize, bpe: CoreBPE) -> Judged {
    Judged {
        name,
        vocab_size,
        measure: Box::new(move |text| {
            let ids = bpe.encode_ordinary(text);
            let alone = |id: &&u32| bpe.decode_bytes(&[**id]).is_ok_and(|bytes| broken(&bytes));
            (ids.len(), ids.iter().filter(alone).count())
        }),
    }
}

/// The share of lines, among those with letters in them, that are not in Latin script.
fn foreign_lines(document: &str) -> f64 {
    let scripts: Vec<Script> = document.lines().filter_map(Script::of).collect();
    let foreign = scripts.iter().filter(|&&script| script != Script::Latin);
    foreign.count() as f64 / scripts.len().max(1) as f64
}

/// The text without what the pattern matches: what is the rest worth?
fn without(pattern: &str, text: &str) -> Result<String> {
    let pattern = fancy_regex::Regex::new(pattern)?;
    Ok(pattern.replace_all(text, "").into_owned())
}

fn broken(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err()
}

fn read(data: &Path, file: &str) -> Result<String> {
    std::fs::read_to_string(data.join(file)).with_context(|| format!("cannot read {file}"))
}

/// Pieces of about 10,000 bytes, cut at line ends: what the trainer reads of a document.
fn documents(text: &str) -> Vec<String> {
    let mut documents: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match documents.last_mut() {
            Some(last) if last.len() + line.len() <= 10_000 => last.push_str(line),
            _ => documents.push(line.to_string()),
        }
    }
    documents
}

/// The named fields of each JSON line, joined by a line break (code: by nothing).
fn field(data: &Path, file: &str, keys: &[&str]) -> Result<Vec<String>> {
    let joint = match keys {
        ["prompt", _] => "",
        ["context", _] => " ",
        _ => "\n",
    };
    read(data, file)?
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line)?;
            let texts = keys.iter().filter_map(|key| row[*key].as_str());
            Ok(texts.collect::<Vec<&str>>().join(joint))
        })
        .collect()
}

fn csv(judged: &[Judged], rows: &[Row]) -> Result<String> {
    let mut csv = String::from("text,tokenizer,vocab_size,bytes,chars,words,tokens,broken\n");
    for (name, row) in rows {
        for (tokenizer, (measured, broken)) in judged.iter().zip(row) {
            let Fertility {
                bytes,
                chars,
                words,
                tokens,
            } = measured;
            let (who, size) = (tokenizer.name.replace(',', ""), tokenizer.vocab_size);
            writeln!(
                csv,
                "{name},{who},{size},{bytes},{chars},{words},{tokens},{broken}"
            )?;
        }
    }
    Ok(csv)
}

fn bytes_table(judged: &[Judged], rows: &[Row]) -> Result<String> {
    let mut table = String::from("| bytes per token | bytes |");
    for tokenizer in judged {
        write!(
            table,
            " {}, V {} |",
            tokenizer.name,
            grouped(tokenizer.vocab_size)
        )?;
    }
    table.push_str("\n|---|---:|---:|---:|---:|---:|\n");
    for (name, row) in rows {
        write!(table, "| {name} | {} |", grouped(row[0].0.bytes))?;
        for (measured, _) in row {
            write!(table, " {:.2} |", measured.bytes_per_token())?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// Tokens per word where words have spaces between them, and the share of tokens that end inside a character.
fn script_tables(judged: &[Judged], rows: &[Row]) -> Result<String> {
    const SPACED: [&str; 4] = [ENGLISH, "Cyrillic", "Devanagari", "Hangul (Korean)"];
    let head = |title: &str| {
        let names: Vec<&str> = judged.iter().map(|tokenizer| tokenizer.name).collect();
        format!(
            "| {title} | {} |\n|---|---:|---:|---:|---:|\n",
            names.join(" | ")
        )
    };
    let mut table = head("tokens per word");
    for (name, row) in rows.iter().filter(|(name, _)| SPACED.contains(name)) {
        write!(table, "| {name} |")?;
        for (measured, _) in row {
            write!(table, " {:.2} |", measured.tokens_per_word())?;
        }
        table.push('\n');
    }
    table.push('\n');
    table += &head("tokens that are no text alone");
    for (name, row) in rows.iter().filter(|(name, _)| !name.contains("without")) {
        write!(table, "| {name} |")?;
        for (measured, broken) in row {
            let share = 100.0 * *broken as f64 / measured.tokens.max(1) as f64;
            write!(table, " {share:.1} % |")?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// 1693989 as 1,693,989.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let parts = digits.as_bytes().rchunks(3).rev();
    let parts: Vec<&str> = parts
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    parts.join(",")
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    println!("\n{name}\n{text}");
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
