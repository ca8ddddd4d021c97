//! Chapter 01's exercises: the tokenizer. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 01.3` judges the third, `cargo course hint 01.3` helps.

#[cfg(not(feature = "reference"))]
pub mod chunk_trainer;
#[cfg(not(feature = "reference"))]
pub mod ex10_round_trip;
#[cfg(not(feature = "reference"))]
pub mod ex11_splitter;
#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_weighted_pairs;
#[cfg(not(feature = "reference"))]
pub mod ex3_naive_trainer;
#[cfg(not(feature = "reference"))]
pub mod ex4_merge_chunk;
#[cfg(not(feature = "reference"))]
pub mod ex5_linear_encoder;
#[cfg(not(feature = "reference"))]
pub mod ex6_utf8_stream;
#[cfg(not(feature = "reference"))]
pub mod ex7_digit_groups;
#[cfg(not(feature = "reference"))]
pub mod ex8_vocabulary_dial;
#[cfg(not(feature = "reference"))]
pub mod ex9_glitch_tokens;

#[cfg(feature = "reference")]
pub use solutions_01::*;
