use super::arrays::{CLOSE, array, tensor};
use judge::{Array, Case, Property, property_of};
use muon::{Collective, Error, Handle, Threads};
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tch::{Kind, Tensor};

/// A name, a weight (rows, 2) and this rank's gradient for it.
pub type Piece = (String, Tensor, Tensor);

/// Of the mean gradient.
pub type Norm = Result<f64, Error>;

pub struct Functions {
    /// Rate and largest norm; gives the norm of the mean gradient. Weights are changed where they lie.
    pub step: fn(&dyn Collective, Vec<Piece>, f64, f64) -> Norm,
}

/// Ranks, rows of each piece, a seed, and whether the step is clipped.
#[derive(Debug, Clone)]
struct Question {
    world: usize,
    rows: Vec<i64>,
    seed: u64,
    clipped: bool,
}

const RATE: f64 = 0.5;

/// One rank to three, one piece to four, of which some can be cut.
fn questions(worlds: std::ops::Range<usize>) -> impl Strategy<Value = Question> {
    let rows = proptest::collection::vec(1i64..7, 1..5);
    (worlds, rows, 0u64..1000, any::<bool>()).prop_map(|(world, rows, seed, clipped)| Question {
        world,
        rows,
        seed,
        clipped,
    })
}

impl Question {
    fn max_norm(&self) -> f64 {
        if self.clipped { 0.5 } else { 1e9 }
    }

    /// What a rank is handed. Nobody else has these weights.
    fn pieces(&self, rank: usize) -> Vec<Piece> {
        let piece = |(number, rows): (usize, &i64)| {
            let seed = self.seed + 100 * number as u64;
            let gradient = tensor(&[*rows, 2], seed + 7000 * (rank as u64 + 1));
            (
                format!("piece {number}"),
                tensor(&[*rows, 2], seed),
                gradient,
            )
        };
        self.rows.iter().enumerate().map(piece).collect()
    }

    /// The norm of the mean gradient, and the weights after the step, one after the other in a row, (1 + Σ rows · 2).
    fn right(&self) -> Array {
        let of_rank: Vec<Vec<Piece>> = (0..self.world).map(|rank| self.pieces(rank)).collect();
        let mean = |number: usize| {
            let gradients = of_rank.iter().map(|pieces| pieces[number].2.reshape([-1]));
            let gradients: Vec<Tensor> = gradients.collect();
            Tensor::stack(&gradients, 0).mean_dim(0, false, Kind::Float)
        };
        let means: Vec<Tensor> = (0..self.rows.len()).map(mean).collect();
        let (means, weights) = (Tensor::cat(&means, 0), in_a_row(&of_rank[0]));
        let norm = means.norm().double_value(&[]);
        let factor = (self.max_norm() / norm).min(1.0);
        with_norm(norm, &(weights - means * (RATE * factor)))
    }

    fn case(&self) -> Case {
        Case::of(&[
            ("ranks", &self.world),
            ("rows of the pieces", &self.rows),
            ("max_norm", &self.max_norm()),
            ("seed", &self.seed),
        ])
    }
}

fn in_a_row(pieces: &[Piece]) -> Tensor {
    let rows: Vec<Tensor> = pieces
        .iter()
        .map(|(_, weight, _)| weight.reshape([-1]))
        .collect();
    Tensor::cat(&rows, 0)
}

fn with_norm(norm: f64, weights: &Tensor) -> Array {
    let norm = Tensor::from_slice(&[norm]).to_kind(Kind::Float);
    array(&Tensor::cat(&[norm, weights.shallow_clone()], 0))
}

/// What a rank has started and waited for.
type Diary = Rc<RefCell<Vec<String>>>;

/// A rank that keeps a diary.
struct Watched {
    ranks: Threads,
    diary: Diary,
}

impl Watched {
    fn written(&self, operation: &'static str, handle: Handle) -> Handle {
        self.diary.borrow_mut().push(format!("start {operation}"));
        let diary = self.diary.clone();
        Handle::new(move || {
            diary.borrow_mut().push(format!("wait {operation}"));
            handle.wait()
        })
    }
}

impl Collective for Watched {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn world(&self) -> usize {
        self.ranks.world()
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        self.written("reduce", self.ranks.reduce_scatter(tensor))
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        // A gather of pieces; the sum of squares is another kind of message.
        let operation = match tensor.dim() {
            2 => "gather",
            _ => "message",
        };
        self.written(operation, self.ranks.all_gather(tensor))
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        self.written("reduce", self.ranks.all_reduce(tensor))
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        self.written("broadcast", self.ranks.broadcast(tensor, root))
    }

    fn barrier(&self) -> Result<(), Error> {
        self.ranks.barrier()
    }
}

/// A rank's norm and weights, and its diary.
type Outcome = Result<(Array, Vec<String>), String>;

