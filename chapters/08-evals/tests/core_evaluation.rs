//! Bundles are read, batched and scored; the table and the CSV say what came out.

#[allow(dead_code)]
mod random_scorer;

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
fn batched_scores_are_those_of_one_question_at_a_time() {
    let dir = tidepool("same");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let questions = some_questions(&dir, &tokenizer, 8, 512);
    let one = score_one_at_a_time(&scorer, &questions).unwrap();
    for budget in [1, 700, 100_000] {
        let many = score_batched(&scorer, &questions, budget, &mut |_| ()).unwrap();
        for ((question, one), many) in questions.iter().zip(&one).zip(&many) {
            for (a, b) in one.iter().zip(many) {
                assert_eq!(a.guesses, b.guesses);
                let off = a.losses.iter().zip(&b.losses).map(|(a, b)| (a - b).abs());
                assert!(off.fold(0.0, f32::max) < 1e-4, "budget {budget}");
            }
            let verdicts = [one, many].map(|rows| judge(question, rows.clone()));
            assert_eq!(verdicts[0].chosen, verdicts[1].chosen);
            assert_eq!(verdicts[0].correct, verdicts[1].correct);
        }
    }
    let losses = one.iter().flatten().flat_map(|span| &span.losses);
    assert!(
        losses.fold(0.0_f32, |a, &b| a.max(b)) > 1.0,
        "zeros would pass"
    );
}

#[test]
fn a_pass_keeps_to_its_budget_and_keeps_options_together() {
    let dir = tidepool("budget");
    let tokenizer = vocabulary(&dir);
    let questions = some_questions(&dir, &tokenizer, 20, 512);
    let heart = ByHeart { rows: Vec::new() };
    let total: usize = questions.iter().map(|question| question.rows.len()).sum();
    for budget in [300, 2000] {
        let scorer = Recording {
            inner: &heart,
            passes: RefCell::new(Vec::new()),
        };
        let mut reported = 0;
        score_batched(&scorer, &questions, budget, &mut |rows| reported += rows).unwrap();
        let passes = scorer.passes.into_inner();
        assert_eq!(reported, total);
        assert_eq!(passes.iter().map(Vec::len).sum::<usize>(), total);
        let longest = |pass: &Vec<Vec<u32>>| pass.iter().map(Vec::len).max().unwrap();
        for pass in &passes {
            assert!(pass.len() == 1 || pass.len() * longest(pass) <= budget);
        }
        // options that fit together stay together, in their order
        for question in &questions {
            let rows: Vec<&Vec<u32>> = question.rows.iter().map(|row| &row.ids).collect();
            let length = rows.iter().map(|row| row.len()).max().unwrap();
            if rows.len() * length > budget {
                continue;
            }
            let together = passes.iter().any(|pass| {
                pass.windows(rows.len())
                    .any(|window| window.iter().eq(rows.iter().copied()))
            });
            assert!(together, "budget {budget}");
        }
    }
    // sorted by length: most of what a pass computes is not padding
    let scorer = Recording {
        inner: &heart,
        passes: RefCell::new(Vec::new()),
    };
    score_batched(&scorer, &questions, 2000, &mut |_| ()).unwrap();
    let passes = scorer.passes.into_inner();
    let computed: usize = passes
        .iter()
        .map(|pass| pass.len() * pass.iter().map(Vec::len).max().unwrap())
        .sum();
    let real: usize = passes.iter().flatten().map(Vec::len).sum();
    assert!(real as f64 > 0.8 * computed as f64, "{real} of {computed}");
    assert!(passes.len() * 4 < total, "{} passes", passes.len());
}

