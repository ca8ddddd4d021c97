//! The engine gives the naive sampler's tokens: greedy and drawn, whatever the lengths, the chunks and the neighbours.

mod random_model;

use engine::Engine;
use proptest::prelude::*;
use random_model::{ids, prompt, random_gpt, settings, small, small_of};
use std::ops::ControlFlow;
use transformer::{
    Added, Gpt, Insight, NaiveSampler, Plain, Prompt, Sample, Sampler, StopReason, Tool,
};

fn engine(gpt: &Gpt, chunk: usize, prompts: &[Prompt]) -> Vec<Sample> {
    let mut engine = Engine::new(gpt, &Plain).with_prefill_chunk(chunk);
    engine
        .sample(prompts, None, &mut |_| ControlFlow::Continue(()))
        .expect("a sample")
}

fn naive(gpt: &Gpt, prompts: &[Prompt]) -> Vec<Sample> {
    NaiveSampler::new(gpt, &Plain)
        .sample(prompts, None, &mut |_| ControlFlow::Continue(()))
        .expect("a sample")
}

fn assert_same(fast: &[Sample], slow: &[Sample]) {
    assert_eq!(fast.len(), slow.len());
    for (row, (fast, slow)) in fast.iter().zip(slow).enumerate() {
        assert_eq!(fast.ids, slow.ids, "row {row}");
        assert_eq!(fast.mask, slow.mask, "row {row}");
        assert_eq!(fast.stop, slow.stop, "row {row}");
        for (a, b) in fast.log_probabilities.iter().zip(&slow.log_probabilities) {
            assert!(
                (a - b).abs() < 1e-5,
                "row {row}: log-probability {a} against {b}"
            );
        }
    }
}

/// What `on_token` heard, by row: id, forced, log-probability, insight.
type Heard = Vec<Vec<(u32, bool, f32, Option<Insight>)>>;

fn listen(sampler: &mut dyn Sampler, prompts: &[Prompt], tool: bool) -> (Vec<Sample>, Heard) {
    let mut heard = vec![Vec::new(); prompts.len()];
    let mut meddler = Meddler;
    let tool: Option<&mut dyn Tool> = if tool { Some(&mut meddler) } else { None };
    let samples = sampler
        .sample(prompts, tool, &mut |added: &Added<'_>| {
            let insight = added.insight.cloned();
            heard[added.row].push((added.id, added.forced, added.log_probability, insight));
            ControlFlow::Continue(())
        })
        .expect("a sample");
    (samples, heard)
}

