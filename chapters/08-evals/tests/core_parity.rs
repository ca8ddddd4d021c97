//! CORE with nanochat's model of July 2026, example by example: shots, prompts, ids, spans, losses, decisions.
//!
//! The model and the texts are not kept with the crate: NANOCRAB_GOLDEN names the folder that has them.

use dataset::rows::read_rows;
use evals::batches::{score_batched, score_one_at_a_time};
use evals::core::prompts::prompts;
use evals::core::{CoreTask, Item, Kind, few_shot_indices, order, question, questions};
use evals::question::{Goal, Question, Verdict, judge};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tch::Device;
use tokenizer::{Tokenizer, Vocabulary};
use transformer::safetensors_io::read_tensors;
use transformer::{Config, Gpt, Plain, PlainScorer, Switches, names};

/// `None`, and a word about it, where there is no golden folder.
fn golden() -> Option<PathBuf> {
    let folder = std::env::var_os("NANOCRAB_GOLDEN").map(PathBuf::from);
    if folder.is_none() {
        let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some_and(|value| value == "1");
        assert!(
            !forbidden,
            "NANOCRAB_GOLDEN is not set and skipping is forbidden"
        );
        println!("skipped: NANOCRAB_GOLDEN is not set");
    }
    folder
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<usize> {
    let numbers = value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
        .iter();
    numbers
        .map(|number| number.as_u64().unwrap() as usize)
        .collect()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

fn model(golden: &Path) -> (Gpt, Tokenizer) {
    let meta = json(&golden.join("core/meta.json"));
    let number = |key: &str| meta["config"][key].as_i64().unwrap();
    let config = Config {
        vocab_size: number("vocab_size"),
        layers: number("n_layer"),
        heads: number("n_head"),
        kv_heads: number("n_kv_head"),
        width: number("n_embd"),
        context: number("sequence_len"),
        switches: Switches {
            window_pattern: meta["config"]["window_pattern"]
                .as_str()
                .map(str::to_string),
            ..Switches::july_2026()
        },
        ..Config::d_2026(4, 64, 64, 128).unwrap()
    };
    let weights = read_tensors(&golden.join("core/model.safetensors"))
        .unwrap()
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    let gpt = Gpt::from_tensors(&config, Device::Cpu, weights).unwrap();

    let merges = json(&golden.join(meta["tokenizer"].as_str().unwrap()));
    let merges = merges["merges"].as_array().unwrap().iter();
    let merges = merges.map(|pair| {
        (
            pair[0].as_u64().unwrap() as u32,
            pair[1].as_u64().unwrap() as u32,
        )
    });
    let tokenizer = Tokenizer::new(Vocabulary::from_merges(merges.collect()).unwrap());
    (gpt, tokenizer)
}

struct Golden {
    name: String,
    task: CoreTask,
    items: Vec<Item>,
    json: Value,
}

/// Every task of the set: a description, and beside it the examples used.
fn tasks(golden: &Path) -> Vec<Golden> {
    let mut tasks = Vec::new();
    for entry in std::fs::read_dir(golden.join("core")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "json") || name == "meta" {
            continue;
        }
        let json = json(&path);
        let meta = &json["meta"];
        let kind: Kind = serde_json::from_value(meta["task_type"].clone()).unwrap();
        let file = path.with_file_name(format!("{name}.data.jsonl"));
        let mut items = Vec::new();
        read_rows(&file, &mut |_, row| {
            items.push(Item::read(kind, row).unwrap());
            Ok(())
        })
        .unwrap();
        let task = CoreTask {
            label: name.clone(),
            kind,
            shots: meta["num_fewshot"].as_u64().unwrap() as usize,
            delimiter: meta["continuation_delimiter"].as_str().unwrap().to_owned(),
            baseline: 0.0,
            file,
        };
        tasks.push(Golden {
            name,
            task,
            items,
            json,
        });
    }
    assert!(!tasks.is_empty(), "no tasks in {}", golden.display());
    tasks
}

fn sha(ids: &[u32]) -> String {
    let decimal: Vec<String> = ids.iter().map(u32::to_string).collect();
    let digest = Sha256::digest(decimal.join(",").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that is decided before the model is asked.
fn check_question(at: &str, question: &Question, row: &Value, cropped: bool) {
    let rows = &question.rows;
    let lengths: Vec<usize> = rows.iter().map(|row| row.ids.len()).collect();
    assert_eq!(lengths, numbers(&row["lengths"]), "{at}: lengths");
    let (start, end) = if cropped {
        ("start_after_crop", "end_after_crop")
    } else {
        ("start", "end")
    };
    let starts: Vec<usize> = rows.iter().map(|row| row.start).collect();
    let ends: Vec<usize> = rows.iter().map(|row| row.end).collect();
    assert_eq!(starts, numbers(&row[start]), "{at}: start");
    assert_eq!(ends, numbers(&row[end]), "{at}: end");
    for (ours, golden) in rows.iter().zip(row["tokens_sha256"].as_array().unwrap()) {
        assert_eq!(sha(&ours.ids), golden.as_str().unwrap(), "{at}: ids");
    }
}

/// What the model made of it. Returns the largest difference of a loss, and the largest golden loss.
fn check_verdict(at: &str, question: &Question, verdict: &Verdict, row: &Value) -> (f64, f64) {
    assert_eq!(
        verdict.correct,
        row["correct"].as_bool().unwrap(),
        "{at}: correct"
    );
    let (ours, golden): (Vec<f64>, Vec<f64>) = match question.goal {
        Goal::Lowest { gold } => {
            assert_eq!(Value::from(gold), row["gold"], "{at}: gold");
            assert_eq!(
                Value::from(verdict.chosen),
                row["predicted"],
                "{at}: chosen"
            );
            let means = verdict.rows.iter().map(|row| row.mean_loss());
            (means.collect(), floats(&row["mean_losses"]))
        }
        Goal::Verbatim => {
            let span = &verdict.rows[0];
            let guesses: Vec<usize> = span.guesses.iter().map(|&id| id as usize).collect();
            assert_eq!(guesses, numbers(&row["predicted_tokens"]), "{at}: guesses");
            let actual = &question.rows[0];
            let actual: Vec<usize> = actual.ids[actual.start..actual.end]
                .iter()
                .map(|&id| id as usize)
                .collect();
            assert_eq!(actual, numbers(&row["actual_tokens"]), "{at}: actual ids");
            let losses = span.losses.iter().map(|&loss| f64::from(loss));
            (losses.collect(), floats(&row["token_losses"]))
        }
    };
    assert_eq!(ours.len(), golden.len(), "{at}: losses");
    let off = ours
        .iter()
        .zip(&golden)
        .map(|(ours, golden)| (ours - golden).abs());
    (
        off.fold(0.0, f64::max),
        golden.into_iter().fold(0.0, f64::max),
    )
}

#[test]
fn parity_core_order_and_shots() {
    let Some(golden) = golden() else { return };
    for Golden {
        name,
        task,
        items,
        json,
    } in tasks(&golden)
    {
        let taken = numbers(&json["taken_from_source_rows"]);
        let source = json["source_examples"].as_u64().unwrap() as usize;
        assert_eq!(json["shuffle_seed"], 1337);
        assert_eq!(order(source, Some(taken.len())), taken, "{name}");
        for row in json["rows"].as_array().unwrap() {
            let index = row["index"].as_u64().unwrap() as usize;
            let shots = few_shot_indices(index, items.len(), task.shots);
            assert_eq!(shots, numbers(&row["fewshot_indices"]), "{name} {index}");
        }
    }
}

#[test]
fn parity_core_prompts_and_ids() {
    let Some(golden) = golden() else { return };
    let (_, tokenizer) = model(&golden);
    let mut rendered = 0;
    for Golden {
        name,
        task,
        items,
        json,
    } in tasks(&golden)
    {
        let items: Vec<&Item> = items.iter().collect();
        for row in json["rows"].as_array().unwrap() {
            let index = row["index"].as_u64().unwrap() as usize;
            let at = format!("{name} {index}");
            let question = question(&task, &items, index, &tokenizer);
            check_question(&at, &question, row, false);
            let Some(texts) = row["prompts"].as_array() else {
                continue;
            };
            let shots: Vec<&Item> = numbers(&row["fewshot_indices"])
                .into_iter()
                .map(|shot| items[shot])
                .collect();
            assert_eq!(
                prompts(items[index], &task.delimiter, &shots),
                texts
                    .iter()
                    .map(|text| text.as_str().unwrap())
                    .collect::<Vec<_>>(),
                "{at}"
            );
            for (ours, golden) in question.rows.iter().zip(row["tokens"].as_array().unwrap()) {
                let ids: Vec<usize> = ours.ids.iter().map(|&id| id as usize).collect();
                assert_eq!(ids, numbers(golden), "{at}");
            }
            rendered += 1;
        }
    }
    assert!(rendered > 0);
}

#[test]
fn parity_core_losses_and_decisions() {
    let Some(golden) = golden() else { return };
    let (gpt, tokenizer) = model(&golden);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let context = gpt.config().context as usize;
    for Golden {
        name,
        task,
        items,
        json,
    } in tasks(&golden)
    {
        let items: Vec<&Item> = items.iter().collect();
        let rows = json["rows"].as_array().unwrap();
        let (questions, cropped) = questions(&task, &items, &tokenizer, context);
        assert_eq!((questions.len(), cropped), (rows.len(), 0), "{name}");
        let scores = score_batched(&scorer, &questions, 4096, &mut |_| ()).unwrap();
        let (mut worst, mut largest, mut right) = (0.0_f64, 0.0_f64, 0);
        for ((question, scores), row) in questions.iter().zip(scores).zip(rows) {
            let verdict = judge(question, scores);
            right += usize::from(verdict.correct);
            let (off, loss) =
                check_verdict(&format!("{name} {}", row["index"]), question, &verdict, row);
            worst = worst.max(off);
            largest = largest.max(loss);
        }
        assert!(worst < 1e-4, "{name}: a loss is off by {worst:e}");
        assert!(largest > 0.1, "{name}: zeros would pass");
        let accuracy = right as f64 / rows.len() as f64;
        assert!(
            (accuracy - json["accuracy"].as_f64().unwrap()).abs() < 1e-6,
            "{name}: {accuracy}"
        );
        println!(
            "{name}: {right} of {}, losses within {worst:.1e}",
            rows.len()
        );
    }
}

#[test]
fn parity_core_cropped_rows() {
    let Some(golden) = golden() else { return };
    let (gpt, tokenizer) = model(&golden);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let mut seen = 0;
    for Golden {
        name,
        task,
        items,
        json,
    } in tasks(&golden)
    {
        let Some(context) = json["with_max_seq_len"]["max_seq_len"].as_u64() else {
            continue;
        };
        let items: Vec<&Item> = items.iter().collect();
        let (all, cropped) = questions(&task, &items, &tokenizer, context as usize);
        assert!(cropped > 0, "{name}");
        for row in json["with_max_seq_len"]["rows"].as_array().unwrap() {
            let index = row["index"].as_u64().unwrap() as usize;
            let at = format!("{name} {index}, cropped");
            let question = &all[index..=index];
            check_question(&at, &question[0], row, true);
            let scores = score_one_at_a_time(&scorer, question).unwrap().remove(0);
            let verdict = judge(&question[0], scores);
            let (off, largest) = check_verdict(&at, &question[0], &verdict, row);
            assert!(off < 1e-4, "{at}: a loss is off by {off:e}");
            assert!(largest > 0.01, "{at}: zeros would pass");
            seen += 1;
        }
    }
    assert!(seen > 0);
}
