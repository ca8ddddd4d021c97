//! `--nproc 2`: two programs do what one does but for the order of sums.
//!
//! At a hundredth of the usual rates, as in chapter 05's test of ranks and for its reasons.

mod bench;
mod training;
mod waiting;
mod whole;
