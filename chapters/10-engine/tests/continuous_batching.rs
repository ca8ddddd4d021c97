//! Rows join and leave; what each of them says depends on its prompt alone, and nothing is read that is there already.

mod counting_kernels;
mod random_model;

use counting_kernels::Counting;
use engine::{Batch, Engine, KvCache, RowId};
use proptest::prelude::*;
use random_model::{ids, prompt, random_gpt, settings, small, small_of};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use transformer::{Gpt, NaiveSampler, Plain, Prompt, Sample, Sampler, StopReason, Tool};

fn naive(gpt: &Gpt, prompt: &Prompt) -> Sample {
    NaiveSampler::new(gpt, &Plain)
        .sample(std::slice::from_ref(prompt), None, &mut |_| {
            ControlFlow::Continue(())
        })
        .expect("a sample")
        .remove(0)
}

fn step(batch: &mut Batch<'_>) {
    batch
        .step(None, &mut |_| ControlFlow::Continue(()))
        .expect("a pass");
}

/// Steps until no row is live.
fn run(batch: &mut Batch<'_>) -> BTreeMap<RowId, Sample> {
    let mut samples = BTreeMap::new();
    loop {
        samples.extend(batch.finished());
        if batch.live() == 0 {
            return samples;
        }
        step(batch);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A row per entry: how many passes go by before it joins, its prompt, its settings, and after how many passes
    /// it leaves, if it does. Every third row goes on where an earlier one ended, as a conversation does.
    #[test]
    fn joining_and_leaving_changes_no_other_row(
        seed in 0u64..1000,
        year in prop::sample::select(vec![2025i64, 2026]),
        kv_heads in prop::sample::select(vec![1i64, 4]),
        chunk in 1usize..20,
        rows in prop::collection::vec(
            (0usize..6, (0u64..3, 1usize..40), settings(), prop::option::weighted(0.2, 1usize..8)),
            1..9,
        ),
    ) {
        let gpt = random_gpt(&small_of(year, kv_heads, 3, 96), seed);
        let mut batch = Engine::new(&gpt, &Plain).with_prefill_chunk(chunk).batch();
        let mut prompts: Vec<Prompt> = Vec::new();
        let mut leaving: Vec<(usize, RowId)> = Vec::new();
        let mut left = Vec::new();
        let mut samples = BTreeMap::new();
        let mut pass = 0;
        for (number, (wait, (family, length), settings, leaves)) in rows.into_iter().enumerate() {
            for _ in 0..wait {
                step(&mut batch);
                pass += 1;
                samples.extend(batch.finished());
                for &(when, id) in &leaving {
                    if when == pass && let Some(sample) = batch.leave(id) {
                        left.push((id, sample));
                    }
                }
            }
            let mut row = ids(family, length);
            if number % 3 == 2 && let Some((&id, sample)) = samples.iter().next_back() {
                row = [&prompts[id].ids[..], &sample.ids, &row].concat();
                row.truncate(96);
            }
            let prompt = Prompt { ids: row, settings, seed: seed ^ number as u64 };
            let id = batch.join(&prompt).expect("a prompt that can be read");
            prop_assert_eq!(id, prompts.len());
            prompts.push(prompt);
            leaving.extend(leaves.map(|after| (pass + after, id)));
        }
        samples.extend(run(&mut batch));

        prop_assert_eq!(samples.len() + left.len(), prompts.len());
        for (id, sample) in samples {
            let alone = naive(&gpt, &prompts[id]);
            prop_assert_eq!(&sample.ids, &alone.ids, "row {}", id);
            prop_assert_eq!(sample.stop, alone.stop);
        }
        for (id, sample) in left {
            let alone = naive(&gpt, &prompts[id]);
            prop_assert_eq!(sample.stop, StopReason::Interrupted);
            prop_assert_eq!(&sample.ids[..], &alone.ids[..sample.ids.len()], "row {}", id);
        }
    }
}

/// Positions that the model computed, of which the layers each count one.
fn positions(kernels: &Counting, gpt: &Gpt) -> i64 {
    kernels.positions.take() / gpt.config().layers
}

#[test]
fn clones_of_a_prompt_are_read_once() {
    let gpt = random_gpt(&small(2, 2, 64), 5);
    let kernels = Counting::default();
    let mut batch = Engine::new(&gpt, &kernels).batch();
    let prompts: Vec<Prompt> = (0..8)
        .map(|seed| prompt(&ids(1, 40), 1.0, 0, 5, seed))
        .collect();
    batch.join_all(&prompts).expect("prompts");
    assert_eq!(positions(&kernels, &gpt), 39);
    let samples = run(&mut batch);
    for (id, sample) in &samples {
        assert_eq!(sample.ids, naive(&gpt, &prompts[*id]).ids);
    }
    assert!(samples.values().any(|sample| sample.ids != samples[&0].ids));
}

#[test]
fn a_common_prefix_of_newcomers_is_read_once() {
    let gpt = random_gpt(&small(2, 2, 64), 5);
    let kernels = Counting::default();
    let mut batch = Engine::new(&gpt, &kernels).batch();
    let examples = ids(1, 50);
    let prompts: Vec<Prompt> = (0..4)
        .map(|question| prompt(&[&examples[..], &[question, 9, 8]].concat(), 0.0, 0, 3, 0))
        .collect();
    batch.join_all(&prompts).expect("prompts");
    assert_eq!(positions(&kernels, &gpt), 52 + 3 * 2);
    for (id, sample) in run(&mut batch) {
        assert_eq!(sample.ids, naive(&gpt, &prompts[id]).ids);
    }
}

#[test]
fn a_row_that_joins_late_copies_what_a_live_row_has_read_and_said() {
    let gpt = random_gpt(&small(2, 2, 64), 5);
    let kernels = Counting::default();
    let mut batch = Engine::new(&gpt, &kernels).batch();
    let first = prompt(&ids(1, 20), 0.0, 0, 20, 0);
    batch.join(&first).expect("a prompt");
    for _ in 0..6 {
        step(&mut batch);
    }
    let said = naive(&gpt, &first).ids;
    let second = prompt(
        &[&first.ids[..], &said[..4], &[3, 3]].concat(),
        0.0,
        0,
        9,
        0,
    );
    kernels.positions.take();
    batch.join(&second).expect("a prompt");
    // 26 ids, the last of them for the first decode pass; 24 are those of the first row, unless it goes on with a 3.
    let expected = if said[4] == 3 { 0 } else { 1 };
    assert_eq!(positions(&kernels, &gpt), expected);
    let samples = run(&mut batch);
    assert_eq!(samples[&0].ids, said);
    assert_eq!(samples[&1].ids, naive(&gpt, &second).ids);
}

#[test]
fn the_next_turn_of_a_conversation_reads_only_what_is_new() {
    for year in [2025, 2026] {
        let gpt = random_gpt(&small_of(year, 2, 2, 128), 8);
        let kernels = Counting::default();
        let mut batch = Engine::new(&gpt, &kernels).batch();
        let mut row = ids(2, 30);
        for turn in 0..3 {
            let turn_prompt = prompt(&row, 0.0, 0, 10, 0);
            batch.join(&turn_prompt).expect("a prompt");
            let read = positions(&kernels, &gpt);
            let sample = run(&mut batch).into_values().next().expect("one row");
            assert_eq!(sample.ids, naive(&gpt, &turn_prompt).ids, "turn {turn}");
            if turn > 0 {
                // The last token that was said may be unread; then come 5 new ones, the last left to decoding.
                assert!((4..=5).contains(&read), "{year}, turn {turn}: {read}");
            }
            kernels.positions.take();
            row.extend(&sample.ids);
            row.extend(ids(10 + turn, 5));
        }
        let slot = KvCache::bytes(gpt.config(), 1, 1, gpt.compute());
        let slots = batch.bytes() / slot;
        assert!(slots <= 128, "three turns take one row of cache: {slots}");
    }
}

#[test]
fn a_newcomer_gets_a_new_row_of_the_cache_before_one_that_another_goes_on_with() {
    let gpt = random_gpt(&small(2, 2, 160), 5);
    let kernels = Counting::default();
    let mut batch = Engine::new(&gpt, &kernels).batch();
    let first = prompt(&ids(1, 20), 0.0, 0, 3, 0);
    batch.join(&first).expect("a prompt");
    let said = run(&mut batch).remove(&0).expect("one row").ids;
    // The stranger is longer and so is placed first, when the cache of one row has just got a second one.
    let stranger = prompt(&ids(40, 120), 0.0, 0, 2, 0);
    let next = prompt(&[&first.ids[..], &said, &[3, 3]].concat(), 0.0, 0, 2, 0);
    kernels.positions.take();
    let ids = batch.join_all(&[stranger.clone(), next.clone()]);
    let ids = ids.expect("two prompts");
    // 119 of the stranger's, and of the other what was last said and what is new, beside its kept row.
    let read = positions(&kernels, &gpt);
    assert!((119..=123).contains(&read), "{read}");
    let samples = run(&mut batch);
    for (id, prompt) in ids.into_iter().zip([stranger, next]) {
        assert_eq!(samples[&id].ids, naive(&gpt, &prompt).ids);
    }
}

#[test]
fn rows_finish_on_their_own_and_passes_get_narrower() {
    let gpt = random_gpt(&small(4, 1, 64), 3);
    let mut batch = Engine::new(&gpt, &Plain).batch();
    let limits = [4, 1, 3, 0, 2];
    let prompts = limits.map(|limit| {
        let mut prompt = prompt(&[5, 6], 0.0, 0, limit, 0);
        prompt.settings.stop.clear();
        prompt
    });
    batch.join_all(&prompts).expect("prompts");
    let mut live = Vec::new();
    let mut ended = Vec::new();
    while batch.live() > 0 {
        live.push(batch.live());
        step(&mut batch);
        ended.push(batch.finished().len());
    }
    assert_eq!(live, [4, 3, 2, 1]);
    assert_eq!(ended, [2, 1, 1, 1]); // the one that might say nothing was finished before the first pass
    step(&mut batch); // nobody there: no work, no error
}

#[test]
fn a_prompt_that_cannot_be_read_changes_nothing() {
    let gpt = random_gpt(&small(4, 2, 32), 3);
    let mut batch = Engine::new(&gpt, &Plain).batch();
    let good = prompt(&[1, 2, 3], 0.0, 0, 8, 0);
    batch.join(&good).expect("a prompt");
    step(&mut batch);
    for (bad, says) in [
        (vec![], "empty"),
        (vec![1; 33], "context of 32"),
        (vec![1, 2, 61], "vocabulary of 61"),
    ] {
        let bad = prompt(&bad, 0.0, 0, 8, 0);
        let error = batch.join_all(&[good.clone(), bad]).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(batch.live(), 1);
    }
    let id = batch.join(&good).expect("a prompt");
    assert_eq!(id, 1);
    let alone = naive(&gpt, &good).ids;
    for (_, sample) in run(&mut batch) {
        assert_eq!(sample.ids, alone);
    }
}

/// Orders an id that does not exist.
struct Saboteur;

impl Tool for Saboteur {
    fn accept(&mut self, row: RowId, _id: u32) -> Option<Vec<u32>> {
        (row == 1).then(|| vec![9999])
    }
}

#[test]
fn a_pass_that_fails_ends_its_rows_and_not_the_batch() {
    let gpt = random_gpt(&small(4, 2, 32), 3);
    let mut batch = Engine::new(&gpt, &Plain).batch();
    let good = prompt(&[1, 2, 3], 0.0, 0, 8, 0);
    batch.join_all(&[good.clone(), good.clone()]).expect("both");
    let mut passes = 0;
    let error = loop {
        passes += 1;
        let outcome = batch.step(Some(&mut Saboteur), &mut |_| ControlFlow::Continue(()));
        if let Err(error) = outcome {
            break error;
        }
        assert!(passes < 10, "the id outside the vocabulary was read");
    };
    assert!(error.to_string().contains("9999"), "{error}");
    assert_eq!(batch.live(), 0);
    let ended = batch.finished();
    assert_eq!(ended.len(), 2);
    assert!(
        ended
            .iter()
            .all(|(_, sample)| sample.stop == StopReason::Interrupted)
    );
    batch.join(&good).expect("the batch goes on");
    let sample = run(&mut batch).into_values().next().expect("one row");
    assert_eq!(sample.ids, naive(&gpt, &good).ids);
}

#[test]
fn leaving_twice_or_unknown_is_no_error() {
    let gpt = random_gpt(&small(4, 2, 32), 3);
    let mut batch = Engine::new(&gpt, &Plain).batch();
    let id = batch.join(&prompt(&[1], 0.0, 0, 8, 0)).expect("a prompt");
    step(&mut batch);
    let sample = batch.leave(id).expect("it was live");
    assert_eq!(
        (sample.ids.len(), sample.stop),
        (1, StopReason::Interrupted)
    );
    assert!(batch.leave(id).is_none());
    assert!(batch.leave(77).is_none());
    assert!(batch.finished().is_empty());
}
