//! What a wheel holds and where each file of it goes in `.libtorch`.
//!
//! ```text
//! torch/version.py              -> version.py
//! torch/lib/libtorch_cpu.so     -> lib/libtorch_cpu.so
//! torch/include/**              -> include/**
//! nvidia/cu13/lib/libcudart.so* -> lib/           (CPU flavour: this and libcupti, which libtorch_cpu.so is linked to)
//! nvidia/*/lib/*.so*            -> lib/           (CUDA flavour)
//! nvidia/*/include/**           -> cuda/include/  (CUDA flavour)
//! nvidia/cu13: NVRTC, headers   -> lib/, cuda/include/ (CPU flavour: see `compiler.rs`)
//! ```
//!
//! Everything loadable lies in one folder because the libraries look for each other along
//! `$ORIGIN/../../nvidia/cu13/lib:…:$ORIGIN` (`readelf -d libtorch_cuda.so`), whose last entry is "beside me".

use crate::Error;
use crate::platform::Flavour;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

// ANCHOR: place
/// Where the file `name` of a wheel goes below `.libtorch`, or `None` when the flavour has no use for it.
pub fn place(name: &str, flavour: Flavour) -> Option<PathBuf> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["torch", "version.py"] => Some(PathBuf::from("version.py")),
        ["torch", "include", below @ ..] => Some(Path::new("include").join(below.join("/"))),
        ["torch", "lib", file] if keeps_torch_library(file, flavour) => {
            Some(Path::new("lib").join(file))
        }
        ["nvidia", _, "lib", file] if keeps_nvidia_library(file, flavour) => {
            Some(Path::new("lib").join(file))
        }
        ["nvidia", _, "include", below @ ..] if flavour == Flavour::Cuda => {
            Some(Path::new("cuda/include").join(below.join("/")))
        }
        _ => None,
    }
}

fn is_shared_library(file: &str) -> bool {
    file.ends_with(".dylib") || file.ends_with(".so") || file.contains(".so.")
}

fn keeps_torch_library(file: &str, flavour: Flavour) -> bool {
    // The binding to Python cannot be loaded outside Python. torch-sys takes the presence of libtorch_cuda.so for
    // the CUDA flavour, so the CPU flavour must not have it.
    let of_cuda = ["cuda", "nvrtc", "nvshmem"]
        .iter()
        .any(|word| file.contains(word));
    is_shared_library(file)
        && !file.contains("torch_python")
        && (flavour == Flavour::Cuda || !of_cuda)
}

fn keeps_nvidia_library(file: &str, flavour: Flavour) -> bool {
    let of_cpu = ["libcudart.so", "libcupti.so"]
        .iter()
        .any(|name| file.starts_with(name));
    is_shared_library(file) && (flavour == Flavour::Cuda || of_cpu)
}
// ANCHOR_END: place

// ANCHOR: unpack
/// Unpacks the files of one wheel that `place` has a place for into `target`; `progress` hears the bytes written so far.
///
/// # Errors
/// [`Error::BrokenWheel`] for a file that is no zip file, [`Error::File`] when writing fails.
pub fn unpack(
    wheel: &Path,
    place: &dyn Fn(&str) -> Option<PathBuf>,
    target: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let broken = |said: String| Error::BrokenWheel {
        path: wheel.to_path_buf(),
        said,
    };
    let file = File::open(wheel).map_err(|e| Error::file(wheel, e))?;
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
    let mut written = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|e| broken(e.to_string()))?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().to_string();
        let Some(below) = place(&name) else {
            continue;
        };
        if !below
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(broken(format!("the entry {} leaves its folder", name)));
        }
        let path = target.join(below);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::file(folder, e))?;
        }
        let mut out = File::create(&path).map_err(|e| Error::file(&path, e))?;
        let bytes = copy(&mut entry, &mut out, &mut |bytes| progress(written + bytes)).map_err(
            |failure| match failure {
                CopyFailure::Reading(e) => broken(e.to_string()),
                CopyFailure::Writing(e) => Error::file(&path, e),
            },
        )?;
        written += bytes;
    }
    Ok(written)
}

