// ANCHOR: head
//! What a step takes besides time: memory, and pages fetched from the kernel.
//!
//! Words: a *minor page fault* is the kernel's work when a program touches a page of memory for the first time: it finds
//! a free one and clears it, without any disk. A step that asks for its temporaries anew each time pays one per 4 KiB.
//! The *resident set* is the memory that the kernel has handed out so far.

use tch::{Device, Kind};
use transformer::Config;

use super::Error;
use crate::attention::backend::report;
use crate::precision::live_bytes::LiveBytes;
// ANCHOR_END: head

// ANCHOR: usage
/// What the kernel counts for this process, all its threads together; `None` where it does not say.
fn usage() -> Option<libc::rusage> {
    // SAFETY: the structure is plain numbers, for which zeros are valid; the call fills it in and keeps nothing.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_SELF, &mut usage) == 0).then_some(usage)
    }
}

/// Minor page faults since the process began.
pub fn minor_faults() -> u64 {
    usage().map_or(0, |usage| usage.ru_minflt as u64)
}

/// The largest resident set that the process ever had, in bytes. It never falls, and our allocator gives nothing back
/// (`tensors::memory`): of two runs in one process only the hungrier one can be told, or the first.
pub fn peak_resident_bytes() -> u64 {
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    usage().map_or(0, |usage| usage.ru_maxrss as u64 * unit)
}
// ANCHOR_END: usage

// ANCHOR: device
/// Peak memory so far, in bytes: the process's on a CPU; on a GPU what the device has handed out to anyone, which is what
/// libtorch's allocator holds (it keeps what it once had) and some 500 MB of CUDA's own. `None` where nobody says.
pub fn peak_bytes(device: Device) -> Option<u64> {
    match device {
        Device::Cuda(_) => {
            // libtorch has made its context the thread's current one, and this asks about that.
            let (free, total) = cudarc::driver::result::mem_get_info().ok()?;
            Some((total - free) as u64)
        }
        _ => Some(peak_resident_bytes()).filter(|&bytes| bytes > 0),
    }
}

/// The most bytes of tensors that the work has alive at once, those that are there before it aside. On a CPU alone, where
/// [`LiveBytes`] counts; on a GPU nobody says.
pub fn peak_of<T>(device: Device, work: impl FnOnce() -> T) -> (T, Option<i64>) {
    if device != Device::Cpu {
        return (work(), None);
    }
    let count = LiveBytes::begin();
    let result = work();
    (result, Some(count.now().peak))
}

/// Which of libtorch's programs compute attention on a GPU, for the line above a table. `None` on a CPU, where this chapter's own do.
///
/// # Errors
/// No back end can do it.
pub fn attention_in_words(
    config: &Config,
    compute: Kind,
    device: Device,
) -> Result<Option<String>, Error> {
    if !device.is_cuda() {
        return Ok(None);
    }
    Ok(Some(report(config, compute, device)?.to_string()))
}

/// The GPU's name as its driver gives it, `NVIDIA H100 80GB HBM3`.
pub fn gpu_name(device: Device) -> Option<String> {
    let Device::Cuda(index) = device else {
        return None;
    };
    let device = cudarc::driver::result::device::get(index as i32).ok()?;
    cudarc::driver::result::device::get_name(device).ok()
}

/// What numbers were measured on, for the line beside a table: the GPU's name, or the processor and the threads.
pub fn device_in_words(machine: &tensors::Machine) -> String {
    gpu_name(machine.device).unwrap_or_else(|| {
        let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processor_in_words(&known, widest_vectors());
        format!("{processor}, {} threads", machine.threads)
    })
}

/// `AMD EPYC (family 25, model 17, AVX-512)`, from the text of Linux's `/proc/cpuinfo` and the widest vectors. A virtual machine's
/// processor often has no more than its maker's name, and then the numbers tell its generation. For arm64 Linux has numbers alone.
pub fn processor_in_words(cpuinfo: &str, vectors: &str) -> String {
    let value = |wanted: &str| {
        let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| name.trim() == wanted);
        found.map(|(_, value)| value.trim())
    };
    let marks = [
        ("family", "cpu family"),
        ("model", "model"),
        ("implementer", "CPU implementer"),
        ("part", "CPU part"),
    ];
    let marks = marks.map(|(word, name)| value(name).map(|value| format!("{word} {value}")));
    let marks: Vec<String> = marks.into_iter().flatten().collect();
    let marks = [marks, vec![vectors.to_string()]].concat().join(", ");
    format!("{} ({marks})", value("model name").unwrap_or("a CPU"))
}

/// The widest vector instructions that the processor has. libtorch's products may use them; loops of our own go up to AVX2, see
/// [`cpu`](crate::cpu).
#[cfg(target_arch = "x86_64")]
fn widest_vectors() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx512f") {
        "AVX-512"
    } else if std::arch::is_x86_feature_detected!("avx2") {
        "AVX2"
    } else {
        "SSE2"
    }
}

/// On arm64 they are part of the architecture.
#[cfg(not(target_arch = "x86_64"))]
fn widest_vectors() -> &'static str {
    "NEON"
}
// ANCHOR_END: device
