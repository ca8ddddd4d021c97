//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod arrays;
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
