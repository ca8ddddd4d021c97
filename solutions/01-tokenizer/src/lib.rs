//! Chapter 01's exercises: the tokenizer. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 01.3` judges the third, `cargo course hint 01.3` helps.

pub mod chunk_trainer;
pub mod ex10_round_trip;
pub mod ex11_splitter;
pub mod ex1_first_green;
pub mod ex2_weighted_pairs;
pub mod ex3_naive_trainer;
pub mod ex4_merge_chunk;
pub mod ex5_linear_encoder;
pub mod ex6_utf8_stream;
pub mod ex7_digit_groups;
pub mod ex8_vocabulary_dial;
pub mod ex9_glitch_tokens;
