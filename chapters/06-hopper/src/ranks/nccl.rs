//! A `Collective` between GPUs, by NVIDIA's NCCL.
//!
//! Operations run on a stream of their own, beside the one that libtorch computes on. *Events* order the two, and the host waits for
//! neither:
//!
//! ```text
//! libtorch's   … gradient ──●                           ●── update …
//!                            ╲ event: input is there    ╱ event: output is there
//! NCCL's                      ●── reduce_scatter ──────●
//! ```
//!
//! Two things follow. What is handed in must not be written before `wait`, because nothing copies it. And a tensor that is dropped while NCCL
//! still reads it would be given out again by libtorch's allocator: so [`InFlight`] holds both ends, and lets go only when libtorch's stream
//! is behind the event.
//!
//! NCCL waits for a lost rank for ever, on the GPU, where no error can be returned. A thread, the *watchdog*, looks after that: it knows which operations
//! have not ended, hears from the rendezvous who is gone, and asks NCCL for errors. It says what it found and aborts the communicator, which lets the
//! GPU go on; the next operation returns the error.

mod transfers;
mod watchdog;

use std::cell::Cell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use cudarc::driver::{DriverError, result, sys};
use cudarc::nccl::sys::{ncclDataType_t, ncclRedOp_t, ncclUniqueId};
use muon::{Collective, Handle};
use tch::{Device, Kind, Tensor};

use super::Error;
use super::nccl_library::{Communicator, IN_PROGRESS, Nvidia, SUCCESS, Status};
use super::place::Place;
use super::rendezvous::{Hears, Limits, Rendezvous};
use super::wire::Message;
use crate::cuda::gpu::{Inside, current_stream, primary_context};

use transfers::*;
use watchdog::*;

// ANCHOR: nccl
/// This program's rank among others, each with a GPU of its own.
pub struct Nccl {
    core: Arc<Core>,
    /// How many operations this rank has started.
    started: Cell<u64>,
}

/// What operations, their results and the watchdog share.
struct Core {
    nvidia: Nvidia,
    rendezvous: Rendezvous,
    device: usize,
    context: sys::CUcontext,
    /// NCCL's own.
    stream: sys::CUstream,
    /// Null before all have joined, and after it was aborted.
    communicator: Mutex<Communicator>,
    /// Operations that may not have ended, in the order of the stream.
    running: Mutex<VecDeque<Running>>,
    trouble: Mutex<Option<Trouble>>,
    closing: AtomicBool,
}

// SAFETY: NCCL's and the driver's handles may be used from any thread; the communicator is behind a lock.
unsafe impl Send for Core {}
// SAFETY: the same.
unsafe impl Sync for Core {}

/// The rendezvous keeps in mind who is gone; tensors do not come that way.
struct Nothing;

impl Hears for Nothing {
    fn brought(&self, _rank: usize, _message: &Message, _payload: &[u8]) {}
    fn gone(&self, _rank: usize, _why: &str) {}
}

