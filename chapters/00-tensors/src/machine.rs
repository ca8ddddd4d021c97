// ANCHOR: head
//! The machine: which device computes, in which precision, on how many threads.
//!
//! Words: the *device* holds tensors and computes with them (`cpu`, `cuda:0`, `mps`); the *compute precision* is the
//! number format of activations and matrix products (weights stay fp32 everywhere); a *thread* here is one of the
//! workers that libtorch splits one operation over.
//!
//! [`start`] must be a program's first call. The order inside it matters: OpenMP reads its waiting policy and libtorch
//! looks for CUDA exactly once, both before the first operation.

use tch::{Device, Kind};

use crate::{CudaState, Error, cuda, memory, waiting};
// ANCHOR_END: head

// ANCHOR: choice
/// What the user asked for; `None` lets the machine decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// `cpu`, `cuda`, `cuda:1`, `mps`.
    pub device: Option<String>,
    /// `fp32`, `bf16`.
    pub dtype: Option<String>,
    /// Threads of one operation on the CPU.
    pub threads: Option<usize>,
}

/// What was found and decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    pub device: Device,
    /// The precision of activations and matrix products: `Kind::Float` or `Kind::BFloat16`.
    pub compute: Kind,
    pub threads: usize,
    pub cuda: CudaState,
}
// ANCHOR_END: choice

// ANCHOR: start
/// Makes libtorch ready and decides where to compute. A second call only decides again.
///
/// # Errors
/// An unknown or unavailable device or precision, or a number of threads that makes no sense; each names the values
/// that would do. What can be refused without libtorch is refused before anything is loaded.
pub fn start(choice: &Choice) -> Result<Machine, Error> {
    let wish = choice.device.as_deref().map(Wish::parse).transpose()?;
    let precision = choice.dtype.as_deref().map(parse_precision).transpose()?;
    let threads = choice.threads.map(check_threads).transpose()?;

    waiting::make_passive(); // may begin the program anew
    memory::keep_large_blocks();
    let cuda = cuda::load();
    set_threads(threads);

    let device = choose_device(wish, choice.device.as_deref().unwrap_or_default(), &cuda)?;
    let compute = choose_precision(precision, device)?;
    Ok(Machine {
        device,
        compute,
        threads: tch::get_num_threads().max(1) as usize,
        cuda,
    })
}
// ANCHOR_END: start

// ANCHOR: wish
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Cpu,
    Cuda(usize),
    Mps,
}

impl Wish {
    fn parse(given: &str) -> Result<Wish, Error> {
        let numbered = || {
            given
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Wish::Cuda)
        };
        match given {
            "cpu" => Ok(Wish::Cpu),
            "cuda" => Ok(Wish::Cuda(0)),
            "mps" => Ok(Wish::Mps),
            _ => numbered().ok_or_else(|| Error::UnknownDevice {
                given: given.to_string(),
            }),
        }
    }
}

fn parse_precision(given: &str) -> Result<Kind, Error> {
    match given {
        "fp32" => Ok(Kind::Float),
        "bf16" => Ok(Kind::BFloat16),
        _ => Err(Error::UnknownPrecision {
            given: given.to_string(),
        }),
    }
}

/// More threads than this on one operation is a slip of the finger on any machine there is.
const MOST_THREADS: usize = 1024;

fn check_threads(given: usize) -> Result<usize, Error> {
    if (1..=MOST_THREADS).contains(&given) {
        Ok(given)
    } else {
        Err(Error::Threads {
            given,
            limit: MOST_THREADS,
        })
    }
}
// ANCHOR_END: wish

// ANCHOR: choose
/// The wish, if the machine can grant it; without one the fastest device there is.
fn choose_device(wish: Option<Wish>, given: &str, cuda: &CudaState) -> Result<Device, Error> {
    let refuse = |reason: String| {
        Err(Error::DeviceUnavailable {
            given: given.to_string(),
            reason,
        })
    };
    match (wish, cuda) {
        (Some(Wish::Cpu), _) => Ok(Device::Cpu),
        (Some(Wish::Cuda(index)), CudaState::Loaded { devices }) if index < *devices => {
            Ok(Device::Cuda(index))
        }
        (Some(Wish::Cuda(index)), CudaState::Loaded { devices }) => refuse(format!(
            "the GPUs here are numbered 0 to {}, and none has the number {index}",
            devices - 1
        )),
        (Some(Wish::Cuda(_)), CudaState::Absent { reason } | CudaState::Unusable { reason }) => {
            refuse(reason.clone())
        }
        (Some(Wish::Mps), _) if tch::utils::has_mps() => Ok(Device::Mps),
        (Some(Wish::Mps), _) => {
            refuse("this libtorch has no Metal (it exists on macOS only)".to_string())
        }
        (None, CudaState::Loaded { .. }) => Ok(Device::Cuda(0)),
        // Metal only when it is asked for: the course has not been run on it.
        (None, _) => Ok(Device::Cpu),
    }
}

/// bf16 where it is fast, which is on GPUs from compute capability 8.0 (Ampere) on; elsewhere fp32. On a CPU bf16 has
/// to be asked for: where the processor has no instructions for it, a product was measured at a hundredth of fp32's
/// speed. (fp16 is not offered: its range is too small for gradients without a scaled loss.)
fn choose_precision(wish: Option<Kind>, device: Device) -> Result<Kind, Error> {
    let Device::Cuda(index) = device else {
        return Ok(wish.unwrap_or(Kind::Float));
    };
    let capability = cuda::compute_capability(index);
    let fast = capability.is_some_and(|(major, _)| major >= 8);
    match (wish, capability) {
        (Some(Kind::BFloat16), Some((major, minor))) if !fast => Err(Error::PrecisionUnavailable {
            reason: format!(
                "it needs compute capability 8.0 (Ampere or newer) and this one has {major}.{minor}"
            ),
        }),
        (Some(kind), _) => Ok(kind),
        (None, _) => Ok(if fast { Kind::BFloat16 } else { Kind::Float }),
    }
}
// ANCHOR_END: choose

// ANCHOR: threads
/// Sets the threads of one operation, and one thread *between* operations: we never run two at once, and a second pool
/// would only compete for the cores.
///
/// Without a wish libtorch takes one thread per physical core. It does not know of a container's share of them, which
/// the standard library does, so the smaller number counts (unless the user has set OMP_NUM_THREADS).
fn set_threads(threads: Option<usize>) {
    let share = std::thread::available_parallelism().map_or(1, usize::from);
    if let Some(threads) = threads {
        tch::set_num_threads(threads as i32);
    } else if std::env::var_os("OMP_NUM_THREADS").is_none()
        && tch::get_num_threads() as usize > share
    {
        tch::set_num_threads(share as i32);
    }
    // libtorch allows this once in a program and tch would panic the second time, so the refusal is read and dropped.
    // SAFETY: both functions take plain numbers or a message that was allocated by malloc and is ours to free.
    unsafe {
        torch_sys::at_set_num_interop_threads(1);
        let refusal = torch_sys::get_and_reset_last_err();
        libc::free(refusal.cast());
    }
}
// ANCHOR_END: threads
