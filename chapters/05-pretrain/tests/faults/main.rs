//! What happens to long runs, made to happen: disks that fail, bits that flip, losses that are no numbers, signals.

mod clocks;
mod disks;
mod faulty_disk;
mod small_run;
mod troubles;
