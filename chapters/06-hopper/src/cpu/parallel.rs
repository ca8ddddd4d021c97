// ANCHOR: head
//! Splitting rows over threads: as many as libtorch uses, so that one setting rules both.
//!
//! A *share* is the run of rows that one thread takes. Rows are never split, so results do not depend on the number of
//! threads.

use std::sync::{Mutex, PoisonError};
// ANCHOR_END: head

// ANCHOR: share
/// Waking a thread costs some ten microseconds, in which a core moves about this many bytes.
const WORTH_A_THREAD: usize = 256 * 1024;

/// How many rows one thread takes of `rows` rows with `bytes` bytes each, all tensors that are read and written
/// together.
pub(super) fn share(rows: usize, bytes: usize) -> usize {
    let threads = (tch::get_num_threads().max(1) as usize).min(rows * bytes / WORTH_A_THREAD + 1);
    rows.div_ceil(threads).max(1)
}
// ANCHOR_END: share

// ANCHOR: each
/// Does every job, each on a thread of its own as far as there are threads; the caller's thread takes the last.
pub(super) fn each<J: Send>(jobs: impl Iterator<Item = J>, work: impl Fn(J) + Sync) {
    let mut jobs: Vec<J> = jobs.collect();
    let Some(last) = jobs.pop() else { return };
    if jobs.is_empty() {
        return work(last);
    }
    let work = &work;
    rayon::in_place_scope(|scope| {
        for job in jobs {
            scope.spawn(move |_| work(job));
        }
        work(last);
    });
}
// ANCHOR_END: each

// ANCHOR: queue
/// As [`each`], for jobs that are too few or too unequal to be shared out beforehand, and for work that keeps some memory from job
/// to job: `work` is called once per thread and takes the next job whenever it is free.
pub(super) fn take_turns<I: Iterator + Send>(jobs: I, work: impl Fn(Queue<'_, I>) + Sync) {
    let threads = tch::get_num_threads().max(1) as usize;
    let threads = jobs.size_hint().1.map_or(threads, |most| most.min(threads));
    let jobs = Mutex::new(jobs);
    each((0..threads).map(|_| ()), |()| work(Queue(&jobs)));
}

/// The jobs that nobody has taken yet.
pub(super) struct Queue<'a, I>(&'a Mutex<I>);

impl<I: Iterator> Iterator for Queue<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.next()
    }
}
// ANCHOR_END: queue
