//! Running kernels on an NVIDIA GPU, on the stream that libtorch computes on.
//!
//! Words: a *context* holds what belongs to one program on one GPU; libtorch uses the *primary* one, which exists once per
//! program, and so do we. A *module* is a cubin that was loaded into a context.
//!
//! Being on libtorch's own current stream, a kernel needs no synchronisation with the operations around it, and memory that
//! libtorch's allocator takes back is not given out before the kernel is done.

use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::driver::{DriverError, result, sys};
use tch::Device;

use super::cache;
use super::error::Error;
use super::kernel::{Element, Kernel};
use super::launch::{Argument, Grid, Launch};
use super::nvrtc::{Architecture, Nvrtc, Output, Unit};
use crate::glue::said;

// ANCHOR: stream
unsafe extern "C" {
    fn nanocrab_current_stream(device: c_int, stream: *mut *mut c_void) -> *mut c_char;
}

/// libtorch's current stream of a GPU on this thread.
pub(crate) fn current_stream(device: usize) -> Result<sys::CUstream, Error> {
    let mut stream = std::ptr::null_mut();
    // SAFETY: the glue writes the stream and returns null, or a message from malloc.
    match said(unsafe { nanocrab_current_stream(device as c_int, &mut stream) }) {
        None => Ok(stream.cast()),
        Some(said) => Err(Error::Stream { said }),
    }
}
// ANCHOR_END: stream

// ANCHOR: loaded
/// What one GPU has loaded.
struct Loaded {
    context: sys::CUcontext,
    architecture: Architecture,
    functions: HashMap<(&'static str, Element, usize), sys::CUfunction>,
}

// SAFETY: handles of the driver, which may be used from any thread.
unsafe impl Send for Loaded {}

/// A program has one primary context per GPU, and loads each kernel into it once: this is the program's, like the GPU.
struct Program {
    compiler: Nvrtc,
    devices: Mutex<HashMap<usize, Loaded>>,
}

/// Opens driver and compiler at the first call.
fn program() -> Result<&'static Program, Error> {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    if let Some(program) = PROGRAM.get() {
        return Ok(program);
    }
    // cudarc ends the program where the driver is missing, so it is asked first.
    // SAFETY: opens and closes a library.
    if !unsafe { sys::is_culib_present() } {
        return Err(Error::NoDriver);
    }
    let program = Program {
        compiler: Nvrtc::of_this_machine()?,
        devices: Mutex::default(),
    };
    Ok(PROGRAM.get_or_init(|| program))
}
// ANCHOR_END: loaded

// ANCHOR: load
impl Program {
    /// The kernel on a GPU, compiled and loaded if it was not, and the context that it is in.
    fn function(
        &self,
        device: usize,
        kernel: Kernel,
    ) -> Result<(sys::CUcontext, Architecture, sys::CUfunction), Error> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = match devices.entry(device) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Loaded::on(device, kernel.function)?)
            }
        };
        let (context, architecture) = (loaded.context, loaded.architecture);
        let key = (kernel.function, kernel.element, kernel.width);
        if let Some(&function) = loaded.functions.get(&key) {
            return Ok((context, architecture, function));
        }
        let code = self.machine_code(&Unit {
            source: kernel.source,
            element: kernel.element,
            width: kernel.width,
            architecture,
        })?;
        let failed = |doing| driver_error(doing, kernel.function, architecture);
        let _inside = Inside::of(context).map_err(failed("enter the context"))?;
        // SAFETY: `code` is a cubin of this architecture, whole by its checksum or fresh from the compiler. The module stays
        // loaded for the rest of the program.
        let module = unsafe { result::module::load_data(code.as_ptr().cast()) }
            .map_err(failed("load the machine code"))?;
        for &name in kernel.source.functions {
            let c_name = CString::new(name).unwrap_or_default();
            // SAFETY: the module was loaded just now.
            let function = unsafe { result::module::get_function(module, c_name) }
                .map_err(failed("find the function"))?;
            loaded
                .functions
                .insert((name, kernel.element, kernel.width), function);
        }
        match loaded.functions.get(&key) {
            Some(&function) => Ok((context, architecture, function)),
            None => Err(Error::NotCovered {
                kernel: kernel.function,
                reason: format!(
                    "a source that has no such function ({}.cu)",
                    kernel.source.name
                ),
            }),
        }
    }

    /// From the cache, or from the compiler and then into the cache.
    fn machine_code(&self, unit: &Unit) -> Result<Vec<u8>, Error> {
        let file = cache::folder()
            .map(|folder| folder.join(cache::file_name(unit, &self.compiler.version())));
        if let Some(code) = file.as_deref().and_then(cache::read) {
            return Ok(code);
        }
        let code = self.compiler.compile(unit, Output::Cubin)?;
        if let Some(file) = file {
            let _ = cache::write(&file, &code); // a folder that cannot be written costs time, no more
        }
        Ok(code)
    }
}

