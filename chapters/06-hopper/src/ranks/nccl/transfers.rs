//! One operation on its way: events between streams, buffers that must live so long, and the wait for its end.

use super::*;

// ANCHOR: start
/// An event of the driver's, destroyed with its last user.
pub(super) struct Event(sys::CUevent);

// SAFETY: a handle of the driver's, which may be used from any thread.
unsafe impl Send for Event {}
// SAFETY: the same.
unsafe impl Sync for Event {}

impl Event {
    /// Reached when all that is queued on `stream` now has been done.
    pub(super) fn on(stream: sys::CUstream) -> Result<Event, DriverError> {
        let event = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
        let event = Event(event);
        // SAFETY: both live.
        unsafe { result::event::record(event.0, stream) }?;
        Ok(event)
    }

    /// What is queued on `stream` from now on waits for it.
    pub(super) fn holds(&self, stream: sys::CUstream) -> Result<(), DriverError> {
        let plain = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both live.
        unsafe { result::stream::wait_event(stream, self.0, plain) }
    }

    pub(super) fn is_reached(&self) -> Result<bool, DriverError> {
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
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) operation: String,
    /// None: it has ended when it is no longer in the queue.
    pub(super) event: Option<Arc<Event>>,
    /// Since when it is the first that has not ended.
    pub(super) first_since: Option<Instant>,
}

impl Running {
    pub(super) fn new(number: u64, operation: String, event: Option<Arc<Event>>) -> Running {
        Running {
            number,
            operation,
            event,
            first_since: None,
        }
    }
}

/// What NCCL is given for one operation.
pub(super) struct Buffers {
    pub(super) from: *const c_void,
    pub(super) to: *mut c_void,
    pub(super) element: ncclDataType_t,
    pub(super) communicator: Communicator,
    pub(super) stream: sys::CUstream,
}

impl Nccl {
    /// Queues an operation on NCCL's stream, behind what libtorch has queued until now. `shape`: of the result.
    pub(super) fn start(
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
    pub(super) fn queue(
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
    pub(super) fn broken(&self, number: u64, operation: &str, why: String) -> muon::Error {
        muon::Error::Gone {
            rank: self.rendezvous.place().rank,
            why,
            number,
            operation: operation.to_string(),
        }
    }

    /// # Errors
    /// What the watchdog has found.
    pub(super) fn sound(&self) -> Result<(), muon::Error> {
        match &*lock(&self.trouble) {
            Some(trouble) => Err(trouble.error(self)),
            None => Ok(()),
        }
    }
}

pub(super) fn element(kind: Kind) -> Option<ncclDataType_t> {
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
pub(super) struct InFlight {
    pub(super) core: Arc<Core>,
    pub(super) event: Arc<Event>,
    pub(super) _input: Tensor,
    pub(super) output: Tensor,
    pub(super) number: u64,
    pub(super) operation: String,
    pub(super) handed_over: bool,
}

impl InFlight {
    /// The result, for libtorch's stream. Words between ranks, which are bytes, are read by the host at once: it waits for them, so
    /// that what an aborted operation left is never taken for somebody's words.
    pub(super) fn finish(mut self) -> Result<Tensor, muon::Error> {
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
    pub(super) fn hand_over(&mut self) -> Result<(), String> {
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
