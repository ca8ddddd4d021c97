//! The GPU, for tests that need one.

use std::io::Write;

use tch::Device;
use tensors::{Choice, CudaState, start};

/// Says so where it is seen: what a test prints is shown only if it fails, what it writes to the program's own stream always.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// The first GPU. Without one the test is skipped; with `NANOCRAB_GPU=1` it fails.
pub fn gpu() -> Option<Device> {
    let machine = start(&Choice {
        device: None,
        dtype: None,
        threads: None,
    })
    .unwrap();
    match machine.cuda {
        CudaState::Loaded { .. } => Some(Device::Cuda(0)),
        CudaState::Absent { reason } | CudaState::Unusable { reason } => {
            let wanted = std::env::var("NANOCRAB_GPU").is_ok_and(|value| value == "1");
            assert!(!wanted, "NANOCRAB_GPU is 1, and there is no GPU: {reason}");
            skipped(&format!("no GPU: {reason}"));
            None
        }
    }
}
