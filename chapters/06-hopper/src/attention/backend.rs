// ANCHOR: head
//! Which program computes attention.
//!
//! Words: libtorch has several *back ends* for one formula, softmax(q kᵀ / √D) v. For each call it walks through a list, the
//! *order*, and takes the first that is *allowed* and can do it:
//!
//! | back end | what it is | where it is good |
//! |---|---|---|
//! | math | matrix product, softmax, matrix product: the (T, T) scores are stored | nowhere; it can do everything |
//! | flash | FlashAttention-2: a tile of scores at a time, never stored | A100; every shape is as good as another |
//! | efficient | the same idea from xformers; also older GPUs, fp32, any mask | where flash refuses |
//! | cuDNN | NVIDIA's own, written for Hopper's tensor cores | H100 and newer, *one* shape |
//!
//! On Hopper libtorch 2.11 puts cuDNN first by itself, if the cuDNN *that was loaded* is newer than 9.15. An older one found
//! earlier on the library path silently costs half of attention's speed, so a run begins with [`report`].
//!
//! **One shape.** cuDNN makes a plan for every new shape, which takes tens of milliseconds or more. A training step has one shape and
//! pays once. A decoder's keys are longer by one at every token, an evaluation has as many lengths as questions, and so have
//! the prompts of GRPO. In `nanocrab` all of those hold a [`ChangingShapes`]: stages that examine or draw rollouts, samples while
//! training, and the commands that only read and write text (`chat`, `serve`, `bench-core`) from beginning to end.
//!
//! Shapes: q (B, H, T, D), k and v (B, K, S, D).

use std::ffi::c_char;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};
use transformer::Config;

use crate::Error;
use crate::glue::answered;
// ANCHOR_END: head

// ANCHOR: backend
/// One of libtorch's programs for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Math,
    Flash,
    Efficient,
    CuDnn,
    /// A device's own, neither CPU nor CUDA.
    Other,
}

impl Backend {
    /// In the order of libtorch's numbers, `at::SDPBackend`.
    pub const ALL: [Backend; 5] = [
        Backend::Math,
        Backend::Flash,
        Backend::Efficient,
        Backend::CuDnn,
        Backend::Other,
    ];

    fn number(self) -> i64 {
        self as i64
    }

    fn numbered(number: i64) -> Option<Backend> {
        Backend::ALL.into_iter().find(|b| b.number() == number)
    }

    /// As in the table above, `flash` or `cuDNN`.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Math => "math",
            Backend::Flash => "flash",
            Backend::Efficient => "efficient",
            Backend::CuDnn => "cuDNN",
            Backend::Other => "the device's own",
        }
    }
}
// ANCHOR_END: backend

// ANCHOR: choice
/// Which back end would compute this call. Nothing is computed.
///
/// # Errors
/// No allowed back end can do it, or the shapes do not fit together.
pub fn would_run(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    causal: bool,
) -> Result<Backend, Error> {
    let shared_heads = q.size().get(1) != k.size().get(1);
    let number =
        Tensor::f_internal_fused_sdp_choice(q, k, v, mask, 0.0, causal, None, shared_heads)?;
    Backend::numbered(number).ok_or_else(|| Error::Glue {
        doing: "choosing a back end of attention",
        said: format!("back end {number}, which means that none can do it: allow another one"),
    })
}
// ANCHOR_END: choice

// ANCHOR: switches
unsafe extern "C" {
    fn nanocrab_sdp_order(numbers: *mut i64) -> *mut c_char;
    fn nanocrab_sdp_set_order(numbers: *const i64, count: usize) -> *mut c_char;
    fn nanocrab_sdp_allowed(backend: i64) -> bool;
    fn nanocrab_sdp_allow(backend: i64, allowed: bool);
    fn nanocrab_cudnn_version() -> i64;
}

/// The order in which back ends are tried, as libtorch or [`set_order`] has decided it.
pub fn order() -> Result<Vec<Backend>, Error> {
    let mut numbers = [-1i64; Backend::ALL.len()];
    // SAFETY: the glue writes one number per back end that libtorch has, which `ALL` lists.
    let message = unsafe { nanocrab_sdp_order(numbers.as_mut_ptr()) };
    answered("asking for the order of attention's back ends", message)?;
    Ok(numbers.into_iter().filter_map(Backend::numbered).collect())
}

