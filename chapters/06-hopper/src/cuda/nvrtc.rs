//! NVRTC: NVIDIA's compiler of CUDA C++ as a library, so that no user needs `nvcc`.
//!
//! Words: *PTX* is the assembly language of a GPU that does not exist; the driver translates it for the one that does.
//! A *cubin* is the machine code of one *architecture*: `sm_90` is Hopper (compute capability 9.0).
//!
//! The library is opened by its full path, from the folder of libtorch where `cargo course setup` puts it. cudarc, which drives the GPU
//! in the files after this one, would look for it by name along the system's paths: it would take an older CUDA's if one
//! is installed, and end the program if none is.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::path::{Path, PathBuf};

use libloading::Library;

use super::error::Error;
use super::kernel::{Element, Source};

// ANCHOR: architecture
/// A GPU's architecture as NVIDIA counts: 80 Ampere, 90 Hopper, 100 Blackwell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Architecture(pub u32);

impl Architecture {
    /// The first with bf16.
    pub const OLDEST: Architecture = Architecture(80);

    /// (9, 0) is 90.
    pub fn of_capability((major, minor): (i32, i32)) -> Architecture {
        Architecture((major * 10 + minor).max(0) as u32)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "sm_{}", self.0)
    }
}

/// What is to come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Ptx,
    Cubin,
}
// ANCHOR_END: architecture

// ANCHOR: unit
/// What is compiled: a source, for an element, a width and an architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// One `.cu` file.
    pub source: &'static Source,
    /// The kind of number in memory.
    pub element: Element,
    /// How many of them a thread reads at once.
    pub width: usize,
    /// The GPUs it is for.
    pub architecture: Architecture,
}

impl Unit {
    /// The compiler's options, the folder of headers apart, which says nothing about the result.
    pub fn options(&self, output: Output) -> Vec<String> {
        let target = match output {
            Output::Ptx => "compute",
            Output::Cubin => "sm",
        };
        vec![
            format!("--gpu-architecture={target}_{}", self.architecture.0),
            "--std=c++17".to_string(),
            format!("-DELEMENT={}", self.element.name()),
            format!("-DWIDTH={}", self.width),
        ]
    }
}
// ANCHOR_END: unit

// ANCHOR: find
type Program = *mut c_void;

/// The opened library, and the headers that go with it.
pub struct Nvrtc {
    library: Library,
    /// Kept open: NVRTC opens it by its name when it compiles, and finds it because it is open already.
    _builtins: Library,
    include: PathBuf,
    version: (i32, i32),
}

const NVRTC: &str = "libnvrtc.so.13";
const BUILTINS: &str = "libnvrtc-builtins.so.13.0";

impl Nvrtc {
    /// Looks in libtorch's folder, where `cargo course setup` puts both library and headers; beside a libtorch that lies in
    /// a Python environment; and in CUDA_HOME.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] and [`Error::NoHeaders`] with the places that were looked at.
    pub fn find(libtorch: Option<&Path>, cuda_home: Option<&Path>) -> Result<Nvrtc, Error> {
        let mut libraries = Vec::new();
        let mut headers = Vec::new();
        if let Some(lib) = libtorch {
            libraries.push(lib.to_path_buf());
            headers.push(lib.join("../cuda/include"));
            libraries.push(lib.join("../../nvidia/cu13/lib"));
            headers.push(lib.join("../../nvidia/cu13/include"));
        }
        if let Some(home) = cuda_home {
            libraries.extend([home.join("lib64"), home.join("lib")]);
            headers.push(home.join("include"));
        }
        let Some(folder) = libraries.iter().find(|folder| folder.join(NVRTC).exists()) else {
            return Err(Error::NoCompiler {
                looked_at: libraries,
            });
        };
        let Some(include) = headers
            .iter()
            .find(|folder| folder.join("cuda_bf16.h").exists())
        else {
            return Err(Error::NoHeaders { looked_at: headers });
        };
        let builtins = open(&folder.join(BUILTINS))?;
        let library = open(&folder.join(NVRTC))?;
        let mut nvrtc = Nvrtc {
            library,
            _builtins: builtins,
            include: include.clone(),
            version: (0, 0),
        };
        let (mut major, mut minor) = (0, 0);
        // SAFETY: nvrtcVersion(int*, int*) writes both.
        unsafe {
            nvrtc.function::<unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int>(
                c"nvrtcVersion",
            )?(&mut major, &mut minor);
        }
        nvrtc.version = (major, minor);
        Ok(nvrtc)
    }

    /// Looks where this machine would have it.
    ///
    /// # Errors
    /// Those of [`Nvrtc::find`].
    pub fn of_this_machine() -> Result<Nvrtc, Error> {
        let home = std::env::var_os("CUDA_HOME").map(PathBuf::from);
        Nvrtc::find(tensors::cuda::libtorch_folder().as_deref(), home.as_deref())
    }

