//! The engine's scores are the plain scorer's, and what rows have in common is computed once.

mod counting_kernels;
mod random_model;

use counting_kernels::Counting;
use engine::Engine;
use proptest::prelude::*;
use random_model::{ids, random_gpt, small, small_of};
use transformer::{Gpt, Plain, PlainScorer, Scorer, Scores};

fn assert_same(fast: &[Scores], slow: &[Scores]) {
    assert_eq!(fast.len(), slow.len());
    for (row, (fast, slow)) in fast.iter().zip(slow).enumerate() {
        assert_eq!(fast.argmax, slow.argmax, "row {row}");
        assert_eq!(fast.losses.len(), slow.losses.len(), "row {row}");
        for (at, (a, b)) in fast.losses.iter().zip(&slow.losses).enumerate() {
            assert!(
                (a - b).abs() < 1e-4,
                "row {row}, loss {at}: {a} against {b}"
            );
        }
    }
}

fn both(gpt: &Gpt, chunk: usize, rows: &[Vec<u32>]) -> (Vec<Scores>, Vec<Scores>) {
    let engine = Engine::new(gpt, &Plain).with_prefill_chunk(chunk);
    let fast = engine.score(rows).expect("scores");
    let slow = PlainScorer::new(gpt, &Plain).score(rows).expect("scores");
    (fast, slow)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Rows are a piece of one of three texts, a piece of another, and an ending: equal ones, prefixes of others, common
    /// beginnings of any length, in any order.
    #[test]
    fn scores_are_the_plain_scorer_s(
        seed in 0u64..1000,
        year in prop::sample::select(vec![2025i64, 2026]),
        kv_heads in prop::sample::select(vec![1i64, 2, 4]),
        layers in 1i64..5,
        chunk in 1usize..100,
        rows in prop::collection::vec((0u64..3, 1usize..60, 0u64..3, 0usize..40, 0usize..3), 1..12),
    ) {
        let gpt = random_gpt(&small_of(year, kv_heads, layers, 128), seed);
        let rows: Vec<Vec<u32>> = rows
            .into_iter()
            .map(|(first, length, second, more, ending)| {
                [ids(first, length), ids(10 + second, more), vec![3; ending]].concat()
            })
            .collect();
        let (fast, slow) = both(&gpt, chunk, &rows);
        assert_same(&fast, &slow);
        // Asked for the ends only, both say the same about them as when asked for everything.
        let from: Vec<usize> = rows
            .iter()
            .enumerate()
            .map(|(row, ids)| (row * 13 + chunk) % ids.len())
            .collect();
        let engine = Engine::new(&gpt, &Plain).with_prefill_chunk(chunk);
        let plain = PlainScorer::new(&gpt, &Plain);
        for ends in [
            engine.score_from(&rows, &from).expect("scores"),
            plain.score_from(&rows, &from).expect("scores"),
        ] {
            for ((ends, whole), &from) in ends.iter().zip(&slow).zip(&from) {
                assert_eq!(ends.argmax.len(), whole.argmax.len());
                assert_eq!(ends.argmax[from..], whole.argmax[from..]);
                assert_eq!(ends.losses.len(), whole.losses.len());
                let pairs = ends.losses.iter().zip(&whole.losses).skip(from);
                for (a, b) in pairs {
                    assert!((a - b).abs() < 1e-4, "{a} against {b}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn windows_are_kept_over_the_seam(
        seed in 0u64..1000,
        shared in 120usize..180,
        chunk in 1usize..300,
        endings in prop::collection::vec(1usize..30, 2..5),
    ) {
        let gpt = random_gpt(&small_of(2026, 2, 3, 256), seed);
        let rows: Vec<Vec<u32>> = endings
            .iter()
            .enumerate()
            .map(|(row, &length)| [ids(1, shared), ids(20 + row as u64, length)].concat())
            .collect();
        let (fast, slow) = both(&gpt, chunk, &rows);
        assert_same(&fast, &slow);
    }
}

#[test]
fn odd_shapes_are_scored_too() {
    for year in [2025, 2026] {
        let gpt = random_gpt(&small_of(year, 2, 2, 64), 4);
        let long = ids(1, 64);
        for rows in [
            vec![],
            vec![vec![5]],
            vec![vec![5], vec![5], vec![6]],
            vec![vec![5, 1, 2], vec![5, 3, 4]], // a prefix of length 1
            vec![long.clone(), long.clone(), long.clone()], // equal rows
            vec![
                long.clone(),
                long[..40].to_vec(),
                long[..41].to_vec(),
                vec![long[0]],
            ],
            (1..=64)
                .rev()
                .map(|length| long[..length].to_vec())
                .collect(), // each a prefix of the one before
        ] {
            let (fast, slow) = both(&gpt, 16, &rows);
            assert_same(&fast, &slow);
        }
    }
}

#[test]
fn padding_may_reach_beyond_the_context() {
    // Two rows that fill the context, with 5 tokens of their own, are read beside two with 11.
    for year in [2025, 2026] {
        let gpt = random_gpt(&small_of(year, 2, 2, 64), 4);
        let mut rows = Vec::new();
        for row in 0..2 {
            rows.push([ids(1, 60), ids(20 + row, 4)].concat());
            rows.push([ids(2, 20), ids(30 + row, 10)].concat());
        }
        let (fast, slow) = both(&gpt, 64, &rows);
        assert_same(&fast, &slow);
    }
}

#[test]
fn scores_differ_from_row_to_row() {
    // If they did not, the tests above would compare nothing.
    let gpt = random_gpt(&small(2, 2, 64), 4);
    let (scores, _) = both(&gpt, 16, &[ids(1, 40), ids(2, 40)]);
    let spread = scores[0]
        .losses
        .iter()
        .zip(&scores[1].losses)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(spread > 0.5, "{spread}");
    assert_ne!(scores[0].argmax, scores[1].argmax);
}

#[test]
fn a_prefix_is_computed_once_also_among_neighbours_of_the_slice() {
    let gpt = random_gpt(&small(2, 2, 256), 4);
    // Three questions of four answers each, of three tokens; the first two questions begin with the same examples.
    let mut rows = Vec::new();
    for (examples, question) in [(1, 5), (1, 6), (2, 7)] {
        for answer in 0..4 {
            let answer = vec![20 + answer, 9, 9];
            rows.push([ids(examples, 100), ids(30 + question, 20), answer].concat());
        }
    }
    let kernels = Counting::default();
    let scores = Engine::new(&gpt, &kernels).score(&rows).expect("scores");
    let whole = 12 * 123;
    let once = 2 * 100 + 3 * 20 + 12 * 3;
    // A shared piece leaves its last token to those who go on; a pass may have 64 positions of padding, or a quarter.
    let read = kernels.positions.get() / gpt.config().layers;
    assert!(
        read <= once + 15 + 2 * 64,
        "{read} positions, of {whole} without sharing"
    );
    assert!(
        kernels.all_logits.get() < once + 30,
        "no logits for padding, none twice"
    );
    let slow = PlainScorer::new(&gpt, &Plain).score(&rows).expect("scores");
    assert_same(&scores, &slow);
}

#[test]
fn a_long_row_among_short_ones_is_not_padded_for_all() {
    let gpt = random_gpt(&small(2, 1, 256), 4);
    let mut rows: Vec<Vec<u32>> = (0..40).map(|row| vec![row, 5, row, 6, 7]).collect();
    rows.push([vec![50], ids(1, 199)].concat());
    let kernels = Counting::default();
    let scores = Engine::new(&gpt, &kernels).score(&rows).expect("scores");
    let read = kernels.positions.get();
    assert!(read <= 400 + 64, "{read} positions, 8200 in one rectangle");
    assert_same(
        &scores,
        &PlainScorer::new(&gpt, &Plain).score(&rows).expect("scores"),
    );
}

#[test]
fn logits_are_made_a_block_at_a_time() {
    let config = transformer::Config {
        vocab_size: 1 << 17,
        ..small(1, 1, 512)
    };
    let gpt = transformer::Gpt::new(&config, tch::Device::Cpu, 1).expect("a model");
    let kernels = Counting::default();
    let rows = vec![ids(1, 300), ids(2, 200)];
    Engine::new(&gpt, &kernels).score(&rows).expect("scores");
    assert_eq!(kernels.all_logits.get(), 500);
    assert_eq!(kernels.most_logits.get(), 128); // 2^24 numbers
}

#[test]
fn many_rows_are_scored_in_portions() {
    let gpt = random_gpt(&small(1, 1, 512), 4);
    let rows: Vec<Vec<u32>> = (0..50)
        .map(|row| [ids(row % 7, 400), ids(row, 1 + row as usize)].concat())
        .collect();
    let engine = Engine::new(&gpt, &Plain);
    let together = engine.score(&rows).expect("scores");
    for (row, scores) in rows.iter().zip(&together).step_by(9) {
        let alone = PlainScorer::new(&gpt, &Plain)
            .score(std::slice::from_ref(row))
            .expect("scores");
        assert_same(std::slice::from_ref(scores), &alone);
    }
}

#[test]
fn rows_that_cannot_be_scored_are_errors() {
    let gpt = random_gpt(&small(4, 1, 16), 3);
    for (row, says) in [
        (vec![], "row 1 has no token"),
        (vec![1; 17], "context of 16"),
        (vec![1, 61, 2], "vocabulary of 61"),
    ] {
        let error = Engine::new(&gpt, &Plain)
            .score(&[vec![1, 2], row])
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}
