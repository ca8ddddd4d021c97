// ANCHOR: head
//! Which tensor is trained by which optimizer, and how fast.
//!
//! Muon is for matrices that map activations to activations. Embedding and head are tables, each row of which belongs to one
//! token: those are AdamW's.

use crate::groups_2026::switch_groups;
use crate::{Error, Rates2026, Refinements};
use std::collections::HashSet;
use tch::{Kind, Tensor};
use transformer::{Parameter, Role};
// ANCHOR_END: head

// ANCHOR: group
/// Parameters that are trained alike.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub method: Method,
    /// (name, tensor); a Muon group's tensors have one shape, so that they are orthogonalised in one call.
    pub parameters: Vec<(String, Tensor)>,
    pub lr: f64,
    pub weight_decay: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    AdamW {
        betas: (f64, f64),
        eps: f64,
    },
    Muon {
        /// Newton–Schulz iterations.
        steps: usize,
        nesterov: bool,
        /// The number type of the iteration.
        compute: Kind,
        refinements: Refinements,
    },
}
// ANCHOR_END: group

// ANCHOR: rates
/// The learning rates of October 2025, before scaling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates2025 {
    pub embedding: f64,
    pub head: f64,
    pub matrix: f64,
    /// AdamW's; Muon has none in the seed recipe.
    pub weight_decay: f64,
}

impl Default for Rates2025 {
    fn default() -> Self {
        Rates2025 {
            embedding: 0.2,
            head: 0.004,
            matrix: 0.02,
            weight_decay: 0.0,
        }
    }
}
// ANCHOR_END: rates

// ANCHOR: groups
/// The seed recipe's groups: head and embedding with AdamW, then one Muon group per shape of matrix.
///
/// AdamW's rates were tuned at width 768 and go with `(width / 768)^−½`: a wider model adds up more terms, so each
/// has to move less. Muon's step has the same size in every direction whatever the width; a tall matrix gets
/// `√(rows / columns)` more, which [`crate::Optimizer`] applies, so that `lr` here is the recipe's own number.
pub fn groups_2025(
    parameters: &[Parameter],
    width: i64,
    rates: &Rates2025,
    compute: Kind,
) -> Result<Vec<Group>, Error> {
    let scale = (width as f64 / 768.0).powf(-0.5);
    let adamw = Method::AdamW {
        betas: (0.8, 0.95),
        eps: 1e-10,
    };
    let muon = Method::Muon {
        steps: 5,
        nesterov: true,
        compute,
        refinements: Refinements::NONE,
    };
    let mut tables = Vec::new();
    for (name, role, rate) in [
        ("head", Role::Head, rates.head),
        ("embedding", Role::Embedding, rates.embedding),
    ] {
        let parameters = pick(parameters, |parameter| parameter.role == role);
        tables.push(Group {
            name: name.into(),
            method: adamw,
            parameters,
            lr: rate * scale,
            weight_decay: rates.weight_decay,
        });
    }
    tables.extend(switch_groups(parameters, width, &Rates2026::default()));
    let matrices = matrix_groups(parameters, muon, rates.matrix, 0.0);
    let groups = tables.into_iter().chain(matrices).collect();
    check(&groups)?;
    Ok(groups)
}

// ANCHOR_END: groups

// ANCHOR: matrix_groups
/// A group for every shape of matrix, in the order in which they first appear.
pub(crate) fn matrix_groups(
    parameters: &[Parameter],
    method: Method,
    lr: f64,
    weight_decay: f64,
) -> Vec<Group> {
    let mut shapes: Vec<Vec<i64>> = Vec::new();
    for parameter in parameters
        .iter()
        .filter(|parameter| parameter.role == Role::Matrix)
    {
        let shape = parameter.tensor.size();
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    let group = |shape: Vec<i64>| Group {
        name: format!("matrices {shape:?}"),
        method,
        parameters: pick(parameters, |parameter| {
            parameter.role == Role::Matrix && parameter.tensor.size() == shape
        }),
        lr,
        weight_decay,
    };
    shapes.into_iter().map(group).collect()
}

pub(crate) fn pick(
    parameters: &[Parameter],
    wanted: impl Fn(&Parameter) -> bool,
) -> Vec<(String, Tensor)> {
    let wanted = parameters.iter().filter(|parameter| wanted(parameter));
    wanted
        .map(|parameter| (parameter.name.clone(), parameter.tensor.shallow_clone()))
        .collect()
}
// ANCHOR_END: matrix_groups

// ANCHOR: check
/// Every tensor in one group only, every Muon group of matrices of one shape.
pub(crate) fn check(groups: &Vec<Group>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for group in groups {
        for (name, tensor) in &group.parameters {
            if !seen.insert(name.as_str()) {
                return Err(Error::Twice {
                    tensor: name.clone(),
                    group: group.name.clone(),
                });
            }
            let shape = tensor.size();
            if matches!(group.method, Method::Muon { .. })
                && (shape.len() != 2 || shape != group.parameters[0].1.size())
            {
                return Err(Error::Shape {
                    tensor: name.clone(),
                    group: group.name.clone(),
                    shape,
                });
            }
        }
    }
    Ok(())
}
// ANCHOR_END: check
