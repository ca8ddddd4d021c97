//! A `Collective` between programs over TCP, for CPUs.
//!
//! It is chapter 04's `Threads` with longer ways: every rank has a `Hall` of its own, brings its tensors into it and sends them to rank 0,
//! which passes them on into the halls of the others. So each computes from the same tensors in the same order, and the results are those of
//! `Threads` to the last bit.
//!
//! Simple, and slow: every rank receives every tensor whole, `(n − 1) · S` bytes where a ring takes `2 (n − 1)/n · S`, and all of it goes through
//! rank 0. It is here so that launching, meeting, dying and resuming can be tried with real programs on any machine; GPUs talk
//! through [`Nccl`](super::Nccl).

use std::cell::Cell;
use std::sync::Arc;

use muon::{Call, Collective, Hall, Handle, Operation};
use tch::{Device, Kind, Tensor};

use super::Error;
use super::place::Place;
use super::rendezvous::{Hears, Limits, Rendezvous};
use super::wire::Message;

// ANCHOR: sockets
/// This program's rank among others.
pub struct Sockets {
    hall: Arc<Hall>,
    rendezvous: Rendezvous,
    /// How many operations this rank has started.
    started: Cell<u64>,
}

impl Sockets {
    /// Returns when all ranks have come.
    ///
    /// # Errors
    /// Those of [`Rendezvous::join`].
    pub fn join(place: &Place, limits: &Limits) -> Result<Sockets, Error> {
        let hall = Arc::new(Hall::new(place.world, 1, limits.operation));
        let into_hall = IntoHall(hall.clone());
        Ok(Sockets {
            hall,
            rendezvous: Rendezvous::join(place, limits, Arc::new(into_hall))?,
            started: Cell::new(0),
        })
    }

    fn start(&self, operation: Operation, tensor: &Tensor) -> Handle {
        let number = self.started.get();
        self.started.set(number + 1);
        // A copy: its owner may go on writing.
        let tensor = tensor.detach().to_device(Device::Cpu).copy().contiguous();
        let call = Call {
            operation,
            shape: tensor.size(),
            kind: tensor.kind(),
        };
        let place = self.rendezvous.place();
        let message = Message::Tensor {
            rank: place.rank,
            number,
            operation,
            shape: call.shape.clone(),
            kind: format!("{:?}", call.kind),
        };
        let mut bytes = vec![0; tensor.numel() * call.kind.elt_size_in_bytes()];
        let numel = tensor.numel();
        if let Err(error) = tensor.f_copy_data_u8(&mut bytes, numel) {
            return Handle::new(move || Err(error.into()));
        }
        self.rendezvous.tell(&message, &bytes);
        self.hall.bring(place.rank, number, call, tensor);
        self.hall.handle(place.rank, number)
    }
}
// ANCHOR_END: sockets

// ANCHOR: hears
/// Brings what comes over the wire to the meeting that it is for.
struct IntoHall(Arc<Hall>);

impl Hears for IntoHall {
    fn brought(&self, rank: usize, message: &Message, payload: &[u8]) {
        let Message::Tensor {
            number,
            operation,
            shape,
            kind,
            ..
        } = message
        else {
            return;
        };
        let kind = KINDS
            .into_iter()
            .find(|known| format!("{known:?}") == *kind);
        let tensor = kind.map(|kind| Tensor::f_from_data_size(payload, shape, kind));
        match (kind, tensor) {
            (Some(kind), Some(Ok(tensor))) => {
                let call = Call {
                    operation: *operation,
                    shape: shape.clone(),
                    kind,
                };
                self.0.bring(rank, *number, call, tensor);
            }
            _ => self.0.leave(
                rank,
                "its tensor cannot be read: is it another version of this program?",
            ),
        }
    }

    fn gone(&self, rank: usize, why: &str) {
        self.0.leave(rank, why);
    }
}

/// What a tensor that is sent may consist of.
const KINDS: [Kind; 10] = [
    Kind::Float,
    Kind::BFloat16,
    Kind::Half,
    Kind::Double,
    Kind::Uint8,
    Kind::Int8,
    Kind::Int16,
    Kind::Int,
    Kind::Int64,
    Kind::Bool,
];
// ANCHOR_END: hears

// ANCHOR: collective
impl Collective for Sockets {
    fn rank(&self) -> usize {
        self.rendezvous.place().rank
    }

    fn world(&self) -> usize {
        self.rendezvous.place().world
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        self.start(Operation::ReduceScatter, &tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        self.start(Operation::AllGather, &tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        self.start(Operation::AllReduce, &tensor)
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        self.start(Operation::Broadcast { root }, &tensor)
    }

    fn barrier(&self) -> Result<(), muon::Error> {
        let nothing = Tensor::zeros([0], (Kind::Float, Device::Cpu));
        self.start(Operation::Barrier, &nothing).wait().map(drop)
    }

    fn leave(&self, why: &str) {
        self.rendezvous.leave(why);
    }
}
// ANCHOR_END: collective
