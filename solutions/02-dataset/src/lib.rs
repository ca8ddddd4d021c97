//! Chapter 02's exercises: from files to batches. One file each, the easier ones first.
//!
//! `cargo course next` says which is next, `cargo course check 02.3` judges the third, `cargo course hint 02.3` helps.

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
