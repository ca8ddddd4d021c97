//! Rows: what ends them, what they depend on, how they are scored.

use super::*;

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    let gpt = model();
    let (a, b) = (prompt(&[1, 2, 3], 5), prompt(&[7], 6));
    let together = sample(&gpt, &[a.clone(), b.clone()]);
    let swapped = sample(&gpt, &[b, a.clone()]);
    assert_eq!(together[0], swapped[1]);
    assert_eq!(together[1], swapped[0]);
    assert_eq!(together[0], sample(&gpt, std::slice::from_ref(&a))[0]);
    assert_ne!(
        together[0].ids,
        sample(&gpt, &[Prompt { seed: 99, ..a }])[0].ids
    );
}

#[test]
fn a_stop_token_ends_the_row_and_is_left_out() {
    let gpt = model();
    let free = sample(&gpt, &[prompt(&[1, 2, 3], 5)]).remove(0);
    let third = free.ids[2];
    let first = free.ids.iter().position(|&id| id == third).unwrap();
    let mut stopping = prompt(&[1, 2, 3], 5);
    stopping.settings.stop = vec![third];
    let stopped = sample(&gpt, &[stopping]).remove(0);
    assert_eq!(stopped.ids, free.ids[..first]);
    assert_eq!(stopped.stop, StopReason::Token(third));
}

#[test]
fn a_row_ends_when_it_fills_the_context() {
    let gpt = model();
    let mut long = prompt(&[1; 12], 5);
    long.settings.max_tokens = 100;
    let full = Prompt {
        ids: vec![1; 16],
        ..long.clone()
    };
    let samples = sample(&gpt, &[long, full]);
    assert_eq!(
        (samples[0].ids.len(), samples[0].stop),
        (4, StopReason::ContextFull)
    );
    assert_eq!(
        (samples[1].ids.len(), samples[1].stop),
        (0, StopReason::ContextFull)
    );
}

#[test]
fn a_break_ends_its_own_row_only() {
    let gpt = model();
    let mut heard = Vec::new();
    let samples = NaiveSampler::new(&gpt, &Plain)
        .sample(&[prompt(&[1], 1), prompt(&[2], 2)], None, &mut |added| {
            heard.push((added.row, added.id));
            if added.row == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(
        (samples[0].ids.len(), samples[0].stop),
        (1, StopReason::Interrupted)
    );
    assert_eq!(samples[1].stop, StopReason::MaxTokens);
    let told: Vec<u32> = heard
        .iter()
        .filter(|(row, _)| *row == 1)
        .map(|(_, id)| *id)
        .collect();
    assert_eq!(told, samples[1].ids);
}

#[test]
fn a_tools_tokens_are_forced_unsampled_and_counted() {
    /// After the second token chosen in row 0 it orders 7, 8, 9.
    struct Orders(usize);
    impl Tool for Orders {
        fn accept(&mut self, row: usize, _id: u32) -> Option<Vec<u32>> {
            self.0 += usize::from(row == 0);
            (row == 0 && self.0 == 2).then(|| vec![7, 8, 9])
        }
    }
    let gpt = model();
    let mut tool = Orders(0);
    let prompts = [prompt(&[1, 2, 3], 5), prompt(&[4], 6)];
    let samples = NaiveSampler::new(&gpt, &Plain)
        .sample(
            &prompts,
            Some(&mut tool),
            &mut |_| ControlFlow::Continue(()),
        )
        .unwrap();
    let free = sample(&gpt, &prompts);
    assert_eq!(samples[0].ids[..2], free[0].ids[..2]);
    assert_eq!(samples[0].ids[2..5], [7, 8, 9]);
    assert_eq!(samples[0].mask, [1, 1, 0, 0, 0, 1, 1, 1]);
    assert_eq!(samples[0].log_probabilities[2..5], [0.0; 3]);
    assert_eq!(samples[0].ids.len(), 8);
    assert_eq!(tool.0, 5, "forced tokens are not told to the tool");
    assert_eq!(samples[1], free[1]);
}

#[test]
fn prompts_that_cannot_be_continued_are_refused() {
    let gpt = model();
    let refused = |prompt: Prompt| {
        NaiveSampler::new(&gpt, &Plain)
            .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string()
    };
    assert!(refused(prompt(&[], 1)).contains("<|bos|>"));
    assert!(refused(prompt(&[1; 17], 1)).contains("17 tokens"));
    assert!(refused(prompt(&[50], 1)).contains("outside the vocabulary"));
    let mut cold = prompt(&[1], 1);
    cold.settings.temperature = -1.0;
    assert!(refused(cold).contains("temperature -1"));
}

#[test]
fn scores_of_rows_of_different_length_do_not_depend_on_padding() {
    let gpt = model();
    let rows = [vec![1, 2, 3, 4, 5], vec![6], vec![7, 8]];
    let scorer = PlainScorer::new(&gpt, &Plain);
    let together = scorer.score(&rows).unwrap();
    for (row, scores) in rows.iter().zip(&together) {
        let alone = scorer.score(std::slice::from_ref(row)).unwrap().remove(0);
        assert_eq!(scores.argmax, alone.argmax);
        assert_eq!(
            (scores.losses.len(), scores.argmax.len()),
            (row.len() - 1, row.len())
        );
        assert!(
            scores
                .losses
                .iter()
                .zip(&alone.losses)
                .all(|(a, b)| (a - b).abs() < 1e-5)
        );
    }
    assert!(scorer.score(&[]).unwrap().is_empty());
    assert!(matches!(
        scorer.score(&[vec![1], vec![]]),
        Err(Error::EmptyRow { row: 1 })
    ));
}
