// ANCHOR: head
//! Loading libtorch's CUDA half while the program runs.
//!
//! One program serves machines with and without a GPU. Linking against `libtorch_cuda` would break the second kind, and
//! it would not even help on the first: no symbol of it is named in our code, so the linker drops it, and CUDA reads as
//! absent. Instead we open the library by hand if it lies beside `libtorch_cpu`. When it is opened it registers its
//! operations with the dispatcher, which is all that libtorch needs, as long as nobody has asked about CUDA before.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: state
/// What became of CUDA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CudaState {
    /// This libtorch has no CUDA half.
    Absent { reason: String },
    /// It has one, which could not be opened or found no GPU.
    Unusable { reason: String },
    /// Ready.
    Loaded { devices: usize },
}
// ANCHOR_END: state

// ANCHOR: libtorch
unsafe extern "C" {
    fn nanocrab_libtorch_version() -> *const c_char;
    fn nanocrab_libtorch_file() -> *const c_char;
}

/// The version of libtorch that this program was compiled against, such as `2.11.0`.
pub fn libtorch_version() -> String {
    // SAFETY: a string constant of the glue.
    unsafe { CStr::from_ptr(nanocrab_libtorch_version()) }
        .to_string_lossy()
        .into_owned()
}

/// The folder that libtorch was loaded from.
pub fn libtorch_folder() -> Option<PathBuf> {
    // SAFETY: null, or a string that the dynamic loader keeps as long as the library is loaded.
    let file = unsafe {
        nanocrab_libtorch_file()
            .as_ref()
            .map(|name| CStr::from_ptr(name))
    }?;
    let file = PathBuf::from(file.to_string_lossy().into_owned());
    file.canonicalize()
        .unwrap_or(file)
        .parent()
        .map(Path::to_path_buf)
}
// ANCHOR_END: libtorch

// ANCHOR: load
/// Opens `libtorch_cuda.so`, if there is one, and counts the GPUs. Must come before anything else asks about CUDA.
pub(crate) fn load() -> CudaState {
    let Some(folder) = libtorch_folder() else {
        return CudaState::Absent {
            reason: "the folder of libtorch_cpu could not be found out".to_string(),
        };
    };
    let file = folder.join("libtorch_cuda.so");
    if !file.exists() {
        return CudaState::Absent {
            reason: format!("this libtorch is made for CPUs: no {}", file.display()),
        };
    }
    if let Err(reason) = open(&file) {
        return CudaState::Unusable { reason };
    }
    match tch::Cuda::device_count() {
        devices if devices > 0 && tch::Cuda::is_available() => CudaState::Loaded { devices: devices as usize },
        _ => CudaState::Unusable {
            reason: "libtorch's CUDA half is loaded but sees no GPU (is the NVIDIA driver installed, and is \
                     CUDA_VISIBLE_DEVICES right?)"
                .to_string(),
        },
    }
}

/// Opens a library for the rest of the program's life, its symbols visible to libraries opened later; what it depends on
/// is found through its own search path.
fn open(file: &Path) -> Result<(), String> {
    let name =
        CString::new(file.as_os_str().as_encoded_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: a valid path; the library's initialisers are libtorch's own, and it is never closed.
    unsafe {
        if libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL).is_null() {
            let message = libc::dlerror();
            let message = message
                .as_ref()
                .map(|text| CStr::from_ptr(text).to_string_lossy().into_owned());
            return Err(message.unwrap_or_else(|| format!("{} cannot be opened", file.display())));
        }
    }
    Ok(())
}
// ANCHOR_END: load

// ANCHOR: capability
/// A GPU's compute capability, such as (9, 0) for Hopper. libtorch's C++ headers give it only to programs that are
/// compiled with CUDA's own, so the CUDA runtime is asked, which libtorch has loaded by now.
pub fn compute_capability(index: usize) -> Option<(i32, i32)> {
    /// cudaDevAttrComputeCapabilityMajor and -Minor, numbers that CUDA promises not to change.
    const MAJOR: c_int = 75;
    const MINOR: c_int = 76;
    type Attribute =
        unsafe extern "C" fn(value: *mut c_int, attribute: c_int, device: c_int) -> c_int;

    // SAFETY: the symbol, where it exists, has had this signature since CUDA 5; it writes one int and returns 0 if so.
    unsafe {
        let symbol: *mut c_void =
            libc::dlsym(libc::RTLD_DEFAULT, c"cudaDeviceGetAttribute".as_ptr());
        if symbol.is_null() {
            return None;
        }
        let attribute: Attribute = std::mem::transmute(symbol);
        let (mut major, mut minor) = (0, 0);
        let fine = attribute(&mut major, MAJOR, index as c_int) == 0
            && attribute(&mut minor, MINOR, index as c_int) == 0;
        fine.then_some((major, minor))
    }
}
// ANCHOR_END: capability