#[test]
fn whoever_knows_the_right_rows_by_heart_has_core_1() {
    let dir = tidepool("heart");
    let tokenizer = vocabulary(&dir);
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    let mut settings = CoreSettings::new(512);
    settings.most = Some(20);
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for question in some_questions(&dir, &tokenizer, 20, 512) {
        for (number, row) in question.rows.iter().enumerate() {
            match question.goal {
                Goal::Lowest { gold } if gold != number => wrong.push(row.ids.clone()),
                _ => right.push(row.ids.clone()),
            }
        }
    }
    let score = |rows| {
        let scorer = ByHeart { rows };
        evaluate(&bundle, &tokenizer, &scorer, &settings, &mut |_| ()).unwrap()
    };
    let best = score(right);
    assert_eq!(best.core, 1.0);
    assert_eq!((best.interval.low, best.interval.high), (1.0, 1.0));
    assert!(
        best.tasks
            .iter()
            .all(|task| task.accuracy() == 1.0 && task.correct.len() == 20)
    );

    let worst = score(wrong);
    assert!(worst.tasks.iter().all(|task| task.accuracy() == 0.0));
    // −0.25/0.75 twice, −0.5/0.5 once, 0 three times
    assert!(
        (worst.core - (-2.0 / 3.0 - 1.0) / 6.0).abs() < 1e-12,
        "{}",
        worst.core
    );
}

#[test]
fn the_same_seed_gives_the_same_interval_and_it_holds_the_score() {
    let dir = tidepool("interval");
    let tokenizer = vocabulary(&dir);
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let with_seed = |seed| {
        let settings = CoreSettings {
            most: Some(12),
            bootstrap: Bootstrap {
                resamples: 500,
                seed,
            },
            ..CoreSettings::new(512)
        };
        evaluate(&bundle, &tokenizer, &scorer, &settings, &mut |_| ()).unwrap()
    };
    let (one, again, other) = (with_seed(1), with_seed(1), with_seed(2));
    assert_eq!(one, again);
    assert_eq!(one.core, other.core);
    assert!(one.interval.low <= one.core && one.core <= one.interval.high);
    assert!(one.interval.low < one.interval.high);
}

#[test]
fn rows_longer_than_the_context_lose_their_beginning() {
    let mut row = Row {
        ids: (0..10).collect(),
        start: 7,
        end: 10,
    };
    row.crop(12);
    assert_eq!((row.ids.len(), row.start, row.end), (10, 7, 10));
    row.crop(5);
    assert_eq!(
        (row.ids.as_slice(), row.start, row.end),
        ([5, 6, 7, 8, 9].as_slice(), 2, 5)
    );
    // The span itself is too long: its end is scored, from the first place that something predicts.
    row.crop(2);
    assert_eq!(
        (row.ids.as_slice(), row.start, row.end),
        ([8, 9].as_slice(), 1, 2)
    );

    let dir = tidepool("crop");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 24);
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    let settings = CoreSettings {
        most: Some(5),
        ..CoreSettings::new(24)
    };
    let scorer = PlainScorer::new(&gpt, &Plain);
    let score = evaluate(&bundle, &tokenizer, &scorer, &settings, &mut |_| ()).unwrap();
    assert!(score.tasks.iter().any(|task| task.cropped > 0));
    assert!(table(&score).contains("lost their beginning"));
}

#[test]
fn the_first_of_equal_options_wins_and_an_empty_span_never_beats_another() {
    let question = |rows: usize, gold| Question {
        rows: vec![
            Row {
                ids: vec![0, 1],
                start: 1,
                end: 2
            };
            rows
        ],
        goal: Goal::Lowest { gold },
    };
    let span = |losses: &[f32]| SpanScores {
        losses: losses.to_vec(),
        guesses: vec![0; losses.len()],
    };
    let chosen = |rows: Vec<SpanScores>| judge(&question(rows.len(), 0), rows).chosen;
    assert_eq!(chosen(vec![span(&[2.0]), span(&[1.0]), span(&[1.0])]), 1);
    // the mean decides, not the sum
    assert_eq!(chosen(vec![span(&[1.5]), span(&[1.0, 1.0])]), 1);
    assert_eq!(chosen(vec![span(&[2.0]), span(&[])]), 0);
    assert_eq!(chosen(vec![span(&[]), span(&[2.0])]), 0);
}

