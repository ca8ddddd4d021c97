// ANCHOR: head
//! What a run was made on: hardware, operating system, and the versions that its numbers depend on.

use crate::run::Run;
use anyhow::Result;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use tch::Device;
// ANCHOR_END: head

// ANCHOR: machine
pub(super) fn machine(run: &Run, text: &mut String) -> Result<()> {
    let precision = match run.machine.compute {
        tch::Kind::BFloat16 => "bf16",
        _ => "fp32",
    };
    let device = device(run.machine.device, run.machine.threads);
    writeln!(text, "| device | {device}, {precision} |")?;
    writeln!(text, "| ranks | {} |", run.world)?;
    writeln!(text, "| system | {} |", system())?;
    if let Some(bytes) = memory() {
        let gib = bytes as f64 / (1u64 << 30) as f64;
        writeln!(text, "| memory | {gib:.1} GiB |")?;
    }
    writeln!(text, "| libtorch | {} |", tensors::cuda::libtorch_version())?;
    // Of the compiler that made this program, which need not be the one that is installed now.
    Ok(writeln!(text, "| Rust | {} |", env!("NANOCRAB_RUSTC"))?)
}

fn device(device: Device, threads: usize) -> String {
    match device {
        Device::Cpu => format!("CPU, {threads} threads{}", processor()),
        Device::Cuda(index) => match gpu_model(Path::new("/proc/driver/nvidia/gpus")) {
            Some(model) => format!("CUDA device {index}, {model}"),
            None => format!("CUDA device {index}"),
        },
        other => format!("{other:?}"),
    }
}

/// The GPUs' name, as NVIDIA's driver writes it for Linux. CUDA numbers them in another order than the driver, so a name that not all of
/// them have is nobody's.
fn gpu_model(folder: &Path) -> Option<String> {
    let mut names = Vec::new();
    for gpu in fs::read_dir(folder).ok()?.flatten() {
        let text = fs::read_to_string(gpu.path().join("information")).ok()?;
        names.push(value_of(&text, "Model", ':')?);
    }
    names.dedup();
    names.pop().filter(|_| names.is_empty())
}

/// The processor's name, where Linux can tell.
pub fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = value_of(&text, "model name", ':');
    name.map(|name| format!(", {name}")).unwrap_or_default()
}

/// Operating system, kernel and architecture.
fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = value_of(&release, "PRETTY_NAME", '=');
    let name = name.map(|name| name.trim_matches('"').to_string());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    let kernel = kernel.map(|version| format!("kernel {}", version.trim()));
    let parts = [
        Some(name.unwrap_or_else(|| std::env::consts::OS.into())),
        kernel,
        Some(std::env::consts::ARCH.into()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Bytes of main memory: Linux has a file for it, macOS a command.
fn memory() -> Option<u64> {
    if let Ok(text) = fs::read_to_string("/proc/meminfo") {
        let kib = value_of(&text, "MemTotal", ':')?;
        return Some(kib.strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10);
    }
    let asked = Command::new("sysctl").args(["-n", "hw.memsize"]).output();
    let said = String::from_utf8(asked.ok()?.stdout).ok()?;
    said.trim().parse().ok()
}

/// The value of the first line `key: value`, or with another sign between.
fn value_of(text: &str, key: &str, between: char) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(between));
    let mut found = pairs.filter(|(name, _)| name.trim() == key);
    found.next().map(|(_, value)| value.trim().to_string())
}
// ANCHOR_END: machine

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_is_called_by_its_name_if_all_have_the_same() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(gpu_model(root.path()), None);
        let driver_says = |gpu: &str, model: &str| {
            let folder = root.path().join(gpu);
            fs::create_dir(&folder).expect("a folder");
            let text = format!("Model: \t\t {model}\nIRQ:   \t\t 88\n");
            fs::write(folder.join("information"), text).expect("write");
        };
        driver_says("0000:18:00.0", "NVIDIA H200");
        driver_says("0000:2a:00.0", "NVIDIA H200");
        assert_eq!(gpu_model(root.path()).as_deref(), Some("NVIDIA H200"));
        driver_says("0000:3a:00.0", "NVIDIA A2");
        assert_eq!(gpu_model(root.path()), None);
        assert!(device(Device::Cuda(3), 1).starts_with("CUDA device 3"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_what_it_is_and_how_much_memory_there_is() {
        assert!(system().contains("kernel "), "{}", system());
        assert!(memory().is_some_and(|bytes| bytes > 1 << 28));
    }
}
// ANCHOR_END: tests
