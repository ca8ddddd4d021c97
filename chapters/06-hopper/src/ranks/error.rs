//! What can go wrong before ranks are together, and what ends them.

use std::path::PathBuf;

// ANCHOR: error
/// Errors name rank, host and port, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{name} is `{value}`, which is {problem}; {remedy}")]
    Variable {
        name: &'static str,
        value: String,
        problem: &'static str,
        remedy: &'static str,
    },
    #[error("{name} is not set, and {because}; {remedy}")]
    Unset {
        name: &'static str,
        because: &'static str,
        remedy: &'static str,
    },
    #[error(
        "rank {rank} of {world}: ranks count from 0 and stay below WORLD_SIZE; mend RANK or WORLD_SIZE"
    )]
    Beyond { rank: usize, world: usize },
    #[error(
        "rank 0 cannot listen at {host}:{port} ({source}); if another program has the port, perhaps an earlier run, end it or choose \
         another MASTER_PORT"
    )]
    Listen {
        host: String,
        port: u16,
        source: std::io::Error,
    },
    #[error(
        "rank {rank} could not reach rank 0 at {host}:{port} for {seconds} seconds ({last}); is rank 0 running there, are \
         MASTER_ADDR and MASTER_PORT the same for all ranks, and does a firewall let the port through?"
    )]
    Unreachable {
        rank: usize,
        host: String,
        port: u16,
        seconds: f64,
        last: String,
    },
    #[error(
        "the ranks {ranks:?} of {world} did not join at {host}:{port} within {seconds} seconds; look at what they say, or start \
         with a smaller WORLD_SIZE"
    )]
    Missing {
        ranks: Vec<usize>,
        world: usize,
        host: String,
        port: u16,
        seconds: f64,
    },
    #[error(
        "rank {rank} came to {host}:{port} with WORLD_SIZE {theirs} where rank 0 has {ours}; start all ranks with the same"
    )]
    Worlds {
        rank: usize,
        host: String,
        port: u16,
        ours: usize,
        theirs: usize,
    },
    #[error("two programs came to {host}:{port} as rank {rank}; give every one a RANK of its own")]
    Doubled {
        rank: usize,
        host: String,
        port: u16,
    },
    #[error(
        "rank {rank} came to {host}:{port} speaking version {theirs} of the rendezvous, rank 0 speaks {ours}; start all ranks from \
         the same program"
    )]
    Versions {
        rank: usize,
        host: String,
        port: u16,
        ours: u32,
        theirs: u32,
    },
    #[error("rank {rank} was turned away by rank 0 at {host}:{port}: {why}")]
    TurnedAway {
        rank: usize,
        host: String,
        port: u16,
        why: String,
    },
    #[error(
        "rank {waiting} waited for {what}, and rank {rank} is gone: {why}; look at what rank {rank} said last"
    )]
    Lost {
        waiting: usize,
        rank: usize,
        why: String,
        what: &'static str,
    },
    #[error(
        "rank {rank} cannot talk to rank {other} ({source}); look at what rank {other} said last"
    )]
    Line {
        rank: usize,
        other: usize,
        source: std::io::Error,
    },
    #[error("rank {rank} cannot be started from {} ({source}); is the program still there?", program.display())]
    Start {
        rank: usize,
        program: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the system refuses to {doing} ({source}); are there too many processes, threads or open files?"
    )]
    System {
        doing: &'static str,
        source: std::io::Error,
    },
    #[error(
        "NCCL, by which GPUs talk to each other, was not found (not in {}): run `cargo course setup` on a machine with an NVIDIA GPU, \
         or choose `--device cpu`",
        looked_at.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoNccl { looked_at: Vec<PathBuf> },
    #[error("{} cannot be used ({said}): run `cargo course doctor`", file.display())]
    Library { file: PathBuf, said: String },
    #[error(
        "rank {rank}: NCCL cannot {doing}: {said}; start once more with NCCL_DEBUG=INFO in the environment, which says more"
    )]
    Nccl {
        rank: usize,
        doing: String,
        said: String,
    },
    #[error(
        "rank {rank}: the NVIDIA driver refuses to {doing} ({said}): `nvidia-smi` shows whether driver and GPU are well"
    )]
    Driver {
        rank: usize,
        doing: &'static str,
        said: String,
    },
    #[error(
        "rank {rank} has no GPU: NCCL speaks between GPUs only; choose `--device cuda`, or sockets for CPUs"
    )]
    NoGpu { rank: usize },
    #[error(transparent)]
    Cuda(#[from] crate::cuda::Error),
}
// ANCHOR_END: error
