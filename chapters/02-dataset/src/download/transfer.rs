// ANCHOR: head
//! One file, from an address into the cache, whatever happens on the way.
//!
//! ```text
//! shard_00000.parquet.part      what has come so far; whoever writes to it holds its lock
//! shard_00000.parquet.promise   what the servers said that the file is
//! shard_00000.parquet           the whole file, verified and on the disk; never anything else
//! ```
//!
//! A broken transfer goes on where it stopped, in this run or in the next one. The promise is what makes that safe: the
//! rest of another version of the file must not be appended to the beginning of this one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use url::Url;

use super::error::{Error, Failure};
use super::patience::Patience;
use super::request::{Answer, Client, Promise, Rest};
use super::settings::Settings;
use super::verify::{Form, verify};

/// A request that brought so much was worth it, even if it broke off.
const PROGRESS: u64 = 1 << 20;
// ANCHOR_END: head

// ANCHOR: wanted
/// A file to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub address: Url,
    /// Where it is kept.
    pub path: PathBuf,
    pub form: Form,
}

/// Hears what happens. Called from several threads.
pub trait Watch: Sync {
    /// `have` bytes of `size` are there.
    fn stands_at(&self, _file: &Wanted, _have: u64, _size: Option<u64>) {}
    /// Another try after a while.
    fn waits(&self, _file: &Wanted, _why: &str, _wait: Duration) {}
    /// Whole, verified, in its place.
    fn has(&self, _file: &Wanted) {}
}

/// Hears and says nothing.
pub struct Silent;

impl Watch for Silent {}
// ANCHOR_END: wanted

// ANCHOR: fetch
/// Have the file in its place; if it is there already, nothing is asked of anybody. Returns whether it had to be fetched.
pub fn fetch(
    client: &Client,
    wanted: &Wanted,
    settings: &Settings,
    watch: &dyn Watch,
    stop: &AtomicBool,
) -> Result<bool, Error> {
    if wanted.path.exists() {
        watch.has(wanted);
        return Ok(false);
    }
    if settings.offline {
        return Err(Error::Offline {
            path: wanted.path.clone(),
            address: wanted.address.to_string(),
        });
    }
    let folder = wanted.path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::disk(folder, error))?;
    let mut part = Part::open(&wanted.path)?;
    // Another program may have had the lock until now, and have finished the file.
    if wanted.path.exists() {
        watch.has(wanted);
        return Ok(false);
    }
    // Not the same waits in two programs, nor for two files.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let mut patience = Patience::new(
        settings,
        now.as_nanos() as u64 ^ wanted.path.as_os_str().len() as u64,
    );
    loop {
        let before = part.length;
        let failure = match part.attempt(client, wanted, watch, stop) {
            Ok(()) => break,
            Err(failure) => failure,
        };
        if part.length >= before + PROGRESS {
            patience.renew();
        }
        let (why, wait) = patience
            .after(failure)
            .map_err(|failure| with_names(failure, wanted))?;
        watch.waits(wanted, &why, wait);
        pause(wait, stop);
    }
    part.finish(&wanted.path)?;
    watch.has(wanted);
    Ok(true)
}

fn with_names(failure: Failure, wanted: &Wanted) -> Error {
    match failure {
        Failure::Error(error) => error,
        Failure::Lasting(problem) | Failure::Passing { problem, .. } => Error::Failed {
            path: wanted.path.clone(),
            address: wanted.address.to_string(),
            problem,
        },
    }
}

/// Sleep, but not through the end of the whole download.
fn pause(wait: Duration, stop: &AtomicBool) {
    let until = Instant::now() + wait;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep((until - Instant::now()).min(Duration::from_millis(100)));
    }
}
// ANCHOR_END: fetch

// ANCHOR: part
/// What has come of a file.
struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    promise_path: PathBuf,
    promise: Promise,
}

