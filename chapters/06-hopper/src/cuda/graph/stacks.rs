// ANCHOR: head
//! For which stacks a graph pays: small ones, if it was measured.
//!
//! The rounds of a large stack keep the GPU busy for longer than the program needs to launch them. Those of a small one are over
//! before the next launch has arrived. So a stack of up to [`LARGEST`] numbers (of this rank's, if ranks share it) is computed by
//! [`Rounds`], and the first time that one of its shape comes, its rounds are timed both ways. The graph stays if it is faster *and* gives the same bits. The arithmetic
//! is that of [`Rounds`] either way: what a clock decides is the time, never a number.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::recorded::Recorded;
use super::rounds::Rounds;
use crate::cpu::Iteration;
use crate::cuda::Error;
// ANCHOR_END: head

// ANCHOR: decision
/// Numbers of a stack. In bf16 the memory of its rounds is at most 64 MiB.
pub const LARGEST: i64 = 1 << 23;

/// Ways must differ by so much that it is no accident.
const FASTER: f64 = 0.9;

/// What was measured when the first stack of a shape came.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// (N, m, n), the short side first.
    pub size: [i64; 3],
    /// Seconds from an idle GPU to the end of all rounds, by single launches.
    pub by_launches: f64,
    /// By one graph; or why there is none.
    pub by_graph: Result<f64, String>,
    /// Whether the graph stays.
    pub graph: bool,
}

impl Decision {
    /// Times in seconds.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "size": self.size,
            "by_launches_seconds": self.by_launches,
            "by_graph_seconds": self.by_graph.as_ref().ok(),
            "no_graph_because": self.by_graph.as_ref().err(),
            "graph": self.graph,
        })
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let ([count, rows, columns], ms) = (self.size, 1e3 * self.by_launches);
        write!(
            f,
            "Muon's rounds for {count} matrices of {rows} × {columns}: {ms:.3} ms by single launches, "
        )?;
        match &self.by_graph {
            Err(why) => write!(f, "and not by a graph: {why}."),
            Ok(seconds) => {
                let chosen = if self.graph {
                    "which stays"
                } else {
                    "which does not pay"
                };
                write!(f, "{:.3} ms by a graph, {chosen}.", 1e3 * seconds)
            }
        }
    }
}
// ANCHOR_END: decision

// ANCHOR: known
/// A shape that has been here before.
struct Known {
    rounds: Rounds,
    graph: Option<Recorded>,
    decision: Decision,
}

/// Shapes of one GPU: by (N, m, n), by kind, and by the rounds' factors to the bit.
type Shapes = HashMap<([i64; 3], Kind, Vec<[u64; 3]>), Known>;

/// The program's, like the GPUs. A lock for each: whoever waits for a GPU may have to wait for what another thread gives to another.
static KNOWN: Mutex<BTreeMap<usize, Arc<Mutex<Shapes>>>> = Mutex::new(BTreeMap::new());

fn shapes_of(device: usize) -> Arc<Mutex<Shapes>> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(device).or_default().clone()
}

/// What has been decided so far, the smallest stacks of each GPU first.
pub fn decisions() -> Vec<Decision> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let of_one = |shapes: &Arc<Mutex<Shapes>>| {
        let shapes = shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let decisions = shapes.values().map(|known| known.decision.clone());
        let mut decisions: Vec<Decision> = decisions.collect();
        decisions.sort_by_key(|decision| (decision.size.iter().product::<i64>(), decision.size));
        decisions
    };
    known.values().flat_map(of_one).collect()
}
// ANCHOR_END: known

