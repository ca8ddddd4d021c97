//! The same checks on a GPU, where there is one.

use hopper::cuda::{GPU, gpu::Gpu};
use tch::{Device, Kind};
use tensors::{Choice, CudaState, start};

use crate::checks::Check;

fn gpu() -> Option<Device> {
    let machine = start(&Choice {
        device: None,
        dtype: None,
        threads: None,
    })
    .unwrap();
    match machine.cuda {
        CudaState::Loaded { .. } => Some(Device::Cuda(0)),
        CudaState::Absent { reason } | CudaState::Unusable { reason } => {
            println!("skipped, no GPU: {reason}");
            None
        }
    }
}

fn check(kind: Kind) -> Option<Check<Gpu>> {
    Some(Check::new(GPU, gpu()?, kind))
}

#[test]
fn every_operation_is_its_plain_twin_in_fp32_on_a_gpu() {
    if let Some(check) = check(Kind::Float) {
        check.all();
    }
}

#[test]
fn every_operation_is_its_plain_twin_in_bf16_on_a_gpu() {
    if let Some(check) = check(Kind::BFloat16) {
        check.all();
    }
}
