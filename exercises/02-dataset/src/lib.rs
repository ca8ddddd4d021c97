//! Chapter 02's exercises: from files to batches. One file each, the easier ones first.
//!
//! `cargo course next` says which is next, `cargo course check 02.3` judges the third, `cargo course hint 02.3` helps.

#[cfg(not(feature = "reference"))]
pub mod ex10_near_duplicates;
#[cfg(not(feature = "reference"))]
pub mod ex11_patient_download;
#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_fill_a_row;
#[cfg(not(feature = "reference"))]
pub mod ex3_what_is_lost;
#[cfg(not(feature = "reference"))]
pub mod ex4_dealing;
#[cfg(not(feature = "reference"))]
pub mod ex5_targets_in_rows;
#[cfg(not(feature = "reference"))]
pub mod ex6_contamination;
#[cfg(not(feature = "reference"))]
pub mod ex7_stop_and_go_on;
#[cfg(not(feature = "reference"))]
pub mod ex8_three_bugs;
#[cfg(not(feature = "reference"))]
pub mod ex9_token_shard;

#[cfg(feature = "reference")]
pub use solutions_02::*;
