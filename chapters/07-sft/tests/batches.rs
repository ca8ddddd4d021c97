//! The traps of conversation batches, exact epochs, and the exact resume.

mod words;

use dataset::{Batch, BatchSource, Conversation, Message, Part, Prefetch};
use sft::{ConversationBatches, Ingredient, Mixture, Supervise, TooLong, render};
use std::collections::HashMap;
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
    let epoch = batches.measure(1.0).unwrap();
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
            .measure(1.0)
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
    let epoch = batches.measure(1.0).unwrap();
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

/// How often each target stands behind each context. The context reaches back to its conversation's `<|bos|>`.
type Lessons = HashMap<(Vec<i64>, i64), usize>;

fn lessons_in(batch: &Batch, bos: i64, lessons: &mut Lessons) {
    for (inputs, targets) in batch
        .inputs
        .chunks(batch.time)
        .zip(batch.targets.chunks(batch.time))
    {
        let mut start = 0;
        for at in 0..batch.time {
            if inputs[at] == bos {
                start = at;
            }
            if targets[at] != -1 {
                let lesson = (inputs[start..=at].to_vec(), targets[at]);
                *lessons.entry(lesson).or_default() += 1;
            }
        }
    }
}

/// Talk with several turns, tools and a question that is long.
fn various(count: usize) -> Vec<Conversation> {
    let mut talks = exchanges(count);
    for n in 0..count / 3 {
        let parts = vec![
            Part::Text("so ".into()),
            Part::Python(format!("{n}*3")),
            Part::PythonOutput((3 * n).to_string()),
            Part::Text(" legs".into()),
        ];
        talks.push(Conversation {
            messages: vec![
                Message::user(format!("legs of {n} crabs?")),
                Message::assistant_parts(parts),
                Message::user("sure?"),
                Message::assistant("yes."),
            ],
        });
    }
    talks
}

#[test]
fn packing_keeps_every_supervised_token_behind_its_own_context() {
    let tokenizer = tokenizer();
    let bos = i64::from(tokenizer.special(Special::Bos));
    for supervise in [Supervise::Assistant, Supervise::Everything] {
        let mut before = Lessons::new();
        for talk in various(150) {
            let rendered = render(&talk, &tokenizer, 97)
                .unwrap()
                .supervising(supervise);
            let ids: Vec<i64> = rendered.ids.iter().map(|&id| i64::from(id)).collect();
            for at in (1..ids.len()).filter(|&at| rendered.mask[at] == 1) {
                *before.entry((ids[..at].to_vec(), ids[at])).or_default() += 1;
            }
        }
        let mut packed = batches(various(150), 3, 96)
            .supervising(supervise)
            .ending_after(1.0);
        let amount = packed.measure(1.0).unwrap();
        let (mut after, mut supervised) = (Lessons::new(), 0);
        for _ in 0..amount.rows.div_ceil(3) {
            let batch = packed.next_batch().unwrap();
            supervised += batch.supervised;
            lessons_in(&batch, bos, &mut after);
        }
        assert_eq!(supervised, amount.supervised);
        // Between two conversations of a row stands a `<|bos|>`, which "everything" trains on too.
        after.retain(|(_, target), _| *target != bos);
        assert!(before.len() > 300);
        assert!(before == after, "{supervise:?}");
    }
}

