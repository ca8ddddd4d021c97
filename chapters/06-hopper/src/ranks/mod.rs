//! Several ranks as several programs, on one machine or many: what chapter 04's `Collective` is when it leaves the house.
//!
//! From the start of a run to its end: [`place`] reads from the environment which rank this program is, [`launch`] starts
//! programs with such an environment, [`rendezvous`] lets them find each other and stay in touch, over [`wire`]. Then tensors
//! travel: by [`sockets`] between CPUs, slowly and always in the same way, by [`nccl`] between GPUs, through [`nccl_library`].

mod error;
pub mod launch;
pub mod nccl;
pub mod nccl_library;
pub mod place;
pub mod rendezvous;
pub mod sockets;
pub mod wire;

pub use error::Error;
pub use nccl::Nccl;
pub use place::Place;
pub use rendezvous::{Limits, Rendezvous};
pub use sockets::Sockets;