    /// Such as `13.0`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    fn function<F: Copy>(&self, name: &CStr) -> Result<F, Error> {
        // SAFETY: callers name the type that nvrtc.h gives the function; the library stays open as long as `self`.
        unsafe { self.library.get::<F>(name) }
            .map(|symbol| *symbol)
            .map_err(|error| Error::Library {
                file: PathBuf::from(NVRTC),
                said: error.to_string(),
            })
    }
}

fn open(file: &Path) -> Result<Library, Error> {
    // SAFETY: NVIDIA's library, whose initialisers do nothing to this program.
    unsafe { Library::new(file) }.map_err(|error| Error::Library {
        file: file.to_path_buf(),
        said: error.to_string(),
    })
}
// ANCHOR_END: find

// ANCHOR: compile
impl Nvrtc {
    /// Compiles a unit.
    ///
    /// # Errors
    /// [`Error::Compilation`] with the compiler's own log.
    pub fn compile(&self, unit: &Unit, output: Output) -> Result<Vec<u8>, Error> {
        let name = format!("{}.cu", unit.source.name);
        let mut options = unit.options(output);
        options.push(format!("--include-path={}", self.include.display()));
        self.compile_text(&unit.source.text(), &name, &options, output)
            .map_err(|failure| match failure {
                Failure::Log(log) => Error::Compilation {
                    source_file: name,
                    architecture: unit.architecture.to_string(),
                    version: self.version(),
                    log,
                },
                Failure::Library(error) => error,
            })
    }

    fn compile_text(
        &self,
        text: &str,
        name: &str,
        options: &[String],
        output: Output,
    ) -> Result<Vec<u8>, Failure> {
        type Create = unsafe extern "C" fn(
            *mut Program,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> c_int;
        type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int;
        type Destroy = unsafe extern "C" fn(*mut Program) -> c_int;

        let plain = |text: &str| {
            CString::new(text).map_err(|_| Failure::Log(format!("a zero byte in {name}")))
        };
        let (text, c_name) = (plain(text)?, plain(name)?);
        let options = options
            .iter()
            .map(|option| plain(option))
            .collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let create: Create = self.function(c"nvrtcCreateProgram")?;
        let compile: Compile = self.function(c"nvrtcCompileProgram")?;
        let destroy: Destroy = self.function(c"nvrtcDestroyProgram")?;
        let mut program: Program = std::ptr::null_mut();
        // SAFETY: the signatures are those of nvrtc.h; the strings live until the program is destroyed, which happens once.
        unsafe {
            let status = create(
                &mut program,
                text.as_ptr(),
                c_name.as_ptr(),
                0,
                std::ptr::null(),
                std::ptr::null(),
            );
            if status != 0 {
                return Err(Failure::Log(self.in_words(status)));
            }
            let status = compile(program, pointers.len() as c_int, pointers.as_ptr());
            let result = if status == 0 {
                let (size, get) = match output {
                    Output::Ptx => (c"nvrtcGetPTXSize", c"nvrtcGetPTX"),
                    Output::Cubin => (c"nvrtcGetCUBINSize", c"nvrtcGetCUBIN"),
                };
                self.read(program, size, get).map_err(Failure::Library)
            } else {
                let log = self.read(program, c"nvrtcGetProgramLogSize", c"nvrtcGetProgramLog");
                let log = String::from_utf8_lossy(&log.unwrap_or_default())
                    .trim_end_matches('\0')
                    .to_string();
                Err(Failure::Log(format!("{}\n{log}", self.in_words(status))))
            };
            destroy(&mut program);
            result
        }
    }

    /// NVRTC hands everything out in two calls: how many bytes, then the bytes.
    unsafe fn read(&self, program: Program, size: &CStr, get: &CStr) -> Result<Vec<u8>, Error> {
        let size: unsafe extern "C" fn(Program, *mut usize) -> c_int = self.function(size)?;
        let get: unsafe extern "C" fn(Program, *mut c_char) -> c_int = self.function(get)?;
        let mut bytes = 0;
        // SAFETY: the program lives, and the buffer has the size that was asked for.
        unsafe {
            size(program, &mut bytes);
            let mut buffer = vec![0u8; bytes];
            get(program, buffer.as_mut_ptr().cast());
            Ok(buffer)
        }
    }

    fn in_words(&self, status: c_int) -> String {
        let words =
            self.function::<unsafe extern "C" fn(c_int) -> *const c_char>(c"nvrtcGetErrorString");
        match words {
            // SAFETY: a string constant of the library, for any number.
            Ok(words) => unsafe { CStr::from_ptr(words(status)) }
                .to_string_lossy()
                .into_owned(),
            Err(_) => format!("NVRTC's error {status}"),
        }
    }
}

enum Failure {
    Log(String),
    Library(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}
// ANCHOR_END: compile
