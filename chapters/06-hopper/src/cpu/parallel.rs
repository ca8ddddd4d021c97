// ANCHOR: head
//! Splitting rows over threads: as many as libtorch uses, so that one setting rules both.
//!
//! A *share* is the run of rows that one thread takes. Rows are never split, so results do not depend on the number of
//! threads.
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
