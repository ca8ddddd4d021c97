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
use crate::cuda::gpu::{Inside, current_stream};

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
        result::init().map_err(driver("start"))?;
        let handle = result::device::get(device as i32).map_err(driver("name the GPU"))?;
        // SAFETY: a device that the driver named. Retained for the rest of the program.
        let context = unsafe { result::primary_ctx::retain(handle) }
            .map_err(driver("hand out the context"))?;
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

// ANCHOR: start
/// An event of the driver's, destroyed with its last user.
struct Event(sys::CUevent);

// SAFETY: a handle of the driver's, which may be used from any thread.
unsafe impl Send for Event {}
// SAFETY: the same.
unsafe impl Sync for Event {}

impl Event {
    /// Reached when all that is queued on `stream` now has been done.
    fn on(stream: sys::CUstream) -> Result<Event, DriverError> {
        let event = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
        let event = Event(event);
        // SAFETY: both live.
        unsafe { result::event::record(event.0, stream) }?;
        Ok(event)
    }

    /// What is queued on `stream` from now on waits for it.
    fn holds(&self, stream: sys::CUstream) -> Result<(), DriverError> {
        let plain = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both live.
        unsafe { result::stream::wait_event(stream, self.0, plain) }
    }

    fn is_reached(&self) -> Result<bool, DriverError> {
        // SAFETY: it lives.
        match unsafe { result::event::query(self.0) } {
            Ok(()) => Ok(true),
            Err(DriverError(sys::CUresult::CUDA_ERROR_NOT_READY)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: made by `on`, destroyed once; the driver keeps what is still waited for.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}

/// An operation as the watchdog sees it.
struct Running {
    number: u64,
    operation: String,
    /// None: it has ended when it is no longer in the queue.
    event: Option<Arc<Event>>,
    /// Since when it is the first that has not ended.
    first_since: Option<Instant>,
}

impl Running {
    fn new(number: u64, operation: String, event: Option<Arc<Event>>) -> Running {
        Running {
            number,
            operation,
            event,
            first_since: None,
        }
    }
}

/// What NCCL is given for one operation.
struct Buffers {
    from: *const c_void,
    to: *mut c_void,
    element: ncclDataType_t,
    communicator: Communicator,
    stream: sys::CUstream,
}

impl Nccl {
    /// Queues an operation on NCCL's stream, behind what libtorch has queued until now. `shape`: of the result.
    fn start(
        &self,
        name: &str,
        tensor: &Tensor,
        shape: &[i64],
        queue: impl FnOnce(&Nvidia, &Buffers) -> Status,
    ) -> Handle {
        let number = self.started.get();
        self.started.set(number + 1);
        let operation = format!("{name} of {:?} {:?}", tensor.size(), tensor.kind());
        let core = &self.core;
        core.rendezvous.doing(number + 1, operation.clone());
        match core.queue(number, &operation, tensor, shape, queue) {
            Ok(in_flight) => Handle::new(move || in_flight.finish()),
            Err(error) => Handle::new(move || Err(error)),
        }
    }
}

impl Core {
    fn queue(
        self: &Arc<Self>,
        number: u64,
        operation: &str,
        tensor: &Tensor,
        shape: &[i64],
        queue: impl FnOnce(&Nvidia, &Buffers) -> Status,
    ) -> Result<InFlight, muon::Error> {
        self.sound()?;
        let broken = |why: String| self.broken(number, operation, why);
        let driver = |error: DriverError| broken(format!("the NVIDIA driver says {error}"));
        let input = tensor.detach().to_device(Device::Cuda(self.device));
        let input = input.contiguous();
        let output = Tensor::f_empty(shape, (input.kind(), input.device()))?;
        let Some(element) = element(input.kind()) else {
            return Err(broken(format!("NCCL sends no {:?}", input.kind())));
        };
        let torch = current_stream(self.device).map_err(|error| broken(error.to_string()))?;
        let _inside = Inside::of(self.context).map_err(driver)?;
        Event::on(torch)
            .and_then(|there| there.holds(self.stream))
            .map_err(driver)?;
        if input.numel() > 0 {
            let communicator = lock(&self.communicator);
            if communicator.is_null() {
                drop(communicator);
                self.sound()?;
                return Err(broken("its communicator was closed".to_string()));
            }
            let buffers = Buffers {
                from: input.data_ptr().cast_const(),
                to: output.data_ptr(),
                element,
                communicator: *communicator,
                stream: self.stream,
            };
            let status = queue(&self.nvidia, &buffers);
            if status != SUCCESS {
                return Err(broken(format!(
                    "NCCL says {}",
                    self.nvidia.in_words(status)
                )));
            }
        }
        let event = Arc::new(Event::on(self.stream).map_err(driver)?);
        let running = Running::new(number, operation.to_string(), Some(event.clone()));
        lock(&self.running).push_back(running);
        Ok(InFlight {
            core: self.clone(),
            event,
            _input: input,
            output,
            number,
            operation: operation.to_string(),
            handed_over: false,
        })
    }

    /// This rank itself cannot go on.
    fn broken(&self, number: u64, operation: &str, why: String) -> muon::Error {
        muon::Error::Gone {
            rank: self.rendezvous.place().rank,
            why,
            number,
            operation: operation.to_string(),
        }
    }

    /// # Errors
    /// What the watchdog has found.
    fn sound(&self) -> Result<(), muon::Error> {
        match &*lock(&self.trouble) {
            Some(trouble) => Err(trouble.error(self)),
            None => Ok(()),
        }
    }
}

fn element(kind: Kind) -> Option<ncclDataType_t> {
    Some(match kind {
        Kind::Float => ncclDataType_t::ncclFloat32,
        Kind::BFloat16 => ncclDataType_t::ncclBfloat16,
        Kind::Half => ncclDataType_t::ncclFloat16,
        Kind::Double => ncclDataType_t::ncclFloat64,
        Kind::Int64 => ncclDataType_t::ncclInt64,
        Kind::Int => ncclDataType_t::ncclInt32,
        Kind::Int8 => ncclDataType_t::ncclInt8,
        Kind::Uint8 | Kind::Bool => ncclDataType_t::ncclUint8,
        _ => return None,
    })
}
// ANCHOR_END: start

// ANCHOR: in-flight
/// An operation on its way: its buffers must live until it has ended.
struct InFlight {
    core: Arc<Core>,
    event: Arc<Event>,
    _input: Tensor,
    output: Tensor,
    number: u64,
    operation: String,
    handed_over: bool,
}

impl InFlight {
    /// The result, for libtorch's stream. Words between ranks, which are bytes, are read by the host at once: it waits for them, so
    /// that what an aborted operation left is never taken for somebody's words.
    fn finish(mut self) -> Result<Tensor, muon::Error> {
        let why = |error: DriverError| format!("the NVIDIA driver says {error}");
        if !self.output.is_floating_point() {
            let inside = Inside::of(self.core.context);
            let _inside =
                inside.map_err(|e| self.core.broken(self.number, &self.operation, why(e)))?;
            loop {
                let reached = self.event.is_reached();
                let reached =
                    reached.map_err(|e| self.core.broken(self.number, &self.operation, why(e)))?;
                self.core.sound()?;
                if reached {
                    break;
                }
                thread::sleep(Duration::from_micros(20));
            }
        }
        self.core.sound()?;
        let handed_over = self.hand_over();
        handed_over.map_err(|said| self.core.broken(self.number, &self.operation, said))?;
        Ok(self.output.shallow_clone())
    }

    /// Puts libtorch's stream behind the operation: whatever it does with these tensors, or with their memory, comes later.
    fn hand_over(&mut self) -> Result<(), String> {
        if self.handed_over {
            return Ok(());
        }
        self.handed_over = true;
        let torch = current_stream(self.core.device).map_err(|error| error.to_string())?;
        let inside = Inside::of(self.core.context).map_err(|error| error.to_string())?;
        let held = self.event.holds(torch).map_err(|error| error.to_string());
        drop(inside);
        held
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Err(error) = self.hand_over() {
            eprintln!("operation {}, {}: {error}", self.number, self.operation);
        }
    }
}
// ANCHOR_END: in-flight

// ANCHOR: watchdog
/// Why no operation will end any more.
struct Trouble {
    /// The operation that did not.
    number: u64,
    operation: String,
    cause: Cause,
}

enum Cause {
    Gone { rank: usize, why: String },
    Late { ranks: Vec<usize>, seconds: f64 },
    Nccl(String),
}

impl Trouble {
    fn error(&self, core: &Core) -> muon::Error {
        let (number, operation) = (self.number, self.operation.clone());
        match &self.cause {
            Cause::Gone { rank, why } => muon::Error::Gone {
                rank: *rank,
                why: why.clone(),
                number,
                operation,
            },
            Cause::Late { ranks, seconds } => muon::Error::Late {
                ranks: ranks.clone(),
                waiting: core.rendezvous.place().rank,
                seconds: *seconds,
                number,
                operation,
            },
            Cause::Nccl(said) => core.broken(number, &operation, format!("NCCL says {said}")),
        }
    }
}

/// An operation that ends within so much time of a rank's end needed nothing more from it.
const JUST_ENDED: Duration = Duration::from_secs(2);

/// After an abort the rest of the program has so long to come to an end by itself.
const LAST_WORDS: Duration = Duration::from_secs(20);

impl Core {
    fn watch(&self) {
        while !self.closing.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            let Some(trouble) = self.looked() else {
                continue;
            };
            let said = trouble.error(self).to_string();
            eprintln!("{said}");
            *lock(&self.trouble) = Some(trouble);
            self.rendezvous.leave(&said);
            self.abort();
            let since = Instant::now();
            while !self.closing.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(100));
                if since.elapsed() > LAST_WORDS {
                    eprintln!("the program does not end by itself, so it is ended");
                    std::process::exit(1);
                }
            }
        }
    }

