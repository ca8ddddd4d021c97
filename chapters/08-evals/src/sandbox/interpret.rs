// ANCHOR: head
//! Inside a monty worker: lock the doors, then parse and run.

use super::outcome::clip;
use super::protocol::{Hello, Request};
use super::serve::{next_request, say};
use super::{Layer, Outcome, Verdict, allocator};
use monty::MontyRun;
use monty_types::{
    CompileOptions, ExcType, MontyException, MontyObject, PrintWriter, PrintWriterCallback,
    ResourceLimits, ResourceTracker,
};
use std::borrow::Cow;
use std::time::{Duration, Instant};
// ANCHOR_END: head

// ANCHOR: serve
/// Frames of the interpreter lie on the native stack. A thousand Python calls in each other, its limit, fit into this
/// with room to spare; the pages that are not used cost nothing.
const STACK: usize = 64 << 20;

/// Serves until the caller is gone.
pub(super) fn serve(lines: &mut dyn Iterator<Item = std::io::Result<String>>) -> Option<()> {
    let mut layers = vec![
        Layer::active("no system calls in the language"),
        Layer::active("memory meter"),
        Layer::active("worker process"),
    ];
    // The interpreter cannot reach the system. If a bug in it could, it would find these doors locked too.
    #[cfg(target_os = "linux")]
    layers.extend(super::linux::lock_interpreter());
    #[cfg(not(target_os = "linux"))]
    layers.push(Layer::refused("seccomp", "only Linux has it"));
    let refused: Vec<Layer> = layers
        .iter()
        .filter(|layer| !layer.is_active())
        .cloned()
        .collect();
    say(&Hello::Ready(layers))?;
    while let Some(request) = next_request(lines) {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || run(&request))
            .ok()?;
        // A panic inside the interpreter is a bug of it, which a program found. The next one gets a new process.
        let mut outcome = thread.join().ok()?;
        allocator::disarm();
        outcome.refused.clone_from(&refused);
        say(&outcome)?;
    }
    Some(())
}
// ANCHOR_END: serve

// ANCHOR: run
fn run(request: &Request) -> Outcome {
    let start = Instant::now();
    let limits = &request.limits;
    let memory = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
    // Before the parser: it is the first that a hostile text can make large.
    allocator::arm(memory);
    let bounds = ResourceLimits::default()
        .max_duration(Duration::from_secs_f64(limits.seconds))
        .max_memory(memory);
    let mut printed = Printed {
        text: String::new(),
        limit: limits.output_bytes,
        lost: false,
    };
    let ended = MontyRun::new(
        request.program.clone(),
        "program.py",
        Vec::new(),
        CompileOptions::default(),
    )
    .and_then(|program| {
        program.run(
            Vec::new(),
            ResourceTracker::new(bounds),
            PrintWriter::Callback(&mut printed),
        )
    });
    let (verdict, value, stderr) = match ended {
        // What a REPL does not show, a conversation does not need either.
        Ok(MontyObject::None) => (Verdict::Finished, None, String::new()),
        Ok(value) => {
            let value = request.evaluate.then(|| value.to_string());
            (Verdict::Finished, value, String::new())
        }
        Err(error) => (judge(&error), None, error.to_string()),
    };
    let (value, lost_value) = match value.map(|value| clip(value.as_bytes(), limits.output_bytes)) {
        Some((value, lost)) => (Some(value), lost),
        None => (None, false),
    };
    let (stderr, lost_error) = clip(stderr.as_bytes(), limits.output_bytes);
    Outcome {
        verdict,
        value,
        stdout: printed.text,
        stderr,
        truncated: printed.lost || lost_value || lost_error,
        seconds: start.elapsed().as_secs_f64(),
        refused: Vec::new(),
    }
}

/// The interpreter reports its limits as exceptions that the program cannot catch.
fn judge(error: &MontyException) -> Verdict {
    match error.exc_type() {
        ExcType::TimeoutError
            if error
                .message()
                .is_some_and(|text| text.contains("time limit exceeded")) =>
        {
            Verdict::TimedOut
        }
        ExcType::MemoryError => Verdict::OutOfMemory,
        _ => Verdict::Failed(clip(error.summary().as_bytes(), 500).0),
    }
}
// ANCHOR_END: run

// ANCHOR: printed
/// What `print` wrote, up to a limit. A flood is counted as output lost and not as an error, as it is with a pipe.
struct Printed {
    text: String,
    limit: usize,
    lost: bool,
}

impl Printed {
    fn add(&mut self, text: &str) {
        let room = self.limit - self.text.len();
        let (kept, lost) = clip(text.as_bytes(), room);
        self.text.push_str(&kept);
        self.lost |= lost;
        if lost {
            self.limit = self.text.len(); // nothing after a gap
        }
    }
}

impl PrintWriterCallback for Printed {
    fn stdout_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        self.add(&output);
        Ok(())
    }

    fn stdout_push(&mut self, end: char) -> Result<(), MontyException> {
        self.add(end.encode_utf8(&mut [0; 4]));
        Ok(())
    }
}
// ANCHOR_END: printed