fn assert_heard_the_same(fast: &Heard, slow: &Heard) {
    for (fast, slow) in fast.iter().flatten().zip(slow.iter().flatten()) {
        assert_eq!((fast.0, fast.1), (slow.0, slow.1));
        assert!((fast.2 - slow.2).abs() < 1e-5);
        assert_eq!(fast.3.is_some(), slow.3.is_some());
        let (Some(fast), Some(slow)) = (&fast.3, &slow.3) else {
            continue;
        };
        assert!((fast.log_probability - slow.log_probability).abs() < 1e-4);
        assert_eq!(fast.likeliest.len(), slow.likeliest.len());
        for (a, b) in fast.likeliest.iter().zip(&slow.likeliest) {
            assert_eq!(a.0, b.0);
            assert!((a.1 - b.1).abs() < 1e-4);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the model's year and heads, each row's settings, the prompts' lengths and common beginnings, the chunks
    /// in which they are read, how many rows there are at once, and whether a tool forces tokens.
    #[test]
    fn every_token_is_the_naive_sampler_s(
        seed in 0u64..1000,
        year in prop::sample::select(vec![2025i64, 2026]),
        kv_heads in prop::sample::select(vec![1i64, 2, 4]),
        layers in 1i64..5,
        chunk in 1usize..40,
        at_once in 1usize..7,
        rows in prop::collection::vec((0u64..3, 1usize..60, settings(), 0u64..3), 1..6),
        tool in any::<bool>(),
    ) {
        let gpt = random_gpt(&small_of(year, kv_heads, layers, 64), seed);
        let prompts: Vec<Prompt> = rows
            .into_iter()
            .map(|(family, length, settings, seed)| Prompt { ids: ids(family, length), settings, seed })
            .collect();
        let mut engine = Engine::new(&gpt, &Plain).with_prefill_chunk(chunk).with_rows(at_once);
        let (fast, fast_heard) = listen(&mut engine, &prompts, tool);
        let (slow, slow_heard) = listen(&mut NaiveSampler::new(&gpt, &Plain), &prompts, tool);
        assert_same(&fast, &slow);
        assert_heard_the_same(&fast_heard, &slow_heard);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Prompts longer than the short windows of 2026, which are 128.
    #[test]
    fn also_where_windows_hide_the_beginning(
        seed in 0u64..1000,
        layers in 2i64..5,
        chunk in 1usize..200,
        rows in prop::collection::vec((0u64..2, 100usize..200, 1usize..10), 1..4),
    ) {
        let gpt = random_gpt(&small_of(2026, 2, layers, 256), seed);
        let prompts: Vec<Prompt> = rows
            .iter()
            .map(|&(family, length, limit)| prompt(&ids(family, length), 0.0, 0, limit, seed))
            .collect();
        assert_same(&engine(&gpt, chunk, &prompts), &naive(&gpt, &prompts));
    }
}

#[test]
fn random_models_say_different_things() {
    // If they did not, the test above would compare nothing.
    let mut distinct = 0;
    for seed in 0..10 {
        let gpt = random_gpt(&small(2, 2, 64), seed);
        let mut ids = naive(&gpt, &[prompt(&[3, 1, 4], 0.0, 0, 20, 0)])
            .swap_remove(0)
            .ids;
        ids.sort_unstable();
        ids.dedup();
        distinct += ids.len();
    }
    assert!(
        distinct >= 50,
        "{distinct} distinct tokens in 10 greedy answers of 20"
    );
}

#[test]
fn equal_prompts_are_read_once_and_drawn_apart() {
    let gpt = random_gpt(&small(1, 2, 48), 9);
    let prompts: Vec<Prompt> = (0..5)
        .map(|seed| prompt(&[5, 6, 8, 9], 1.0, 0, 12, seed))
        .collect();
    let samples = engine(&gpt, 256, &prompts);
    assert_same(&samples, &naive(&gpt, &prompts));
    assert!(samples.iter().any(|sample| sample.ids != samples[0].ids));
}

#[test]
fn a_full_context_ends_the_row_and_leaves_its_neighbours_alone() {
    let gpt = random_gpt(&small(4, 2, 16), 3);
    let long: Vec<u32> = (0..15).map(|at| 20 + at).collect();
    let full: Vec<u32> = (0..16).map(|at| 20 + at).collect();
    let prompts = [
        prompt(&long, 0.0, 0, 99, 0),
        prompt(&[1], 0.0, 0, 99, 0),
        prompt(&full, 0.0, 0, 99, 0),
    ];
    let samples = engine(&gpt, 4, &prompts);
    assert_same(&samples, &naive(&gpt, &prompts));
    assert_eq!(samples[0].stop, StopReason::ContextFull);
    assert_eq!(
        (samples[2].ids.len(), samples[2].stop),
        (0, StopReason::ContextFull)
    );
}

#[test]
fn no_prompts_and_no_tokens_are_no_work() {
    let gpt = random_gpt(&small(4, 1, 16), 3);
    assert!(engine(&gpt, 4, &[]).is_empty());
    let samples = engine(&gpt, 4, &[prompt(&[1, 2], 0.0, 0, 0, 0)]);
    assert_eq!(
        (samples[0].ids.len(), samples[0].stop),
        (0, StopReason::MaxTokens)
    );
}

#[test]
fn a_prompt_that_cannot_be_read_is_an_error() {
    let gpt = random_gpt(&small(4, 1, 16), 3);
    for (ids, says) in [
        (vec![], "empty"),
        (vec![1; 17], "context of 16"),
        (vec![1, 61, 2], "vocabulary of 61"),
    ] {
        let error = Engine::new(&gpt, &Plain)
            .sample(&[prompt(&ids, 0.0, 0, 4, 0)], None, &mut |_| {
                ControlFlow::Continue(())
            })
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

/// Forces three tokens after every fifth id, another fifth in each row.
struct Meddler;

impl Tool for Meddler {
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>> {
        (id % 5 == row as u32).then(|| vec![50, 51, 52])
    }
}

#[test]
fn forced_tokens_are_read_like_any_other() {
    let gpt = random_gpt(&small(2, 2, 64), 21);
    let prompts: Vec<Prompt> = (0..3)
        .map(|row| prompt(&[2 + row, 9, 30], 0.9, 0, 30, u64::from(row)))
        .collect();
    let mut heard = Vec::new();
    let fast = Engine::new(&gpt, &Plain)
        .sample(&prompts, Some(&mut Meddler), &mut |added| {
            heard.push((added.row, added.id));
            ControlFlow::Continue(())
        })
        .expect("a sample");
    let slow = NaiveSampler::new(&gpt, &Plain)
        .sample(&prompts, Some(&mut Meddler), &mut |_| {
            ControlFlow::Continue(())
        })
        .expect("a sample");
    assert_same(&fast, &slow);
    assert!(fast.iter().any(|sample| sample.mask.contains(&0)));
    for (row, sample) in fast.iter().enumerate() {
        let heard: Vec<u32> = heard
            .iter()
            .filter(|(r, _)| *r == row)
            .map(|(_, id)| *id)
            .collect();
        assert_eq!(heard, sample.ids);
    }
}

#[test]
fn a_row_that_is_stopped_leaves_the_others_running() {
    let gpt = random_gpt(&small(2, 2, 64), 2);
    let prompts: Vec<Prompt> = (0..2).map(|row| prompt(&[row, 11], 0.0, 0, 9, 0)).collect();
    let mut count = 0;
    let samples = Engine::new(&gpt, &Plain)
        .sample(&prompts, None, &mut |added| {
            count += usize::from(added.row == 0);
            if added.row == 0 && count == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .expect("a sample");
    assert_eq!(
        (samples[0].ids.len(), samples[0].stop),
        (3, StopReason::Interrupted)
    );
    assert!(samples[1].ids.len() > 3 || samples[1].stop == StopReason::Token(7));
}
