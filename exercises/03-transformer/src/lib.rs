//! Chapter 03's exercises: the transformer. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 03.3` judges the third, `cargo course hint 03.3` helps.
//!
//! Letters in shapes are the chapter's: B rows, T positions, C width, H query heads, K key/value heads, D head width, V
//! vocabulary, L layers.

#[cfg(not(feature = "reference"))]
pub mod ex10_window_in_blocks;
#[cfg(not(feature = "reference"))]
pub mod ex11_loss_in_chunks;
#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_rms_norm;
#[cfg(not(feature = "reference"))]
pub mod ex3_rotary;
#[cfg(not(feature = "reference"))]
pub mod ex4_causal_attention;
#[cfg(not(feature = "reference"))]
pub mod ex5_shared_heads;
#[cfg(not(feature = "reference"))]
pub mod ex6_from_the_output;
#[cfg(not(feature = "reference"))]
pub mod ex7_three_bugs;
#[cfg(not(feature = "reference"))]
pub mod ex8_counting;
#[cfg(not(feature = "reference"))]
pub mod ex9_value_embeddings;

#[cfg(feature = "reference")]
pub use solutions_03::*;
