//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod arrays;
pub mod ex1_first_green;
pub mod ex2_adamw;
pub mod ex3_orthogonalise;
pub mod ex4_who_owns_what;
pub mod ex5_same_order;
pub mod ex6_three_phases;