#[test]
fn the_table_is_aligned_and_the_csv_has_every_digit() {
    let dir = tidepool("report");
    let tokenizer = vocabulary(&dir);
    std::fs::remove_file(dir.join("core/eval_data/symbolic_problem_solving/tidepool_sums.jsonl"))
        .unwrap();
    let bundle = Bundle::open(&dir.join("core")).unwrap();
    assert_eq!(bundle.missing, ["tidepool_sums"]);
    let scorer = ByHeart { rows: Vec::new() };
    let settings = CoreSettings {
        most: Some(6),
        ..CoreSettings::new(512)
    };
    let mut heard = Vec::new();
    let score = evaluate(&bundle, &tokenizer, &scorer, &settings, &mut |task| {
        heard.push(task.label.clone());
    })
    .unwrap();
    assert_eq!(heard.len(), 5);

    let text = table(&score);
    let framed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(['│', '┌', '╞', '└']))
        .collect();
    assert_eq!(framed.len(), 1 + 1 + 1 + 6 + 1, "{text}");
    let width = framed[0].chars().count();
    assert!(
        framed.iter().all(|line| line.chars().count() == width),
        "{text}"
    );
    assert!(
        text.contains("tidepool_sums") && text.contains("not comparable"),
        "{text}"
    );

    let csv = csv(&score);
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 1 + 5 + 1);
    assert!(lines.iter().all(|line| line.len() == 10), "{csv}");
    assert_eq!(lines[6][0], "CORE");
    assert_eq!(lines[6][7].parse::<f64>().unwrap(), score.core);
    assert_eq!(
        lines[1][5].parse::<f64>().unwrap(),
        score.tasks[0].accuracy()
    );
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
    says(&["core.yaml"]);
    write("core.yaml", "icl_tasks: 7\n");
    says(&["core.yaml"]);
    let task = "icl_tasks:\n- label: a\n  dataset_uri: x/a.jsonl\n  num_fewshot: [0]\n  icl_task_type: multiple_choice\n";
    write("core.yaml", task);
    says(&["eval_meta_data.csv"]);
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
fn a_scorer_that_leaves_something_out_is_an_error() {
    struct Short(usize);
    impl Scorer for Short {
        fn score_from(&self, rows: &[Vec<u32>], _: &[usize]) -> Result<Vec<Scores>, Error> {
            let one = Scores {
                losses: vec![],
                argmax: vec![],
            };
            Ok(vec![one; rows.len().saturating_sub(self.0)])
        }
    }
    let row = Row {
        ids: vec![1, 2, 3],
        start: 1,
        end: 3,
    };
    let questions = [Question {
        rows: vec![row; 2],
        goal: Goal::Lowest { gold: 0 },
    }];
    for missing in [0, 1] {
        let result = score_batched(&Short(missing), &questions, 100, &mut |_| ());
        assert!(result.unwrap_err().to_string().contains("every row needs"));
    }
}

#[test]
fn the_benchmark_compares_two_scorers() {
    let dir = tidepool("benchmark");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let questions = some_questions(&dir, &tokenizer, 4, 512);
    let same = compare(&questions, &scorer, &scorer, 2000, 2).unwrap();
    assert_eq!(
        (same.questions, same.seconds.len(), same.disagreements),
        (24, 2, 0)
    );
    assert!(same.largest_difference < 1e-4 && same.ratio() > 0.0);

    let right = questions.iter().map(|question| match question.goal {
        Goal::Lowest { gold } => question.rows[gold].ids.clone(),
        Goal::Verbatim => question.rows[0].ids.clone(),
    });
    let right = ByHeart {
        rows: right.collect(),
    };
    let differs = compare(&questions, &scorer, &right, 2000, 1).unwrap();
    assert!(differs.disagreements > 0 && differs.largest_difference > 0.5);
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
