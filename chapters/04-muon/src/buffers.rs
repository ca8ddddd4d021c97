// ANCHOR: head
//! What the optimizer remembers of each weight, and how it gets into a checkpoint and out again.
//!
//! AdamW keeps two moments per weight, Muon one momentum per weight, stacked per group as (N, R, C). With several ranks each
//! keeps those of its own [`Share`]. A checkpoint knows nothing of ranks: it holds whole buffers under their parameters'
//! names, so that a run of eight ranks can go on with two.

use crate::groups::{Group, Method};
use crate::normuon::second_moment_shape;
use crate::sequence::Sequence;
use crate::sharding::Share;
use crate::{Error, Optimizer};
use tch::{Tensor, no_grad_guard};
// ANCHOR_END: head

// ANCHOR: buffers
/// Of one group, this rank's share.
pub(crate) enum Buffers {
    /// (first, second) moment of each parameter.
    AdamW(Vec<(Tensor, Tensor)>),
    Muon {
        /// The momenta of the group's matrices (N, R, C).
        momentum: Tensor,
        /// NorMuon's, (N, R, 1) or (N, 1, C).
        second: Option<Tensor>,
    },
}

impl Buffers {
    /// Zeros for the shares of a group: one for each table, or one for the stack.
    pub fn new(group: &Group, shares: &[Share]) -> Buffers {
        let weights = group.parameters.iter().map(|(_, weight)| weight.detach());
        match group.method {
            Method::AdamW { .. } => {
                let zeros = |(weight, share): (Tensor, &Share)| {
                    let own = share.of(&weight);
                    (own.zeros_like(), own.zeros_like())
                };
                Buffers::AdamW(weights.zip(shares).map(zeros).collect())
            }
            Method::Muon { refinements, .. } => {
                let first = &group.parameters[0].1;
                let (rows, columns) = first.size2().expect("checked with the groups");
                let (count, options) = (shares[0].count as i64, (first.kind(), first.device()));
                let second = refinements
                    .second_moment
                    .map(|_| Tensor::zeros(second_moment_shape(count, rows, columns), options));
                Buffers::Muon {
                    momentum: Tensor::zeros([count, rows, columns], options),
                    second,
                }
            }
        }
    }
}
// ANCHOR_END: buffers

// ANCHOR: state
impl Optimizer {
    /// Every buffer under `PARAMETER::BUFFER`, whole, and the number of steps: what a checkpoint keeps. All ranks must call
    /// it, and help to put the buffers together; the result is rank 0's, for the others it is empty.
    ///
    /// # Errors
    /// A rank that does not join.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, Error> {
        let _guard = no_grad_guard();
        let mut state = Vec::new();
        if self.collective.rank() == 0 {
            state.push(("step".to_string(), Tensor::from_slice(&[self.step])));
        }
        let mut sequence = Sequence::default(); // these are not part of a step
        let mut whole = |share: &Share, name: &str, own: &Tensor| {
            let own = own.shallow_clone();
            let all = share.gather(&*self.collective, &mut sequence, name, own.shallow_clone());
            all.map_or(Ok(own), |all| all.wait())
        };
        for ((group, shares), buffers) in self.groups.iter().zip(&self.shares).zip(&self.buffers) {
            let mut found: Vec<(String, Tensor)> = Vec::new();
            match buffers {
                Buffers::AdamW(moments) => {
                    let parameters = group.parameters.iter().zip(shares);
                    for (((name, _), share), (first, second)) in parameters.zip(moments) {
                        for (buffer, tensor) in [("exp_avg", first), ("exp_avg_sq", second)] {
                            let whole = whole(share, name, tensor)?;
                            found.push((format!("{name}::{buffer}"), whole));
                        }
                    }
                }
                Buffers::Muon { momentum, second } => {
                    let stacks = [
                        ("momentum_buffer", Some(momentum)),
                        ("second_momentum_buffer", second.as_ref()),
                    ];
                    for (buffer, stack) in stacks {
                        let Some(stack) = stack else { continue };
                        let whole = whole(&shares[0], &group.name, stack)?; // (N, R, C)
                        let named = group.parameters.iter().zip(whole.unbind(0));
                        found.extend(
                            named.map(|((name, _), own)| (format!("{name}::{buffer}"), own)),
                        );
                    }
                }
            }
            // One group at a time: the other ranks let go of what they have helped with.
            if self.collective.rank() == 0 {
                state.extend(found);
            }
        }
        Ok(state)
    }
    // ANCHOR_END: state

    // ANCHOR: load
    /// Takes the buffers of a checkpoint over. Every rank is given all of them and keeps its share.
    ///
    /// # Errors
    /// A buffer that is missing, left over, or of another shape is named, and nothing is changed.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), Error> {
        let find = |name: &str| state.iter().find(|(known, _)| known == name);
        let missing = |name: &str| Error::Missing {
            buffer: name.to_string(),
        };
        let (_, step) = find("step").ok_or_else(|| missing("step"))?;
        let slots = self.slots();
        for slot in &slots {
            let (_, found) = find(&slot.name).ok_or_else(|| missing(&slot.name))?;
            if found.size() != slot.shape {
                return Err(Error::BufferShape {
                    buffer: slot.name.clone(),
                    expected: slot.shape.clone(),
                    found: found.size(),
                });
            }
        }
        let known = |name: &str| name == "step" || slots.iter().any(|slot| slot.name == name);
        if let Some((extra, _)) = state.iter().find(|(name, _)| !known(name)) {
            return Err(Error::Extra {
                buffer: extra.clone(),
            });
        }
        let _guard = no_grad_guard();
        for slot in &slots {
            let (_, saved) = find(&slot.name).expect("checked above");
            match &slot.own {
                Some((own, Some(share))) => own.shallow_clone().copy_(&share.of(saved)),
                Some((own, None)) => own.shallow_clone().copy_(saved),
                None => {} // another rank's
            }
        }
        self.step = step.int64_value(&[0]);
        Ok(())
    }

    /// Every buffer that a checkpoint has to hold.
    fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for ((group, shares), buffers) in self.groups.iter().zip(&self.shares).zip(&self.buffers) {
            for (index, (name, weight)) in group.parameters.iter().enumerate() {
                let mut slot = |buffer: &str, shape, own| {
                    let name = format!("{name}::{buffer}");
                    slots.push(Slot { name, shape, own });
                };
                match buffers {
                    Buffers::AdamW(moments) => {
                        let own =
                            |moment: &Tensor| Some((moment.shallow_clone(), Some(shares[index])));
                        slot("exp_avg", weight.size(), own(&moments[index].0));
                        slot("exp_avg_sq", weight.size(), own(&moments[index].1));
                    }
                    Buffers::Muon { momentum, second } => {
                        let place = shares[0].range().position(|matrix| matrix == index);
                        let own =
                            |stack: &Tensor| place.map(|place| (stack.get(place as i64), None));
                        slot(
                            "momentum_buffer",
                            momentum.size()[1..].to_vec(),
                            own(momentum),
                        );
                        if let Some(second) = second {
                            let shape = second.size()[1..].to_vec();
                            slot("second_momentum_buffer", shape, own(second));
                        }
                    }
                }
            }
        }
        slots
    }
}

/// A place for a saved buffer.
struct Slot {
    name: String,
    /// Of the whole buffer.
    shape: Vec<i64>,
    /// This rank's part of it as a view into its buffers, with the share if it is a part only.
    own: Option<(Tensor, Option<Share>)>,
}
// ANCHOR_END: load
