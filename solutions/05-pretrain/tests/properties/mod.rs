//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod ex1_first_green;
pub mod ex2_trapezoid;
pub mod ex3_uneven_batches;
pub mod ex4_which_is_better;
pub mod ex5_power_cut;
pub mod ex6_not_the_same_run;
pub mod machine;
