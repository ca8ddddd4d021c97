//! The three traps of conversation batches, and the exact resume.

mod words;

use dataset::{BatchSource, Conversation, Message, Prefetch};
use sft::{ConversationBatches, Ingredient, Mixture, render};
use tokenizer::Special;
use words::{Talks, exchange, exchanges, tokenizer};

fn batches(talks: Vec<Conversation>, rows: usize, time: usize) -> ConversationBatches {
    let mixture = Mixture::new(
        vec![Ingredient::once(Talks::boxed("talks", talks))],
        4,
        0,
        1,
    )
    .expect("a mixture");
    ConversationBatches::new(mixture, &tokenizer(), rows, time).expect("batches")
}

#[test]
fn the_mask_survives_packing_and_padding_is_never_counted() {
    let tokenizer = tokenizer();
    let bos = i64::from(tokenizer.special(Special::Bos));
    let talks = exchanges(30);
    let rendered: Vec<_> = talks
        .iter()
        .map(|talk| render(talk, &tokenizer, 161).unwrap())
        .collect();
    let mut batches = batches(talks, 4, 160);
    let mut found = 0;
    for _ in 0..10 {
        let batch = batches.next_batch().unwrap();
        assert_eq!(
            (batch.inputs.len(), batch.targets.len()),
            (4 * 160, 4 * 160)
        );
        let counted = batch.targets.iter().filter(|&&target| target != -1).count();
        assert_eq!(counted, batch.supervised);
        for (inputs, targets) in batch.inputs.chunks(160).zip(batch.targets.chunks(160)) {
            // Cut the row at every <|bos|>: each piece is one of the conversations, or padding.
            let starts: Vec<usize> = (0..160).filter(|&at| inputs[at] == bos).collect();
            assert_eq!(starts[0], 0);
            for (&start, end) in starts.iter().zip(starts[1..].iter().copied().chain([160])) {
                if end == start + 1 {
                    assert_eq!(targets[start], -1, "padding is not trained on");
                    continue;
                }
                let whole = rendered.iter().find(|talk| {
                    talk.ids
                        .iter()
                        .zip(&inputs[start..end])
                        .all(|(&id, &input)| i64::from(id) == input)
                        && talk.ids.len().abs_diff(end - start) <= 1
                });
                let talk = whole.expect("a piece is a whole conversation");
                for at in 1..talk.ids.len() {
                    let expected = if talk.mask[at] == 1 {
                        i64::from(talk.ids[at])
                    } else {
                        -1
                    };
                    assert_eq!(targets[start + at - 1], expected);
                }
                found += 1;
            }
        }
    }
    assert!(found > 40, "{found} conversations in ten batches");
}

#[test]
fn a_conversation_longer_than_the_context_does_not_block_the_packer() {
    let mut talks = exchanges(20);
    // The answer stands in front, the rest is far too long: it is cut and used.
    talks.extend((0..300).map(|n| {
        exchange(
            &format!("crab {n}?"),
            &"the crab has ten legs. ".repeat(200),
        )
    }));
    let mut batches = batches(talks, 2, 48);
    for _ in 0..200 {
        let batch = batches.next_batch().unwrap();
        assert!(batch.supervised > 0);
    }
    assert_eq!(batches.counts().skipped, 0);
}

#[test]
fn a_conversation_whose_answer_is_cut_off_is_left_out() {
    let mut talks = exchanges(5);
    talks.push(exchange(&"a very long question. ".repeat(200), "yes"));
    let mut batches = batches(talks, 2, 48);
    let epoch = batches.measure_epoch().unwrap();
    assert_eq!(epoch.left_out, 1);
    assert_eq!(batches.left_out(), 0, "measuring counts for nothing");
    for _ in 0..20 {
        assert!(batches.next_batch().unwrap().supervised > 0);
    }
    assert!(batches.left_out() > 0);
}

#[test]
fn conversations_without_any_answer_are_an_error_and_not_an_endless_search() {
    let talks = (0..3)
        .map(|n| Conversation {
            messages: vec![Message::user(format!("only asked {n}"))],
        })
        .collect();
    let mut batches = batches(talks, 2, 32);
    let message = batches.next_batch().unwrap_err().to_string();
    assert!(
        message.contains("none of 3 conversations has an answer within the first 33 tokens"),
        "{message}"
    );
    assert!(
        batches
            .measure_epoch()
            .unwrap_err()
            .to_string()
            .contains("nothing to learn")
    );
}

#[test]
fn a_broken_conversation_is_named() {
    let talks = vec![
        exchange("a", "b"),
        Conversation {
            messages: vec![Message::assistant("b")],
        },
    ];
    let message = batches(talks, 1, 32).next_batch().unwrap_err().to_string();
    assert!(
        message.contains("talks, conversation 2: message 1 is from `assistant`"),
        "{message}"
    );
}

#[test]
fn a_batch_without_rows_is_refused() {
    let mixture = || {
        Mixture::new(
            vec![Ingredient::once(Talks::boxed("talks", exchanges(3)))],
            4,
            0,
            1,
        )
        .unwrap()
    };
    for (rows, time, says) in [(0, 8, "rows is 0"), (8, 0, "time is 0")] {
        let error = ConversationBatches::new(mixture(), &tokenizer(), rows, time)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_resume_goes_on_with_the_very_next_batch() {
    let mut whole = batches(exchanges(230), 3, 160);
    let mut position = whole.position();
    for number in 0..25 {
        if number % 6 == 0 {
            let text = serde_json::to_string(&position).unwrap();
            let mut resumed = batches(exchanges(230), 3, 160);
            resumed
                .resume(&serde_json::from_str(&text).unwrap())
                .unwrap();
            let mut ahead = batches(exchanges(230), 3, 160);
            ahead.resume(&position).unwrap();
            let mut ahead = Prefetch::new(ahead, 3);
            let expected = resumed.next_batch().unwrap();
            assert_eq!(ahead.next_batch().unwrap(), expected);
            let next = whole.next_batch().unwrap();
            assert_eq!(next, expected, "batch {number}");
            position = next.position;
        } else {
            position = whole.next_batch().unwrap().position;
        }
    }
}

#[test]
fn an_epoch_is_measured_without_moving() {
    let mut batches = batches(exchanges(230), 3, 160);
    let epoch = batches.measure_epoch().unwrap();
    let tokenizer = tokenizer();
    let rendered: Vec<_> = exchanges(230)
        .iter()
        .map(|talk| render(talk, &tokenizer, 161).unwrap())
        .collect();
    assert_eq!(
        epoch.placed,
        rendered.iter().map(|talk| talk.ids.len()).sum::<usize>()
    );
    assert_eq!(
        epoch.supervised,
        rendered.iter().map(|talk| talk.supervised()).sum::<usize>()
    );
    assert!(
        epoch.rows * 161 >= epoch.placed && epoch.rows * 161 < epoch.placed * 5 / 4,
        "{epoch:?}"
    );
    assert_eq!(batches.position(), Default::default());
}
