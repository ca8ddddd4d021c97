// ANCHOR: head
//! Recording what is handed to a GPU, and starting it again.
//!
//! Words: while a stream *captures*, launches are not run but entered into a *graph*; *instantiated*, it can be started as often as
//! one likes. The stream that libtorch computes on by default cannot capture, so for as long as it is recorded the work goes to
//! another one.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int};
use std::sync::{Mutex, PoisonError};

use cudarc::driver::{DriverError, result, sys};

use crate::cuda::Error;
use crate::cuda::gpu::{Inside, current_stream, primary_context};
use crate::glue::said;
// ANCHOR_END: head

// ANCHOR: other-stream
unsafe extern "C" {
    fn nanocrab_other_stream(device: c_int, other: *mut i64) -> *mut c_char;
    fn nanocrab_exchange_stream(device: c_int, stream: i64, before: *mut i64) -> *mut c_char;
}

/// While it lives, libtorch computes on another stream of this GPU, on this thread.
struct OtherStream {
    device: usize,
    before: i64,
}

/// One for each GPU, for the whole program: cuBLAS takes up to 32 MiB for each stream that it meets, and keeps them.
static OTHERS: Mutex<BTreeMap<usize, i64>> = Mutex::new(BTreeMap::new());

impl OtherStream {
    fn begin(device: usize) -> Result<OtherStream, Error> {
        let mut others = OTHERS.lock().unwrap_or_else(PoisonError::into_inner);
        let other = match others.get(&device) {
            Some(&other) => other,
            None => {
                let mut other = 0;
                // SAFETY: the glue writes a number and returns null, or a message from malloc.
                let message = unsafe { nanocrab_other_stream(device as c_int, &mut other) };
                if let Some(said) = said(message) {
                    return Err(Error::Stream { said });
                }
                others.insert(device, other);
                other
            }
        };
        Ok(OtherStream {
            device,
            before: exchange(device, other)?,
        })
    }
}

impl Drop for OtherStream {
    fn drop(&mut self) {
        let _ = exchange(self.device, self.before); // it was the current one before, so it can be so again
    }
}

/// Makes a stream the current one; returns the one that was.
fn exchange(device: usize, stream: i64) -> Result<i64, Error> {
    let mut before = 0;
    // SAFETY: the number of a stream of this GPU; the glue writes another and returns null, or a message from malloc.
    match said(unsafe { nanocrab_exchange_stream(device as c_int, stream, &mut before) }) {
        None => Ok(before),
        Some(said) => Err(Error::Stream { said }),
    }
}
// ANCHOR_END: other-stream

// ANCHOR: record
/// A stretch of launches. Whoever has it sees to it that the memory which they read and write stays theirs.
#[derive(Debug)]
pub struct Recorded {
    device: usize,
    context: sys::CUcontext,
    graph: sys::CUgraphExec,
}

// SAFETY: handles of the driver, which may be used from any thread, by one at a time.
unsafe impl Send for Recorded {}

fn refused(doing: &'static str) -> impl FnOnce(DriverError) -> Error {
    move |error| Error::Graph {
        doing,
        said: error.to_string(),
    }
}

impl Recorded {
    /// Runs `work` once and records it once. What it hands over must be the same each time, and make no tensor on the GPU.
    ///
    /// # Errors
    /// What `work` says, and what the driver refuses: nothing is recorded, and the GPU goes on as before.
    pub fn of(
        device: usize,
        mut work: impl FnMut() -> Result<(), Error>,
    ) -> Result<Recorded, Error> {
        let context = primary_context(device).map_err(refused("hand out a context for"))?;
        // Two streams know nothing of each other: each waits until the other is through.
        tch::Cuda::synchronize(device as i64);
        let other = OtherStream::begin(device)?;
        // Libraries take the memory that they work in when a stream meets them first, and load their machine code.
        let warmed = work();
        tch::Cuda::synchronize(device as i64);
        warmed?;

        let stream = current_stream(device)?;
        let _inside = Inside::of(context).map_err(refused("enter the context of"))?;
        // Other threads may go on with what a capture forbids, such as taking memory from the driver.
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: a stream of libtorch's pool, which lives as long as the program.
        unsafe { result::stream::begin_capture(stream, mode) }
            .map_err(refused("begin to record"))?;
        let worked = work();
        // SAFETY: the stream captures since the line above, whatever became of the work.
        let ended = unsafe { result::stream::end_capture(stream) };
        drop(other);
        let graph = match (worked, ended) {
            (Ok(()), Ok(graph)) => graph,
            (worked, ended) => {
                take_the_blame(device);
                if let Ok(graph) = ended {
                    // SAFETY: made just now, and nobody else has it.
                    let _ = unsafe { result::graph::destroy(graph) };
                }
                worked?;
                return Err(refused("record")(ended.expect_err("one of the two failed")));
            }
        };
        // SAFETY: made just now; what was instantiated does not need it any more.
        let instantiated = unsafe {
            let made = result::graph::instantiate(graph, sys::CUgraphInstantiate_flags(0));
            let _ = result::graph::destroy(graph);
            made
        };
        Ok(Recorded {
            device,
            context,
            graph: instantiated.map_err(refused("instantiate"))?,
        })
    }

    /// Queues all of it, on libtorch's current stream.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn start(&self) -> Result<(), Error> {
        let stream = current_stream(self.device)?;
        let _inside = Inside::of(self.context).map_err(refused("enter the context of"))?;
        // SAFETY: instantiated in this context; the one who recorded it has kept its memory.
        unsafe { result::graph::launch(self.graph, stream) }.map_err(refused("start"))
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        // SAFETY: nobody else has it. The driver waits with the destruction until it is through.
        let _ = unsafe { result::graph::exec_destroy(self.graph) };
    }
}

/// libtorch asks for the last error after each launch, and would take the recording's for its own: this launch may fail.
fn take_the_blame(device: usize) {
    let _ = tch::Tensor::f_zeros([1], (tch::Kind::Float, tch::Device::Cuda(device)));
}
// ANCHOR_END: record