impl Loaded {
    fn on(device: usize, kernel: &'static str) -> Result<Loaded, Error> {
        let capability =
            tensors::cuda::compute_capability(device).ok_or_else(|| Error::NotCovered {
                kernel,
                reason: format!("cuda:{device}, whose compute capability is not known"),
            })?;
        let architecture = Architecture::of_capability(capability);
        if architecture < Architecture::OLDEST {
            return Err(Error::NotCovered {
                kernel,
                reason: format!(
                    "{architecture}, which is older than {}",
                    Architecture::OLDEST
                ),
            });
        }
        let failed = driver_error("hand out the context", kernel, architecture);
        Ok(Loaded {
            context: primary_context(device).map_err(failed)?,
            architecture,
            functions: HashMap::new(),
        })
    }
}

/// The primary context of a GPU, retained for the rest of the program.
pub(crate) fn primary_context(device: usize) -> Result<sys::CUcontext, DriverError> {
    result::init()?;
    let handle = result::device::get(device as c_int)?;
    // SAFETY: a device that the driver named.
    unsafe { result::primary_ctx::retain(handle) }
}

fn driver_error(
    doing: &'static str,
    kernel: &'static str,
    architecture: Architecture,
) -> impl FnOnce(DriverError) -> Error {
    move |error| Error::Driver {
        doing,
        kernel,
        architecture: architecture.to_string(),
        said: error.to_string(),
    }
}
// ANCHOR_END: load

// ANCHOR: inside
/// While it lives, this thread's current context is ours; afterwards it is what it was. (Setting it and leaving it so would
/// move libtorch to another GPU.)
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn of(context: sys::CUcontext) -> Result<Inside, DriverError> {
        // SAFETY: a context that is retained for the rest of the program.
        unsafe { sys::cuCtxPushCurrent_v2(context) }.result()?;
        Ok(Inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut ours = std::ptr::null_mut();
        // SAFETY: takes off what `of` has put on, on the same thread: `Inside` is used within one function.
        let _ = unsafe { sys::cuCtxPopCurrent_v2(&mut ours) };
    }
}
// ANCHOR_END: inside

// ANCHOR: gpu
/// The GPU that the tensors are on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gpu;

impl Launch for Gpu {
    fn reaches(&self, device: Device) -> bool {
        matches!(device, Device::Cuda(_))
    }

    fn launch(&self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), Error> {
        let device = arguments.iter().find_map(|argument| match argument {
            Argument::Tensor(tensor) => Some(tensor.device()),
            _ => None,
        });
        let Some(Device::Cuda(device)) = device else {
            return Err(Error::NotCovered {
                kernel: kernel.function,
                reason: "tensors that are on no GPU".to_string(),
            });
        };
        let (context, architecture, function) = program()?.function(device, kernel)?;
        let stream = current_stream(device)?;

        // The driver wants the address of each argument, and copies as many bytes as the kernel declares: eight are always there.
        let mut values: Vec<u64> = arguments.iter().map(Argument::bits).collect();
        let mut addresses: Vec<*mut c_void> = values
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let failed = |doing| driver_error(doing, kernel.function, architecture);
        let _inside = Inside::of(context).map_err(failed("enter the context"))?;
        // SAFETY: the function belongs to this context, and the operations give each kernel the arguments that its source
        // declares; the tests run every one of them with the sizes that reach past an array's end if they are wrong.
        unsafe {
            result::launch_kernel(
                function,
                (grid.blocks.0, grid.blocks.1, 1),
                (grid.threads, 1, 1),
                0,
                stream,
                &mut addresses,
            )
        }
        .map_err(failed("queue a launch"))
    }
}

impl Argument<'_> {
    /// Its bytes, the first ones of eight (all GPUs' machines are little-endian).
    pub fn bits(&self) -> u64 {
        match *self {
            Argument::Tensor(tensor) => tensor.data_ptr() as u64,
            Argument::Nothing => 0,
            Argument::Int(value) => u64::from(value as u32),
            Argument::Long(value) => value as u64,
            Argument::Float(value) => u64::from(value.to_bits()),
        }
    }
}
// ANCHOR_END: gpu
