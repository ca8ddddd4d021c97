//! NVIDIA's library of collectives, opened while the program runs.
//!
//! libtorch's CUDA half needs `libnccl.so.2` too and has loaded it when we come. Two copies in one program would each keep state of their own
//! about the same GPUs, so the one that is there is taken; only where there is none it is opened by its full path, from libtorch's folder.
//! cudarc, whose types are used here, would look for it by names along the system's paths, and end the program where it finds none.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};

use cudarc::driver::sys::CUstream;
use cudarc::nccl::sys::{ncclDataType_t, ncclRedOp_t, ncclUniqueId};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::Error;

// ANCHOR: functions
/// NCCL's handle of a rank's membership in a group.
pub(super) type Communicator = *mut c_void;

/// `ncclResult_t` as a number: a newer library may answer what an older header does not list.
pub(super) type Status = c_int;
pub(super) const SUCCESS: Status = 0;
pub(super) const IN_PROGRESS: Status = 7;

type OneBuffer = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    Communicator,
    CUstream,
) -> Status;
type Reduction = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    ncclRedOp_t,
    Communicator,
    CUstream,
) -> Status;
type FromRoot = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    c_int,
    Communicator,
    CUstream,
) -> Status;

/// The functions that are needed, with the types that nccl.h gives them.
pub(super) struct Nvidia {
    pub unique_id: unsafe extern "C" fn(*mut ncclUniqueId) -> Status,
    pub init_rank: unsafe extern "C" fn(*mut Communicator, c_int, ncclUniqueId, c_int) -> Status,
    pub async_error: unsafe extern "C" fn(Communicator, *mut Status) -> Status,
    pub abort: unsafe extern "C" fn(Communicator) -> Status,
    pub destroy: unsafe extern "C" fn(Communicator) -> Status,
    pub all_gather: OneBuffer,
    pub all_reduce: Reduction,
    /// Its count is that of the piece.
    pub reduce_scatter: Reduction,
    pub broadcast: FromRoot,
    error_string: unsafe extern "C" fn(Status) -> *const c_char,
    /// Kept open for the rest of the program.
    _library: Library,
}

impl Nvidia {
    /// A status in NCCL's own words.
    pub fn in_words(&self, status: Status) -> String {
        // SAFETY: a string constant of the library, for any number.
        let words = unsafe { CStr::from_ptr((self.error_string)(status)) };
        words.to_string_lossy().into_owned()
    }
}
// ANCHOR_END: functions

// ANCHOR: open
const FILE: &str = "libnccl.so.2";

impl Nvidia {
    /// The copy that libtorch has loaded, or the one in its folder.
    ///
    /// # Errors
    /// [`Error::NoNccl`] with the places that were looked at; a library without one of the functions.
    pub fn open(libtorch: Option<&Path>) -> Result<Nvidia, Error> {
        // SAFETY: opens nothing, it counts one user more of what is open.
        let loaded =
            unsafe { Library::open(Some(FILE), RTLD_NOW | RTLD_LOCAL | libc::RTLD_NOLOAD) };
        if let Ok(library) = loaded {
            return Nvidia::of(library, Path::new(FILE));
        }
        let places: Vec<PathBuf> = libtorch
            .into_iter()
            .flat_map(|lib| [lib.to_path_buf(), lib.join("../../nvidia/nccl/lib")])
            .collect();
        let Some(file) = places.iter().map(|at| at.join(FILE)).find(|at| at.exists()) else {
            return Err(Error::NoNccl { looked_at: places });
        };
        // SAFETY: NVIDIA's library, whose initialisers do nothing to this program.
        let library = unsafe { Library::open(Some(&file), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| Error::Library {
            file: file.clone(),
            said: error.to_string(),
        })?;
        Nvidia::of(library, &file)
    }

    fn of(library: Library, file: &Path) -> Result<Nvidia, Error> {
        /// # Safety
        /// `F` is the type that nccl.h gives the function.
        unsafe fn function<F: Copy>(
            library: &Library,
            file: &Path,
            name: &CStr,
        ) -> Result<F, Error> {
            // SAFETY: as above; the library stays open as long as the pointer is kept.
            let found = unsafe { library.get::<F>(name.to_bytes_with_nul()) };
            found.map(|symbol| *symbol).map_err(|error| Error::Library {
                file: file.to_path_buf(),
                said: error.to_string(),
            })
        }
        // SAFETY: the types stand in the structure above.
        unsafe {
            Ok(Nvidia {
                unique_id: function(&library, file, c"ncclGetUniqueId")?,
                init_rank: function(&library, file, c"ncclCommInitRank")?,
                async_error: function(&library, file, c"ncclCommGetAsyncError")?,
                abort: function(&library, file, c"ncclCommAbort")?,
                destroy: function(&library, file, c"ncclCommDestroy")?,
                all_gather: function(&library, file, c"ncclAllGather")?,
                all_reduce: function(&library, file, c"ncclAllReduce")?,
                reduce_scatter: function(&library, file, c"ncclReduceScatter")?,
                broadcast: function(&library, file, c"ncclBroadcast")?,
                error_string: function(&library, file, c"ncclGetErrorString")?,
                _library: library,
            })
        }
    }
}
// ANCHOR_END: open