/// What the ranks come to, in their order; each is handed its pieces turned round by so many.
fn outcomes(f: &Functions, question: &Question, turned: fn(usize) -> usize) -> Vec<Outcome> {
    let run = |ranks: Threads| -> Outcome {
        let rank = ranks.rank();
        let diary = Diary::default();
        let watched = Watched {
            ranks,
            diary: diary.clone(),
        };
        let pieces = question.pieces(rank);
        let copied = |(name, weight, gradient): &Piece| {
            (name.clone(), weight.shallow_clone(), gradient.copy())
        };
        let mut handed: Vec<Piece> = pieces.iter().map(copied).collect();
        let by = turned(rank) % handed.len();
        handed.rotate_left(by);
        let norm = (f.step)(&watched, handed, RATE, question.max_norm());
        let norm = norm.map_err(|error| format!("rank {rank} says: {error}"))?;
        Ok((with_norm(norm, &in_a_row(&pieces)), diary.take()))
    };
    // Patience for milliseconds of work. Rank 0 stays on this thread, so that its panic is told with its place.
    let mut ranks = Threads::with_patience(question.world, Duration::from_secs(3)).into_iter();
    let first = ranks.next().expect("one rank at least");
    let run = &run;
    std::thread::scope(|scope| {
        let others: Vec<_> = ranks.map(|rank| scope.spawn(move || run(rank))).collect();
        let mut outcomes = vec![run(first)];
        for other in others {
            outcomes.push(other.join().unwrap_or(Err("a rank panicked".into())));
        }
        outcomes
    })
}

/// The whole of what rank 0 comes to, and that the others have come to the same.
fn all_alike(outcomes: Vec<Outcome>) -> Result<Array, String> {
    let results: Vec<(Array, Vec<String>)> = outcomes.into_iter().collect::<Result<_, _>>()?;
    let (first, _) = &results[0];
    let Some(rank) = results.iter().position(|(other, _)| other != first) else {
        return Ok(first.clone());
    };
    let other = &results[rank].0;
    Err(match first.values[0] == other.values[0] {
        true => {
            format!("rank 0 has the weights {first:?}, and rank {rank} {other:?} (behind the norm)")
        }
        false => format!(
            "the norm is {} on rank 0 and {} on rank {rank}",
            first.values[0], other.values[0]
        ),
    })
}

fn is_right(f: &Functions, question: &Question, turned: fn(usize) -> usize) -> judge::Checked {
    let case = question.case();
    let mut found = None;
    case.obeys(|| {
        found = Some(all_alike(outcomes(f, question, turned))?);
        Ok(())
    })?;
    case.near(&question.right(), CLOSE, || found.expect("it obeyed"))
}

/// Whether everything of a kind is started before the first of it is waited for.
fn started_first(diary: &[String], kind: &str) -> bool {
    let (start, wait) = (format!("start {kind}"), format!("wait {kind}"));
    let last_start = diary.iter().rposition(|line| *line == start);
    let first_wait = diary.iter().position(|line| *line == wait);
    match (last_start, first_wait) {
        (Some(last), Some(first)) => last < first,
        _ => true,
    }
}

const RUNS: u32 = 24;

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            RUNS,
            "one rank alone takes a clipped step (norm, then weights)",
            || questions(1..2),
            |f: &Functions, question| is_right(f, &question, |_| 0),
        ),
        property_of(
            RUNS,
            "ranks take the step of one rank with the mean gradient, all of them",
            || questions(2..4),
            |f: &Functions, mut question| {
                question.clipped = false;
                is_right(f, &question, |_| 0)
            },
        ),
        property_of(
            RUNS,
            "clipped, too: the norm is that of the whole mean gradient",
            || questions(2..4),
            |f: &Functions, mut question| {
                question.clipped = true;
                is_right(f, &question, |_| 0)
            },
        ),
        property_of(
            RUNS,
            "ranks that are handed their pieces in another order take the same step",
            || questions(2..4),
            |f: &Functions, question| is_right(f, &question, |rank| rank),
        ),
        property_of(
            RUNS,
            "nothing is waited for before all of its kind is on its way",
            || questions(2..4),
            |f: &Functions, question| {
                question.case().obeys(|| {
                    let all: Vec<(Array, Vec<String>)> = outcomes(f, &question, |_| 0)
                        .into_iter()
                        .collect::<Result<_, _>>()?;
                    let diary = &all[0].1;
                    let late = ["reduce", "gather"]
                        .into_iter()
                        .find(|kind| !started_first(diary, kind));
                    match late {
                        None => Ok(()),
                        Some(kind) => Err(format!(
                            "a {kind} is waited for while another has not been started: {}",
                            diary.join(", ")
                        )),
                    }
                })
            },
        )
        .holds_for_constants(),
    ]
}