// ANCHOR: orthogonalise
/// Orthogonalises N matrices (N, R, C), computing in `compute`; the result has the stack's kind.
///
/// # Errors
/// `NotCovered` for a stack that is not on a GPU or is too large, and what libtorch or the driver refuses.
pub fn orthogonalise(
    stack: &Tensor,
    iteration: &Iteration,
    compute: Kind,
) -> Result<Tensor, Error> {
    let Device::Cuda(device) = stack.device() else {
        return Err(not_covered(format!("a stack on {:?}", stack.device())));
    };
    let size = stack.size();
    if size.len() != 3 || stack.numel() == 0 || stack.numel() as i64 > LARGEST {
        return Err(not_covered(format!("a stack of {size:?}")));
    }
    let tall = size[1] > size[2];
    let lying = |x: &Tensor| match tall {
        true => x.transpose(-2, -1),
        false => x.shallow_clone(),
    };
    let mut x = lying(&stack.f_to_kind(compute)?); // (N, m, n)
    let norm = x.f_linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None)?; // (N, 1, 1)
    x = x.f_div(&(norm * iteration.room + iteration.eps))?;

    let shape = [size[0], size[1].min(size[2]), size[1].max(size[2])];
    let bits = |&(a, b, c): &(f64, f64, f64)| [a, b, c].map(f64::to_bits);
    let factors = iteration.polynomials.iter().map(bits).collect();
    let shapes = shapes_of(device);
    let mut shapes = shapes.lock().unwrap_or_else(PoisonError::into_inner);
    let known = match shapes.entry((shape, compute, factors)) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let polynomials = iteration.polynomials.clone();
            let rounds = Rounds::new(shape, polynomials, compute, stack.device())?;
            entry.insert(decide(device, rounds, shape)?)
        }
    };
    known.rounds.input().f_copy_(&x)?;
    match known.graph.as_ref().map(Recorded::start) {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            known.graph = None;
            known.decision.by_graph = Err(error.to_string());
            known.decision.graph = false;
            known.rounds.run()?;
        }
        None => known.rounds.run()?,
    }
    // A copy, because the next stack of this shape overwrites it.
    let result = Tensor::f_empty(&size, (stack.kind(), stack.device()))?;
    lying(&result).f_copy_(known.rounds.output())?;
    Ok(result)
}

fn not_covered(reason: String) -> Error {
    Error::NotCovered {
        kernel: "orthogonalise",
        reason,
    }
}
// ANCHOR_END: orthogonalise

// ANCHOR: decide
/// How often each way is timed, in turns.
const TURNS: usize = 5;

/// Times the rounds of a shape both ways.
fn decide(device: usize, mut rounds: Rounds, size: [i64; 3]) -> Result<Known, Error> {
    let x = some(device, size)?;
    timed(device, &rounds.input(), &x, || rounds.run())?; // the first run loads machine code
    let recorded = Recorded::of(device, || rounds.run());
    let tried = recorded.and_then(|graph| Ok((in_turns(device, &mut rounds, &graph, &x)?, graph)));
    let (graph, by_launches, by_graph) = match tried {
        Ok(((launches, seconds, true), graph)) => {
            let pays = seconds < FASTER * launches;
            (pays.then_some(graph), launches, Ok(seconds))
        }
        Ok(((launches, _, false), _)) => {
            let why = "its numbers are not those of single launches";
            (None, launches, Err(why.to_string()))
        }
        Err(error) => {
            let launches = timed(device, &rounds.input(), &x, || rounds.run())?;
            (None, launches, Err(error.to_string()))
        }
    };
    let decision = Decision {
        size,
        by_launches,
        by_graph,
        graph: graph.is_some(),
    };
    Ok(Known {
        rounds,
        graph,
        decision,
    })
}

/// The median seconds of single launches and of the graph, and whether all results had the same bits.
fn in_turns(
    device: usize,
    rounds: &mut Rounds,
    graph: &Recorded,
    x: &Tensor,
) -> Result<(f64, f64, bool), Error> {
    let input = rounds.input();
    let (mut launches, mut graphs, mut same) = ([0.0; TURNS], [0.0; TURNS], true);
    let mut want = rounds.output().f_empty_like()?;
    for turn in 0..TURNS {
        launches[turn] = timed(device, &input, x, || rounds.run())?;
        want.f_copy_(rounds.output())?;
        graphs[turn] = timed(device, &input, x, || graph.start())?;
        same &= rounds.output().f_equal(&want)?;
    }
    let [launches, graphs] = [launches, graphs].map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[TURNS / 2]
    });
    Ok((launches, graphs, same))
}

/// Seconds of `work` from an idle GPU to an idle GPU, with `x` as what goes in.
fn timed(
    device: usize,
    input: &Tensor,
    x: &Tensor,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<f64, Error> {
    input.shallow_clone().f_copy_(x)?;
    tch::Cuda::synchronize(device as i64);
    let begin = Instant::now();
    work()?;
    tch::Cuda::synchronize(device as i64);
    Ok(begin.elapsed().as_secs_f64())
}

/// A stack of Frobenius norm 1. Not the one that is waiting: the first gradients of a model whose last layers begin at zero are zeros,
/// and any graph is right about zeros.
fn some(device: usize, size: [i64; 3]) -> Result<Tensor, Error> {
    let numbers: i64 = size.iter().product();
    let x = Tensor::f_arange(numbers, (Kind::Float, Device::Cuda(device)))?;
    let x = x.f_sin()?.f_view(size)?;
    Ok(x.f_div(&x.f_norm()?)?)
}
// ANCHOR_END: decide