    /// Looks at what is running.
    fn looked(&self) -> Option<Trouble> {
        let own = self.rendezvous.place().rank;
        let mut running = lock(&self.running);
        let inside = Inside::of(self.context);
        while let Some(event) = running.front().and_then(|it| it.event.clone()) {
            match event.is_reached() {
                Ok(false) => break,
                Ok(true) => drop(running.pop_front()),
                Err(error) => {
                    let cause = Cause::Nccl(format!("nothing, but the NVIDIA driver {error}"));
                    return running.front().map(|it| it.trouble(cause));
                }
            }
        }
        drop(inside);
        let first = running.front_mut()?;
        let waited = first.first_since.get_or_insert_with(Instant::now).elapsed();
        let limit = self.rendezvous.limits().operation;
        if let Some((rank, why)) = self.rendezvous.lost().filter(|_| waited > JUST_ENDED) {
            return Some(first.trouble(Cause::Gone { rank, why }));
        }
        if waited > limit {
            let behind = self.rendezvous.behind(first.number + 1);
            let mut ranks: Vec<usize> = behind.into_iter().map(|(rank, _)| rank).collect();
            if ranks.is_empty() {
                // All have started it: who of them hangs, NCCL alone knows.
                let world = self.rendezvous.place().world;
                ranks = (0..world).filter(|rank| *rank != own).collect();
            }
            let seconds = limit.as_secs_f64();
            return Some(first.trouble(Cause::Late { ranks, seconds }));
        }
        let said = self.asked()?;
        Some(first.trouble(Cause::Nccl(said)))
    }

