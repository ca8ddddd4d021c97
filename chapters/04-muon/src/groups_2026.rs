// ANCHOR: head
//! The groups of July 2026: six for AdamW, each with rates, betas and decay of its own, and Muon with all refinements.
//!
//! The learning rates go with √batch, `rate_scale`, but for smear and backout. Tables go with `(width / 768)^−½` as well.

use crate::groups::{Group, Method, check, matrix_groups, pick};
use crate::{Error, Refinements};
use tch::Kind;
use transformer::{Parameter, Role};
// ANCHOR_END: head

// ANCHOR: rates
/// The recipe's numbers at width 768 and a batch of 2¹⁹ tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates2026 {
    pub head: f64,
    pub embedding: f64,
    pub value_table: f64,
    pub residual_scalars: f64,
    pub start_scalars: f64,
    pub smear_backout: f64,
    pub matrix: f64,
    /// Muon's weight decay at the first step; [`transformer::dial_2026`] says what it is at which depth.
    pub matrix_decay: f64,
    /// √(batch / 2¹⁹)
    pub rate_scale: f64,
}

impl Default for Rates2026 {
    fn default() -> Self {
        Rates2026 {
            head: 0.008,
            embedding: 0.3,
            value_table: 0.15,
            residual_scalars: 0.005,
            start_scalars: 0.5,
            smear_backout: 0.2,
            matrix: 0.02,
            matrix_decay: 0.28,
            rate_scale: 1.0,
        }
    }
}
// ANCHOR_END: rates

// ANCHOR: groups
/// Head, embedding, what switches bring, then one Muon group per shape of matrix. Groups without tensors are left out.
pub fn groups_2026(
    parameters: &[Parameter],
    width: i64,
    rates: &Rates2026,
    compute: Kind,
) -> Result<Vec<Group>, Error> {
    let scale = rates.rate_scale * table_scale(width);
    let head = (rates.head * scale, (0.8, 0.96), 0.01);
    let embedding = (rates.embedding * scale, (0.8, 0.995), 0.001);
    let mut groups = vec![
        table(parameters, "head", Role::Head, head),
        table(parameters, "embedding", Role::Embedding, embedding),
    ];
    groups.extend(switch_groups(parameters, width, rates));
    let muon = Method::Muon {
        steps: 5,
        nesterov: true,
        compute,
        refinements: Refinements::JULY_2026,
    };
    let lr = rates.matrix * rates.rate_scale;
    groups.extend(matrix_groups(parameters, muon, lr, rates.matrix_decay));
    groups.retain(|group| !group.parameters.is_empty());
    check(&groups)?;
    Ok(groups)
}

// ANCHOR_END: groups

// ANCHOR: switch_groups
/// The groups of the tensors that only switches bring. The seed recipe has no numbers for them and takes these.
pub(crate) fn switch_groups(parameters: &[Parameter], width: i64, rates: &Rates2026) -> Vec<Group> {
    let batch = rates.rate_scale;
    let value_table = rates.value_table * batch * table_scale(width);
    let residual = rates.residual_scalars * batch;
    let start = rates.start_scalars * batch;
    let table = |name, role, numbers| table(parameters, name, role, numbers);
    let mut groups = vec![
        table(
            "value tables",
            Role::ValueTable,
            (value_table, (0.8, 0.995), 0.01),
        ),
        table(
            "residual scalars",
            Role::ResidualScalars,
            (residual, (0.8, 0.95), 0.05),
        ),
        table(
            "start scalars",
            Role::StartScalars,
            (start, (0.96, 0.95), 0.0),
        ),
        table(
            "smear, backout",
            Role::SmearBackout,
            (rates.smear_backout, (0.8, 0.95), 0.0),
        ),
    ];
    groups.retain(|group| !group.parameters.is_empty());
    groups
}

fn table_scale(width: i64) -> f64 {
    (width as f64 / 768.0).powf(-0.5)
}

/// An AdamW group of all tensors of a role, with (learning rate, betas, weight decay).
fn table(
    parameters: &[Parameter],
    name: &str,
    role: Role,
    (lr, betas, weight_decay): (f64, (f64, f64), f64),
) -> Group {
    Group {
        name: name.into(),
        method: Method::AdamW { betas, eps: 1e-10 },
        parameters: pick(parameters, |parameter| parameter.role == role),
        lr,
        weight_decay,
    }
}
// ANCHOR_END: switch_groups
