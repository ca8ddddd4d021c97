//! The tables of functions that the tests call, filled from one implementation: whatever crate the parent module calls
//! `implementation`.

use super::implementation::{
    ex1_first_green, ex2_weighted_pairs, ex3_naive_trainer, ex4_merge_chunk, ex5_linear_encoder,
    ex6_utf8_stream, ex7_digit_groups, ex8_vocabulary_dial, ex9_glitch_tokens, ex10_round_trip,
    ex11_splitter,
};
use crate::properties as of;
use judge::Exercise;

pub fn exercises() -> Vec<Exercise> {
    vec![
        Exercise::new(
            1,
            "first_green",
            of::ex1_first_green::properties(),
            of::ex1_first_green::Functions {
                crab_ids: ex1_first_green::crab_ids,
            },
        ),
        Exercise::new(
            2,
            "weighted_pairs",
            of::ex2_weighted_pairs::properties(),
            of::ex2_weighted_pairs::Functions {
                count_pairs: ex2_weighted_pairs::count_pairs,
                commonest: ex2_weighted_pairs::commonest,
            },
        ),
        Exercise::new(
            3,
            "naive_trainer",
            of::ex3_naive_trainer::properties(),
            of::ex3_naive_trainer::Functions {
                naive_merges: ex3_naive_trainer::naive_merges,
            },
        ),
        Exercise::new(
            4,
            "merge_chunk",
            of::ex4_merge_chunk::properties(),
            of::ex4_merge_chunk::Functions {
                merge_chunk: ex4_merge_chunk::merge_chunk,
                merges: ex4_merge_chunk::merges,
            },
        ),
        Exercise::new(
            5,
            "linear_encoder",
            of::ex5_linear_encoder::properties(),
            of::ex5_linear_encoder::Functions {
                encode_chunk: |chunk, merged| ex5_linear_encoder::encode_chunk(chunk, merged),
            },
        ),
        Exercise::new(
            6,
            "utf8_stream",
            of::ex6_utf8_stream::properties(),
            of::ex6_utf8_stream::Functions {
                stream: |pieces| {
                    let mut stream = ex6_utf8_stream::Utf8Stream::default();
                    let mut shown: Vec<String> =
                        pieces.iter().map(|piece| stream.push(piece)).collect();
                    shown.push(stream.finish());
                    shown
                },
            },
        ),
        Exercise::new(
            7,
            "digit_groups",
            of::ex7_digit_groups::properties(),
            of::ex7_digit_groups::Functions {
                from_left: ex7_digit_groups::from_left,
                from_right: ex7_digit_groups::from_right,
                aligned_share: ex7_digit_groups::aligned_share,
            },
        ),
        Exercise::new(
            8,
            "vocabulary_dial",
            of::ex8_vocabulary_dial::properties(),
            of::ex8_vocabulary_dial::Functions {
                cut: ex8_vocabulary_dial::cut,
                bytes_per_token: ex8_vocabulary_dial::bytes_per_token,
            },
        ),
        Exercise::new(
            9,
            "glitch_tokens",
            of::ex9_glitch_tokens::properties(),
            of::ex9_glitch_tokens::Functions {
                never_produced: ex9_glitch_tokens::never_produced,
                stepping_stones: ex9_glitch_tokens::stepping_stones,
            },
        ),
        Exercise::new(
            10,
            "round_trip",
            of::ex10_round_trip::properties(),
            of::ex10_round_trip::Functions {
                find_broken: ex10_round_trip::find_broken,
            },
        ),
        Exercise::new(
            11,
            "splitter",
            of::ex11_splitter::properties(),
            of::ex11_splitter::Functions {
                split: |text, is_letter| ex11_splitter::split(text, is_letter).collect(),
            },
        ),
    ]
}