/// Puts these first, in this order; the others keep theirs, behind. For the whole process.
pub fn set_order(first: &[Backend]) -> Result<(), Error> {
    let mut wanted = first.to_vec();
    for backend in order()?.into_iter().chain(Backend::ALL) {
        if !wanted.contains(&backend) {
            wanted.push(backend);
        }
    }
    let numbers: Vec<i64> = wanted.into_iter().map(Backend::number).collect();
    // SAFETY: as many numbers as are announced; the glue copies them.
    let message = unsafe { nanocrab_sdp_set_order(numbers.as_ptr(), numbers.len()) };
    answered("setting the order of attention's back ends", message)
}

/// Whether this process lets libtorch try it.
pub fn allowed(backend: Backend) -> bool {
    // SAFETY: reads a flag.
    unsafe { nanocrab_sdp_allowed(backend.number()) }
}

/// Allows or forbids a back end, for the whole process.
pub fn allow(backend: Backend, allowed: bool) {
    // SAFETY: sets a flag.
    unsafe { nanocrab_sdp_allow(backend.number(), allowed) }
}

/// The cuDNN that was loaded, as (major, minor, patch).
pub fn cudnn_version() -> Option<(i64, i64, i64)> {
    // SAFETY: a question without arguments.
    let version = unsafe { nanocrab_cudnn_version() };
    match version {
        0 => None,
        // Since 9 a version is major·10000 + minor·100 + patch, before it was major·1000.
        90_000.. => Some((version / 10_000, version / 100 % 100, version % 100)),
        _ => Some((version / 1000, version / 100 % 10, version % 100)),
    }
}
// ANCHOR_END: switches

// ANCHOR: changing
/// While one of these lives, cuDNN is not asked, so that a new shape costs nothing. For decoding, evaluation and rollouts.
///
/// The switch is the process's: another thread that trains meanwhile computes with flash, slower and just as right. Guards may
/// overlap; when the last one goes, cuDNN is what it was before the first.
#[derive(Debug)]
#[must_use = "cuDNN is back as soon as this is dropped"]
pub struct ChangingShapes(());

/// How many guards live, and whether cuDNN was allowed before the first.
static GUARDS: Mutex<(usize, bool)> = Mutex::new((0, false));

impl ChangingShapes {
    /// From here on, until the guard is dropped.
    pub fn begin() -> ChangingShapes {
        let mut guards = GUARDS.lock().unwrap_or_else(PoisonError::into_inner);
        if guards.0 == 0 {
            guards.1 = allowed(Backend::CuDnn);
            allow(Backend::CuDnn, false);
        }
        guards.0 += 1;
        ChangingShapes(())
    }
}

impl Drop for ChangingShapes {
    fn drop(&mut self) {
        let mut guards = GUARDS.lock().unwrap_or_else(PoisonError::into_inner);
        guards.0 -= 1;
        if guards.0 == 0 {
            allow(Backend::CuDnn, guards.1);
        }
    }
}
// ANCHOR_END: changing

// ANCHOR: report
/// What a run's log should say about attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What computes layers that see everything.
    pub full: Backend,
    /// Whether layers with a window have FlashAttention's own, without a mask.
    pub native_window: bool,
    /// What is tried first stands first; some may be forbidden.
    pub order: Vec<Backend>,
    /// The one that was loaded, as (major, minor, patch).
    pub cudnn: Option<(i64, i64, i64)>,
}

/// Asks with one row of the model's own shape, because the answer depends on it.
pub fn report(config: &Config, kind: Kind, device: Device) -> Result<Report, Error> {
    let heads = |count| {
        Tensor::zeros(
            [1, count, config.context, config.head_width()],
            (kind, device),
        )
    };
    let (q, k) = (heads(config.heads), heads(config.kv_heads));
    Ok(Report {
        full: would_run(&q, &k, &k, None, true)?,
        native_window: super::windowed::native(&q),
        order: order()?,
        cudnn: cudnn_version(),
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = match self.native_window {
            true => "FlashAttention-2's own windows",
            false => "windows in blocks or under a mask",
        };
        write!(
            f,
            "attention by {}, {windows}; tried in the order",
            self.full.name()
        )?;
        for backend in self.order.iter().filter(|&&backend| allowed(backend)) {
            write!(f, " {}", backend.name())?;
        }
        match self.cudnn {
            Some((major, minor, patch)) => write!(f, "; cuDNN {major}.{minor}.{patch}"),
            None => write!(f, "; no cuDNN"),
        }
    }
}
// ANCHOR_END: report
