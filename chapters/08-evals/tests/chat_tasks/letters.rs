//! Answers by letter.

use super::*;

#[test]
fn the_letter_is_the_one_with_the_highest_logit() {
    let dir = tidepool("chat-letters");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 512);
    let suite = suite(&dir);
    let means = ChatMeans {
        budget: 1500,
        ..ChatMeans::new(&tokenizer, 512)
    };
    let scorer = PlainScorer::new(&gpt, &Plain);
    let task = &suite.choice[0];
    let indices: Vec<usize> = (0..24).rev().collect();
    let score = by_letter(task, &indices, &means, &scorer).unwrap();
    assert_eq!(
        (score.method, score.total(), score.too_long),
        (Method::Letter, 24, 0)
    );

    // the same from the logits themselves
    let mut guessed = 0;
    for (place, &index) in indices.iter().enumerate() {
        let prompt = render_for_completion(&task.conversation(index).unwrap(), &tokenizer).unwrap();
        let ids: Vec<i64> = prompt.iter().map(|&id| i64::from(id)).collect();
        let ids = gpt.upload(&ids, 1, ids.len() as i64).unwrap();
        let logits = tch::no_grad(|| gpt.last_logits(&Plain, &mut Causal, &ids)).unwrap();
        let logits: Vec<f32> = Vec::try_from(logits.squeeze_dim(0)).unwrap();
        let letters = task.choices(index).unwrap();
        let logit = |letter: &String| logits[tokenizer.encode(letter)[0] as usize];
        let best = letters
            .iter()
            .max_by(|a, b| logit(a).total_cmp(&logit(b)))
            .unwrap();
        assert_eq!(
            score.correct[place],
            task.is_correct(index, best).unwrap(),
            "question {index}"
        );
        let highest = logits.iter().fold(f32::MIN, |a, &b| a.max(b));
        guessed += usize::from(logit(best) == highest);
    }
    assert!(guessed < 24, "the second round has been needed");
    assert!(score.right() > 0 && score.right() < 24, "{}", score.right());
}

#[test]
fn a_model_that_answers_in_letters_needs_one_row_per_question() {
    let dir = tidepool("chat-one-row");
    let tokenizer = vocabulary(&dir);
    let suite = suite(&dir);
    let means = ChatMeans::new(&tokenizer, 512);
    let task = &suite.choice[2];
    // Knows each prompt with its first letter by heart, so its first guess is always "A".
    let rows = (0..task.len())
        .map(|index| {
            let mut ids =
                render_for_completion(&task.conversation(index).unwrap(), &tokenizer).unwrap();
            ids.extend(tokenizer.encode("A"));
            ids
        })
        .collect();
    let heart = ByHeart { rows };
    let scorer = random_scorer::Recording {
        inner: &heart,
        passes: Default::default(),
    };
    let indices = drawn(task, None);
    let score = by_letter(task, &indices, &means, &scorer).unwrap();
    assert_eq!(
        scorer
            .passes
            .into_inner()
            .iter()
            .map(Vec::len)
            .sum::<usize>(),
        task.len()
    );
    let right = indices
        .iter()
        .filter(|&&index| task.is_correct(index, "A").unwrap());
    assert_eq!(score.right(), right.count());
}

#[test]
fn a_letter_of_several_tokens_is_named() {
    struct Words;
    impl Task for Words {
        fn name(&self) -> &str {
            "Words"
        }
        fn kind(&self) -> Kind {
            Kind::Categorical
        }
        fn len(&self) -> usize {
            1
        }
        fn conversation(&self, _: usize) -> Result<Conversation, Error> {
            Ok(Conversation::exchange(
                "?",
                dataset::Message::assistant("A"),
            ))
        }
        fn choices(&self, index: usize) -> Result<Vec<String>, Error> {
            Ok(if index == 0 {
                vec!["A".into(), "Zxqj".into()]
            } else {
                Vec::new()
            })
        }
        fn is_correct(&self, _: usize, _: &str) -> Result<bool, Error> {
            Ok(true)
        }
    }
    let tokenizer = vocabulary(&tidepool("chat-words"));
    let means = ChatMeans::new(&tokenizer, 64);
    let heart = ByHeart { rows: Vec::new() };
    let message = by_letter(&Words, &[0], &means, &heart)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`Words`") && message.contains("`Zxqj`"),
        "{message}"
    );
    let message = by_letter(&Words, &[1], &means, &heart)
        .unwrap_err()
        .to_string();
    assert!(message.contains("no choices"), "{message}");
}

#[test]
fn questions_that_do_not_fit_count_as_wrong_and_are_counted() {
    let dir = tidepool("chat-long");
    let tokenizer = vocabulary(&dir);
    let gpt = random_gpt(tokenizer.vocab_size(), 16);
    let scorer = PlainScorer::new(&gpt, &Plain);
    let means = ChatMeans::new(&tokenizer, 16);
    let suite = suite(&dir);
    let indices: Vec<usize> = (0..10).collect();
    let mut scores = vec![
        by_letter(&suite.choice[0], &indices, &means, &scorer).unwrap(),
        by_continuation(&suite.choice[0], &indices, Form::Chat, &means, &scorer).unwrap(),
    ];
    let mut sampler = NaiveSampler::new(&gpt, &Plain);
    let settings = WritingSettings::default();
    scores.push(
        by_writing(
            suite.generative[0].as_ref(),
            &indices,
            &settings,
            &means,
            &mut sampler,
            None,
            &mut |_| (),
        )
        .unwrap(),
    );
    for score in &scores {
        assert_eq!(
            (score.total(), score.too_long, score.right()),
            (10, 10, 0),
            "{}",
            score.method.name()
        );
    }
    assert!(table(&scores, &Bootstrap::default()).contains("30 questions were longer"));
}
