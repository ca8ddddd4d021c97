// ANCHOR: head
//! Only the steps of one arithmetic and their products: what a process of ours measures in its turn beside PyTorch.

use std::time::Instant;

use serde_json::{Value, json};
use tensors::Machine;

use super::Error;
use super::ceilings::{Products, products};
use super::resources::{minor_faults, peak_bytes};
use super::train::Arithmetic;
use super::turns::{Spread, wait};
use super::workload::{Size, Workload};
// ANCHOR_END: head

// ANCHOR: brief
/// What `benches/torch_step.py` measures, under the same names.
///
/// # Errors
/// No step at all, a size that cannot be, and whatever libtorch says.
pub fn brief(
    size: &Size,
    machine: &Machine,
    arithmetic: Arithmetic,
    fp8: bool,
    steps: usize,
) -> Result<Value, Error> {
    if steps == 0 {
        return Err(Error::TooFew {
            what: "the number of steps",
            given: 0,
            least: 1,
        });
    }
    let device = machine.device;
    let mut workload = Workload::new(size.clone(), machine, fp8)?;
    let (mut seconds, mut losses, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps {
        wait(device);
        let (faults_before, begin) = (minor_faults(), Instant::now());
        losses.push(workload.step(arithmetic.fusions())?);
        wait(device);
        seconds.push(begin.elapsed().as_secs_f64());
        faults.push((minor_faults() - faults_before) as f64);
    }
    let peak = peak_bytes(device);
    let numbers = std::mem::take(&mut workload.numbers);
    drop(workload);
    let pass = products(&size.config, size.rows * size.config.context);
    let mut products = Products::new(pass, device, machine.compute);
    (0..5).for_each(|_| products.round());
    // The first steps load kernels and touch memory for the first time.
    let warm = (steps / 4).max(3).min(steps - 1);
    let median = |numbers: &[f64]| Spread::of(numbers[warm..].iter().copied()).median;
    let step = median(&seconds);
    Ok(json!({
        "device": tensors::doctor::device_name(device),
        "mode": arithmetic.name(),
        "numbers": numbers,
        "tokens_per_second": size.tokens() as f64 / step,
        "step_ms": 1e3 * step,
        "gflops": size.flops() / step / 1e9,
        "products_gflops": products.flops() / 1e9,
        "faults_per_step": median(&faults),
        "peak_mib": peak.map(|bytes| bytes as f64 / (1u64 << 20) as f64),
        "first_loss": losses[0],
        "last_loss": losses[losses.len() - 1],
    }))
}
// ANCHOR_END: brief
