//! Seconds by the clock and seconds of processor time.

use std::time::Instant;

/// On a machine that others use, the clock also counts their turns; processor time does not, but adds up all threads.
#[derive(Clone, Copy)]
pub struct Taken {
    pub seconds: f64,
    pub cpu_seconds: f64,
}

pub fn timed<T>(work: impl FnOnce() -> T) -> (Taken, T) {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let result = work();
    let taken = Taken {
        seconds: begin.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds() - cpu,
    };
    (taken, result)
}

/// Of the whole process, all threads.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes to `time`, which outlives it, and to nothing else.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    if failed != 0 {
        return f64::NAN;
    }
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