enum CopyFailure {
    Reading(io::Error),
    Writing(io::Error),
}

/// `io::copy` that remembers which side failed: a full disk and a damaged wheel have different remedies.
fn copy(
    from: &mut impl Read,
    to: &mut impl io::Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, CopyFailure> {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let read = from.read(&mut buffer).map_err(CopyFailure::Reading)?;
        if read == 0 {
            return Ok(total);
        }
        to.write_all(&buffer[..read])
            .map_err(CopyFailure::Writing)?;
        total += read as u64;
        progress(total);
    }
}
// ANCHOR_END: unpack

// ANCHOR: sha256
/// The SHA-256 of a file, in hexadecimal.
pub fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(|e| Error::file(path, e))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(|e| Error::file(path, e))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
// ANCHOR_END: sha256

#[cfg(test)]
mod tests {
    use super::*;
    use Flavour::{Cpu, Cuda};

    fn goes_to(name: &str, flavour: Flavour) -> Option<String> {
        place(name, flavour).map(|path| path.to_string_lossy().into_owned())
    }

    #[test]
    fn the_cpu_flavour_keeps_what_libtorch_cpu_is_linked_to_and_nothing_of_cuda() {
        for name in [
            "libc10.so",
            "libtorch_cpu.so",
            "libgomp.so.1",
            "libnvpl_blas_core.so.0",
            "libarm_compute.so",
            "libomp.dylib",
        ] {
            assert_eq!(
                goes_to(&format!("torch/lib/{name}"), Cpu),
                Some(format!("lib/{name}"))
            );
        }
        for name in [
            "libtorch_cuda.so",
            "libtorch_cuda_linalg.so",
            "libc10_cuda.so",
            "libcaffe2_nvrtc.so",
            "libtorch_nvshmem.so",
        ] {
            assert_eq!(goes_to(&format!("torch/lib/{name}"), Cpu), None);
            assert_eq!(
                goes_to(&format!("torch/lib/{name}"), Cuda),
                Some(format!("lib/{name}"))
            );
        }
        assert_eq!(
            goes_to("nvidia/cu13/lib/libcudart.so.13", Cpu),
            Some("lib/libcudart.so.13".into())
        );
        assert_eq!(
            goes_to("nvidia/cu13/lib/libcupti.so.13", Cpu),
            Some("lib/libcupti.so.13".into())
        );
        assert_eq!(goes_to("nvidia/cu13/lib/libnvperf_host.so", Cpu), None);
    }

    #[test]
    fn the_cuda_flavour_lays_every_loadable_file_of_nvidia_side_by_side() {
        assert_eq!(
            goes_to("nvidia/cudnn/lib/libcudnn_ops.so.9", Cuda),
            Some("lib/libcudnn_ops.so.9".into())
        );
        assert_eq!(
            goes_to("nvidia/nccl/lib/libnccl.so.2", Cuda),
            Some("lib/libnccl.so.2".into())
        );
        assert_eq!(
            goes_to("nvidia/nccl/include/nccl.h", Cuda),
            Some("cuda/include/nccl.h".into())
        );
        assert_eq!(goes_to("nvidia/cu13/lib/libcudart_static.a", Cuda), None);
        assert_eq!(goes_to("nvidia/nccl/include/nccl.h", Cpu), None);
    }

    #[test]
    fn python_stays_in_the_wheel() {
        for flavour in [Cpu, Cuda] {
            for name in [
                "torch/__init__.py",
                "torch/lib/libtorch_python.so",
                "torch/_C.cpython-312.so",
                "torch-2.11.0.dist-info/METADATA",
            ] {
                assert_eq!(goes_to(name, flavour), None, "{name}");
            }
            assert_eq!(
                goes_to("torch/version.py", flavour),
                Some("version.py".into())
            );
            assert_eq!(
                goes_to("torch/include/ATen/ATen.h", flavour),
                Some("include/ATen/ATen.h".into())
            );
        }
    }
}
