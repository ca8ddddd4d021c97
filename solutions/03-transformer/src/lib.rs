//! Chapter 03's exercises: the transformer. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 03.3` judges the third, `cargo course hint 03.3` helps.
//!
//! Letters in shapes are the chapter's: B rows, T positions, C width, H query heads, K key/value heads, D head width, V
//! vocabulary, L layers.

pub mod ex10_window_in_blocks;
pub mod ex11_loss_in_chunks;
pub mod ex1_first_green;
pub mod ex2_rms_norm;
pub mod ex3_rotary;
pub mod ex4_causal_attention;
pub mod ex5_shared_heads;
pub mod ex6_from_the_output;
pub mod ex7_three_bugs;
pub mod ex8_counting;
pub mod ex9_value_embeddings;
