//! Many questions in a pass have the scores that each has alone.

use super::*;

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