#[test]
fn epochs_are_exact_and_then_there_is_only_padding() {
    let tokenizer = tokenizer();
    let ends = i64::from(tokenizer.special(Special::AssistantEnd));
    // 130 + 3 × 20 + half of 40 conversations, each with one answer
    for (epochs, expected) in [(1.0, 210), (2.0, 420), (1.5, 315), (0.1, 21)] {
        let ingredient = |name: &str, count, weight| Ingredient {
            source: Talks::boxed(name, exchanges(count)),
            weight,
        };
        let ingredients = vec![
            ingredient("once", 130, 1.0),
            ingredient("thrice", 20, 3.0),
            ingredient("half", 40, 0.5),
        ];
        let mixture = Mixture::new(ingredients, 7, 0, 1).unwrap();
        let mut batches = ConversationBatches::new(mixture, &tokenizer, 2, 120)
            .unwrap()
            .ending_after(epochs);
        let amount = batches.measure(epochs).unwrap();
        assert_eq!(amount.conversations, expected);
        let (mut answers, mut placed_rows) = (0, 0);
        for _ in 0..amount.rows.div_ceil(2) {
            let batch = batches.next_batch().unwrap();
            answers += batch.targets.iter().filter(|&&t| t == ends).count();
            placed_rows += batch
                .targets
                .chunks(120)
                .filter(|row| row.iter().any(|&t| t != -1))
                .count();
        }
        assert_eq!(answers, expected, "{epochs} epochs");
        assert_eq!(placed_rows, amount.rows);
        for _ in 0..3 {
            assert_eq!(batches.next_batch().unwrap().supervised, 0);
        }
    }
}

#[test]
fn what_is_too_long_is_cut_or_left_out_as_the_rule_says_and_counted() {
    let talks = || {
        let mut talks = exchanges(20);
        talks.extend((0..7).map(|n| exchange(&format!("{n}?"), &"ten legs. ".repeat(200))));
        talks.push(exchange(&"a very long question. ".repeat(200), "yes"));
        talks
    };
    for (rule, cut, left_out) in [(TooLong::Cut, 7, 1), (TooLong::LeaveOut, 0, 8)] {
        let mut batches = batches(talks(), 1, 60).too_long(rule).ending_after(1.0);
        let amount = batches.measure(1.0).unwrap();
        assert_eq!((amount.cut, amount.left_out), (cut, left_out), "{rule:?}");
        assert_eq!((batches.cut(), batches.left_out()), (0, 0));
        for _ in 0..amount.rows {
            batches.next_batch().unwrap();
        }
        assert_eq!(
            (batches.cut(), batches.left_out()),
            (cut as u64, left_out as u64)
        );
        let report = amount.to_string();
        assert!(
            report.contains(&format!("{cut} cut, {left_out} left out")),
            "{report}"
        );
    }
}

#[test]
fn everything_is_trained_on_except_padding() {
    let tokenizer = tokenizer();
    let mut batches = batches(various(60), 2, 96)
        .supervising(Supervise::Everything)
        .ending_after(1.0);
    let amount = batches.measure(1.0).unwrap();
    // Of a row's T + 1 ids the first is no target; all others that are conversation are.
    assert_eq!(amount.supervised, amount.placed - amount.rows);
    let mut supervised = 0;
    for _ in 0..amount.rows.div_ceil(2) {
        supervised += batches.next_batch().unwrap().supervised;
    }
    assert_eq!(supervised, amount.supervised);
    let output = tokenizer.special(Special::OutputStart);
    let rendered = render(&various(3)[3], &tokenizer, 1000).unwrap();
    let at = rendered.ids.iter().position(|&id| id == output).unwrap();
    assert_eq!(rendered.mask[at], 0);
    assert_eq!(rendered.supervising(Supervise::Everything).mask[at], 1);
}

#[test]
fn a_resume_in_the_last_rows_of_a_run_ends_it_as_it_would_have_ended() {
    let fresh = || batches(exchanges(130), 2, 160).ending_after(1.5);
    let mut whole = fresh();
    let count = whole.measure(1.5).unwrap().rows.div_ceil(2) + 2;
    let all: Vec<Batch> = (0..count).map(|_| whole.next_batch().unwrap()).collect();
    assert!(all[count / 2].position.source.row > 0 && !all[count / 2].position.pending.is_empty());
    for at in [count / 2, count - 5, count - 3, count - 2] {
        let mut resumed = fresh();
        resumed.resume(&all[at].position).unwrap();
        for expected in &all[at + 1..] {
            assert_eq!(&resumed.next_batch().unwrap(), expected);
        }
    }
}
