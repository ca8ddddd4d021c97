//! From rows to verdicts, from verdicts to CORE, and the tables.

use super::*;

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