impl Part {
    /// Wait for the lock, and see what an earlier run has left.
    fn open(whole: &Path) -> Result<Self, Error> {
        let beside = |ending: &str| {
            let mut name = whole.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (path, promise_path) = (beside(".part"), beside(".promise"));
        let disk = |error| Error::disk(&path, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(disk)?;
        file.lock().map_err(disk)?;
        let length = file.metadata().map_err(disk)?.len();
        let promise = fs::read(&promise_path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let mut part = Part {
            path,
            file,
            length,
            promise_path,
            promise: Promise::default(),
        };
        match promise {
            Some(promise) => part.promise = promise,
            // Bytes of which nobody knows what they are the beginning of.
            None => part.clear()?,
        }
        Ok(part)
    }

    /// From the beginning. Emptied and not removed: whoever waits for the lock has this very file open.
    fn clear(&mut self) -> Result<(), Error> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|error| Error::disk(&self.path, error))?;
        self.length = 0;
        Ok(())
    }

    /// On the disk, and only then under its name.
    fn finish(self, whole: &Path) -> Result<(), Error> {
        let folder = whole.parent().unwrap_or(Path::new("."));
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, whole))
            // The name itself is an entry of the folder, which has to reach the disk too.
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| Error::disk(whole, error))?;
        // Left behind, it would do no harm.
        fs::remove_file(&self.promise_path).ok();
        Ok(())
    }
}
// ANCHOR_END: part

// ANCHOR: attempt
impl Part {
    /// One request, and then either a verified file or a reason.
    fn attempt(
        &mut self,
        client: &Client,
        wanted: &Wanted,
        watch: &dyn Watch,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        if !self.is_complete() {
            let rest = self.can_go_on().then_some(Rest {
                start: self.length,
                tag: self.promise.tag.as_deref(),
            });
            let answer = client.get(&wanted.address, rest)?;
            self.receive(answer, wanted, watch, stop)?;
        }
        let verified = verify(&self.path, wanted.form, &self.promise);
        if verified.is_err() {
            // Nothing in it can be trusted, and appending would not mend it.
            self.clear()?;
        }
        verified
    }

    fn is_complete(&self) -> bool {
        self.promise.size == Some(self.length) && self.length > 0
    }

    /// Whether a mixture of two versions would be noticed: by the server, or by the checksum.
    fn can_go_on(&self) -> bool {
        self.length > 0 && (self.promise.tag.is_some() || self.promise.sha256.is_some())
    }

    /// Decide where the answer's bytes belong, and append them.
    fn receive(
        &mut self,
        answer: Answer,
        wanted: &Wanted,
        watch: &dyn Watch,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let mut promise = answer.promise;
        let announced = match answer.status.as_u16() {
            206 => answer.range.map(|(_, size)| size),
            _ => answer.length,
        };
        let goes_on = answer.status == 206
            && answer.range.is_some_and(|(start, _)| start == self.length)
            && promise.sha256 == self.promise.sha256
            && (promise.size.or(announced)) == self.promise.size;
        if !goes_on {
            self.clear()?;
        }
        if answer.status == 416 || (answer.status == 206 && !goes_on) {
            return Err(Failure::passing(
                "the server sent other bytes than the ones asked for; beginning again",
            ));
        }
        if let (Some(wanted), Some(said)) = (promise.size, announced)
            && wanted != said
        {
            return Err(Failure::passing(format!(
                "the hub says that it has {wanted} bytes, and the server that sends it says {said}"
            )));
        }
        promise.size = promise.size.or(announced);
        self.keep(promise)?;
        self.append(answer.body.into_reader(), wanted, watch, stop)
    }

    /// Write the promise down before the first byte.
    fn keep(&mut self, promise: Promise) -> Result<(), Error> {
        let text = serde_json::to_vec(&promise).expect("a promise is plain data");
        fs::write(&self.promise_path, text)
            .map_err(|error| Error::disk(&self.promise_path, error))?;
        self.promise = promise;
        Ok(())
    }

    fn append(
        &mut self,
        mut body: impl Read,
        wanted: &Wanted,
        watch: &dyn Watch,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let disk = |path: &Path, error| Failure::Error(Error::disk(path, error));
        self.file
            .seek(SeekFrom::Start(self.length))
            .map_err(|error| disk(&self.path, error))?;
        let mut block = vec![0; 1 << 18];
        let size = self.promise.size;
        watch.stands_at(wanted, self.length, size);
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Error(Error::Stopped {
                    path: wanted.path.clone(),
                }));
            }
            let read = body.read(&mut block).map_err(|error| {
                Failure::passing(format!("broke off after {} bytes: {error}", self.length))
            })?;
            if read == 0 {
                break;
            }
            self.file
                .write_all(&block[..read])
                .map_err(|error| disk(&self.path, error))?;
            self.length += read as u64;
            watch.stands_at(wanted, self.length, size);
        }
        match size {
            Some(size) if self.length < size => Err(Failure::passing(format!(
                "broke off after {} of {size} bytes",
                self.length
            ))),
            // More than was promised is found out by `verify`.
            _ => Ok(()),
        }
    }
}
// ANCHOR_END: attempt
