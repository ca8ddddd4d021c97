//! Bundles: read, rendered, refused.

use super::*;

#[test]
fn tidepools_bundle_has_all_three_kinds() {
    let dir = tidepool("kinds");
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    assert_eq!(bundle.tasks.len(), 6);
    assert!(bundle.missing.is_empty());
    for kind in [Kind::MultipleChoice, Kind::Schema, Kind::LanguageModelling] {
        assert!(bundle.tasks.iter().any(|task| task.kind == kind));
    }
    let asked = &bundle.tasks[1];
    assert_eq!((asked.shots, asked.delimiter.as_str()), (3, "\nAnswer: "));
    assert_eq!(bundle.tasks[0].delimiter, " ");
    assert_eq!(bundle.tasks[0].baseline, 0.25);
}

#[test]
fn what_is_wrong_with_a_bundle_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let open = || Bundle::open(dir.path()).map(|bundle| bundle.tasks[0].items());
    let says = |words: &[&str]| {
        let message = match open() {
            Err(error) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(items)) => panic!("read {} items", items.len()),
        };
        for word in words {
            assert!(message.contains(word), "{message}");
        }
    };
    says(&["core.yaml", "name that folder, or unpack"]);
    write("core.yaml", "icl_tasks: 7\n");
    says(&["core.yaml", "mend it"]);
    let task = "icl_tasks:\n- label: a\n  dataset_uri: x/a.jsonl\n  num_fewshot: [0]\n  icl_task_type: multiple_choice\n";
    write("core.yaml", task);
    says(&["eval_meta_data.csv: ", "unpack the bundle again"]);
    write("eval_meta_data.csv", "Eval Task,Random baseline\na,many\n");
    says(&["eval_meta_data.csv", "line: 2", "mend it"]);
    write("eval_meta_data.csv", "Eval Task,Random baseline\nb,25\n");
    says(&["`a`", "no line in eval_meta_data.csv"]);
    write("eval_meta_data.csv", "Eval Task,Random baseline\na,100\n");
    says(&["`a`", "below 100"]);
    write("eval_meta_data.csv", "Eval Task,Random baseline\na,25\n");
    says(&["none of its tasks"]);
    write("eval_data/x/a.jsonl", "");
    says(&["a.jsonl"]);
    write(
        "eval_data/x/a.jsonl",
        "{\"query\": \"q\", \"choices\": [\"x\", \"y\"], \"gold\": 0}\n{\"query\": \"q\", \"choices\": [\"x\", \"y\"], \"gold\": 2}\n",
    );
    says(&["a.jsonl", "line 2", "`gold` is 2"]);
    write("eval_data/x/a.jsonl", "{\"query\": \"q\", \"gold\": 0}\n");
    says(&["line 1", "choices"]);
    write("core.yaml", &task.replace("multiple_choice", "essay"));
    says(&["essay"]);
    write(
        "core.yaml",
        &task.replace("multiple_choice", "language_modeling"),
    );
    write(
        "eval_data/x/a.jsonl",
        "{\"context\": \"q\", \"continuation\": \" \"}\n",
    );
    says(&["line 1", "nothing to predict"]);
    write(
        "eval_data/x/a.jsonl",
        "{\"context\": \"q\", \"continuation\": \"a\", \"category\": 3}\n",
    );
    assert_eq!(
        open().unwrap().unwrap().len(),
        1,
        "further keys are ignored"
    );
}

#[test]
fn the_program_names_a_folder_that_is_not_there_and_what_belongs_into_it() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_evals"))
        .args(["--model", "/nowhere", "--core", "/nowhere"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for word in [
        "--model /nowhere",
        "no config.json",
        "name a checkpoint folder",
    ] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn the_program_takes_a_checkpoint_with_its_own_tokenizer_and_any_folder_from_elsewhere() {
    let dir = tidepool("swapped");
    let trained = vocabulary(&dir);
    let words = std::fs::read_to_string(dir.join("words/words_alpha.txt")).unwrap();
    let other = tokenizer::train(
        words.lines().map(str::to_owned),
        &tokenizer::TrainSettings::new(trained.vocab_size()),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(other.vocab_size(), trained.vocab_size());
    let state = pretrain::TrainState {
        stage: "base".to_owned(),
        step: 1,
        steps: 1,
        tokens: 0,
        seconds: 0.0,
        smooth_loss: 0.0,
        bits_per_byte: None,
        evaluated: None,
        position: None,
        positions: Vec::new(),
        metrics_bytes: 0,
        troubles: 0,
        tokenizer: trained.fingerprint(),
        recipe: String::new(),
    };
    let run = tempfile::tempdir().unwrap();
    let base = run.path().join("base");
    let gpt = random_gpt(trained.vocab_size(), 64);
    pretrain::checkpoint::save(&base, &gpt, None, &trained, &state).unwrap();
    // The model is loaded before anything is asked; without a question the program ends there.
    let says = |words: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_evals"))
            .arg("--model")
            .arg(&base)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{said}");
    };
    says("what to ask?");
    other.save(&base.join("tokenizer.json")).unwrap();
    says("fingerprint");
    std::fs::remove_file(base.join("state.json")).unwrap();
    says("what to ask?");
}

#[test]
fn every_task_of_the_real_bundle_is_read_and_rendered() {
    let Some(data) = real_data() else { return };
    let dir = tidepool("real");
    let tokenizer = vocabulary(&dir);
    let bundle = Bundle::open(&data.join("core")).unwrap();
    assert!(!bundle.tasks.is_empty());
    for task in &bundle.tasks {
        let items = task.items().unwrap();
        let asked: Vec<&Item> = order(items.len(), None)
            .into_iter()
            .map(|item| &items[item])
            .collect();
        for index in (0..asked.len()).step_by(asked.len().div_ceil(40)) {
            let question = question(task, &asked, index, &tokenizer);
            for row in &question.rows {
                assert!(
                    row.start >= 1 && row.start < row.end && row.end == row.ids.len(),
                    "{} {index}",
                    task.label
                );
            }
            match (&question.goal, asked[index]) {
                // What is scored is the ending, with the space in front that belongs to it.
                (Goal::Verbatim, Item::LanguageModelling { continuation, .. }) => {
                    let row = &question.rows[0];
                    let text = tokenizer.decode(&row.ids[row.start..row.end]);
                    assert_eq!(
                        text.trim_start(),
                        continuation.trim_start(),
                        "{} {index}",
                        task.label
                    );
                }
                (Goal::Lowest { gold }, Item::MultipleChoice { choices, .. }) => {
                    assert!(*gold < choices.len() && question.rows.len() == choices.len());
                }
                (Goal::Lowest { gold }, Item::Schema { contexts, .. }) => {
                    assert!(*gold < contexts.len() && question.rows.len() == contexts.len());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
