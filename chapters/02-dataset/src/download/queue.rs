// ANCHOR: head
//! Many files at a time. A transfer mostly waits, for a disk far away or for the line; a few threads fill the line.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::Error;
use super::request::Client;
use super::settings::Settings;
use super::transfer::{Wanted, Watch, fetch};
// ANCHOR_END: head

// ANCHOR: queue
/// Have all files. Returns how many of them had to be fetched.
///
/// The first file that cannot be had stops the rest; what has come of them is kept.
pub fn fetch_all(
    client: &Client,
    files: &[Wanted],
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<usize, Error> {
    let next = AtomicUsize::new(0);
    let fetched = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            match fetch(client, file, settings, watch, &stop) {
                Ok(new) => {
                    fetched.fetch_add(usize::from(new), Ordering::Relaxed);
                }
                // Offline nothing is under way: go on and say how much is missing.
                Err(error) => {
                    stop.store(!settings.offline, Ordering::Relaxed);
                    failed.lock().expect("no thread panics with it").push(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..settings.parallel.clamp(1, files.len().max(1)) {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().expect("no thread panics with it");
    failed.retain(|error| !matches!(error, Error::Stopped { .. }));
    let more = failed.len().saturating_sub(1);
    match failed.into_iter().next() {
        None => Ok(fetched.into_inner()),
        Some(error) if more == 0 => Err(error),
        Some(error) => Err(Error::Several {
            first: Box::new(error),
            more,
        }),
    }
}
// ANCHOR_END: queue
