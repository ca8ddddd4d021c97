// ANCHOR: head
//! The waterfall: a step taken apart into parts that follow one another, and their CSV.
//!
//! The parts are those of a logged step: each operation with its backward pass, then what is left of each phase. They add up
//! to the whole step. `chapters/06-hopper/examples/waterfall` draws them.

use std::fmt::Write;

use super::Operation;
use super::log::{BACKWARD, Breakdown, CLIP, FORWARD, OPTIMIZER};
// ANCHOR_END: head

// ANCHOR: parts
/// A stretch of the step.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// An operation's name, or words for the rest of a phase.
    pub label: String,
    /// `None` for what no operation is.
    pub operation: Option<Operation>,
    /// In one step, forward and backward together.
    pub seconds: f64,
}

/// In a fixed order, so that two steps can be laid side by side; parts that a step does not have are left out.
pub fn parts(breakdown: &Breakdown) -> Vec<Part> {
    let rest = |label: &str, seconds: f64| Part {
        label: label.to_string(),
        operation: None,
        seconds,
    };
    let operations = |of_the_model: bool| {
        let times = breakdown.operations.iter();
        let times = times.filter(move |time| time.operation.of_the_model() == of_the_model);
        times.map(|time| Part {
            label: time.operation.name().to_string(),
            operation: Some(time.operation),
            seconds: time.forward + time.backward,
        })
    };
    let mut parts: Vec<Part> = operations(true).collect();
    // Embedding, the second residual addition, and what copies and sums of gradients autograd needs.
    parts.push(rest("rest of forward", breakdown.rest_of(FORWARD)));
    parts.push(rest("rest of backward", breakdown.rest_of(BACKWARD)));
    if breakdown.phases.iter().any(|(name, _)| *name == CLIP) {
        parts.push(rest(CLIP, breakdown.rest_of(CLIP)));
    }
    parts.extend(operations(false));
    parts.push(rest("stack, gather", breakdown.rest_of(OPTIMIZER)));
    parts.push(rest("between", breakdown.between()));
    parts
}
// ANCHOR_END: parts

// ANCHOR: csv
/// `kernels,label,milliseconds`: the parts of each step that was taken apart, under the name of its kernels.
pub fn csv(steps: &[(&str, &Breakdown)]) -> String {
    let mut text = "kernels,label,milliseconds\n".to_string();
    for (kernels, breakdown) in steps {
        for Part { label, seconds, .. } in parts(breakdown) {
            let _ = writeln!(text, "{kernels},\"{label}\",{:.3}", 1e3 * seconds);
        }
    }
    text
}
// ANCHOR_END: csv
