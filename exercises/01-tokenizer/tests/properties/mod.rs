//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

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
pub mod texts;