    /// Asks NCCL whether something went wrong in the background.
    fn asked(&self) -> Option<String> {
        let communicator = match self.communicator.try_lock() {
            Ok(communicator) if !communicator.is_null() => communicator,
            _ => return None, // being used: then it will answer by itself
        };
        let mut found = SUCCESS;
        // SAFETY: the communicator lives while it is locked and not null.
        let status = unsafe { (self.nvidia.async_error)(*communicator, &mut found) };
        let wrong = [status, found]
            .into_iter()
            .find(|status| ![SUCCESS, IN_PROGRESS].contains(status));
        wrong.map(|status| self.nvidia.in_words(status))
    }

    /// Ends all operations, on this GPU. What they have written is worth nothing.
    fn abort(&self) {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            let mut communicator = match self.communicator.try_lock() {
                Ok(communicator) => communicator,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(Duration::from_millis(50));
                    continue;
                }
            };
            if communicator.is_null() {
                return;
            }
            let aborted = std::mem::replace(&mut *communicator, std::ptr::null_mut());
            // SAFETY: it is nobody else's any more.
            let status = unsafe { (self.nvidia.abort)(aborted) };
            if status != SUCCESS {
                eprintln!("NCCL does not abort: {}", self.nvidia.in_words(status));
            }
            return;
        }
    }
}

impl Running {
    fn trouble(&self, cause: Cause) -> Trouble {
        Trouble {
            number: self.number,
            operation: self.operation.clone(),
            cause,
        }
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        let core = &self.core;
        core.closing.store(true, Ordering::Relaxed);
        core.rendezvous.leave(match thread::panicking() {
            true => "it panicked",
            false => "it has ended",
        });
        let mut communicator = lock(&core.communicator);
        let ended = std::mem::replace(&mut *communicator, std::ptr::null_mut());
        if ended.is_null() {
            return;
        }
        // After a failure operations may hang, and `destroy` would wait for them.
        let failed = thread::panicking() || lock(&core.trouble).is_some();
        let end = match failed {
            true => core.nvidia.abort,
            false => core.nvidia.destroy,
        };
        // SAFETY: it is nobody else's any more.
        let status = unsafe { end(ended) };
        if status != SUCCESS {
            eprintln!("NCCL does not end well: {}", core.nvidia.in_words(status));
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Ok(_inside) = Inside::of(self.context) {
            // SAFETY: made by `join`; nobody uses it any more.
            let _ = unsafe { result::stream::destroy(self.stream) };
        }
    }
}
// ANCHOR_END: watchdog

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