impl Nccl {
    /// Returns when all ranks have come with their GPUs.
    ///
    /// # Errors
    /// Those of [`Rendezvous::join`]; a library, a driver or a GPU that is missing or refuses.
    pub fn join(place: &Place, limits: &Limits, device: Device) -> Result<Nccl, Error> {
        let rank = place.rank;
        let Device::Cuda(device) = device else {
            return Err(Error::NoGpu { rank });
        };
        let nvidia = Nvidia::open(tensors::cuda::libtorch_folder().as_deref())?;
        let driver = |doing| {
            move |error: DriverError| Error::Driver {
                rank,
                doing,
                said: error.to_string(),
            }
        };
        let context = primary_context(device).map_err(driver("hand out the context"))?;
        let inside = Inside::of(context).map_err(driver("enter the context"))?;
        let stream = result::stream::create(result::stream::StreamKind::NonBlocking)
            .map_err(driver("make a stream"))?;
        let core = Arc::new(Core {
            nvidia,
            rendezvous: Rendezvous::join(place, limits, Arc::new(Nothing))?,
            device,
            context,
            stream,
            communicator: Mutex::new(std::ptr::null_mut()),
            running: Mutex::default(),
            trouble: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let watching = core.clone();
        let watchdog = thread::Builder::new().name("nccl watchdog".to_string());
        let watchdog = watchdog.spawn(move || watching.watch());
        watchdog.map_err(|source| Error::System {
            doing: "start a thread",
            source,
        })?;
        let nccl = Nccl {
            core,
            started: Cell::new(1), // the joining counts as one
        };
        nccl.core.meet()?;
        drop(inside);
        Ok(nccl)
    }
}

impl Core {
    /// All ranks make a communicator together. It is watched like an operation.
    fn meet(&self) -> Result<(), Error> {
        let place = self.rendezvous.place();
        let failed = |doing: &str, status: Status| Error::Nccl {
            rank: place.rank,
            doing: doing.to_string(),
            said: self.nvidia.in_words(status),
        };
        let mut id = ncclUniqueId { internal: [0; 128] };
        let mut own = None;
        if place.rank == 0 {
            // SAFETY: writes the id.
            let status = unsafe { (self.nvidia.unique_id)(&mut id) };
            if status != SUCCESS {
                return Err(failed("make an id for the ranks", status));
            }
            own = Some(id.internal.map(|byte| byte as u8));
        }
        let word = self
            .rendezvous
            .word(own.as_ref().map(<[u8; 128]>::as_slice), "NCCL's id")?;
        for (byte, heard) in id.internal.iter_mut().zip(word) {
            *byte = heard as std::ffi::c_char;
        }
        let operation = "the joining of all ranks in NCCL".to_string();
        self.rendezvous.doing(1, operation.clone());
        lock(&self.running).push_back(Running::new(0, operation, None));
        let mut communicator: Communicator = std::ptr::null_mut();
        // SAFETY: writes the communicator; the context of this rank's GPU is the current one.
        let status = unsafe {
            (self.nvidia.init_rank)(&mut communicator, place.world as i32, id, place.rank as i32)
        };
        lock(&self.running).pop_front();
        if status != SUCCESS {
            return Err(failed("bring the ranks together", status));
        }
        *lock(&self.communicator) = communicator;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept behind these locks is changed by single assignments.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
// ANCHOR_END: nccl

// ANCHOR: collective
impl Collective for Nccl {
    fn rank(&self) -> usize {
        self.core.rendezvous.place().rank
    }

    fn world(&self) -> usize {
        self.core.rendezvous.place().world
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        let (mut shape, world) = (tensor.size(), self.world());
        let rows = shape.first().copied().unwrap_or(0);
        if rows % world as i64 != 0 {
            return Handle::new(move || Err(muon::Error::Pieces { rows, world }));
        }
        if let Some(first) = shape.first_mut() {
            *first = rows / world as i64;
        }
        let piece = tensor.numel() / world;
        self.start("reduce_scatter", &tensor, &shape, |nvidia, it| {
            // SAFETY: buffers of these sizes, alive until the operation has ended; the communicator is locked.
            unsafe {
                (nvidia.reduce_scatter)(
                    it.from,
                    it.to,
                    piece,
                    it.element,
                    ncclRedOp_t::ncclAvg,
                    it.communicator,
                    it.stream,
                )
            }
        })
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        let mut shape = tensor.size();
        match shape.first_mut() {
            Some(first) => *first *= self.world() as i64,
            None => shape.push(self.world() as i64),
        }
        let count = tensor.numel();
        self.start("all_gather", &tensor, &shape, |nvidia, it| {
            // SAFETY: as above.
            unsafe {
                (nvidia.all_gather)(
                    it.from,
                    it.to,
                    count,
                    it.element,
                    it.communicator,
                    it.stream,
                )
            }
        })
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        let count = tensor.numel();
        self.start("all_reduce", &tensor, &tensor.size(), |nvidia, it| {
            // SAFETY: as above.
            unsafe {
                (nvidia.all_reduce)(
                    it.from,
                    it.to,
                    count,
                    it.element,
                    ncclRedOp_t::ncclAvg,
                    it.communicator,
                    it.stream,
                )
            }
        })
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        let count = tensor.numel();
        self.start("broadcast", &tensor, &tensor.size(), |nvidia, it| {
            // SAFETY: as above.
            unsafe {
                (nvidia.broadcast)(
                    it.from,
                    it.to,
                    count,
                    it.element,
                    root as i32,
                    it.communicator,
                    it.stream,
                )
            }
        })
    }

    /// NCCL has none: a byte from everybody, for which the host waits.
    fn barrier(&self) -> Result<(), muon::Error> {
        let byte = Tensor::zeros([1], (Kind::Uint8, self.device()));
        self.all_gather(byte).wait().map(drop)
    }

    fn device(&self) -> Device {
        Device::Cuda(self.core.device)
    }

    fn leave(&self, why: &str) {
        self.core.rendezvous.leave(why);
    }
}
// ANCHOR_END: collective
