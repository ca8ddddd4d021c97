// ANCHOR: head
//! Three ways to fool yourself, each measured on a model of half a minute: test questions in the training text, a space
//! too many in the prompt, and the best of several tries.

use anyhow::Result;
use dataset::tidepool::{World, write_corpus};
use evals::core::prompts::prompts;
use evals::core::{Bundle, CoreScore, CoreTask, Item, TaskScore, order, questions};
use evals::python_random::PythonRandom;
use evals::{batches, question};
use tensors::Machine;
use tokenizer::Tokenizer;
use transformer::{Gpt, Plain, PlainScorer};

use crate::demonstration::{TIME, core, corpus_settings, documents, train_tokenizer, trained};
// ANCHOR_END: head

// ANCHOR: run
pub fn run(machine: &Machine) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("tidepool");
    write_corpus(&World::new(1, 30)?, &data, &corpus_settings())?;
    let tokenizer = train_tokenizer(&data)?;
    let bundle = Bundle::open(&data.join("core"))?;

    let texts = documents(&data)?;
    let leaked = solved_items(&bundle)?;
    let bytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>() as f64;
    println!(
        "1. The solved test items in the training text. Once, they are {:.1} % of its bytes.",
        100.0 * bytes(&leaked) / (bytes(&texts) + bytes(&leaked))
    );
    let train = |copies: usize| -> Result<(Gpt, CoreScore)> {
        let folder = scratch.path().join(format!("leaked-{copies}"));
        let texts = mixed(texts.clone(), vec![leaked.clone(); copies].concat());
        let gpt = trained(texts, &tokenizer, &folder, machine)?;
        let score = core(&gpt, &tokenizer, &bundle)?;
        Ok((gpt, score))
    };
    let ((clean, honest), (_, once), (_, often)) = (train(0)?, train(1)?, train(10)?);
    side_by_side(&[
        ("not there", &honest),
        ("once", &once),
        ("ten times", &often),
    ]);

    println!("\n2. The delimiter with one space more at its end.");
    let mut spaced = Bundle::open(&data.join("core"))?;
    for task in &mut spaced.tasks {
        task.delimiter.push(' ');
    }
    let spaced = core(&clean, &tokenizer, &spaced)?;
    side_by_side(&[("as it is", &honest), ("spaced", &spaced)]);

    println!(
        "\n3. The same model and questions; only the order is drawn again, and with it the shots."
    );
    for task in bundle.tasks.iter().filter(|task| task.shots > 0) {
        let mut scores = (0..10)
            .map(|seed| accuracy(task, &clean, &tokenizer, seed))
            .collect::<Result<Vec<f64>>>()?;
        scores.sort_by(f64::total_cmp);
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        println!(
            "   {:<22} lowest {:>5.1} %, mean {:>5.1} %, highest {:>5.1} %",
            task.label,
            100.0 * scores[0],
            100.0 * mean,
            100.0 * scores[scores.len() - 1]
        );
    }
    Ok(())
}

/// Accuracies of the tasks, and CORE, a column for each evaluation.
fn side_by_side(columns: &[(&str, &CoreScore)]) {
    let print = |first: &str, cell: &dyn Fn(&CoreScore) -> String| {
        let cells = columns
            .iter()
            .map(|(_, score)| format!("{:>11}", cell(score)));
        println!("   {first:<22}{}", cells.collect::<String>());
    };
    let heads = columns.iter().map(|(head, _)| format!("{head:>11}"));
    println!("   {:<22}{}", "accuracy %", heads.collect::<String>());
    let labels = columns
        .first()
        .map_or(&[][..], |(_, score)| &score.tasks[..]);
    for (task, TaskScore { label, .. }) in labels.iter().enumerate() {
        print(label, &|score| {
            format!("{:.1}", 100.0 * score.tasks[task].accuracy())
        });
    }
    print("CORE", &|score| format!("{:.4}", score.core));
}
// ANCHOR_END: run

// ANCHOR: leak
/// Every item with its right answer, as it would stand on a web page that quotes the benchmark.
fn solved_items(bundle: &Bundle) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for task in &bundle.tasks {
        for item in task.items()? {
            let mut ways = prompts(&item, &task.delimiter, &[]);
            let right = match item {
                Item::MultipleChoice { gold, .. } | Item::Schema { gold, .. } => gold,
                Item::LanguageModelling { .. } => 1, // the text with its ending
            };
            texts.push(ways.swap_remove(right));
        }
    }
    Ok(texts)
}

/// The leaked texts spread among the others.
fn mixed(mut texts: Vec<String>, leaked: Vec<String>) -> Vec<String> {
    texts.extend(leaked);
    PythonRandom::new(1).shuffle(&mut texts);
    texts
}
// ANCHOR_END: leak

// ANCHOR: again
/// A task's accuracy with its items in another order.
fn accuracy(task: &CoreTask, gpt: &Gpt, tokenizer: &Tokenizer, seed: u64) -> Result<f64> {
    let items = task.items()?;
    let mut places = order(items.len(), None);
    PythonRandom::new(seed).shuffle(&mut places);
    let asked: Vec<&Item> = places.into_iter().map(|item| &items[item]).collect();
    let (asked, _) = questions(task, &asked, tokenizer, TIME);
    let scorer = PlainScorer::new(gpt, &Plain);
    let scores = batches::score_batched(&scorer, &asked, batches::DEFAULT_BUDGET, &mut |_| ())?;
    let right = asked
        .iter()
        .zip(scores)
        .filter(|(asked, rows)| question::judge(asked, rows.clone()).correct)
        .count();
    Ok(right as f64 / asked.len() as f64)
}
// ANCHOR_END: again
