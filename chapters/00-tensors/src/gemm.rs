//! How fast this machine multiplies matrices: the yardstick for everything a model does.

use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use crate::Machine;

// ANCHOR: gemm
/// Billions of floating-point operations per second in a square fp32 product (N, N) · (N, N), the best of several runs.
///
/// N is 1,024 on a CPU and 4,096 elsewhere: large enough for full speed, small enough to be over in half a second.
pub fn measure_gemm_gflops(machine: &Machine) -> f64 {
    let _no_graph = tch::no_grad_guard();
    let n = if machine.device == Device::Cpu {
        1024
    } else {
        4096
    };
    let left = Tensor::ones([n, n], (Kind::Float, machine.device)); // (N, N)
    let right = Tensor::ones([n, n], (Kind::Float, machine.device)); // (N, N)
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    // The first runs start threads and load kernels; the best of all of them is what the machine can do.
    while begin.elapsed() < Duration::from_millis(500) {
        let run = Instant::now();
        let product = left.matmul(&right); // (N, N)
        // Reading one number waits for the device: GPUs return from a launch before they have computed.
        let _corner = product.double_value(&[0, 0]);
        best = best.min(run.elapsed().as_secs_f64());
    }
    // N² results, each the sum of N products: one multiplication and one addition apiece.
    let operations = 2.0 * (n as f64).powi(3);
    operations / best / 1e9
}
// ANCHOR_END: gemm
