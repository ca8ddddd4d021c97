//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod arrays;
pub mod ex1_first_green;
pub mod ex2_rms_norm;
pub mod ex3_rotary;
pub mod ex4_causal_attention;
