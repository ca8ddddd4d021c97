// ANCHOR: head
//! The doctor's table: what this program found, and two measurements.
//!
//! Each row is one fact. A row that stands in the way carries its *remedy*, the exact thing to do. The same rows come as
//! JSON for `cargo course doctor`, which puts them below its own (compiler, disk, memory).

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::differentiable::{Forward, differentiable};
use crate::{CudaState, Error, Machine, cuda, gradient, measure_gemm_gflops, waiting};
// ANCHOR_END: head

// ANCHOR: rows
/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// A short name that does not change: `libtorch`, `gemm`, …
    pub what: &'static str,
    pub value: String,
    /// What to do about it, if something should be done.
    pub remedy: Option<String>,
}

/// The result of an examination.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub rows: Vec<Row>,
    pub gemm_gflops: f64,
    pub gradient_error: f64,
}
// ANCHOR_END: rows

// ANCHOR: examine
/// The gradient check fails above this. Central differences in fp64 give about 1e-10, a wrong derivative about 1.
const WORST_GRADIENT_ERROR: f64 = 1e-6;

/// Looks at everything and measures; takes about a second.
///
/// # Errors
/// Whatever libtorch says during the gradient check.
pub fn examine(machine: &Machine) -> Result<Report, Error> {
    let gemm_gflops = measure_gemm_gflops(machine);
    let gradient_error = check_custom_operation()?;

    let fact = |what, value: String| Row {
        what,
        value,
        remedy: None,
    };
    let folder = cuda::libtorch_folder().map_or("an unknown folder".to_string(), |folder| {
        folder.display().to_string()
    });
    let mut rows = vec![fact(
        "libtorch",
        format!("{}, from {folder}", cuda::libtorch_version()),
    )];
    rows.push(cuda_row(&machine.cuda));
    rows.push(fact("device", device_name(machine.device)));
    rows.push(fact(
        "precision",
        precision_name(machine.compute).to_string(),
    ));
    rows.push(fact("threads", machine.threads.to_string()));
    rows.push(Row {
        what: "waiting",
        value: waiting::policy().name().to_string(),
        remedy: (waiting::policy() != waiting::Waiting::Passive)
            .then(|| "set OMP_WAIT_POLICY=passive: spinning threads slow everything beside another process".to_string()),
    });
    rows.push(fact(
        "gemm",
        format!("{gemm_gflops:.1} GFLOP/s in fp32 (square matrices)"),
    ));
    rows.push(Row {
        what: "custom op",
        value: format!("gradient within {gradient_error:.1e} of finite differences, fp64"),
        remedy: (gradient_error > WORST_GRADIENT_ERROR).then(|| {
            "the C++ glue and libtorch do not fit: run `cargo course setup`, then build again"
                .to_string()
        }),
    });
    Ok(Report {
        rows,
        gemm_gflops,
        gradient_error,
    })
}

fn cuda_row(state: &CudaState) -> Row {
    let (value, remedy) = match state {
        CudaState::Loaded { devices: 1 } => ("loaded, 1 GPU".to_string(), None),
        CudaState::Loaded { devices } => (format!("loaded, {devices} GPUs"), None),
        CudaState::Absent { reason } => (format!("not used: {reason}"), None),
        CudaState::Unusable { reason } => (
            format!("not usable: {reason}"),
            Some("mend the NVIDIA driver (nvidia-smi must list the GPU), or run `cargo course setup` again".to_string()),
        ),
    };
    Row {
        what: "CUDA",
        value,
        remedy,
    }
}

pub fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_string(),
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_string(),
        Device::Vulkan => "vulkan".to_string(),
    }
}

pub fn precision_name(kind: Kind) -> &'static str {
    if kind == Kind::BFloat16 {
        "bf16"
    } else {
        "fp32"
    }
}
// ANCHOR_END: examine

// ANCHOR: custom
/// The smallest honest custom operation, x · sigmoid(x) summed against fixed weights, checked on eight numbers.
fn check_custom_operation() -> Result<f64, Error> {
    let x = Tensor::linspace(-3.0, 3.0, 8, (Kind::Double, Device::Cpu)); // (8)
    let weights = Tensor::linspace(0.5, 2.0, 8, (Kind::Double, Device::Cpu)); // (8)
    gradient::finite_difference_error(&[x], |inputs| match swish(&inputs[0]) {
        Ok(y) => (y * &weights).sum(Kind::Double), // (8) -> ()
        Err(_) => Tensor::from(f64::NAN),
    })
}

/// y = x · s with s = sigmoid(x), so dy/dx = s + y · (1 − s): the backward pass needs the saved s and y, and never x.
fn swish(x: &Tensor) -> Result<Tensor, Error> {
    let mut outputs = differentiable(
        &[x],
        |inputs| {
            let s = inputs[0].sigmoid();
            let y = &inputs[0] * &s;
            Forward {
                saved: vec![s, y.shallow_clone()],
                outputs: vec![y],
            }
        },
        |saved, gradients| {
            let (s, y) = (&saved[0], &saved[1]);
            vec![
                gradients[0]
                    .as_ref()
                    .map(|gradient| gradient * (s + y * (1.0 - s))),
            ]
        },
    )?;
    Ok(outputs.remove(0))
}
// ANCHOR_END: custom

// ANCHOR: show
impl Report {
    /// Whether nothing stands in the way.
    pub fn healthy(&self) -> bool {
        self.rows.iter().all(|row| row.remedy.is_none())
    }

    /// For the terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic);
        for row in &self.rows {
            let remedy = row
                .remedy
                .as_ref()
                .map(|remedy| format!("\nremedy: {remedy}"))
                .unwrap_or_default();
            table.add_row([row.what.to_string(), format!("{}{remedy}", row.value)]);
        }
        table.to_string()
    }

    /// For programs: `{"rows": [{"what", "value", "remedy"}], "gemm_gflops", "gradient_error", "healthy"}`.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| json!({ "what": row.what, "value": row.value, "remedy": row.remedy }))
            .collect();
        json!({
            "rows": rows,
            "gemm_gflops": self.gemm_gflops,
            "gradient_error": self.gradient_error,
            "healthy": self.healthy(),
        })
    }
}
// ANCHOR_END: show
