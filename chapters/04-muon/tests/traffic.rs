//! The arithmetic of the traffic, against the operations that an optimizer starts.

mod world;

use muon::traffic::{Link, Piece, Traffic};
use muon::{Collective, Error, Handle, Threads};
use std::cell::Cell;
use std::rc::Rc;
use tch::{Kind, Tensor};

/// Counts what a ring would send.
struct Counted {
    threads: Threads,
    bytes: Rc<Cell<f64>>,
    rounds: Rc<Cell<f64>>,
}

impl Counted {
    /// `pieces`: how many such tensors the whole is made of.
    fn count(&self, tensor: &Tensor, pieces: f64, times: f64) {
        // The comparison of the order at the beginning is not part of a step.
        if tensor.kind() == Kind::Float {
            let (n, bytes) = (self.world() as f64, 4.0 * tensor.numel() as f64 * pieces);
            self.bytes
                .set(self.bytes.get() + times * (n - 1.0) / n * bytes);
            self.rounds.set(self.rounds.get() + times * (n - 1.0));
        }
    }
}

impl Collective for Counted {
    fn rank(&self) -> usize {
        self.threads.rank()
    }

    fn world(&self) -> usize {
        self.threads.world()
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        self.count(&tensor, 1.0, 1.0);
        self.threads.reduce_scatter(tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        self.count(&tensor, self.world() as f64, 1.0);
        self.threads.all_gather(tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        self.count(&tensor, 1.0, 2.0);
        self.threads.all_reduce(tensor)
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        self.threads.broadcast(tensor, root)
    }

    fn barrier(&self) -> Result<(), Error> {
        self.threads.barrier()
    }
}

#[test]
fn the_arithmetic_is_what_a_step_sends() {
    tch::set_num_threads(1);
    for world in [2, 3, 8] {
        let counted = Threads::run(world, |threads| {
            let (bytes, rounds) = (Rc::new(Cell::new(0.0)), Rc::new(Cell::new(0.0)));
            let counted = Counted {
                threads,
                bytes: bytes.clone(),
                rounds: rounds.clone(),
            };
            let mut run = world::build(2025, Box::new(counted));
            world::train(&mut run, 0..1, None).expect("no rank is lost");
            (bytes.get(), rounds.get())
        });
        let (groups, _) = world::groups_named(2025, false);
        let traffic = Traffic::of_step(&Piece::of_groups(&groups), world);
        for (bytes, rounds) in counted {
            assert!(
                (bytes - traffic.bytes).abs() < 1e-6 * bytes,
                "{bytes}, {}",
                traffic.bytes
            );
            assert_eq!(rounds, traffic.rounds);
        }
    }
}

#[test]
fn alone_nothing_is_sent_and_everything_kept() {
    let pieces = Piece::of_seed(20, 1280, 65_536);
    let alone = Traffic::of_step(&pieces, 1);
    assert_eq!(
        (alone.bytes, alone.rounds, alone.orthogonalised),
        (0.0, 0.0, 1.0)
    );
    // 8 bytes for each of 2 · 65,536 · 1,280 entries of tables, 4 for each of 20 · 12 · 1,280² of matrices.
    let expected = 8.0 * 167_772_160.0 + 4.0 * 393_216_000.0;
    assert_eq!(alone.buffers, expected);
    let link = Link {
        bandwidth: 1e9,
        latency: 1e-6,
    };
    assert_eq!(alone.seconds(&link), 0.0);
    let eight = Traffic::of_step(&pieces, 8);
    // Twenty matrices make three each, and so twenty-four: a fifth more than there are.
    let padded = 80.0 * 1_638_400.0 + 2.0 * 24.0 * 6_553_600.0;
    assert_eq!(
        eight.bytes,
        2.0 * 7.0 / 8.0 * 4.0 * (167_772_160.0 + padded)
    );
    assert_eq!(eight.rounds, 70.0);
}
