// ANCHOR: head
//! What a whole step must do at the least: each of its operations, how often it occurs, and its [`Costs`].
//!
//! The operations are those of a fused step, as [`Timed`](super::timed::Timed) logs them; a test compares how often. What no
//! operation is stands outside: looking up embeddings, smear, backout, the sum behind the MLP, gradients that meet.

use tch::Kind;
use transformer::{Config, Role, Slot, layout, windows};

use super::Operation;
use super::ceilings::Ceilings;
use super::cost::{Cost, Costs, Sizes, adamw, muon_apply, muon_momentum, orthogonalise};
use super::workload::Size;
// ANCHOR_END: head

// ANCHOR: part
/// So many operations of one kind and shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which operation it is.
    pub operation: Operation,
    /// In one step.
    pub times: i64,
    /// Of one of them.
    pub costs: Costs,
}

impl Part {
    fn passes(&self) -> impl Iterator<Item = Cost> {
        [Some(self.costs.forward), self.costs.backward]
            .into_iter()
            .flatten()
    }

    /// Of all of them, forward and backward.
    pub fn cost(&self) -> Cost {
        let times = self.times as f64;
        self.passes().fold(Cost::default(), |sum, pass| Cost {
            flops: sum.flops + times * pass.flops,
            bytes: sum.bytes + times * pass.bytes,
        })
    }

    /// Seconds in which the ceilings would let all of them happen. One pass waits for another, so limits add up.
    pub fn limit(&self, ceilings: &Ceilings) -> f64 {
        let passes = self.passes().map(|pass| ceilings.limit(pass).0);
        self.times as f64 * passes.sum::<f64>()
    }
}

/// All parts of a step.
pub fn step_parts(size: &Size, compute: Kind) -> Vec<Part> {
    let passes = size.accumulation as i64;
    let of_passes = pass_parts(&size.config, size.rows, compute);
    let of_passes = of_passes.into_iter().map(|part| Part {
        times: passes * part.times,
        ..part
    });
    of_passes
        .chain(update_parts(&size.config, compute))
        .collect()
}

/// Bytes that the parts move together.
pub fn bytes(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.cost().bytes).sum()
}

/// What several parts must compute and move together, and the seconds in which the ceilings would let them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Least {
    /// Floating-point operations, and bytes.
    pub cost: Cost,
    /// The sum of their limits.
    pub seconds: f64,
}

impl Least {
    /// Of these parts together.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a Part>, ceilings: &Ceilings) -> Least {
        let mut least = Least::default();
        for part in parts {
            let cost = part.cost();
            least.cost.flops += cost.flops;
            least.cost.bytes += cost.bytes;
            least.seconds += part.limit(ceilings);
        }
        least
    }
}
// ANCHOR_END: part

// ANCHOR: pass
/// One forward and backward pass over `rows` rows.
fn pass_parts(config: &Config, rows: i64, compute: Kind) -> Vec<Part> {
    let sizes = Sizes::new(config, rows, compute);
    let (layers, switches) = (config.layers, &config.switches);
    let mut parts = Vec::new();
    let mut add = |operation, times, costs| {
        if times > 0 {
            parts.push(Part {
                operation,
                times,
                costs,
            });
        }
    };
    for slot in layout(config) {
        if let (Role::Matrix | Role::SmearBackout, &[out, inner]) = (slot.role, &slot.shape[..]) {
            let costs = sizes.linear(inner as f64, out as f64);
            add(Operation::Linear, 1, costs);
        }
    }
    for window in windows(config) {
        let mut costs = sizes.attention();
        let seen = window.map_or(1.0, |window| window as f64 / config.context as f64);
        costs.forward.flops *= seen.min(1.0);
        if let Some(backward) = &mut costs.backward {
            backward.flops *= seen.min(1.0);
        }
        add(Operation::Attention, 1, costs);
    }
    let of_keys = Sizes {
        heads: sizes.kv_heads,
        ..sizes
    };
    add(Operation::RopeQkNorm, layers, sizes.rope_qk_norm());
    add(Operation::RopeQkNorm, layers, of_keys.rope_qk_norm());
    let tables = layout(config);
    let tables = tables.iter().filter(|slot| slot.role == Role::ValueTable);
    add(
        Operation::AddGated,
        tables.count() as i64,
        sizes.add_gated(),
    );
    add(Operation::ReluSquared, layers, sizes.relu_squared());
    // A layer begins with a norm, which is joined with the mix where there is one, and has a second before its MLP.
    let mixes = if switches.residual_scalars { layers } else { 0 };
    add(Operation::MixNorm, mixes, sizes.mix_norm());
    add(Operation::AddNorm, layers, sizes.add_norm());
    // The first and the last of the model.
    add(Operation::RmsNorm, 2 + layers - mixes, sizes.rms_norm());
    add(Operation::HeadLoss, 1, sizes.head_loss());
    parts
}
// ANCHOR_END: pass

// ANCHOR: updates
/// Rounds of Newton–Schulz, or of Polar Express.
const ROUNDS: f64 = 5.0;

/// The optimizer's: AdamW tensor by tensor, Muon by stacks of one shape. Tables are bf16 where activations are.
fn update_parts(config: &Config, compute: Kind) -> Vec<Part> {
    let part = |operation, costs| Part {
        operation,
        times: 1,
        costs,
    };
    let mut stacks: Vec<(Vec<i64>, f64)> = Vec::new(); // a shape, and how many have it
    let mut parts = Vec::new();
    for Slot { role, shape, .. } in layout(config) {
        if role == Role::Matrix {
            match stacks.iter_mut().find(|(known, _)| *known == shape) {
                Some((_, count)) => *count += 1.0,
                None => stacks.push((shape, 1.0)),
            }
            continue;
        }
        let mut costs = adamw(shape.iter().product::<i64>() as f64);
        if matches!(role, Role::Embedding | Role::ValueTable) && compute == Kind::BFloat16 {
            costs.forward.bytes /= 2.0;
        }
        parts.push(part(Operation::AdamW, costs));
    }
    for (shape, count) in stacks {
        let (rows, columns) = (shape[0] as f64, shape[1] as f64);
        let (short, long) = (rows.min(columns), rows.max(columns));
        let numbers = count * rows * columns;
        parts.extend([
            part(Operation::MuonMomentum, muon_momentum(numbers)),
            part(
                Operation::Orthogonalise,
                orthogonalise(count, short, long, ROUNDS),
            ),
            part(Operation::MuonApply, muon_apply(numbers)),
        ]);
    }
    parts
}
// ANCHOR_END: updates
