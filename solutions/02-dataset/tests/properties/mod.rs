//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod ex10_near_duplicates;
pub mod ex11_patient_download;
pub mod ex1_first_green;
pub mod ex2_fill_a_row;
pub mod ex3_what_is_lost;
pub mod ex4_dealing;
pub mod ex5_targets_in_rows;
pub mod ex6_contamination;
pub mod ex7_stop_and_go_on;
pub mod ex8_three_bugs;
pub mod ex9_token_shard;
