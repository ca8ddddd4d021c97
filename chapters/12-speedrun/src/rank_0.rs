// ANCHOR: head
//! Work that is not shared: rank 0 does it, and the others wait for what it finds.
//!
//! Documents are fetched once, a file is written by one program, and whether a stage is done is one answer and not eight. Such work can
//! take hours, and whoever does not join an operation for minutes counts as lost (chapter 06). So rank 0 works on a second
//! thread, and its first one says every second that it is still at it.

use crate::run::{Run, chain};
use anyhow::{Context, Result, bail};
use muon::{Collective, gather_bytes, sum_over_ranks};
use serde::{Serialize, de::DeserializeOwned};
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: by-rank-0
/// Between two signs that rank 0 is still at work.
const SIGN: Duration = Duration::from_secs(1);

/// The sign: no answer is this short a text, and one of no length at all might not be sent.
const AT_IT: &[u8] = b".";

/// Lets rank 0 work; all ranks get what it has found, and go on when they have it.
///
/// # Errors
/// What rank 0 could not do, with its reason, on every rank. A rank that is lost while rank 0 works; on rank 0 this is said when the
/// work is done.
pub fn by_rank_0<T>(ranks: &dyn Collective, work: impl FnOnce() -> Result<T> + Send) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send,
{
    if ranks.world() == 1 {
        return work();
    }
    if ranks.rank() == 0 {
        return at_work(ranks, work);
    }
    let answer = loop {
        let said = gather_bytes(ranks, AT_IT)?;
        if said[0] != AT_IT {
            break said.into_iter().next().unwrap_or_default();
        }
    };
    let found: Result<T, String> = serde_json::from_slice(&answer)
        .context("rank 0 said something else; were all ranks started from the same program?")?;
    match found {
        Ok(found) => Ok(found),
        Err(reason) => bail!("rank 0 could not go on: {reason}"),
    }
}

fn at_work<T>(ranks: &dyn Collective, work: impl FnOnce() -> Result<T> + Send) -> Result<T>
where
    T: Serialize + Send,
{
    thread::scope(|scope| {
        let (done, news) = channel::<()>();
        let worker = scope.spawn(move || {
            let found = work();
            drop(done); // also when `work` panics
            found
        });
        while news.recv_timeout(SIGN) == Err(RecvTimeoutError::Timeout) {
            gather_bytes(ranks, AT_IT)?;
        }
        let found = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        let answer = match &found {
            Ok(found) => serde_json::to_vec(&Ok::<&T, String>(found)),
            Err(error) => serde_json::to_vec(&Err::<&T, String>(chain(error))),
        };
        gather_bytes(ranks, &answer.expect("what is found is plain data"))?;
        found
    })
}
// ANCHOR_END: by-rank-0

// ANCHOR: begin
/// Before a stage does its work: the stages that it reads from are verified, and what was noted about it is forgotten. Rank 0
/// looks, which reads every file; the others believe it.
pub fn begin(run: &Run, ranks: &dyn Collective, stage: &str, reads: &[&str]) -> Result<()> {
    by_rank_0(ranks, || {
        for earlier in reads {
            run.folder.trust(earlier)?;
        }
        run.folder.begin(stage)
    })?;
    for earlier in reads {
        run.folder.believe(earlier);
    }
    Ok(())
}

/// Whether a rank was interrupted: the same answer on all, or some of them would begin a stage alone.
pub fn interrupted(run: &Run, ranks: &dyn Collective) -> Result<bool> {
    let own = f64::from(u8::from(run.interrupt.pressed()));
    let [pressed] = sum_over_ranks(ranks, [own])?;
    Ok(pressed > 0.0)
}
// ANCHOR_END: begin
