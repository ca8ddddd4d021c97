// ANCHOR: head
//! The waterfall: a step taken apart into parts that follow one another, and their CSV.
//!
//! The parts are those of a logged step: each operation with its backward pass, then what is left of each phase. They add up
//! to the whole step. `chapters/06-hopper/examples/waterfall` draws them.

use std::fmt::Write;

use super::log::{BACKWARD, Breakdown, CLIP, FORWARD, OPTIMIZER};
// ANCHOR_END: head

// ANCHOR: parts
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub label: String,
    pub seconds: f64,
}

/// In a fixed order, so that two steps can be laid side by side; parts that a step does not have are left out.
pub fn parts(breakdown: &Breakdown) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |label: &str, seconds: f64| {
        parts.push(Part {
            label: label.to_string(),
            seconds,
        });
    };
    let model = breakdown
        .operations
        .iter()
        .filter(|time| time.operation.of_the_model());
    for time in model {
        add(time.operation.name(), time.forward + time.backward);
    }
    // Embedding, the second residual addition, and what copies and sums of gradients autograd needs.
    add("rest of forward", breakdown.rest_of(FORWARD));
    add("rest of backward", breakdown.rest_of(BACKWARD));
    if breakdown.phases.iter().any(|(name, _)| *name == CLIP) {
        add(CLIP, breakdown.rest_of(CLIP));
    }
    let optimizer = breakdown
        .operations
        .iter()
        .filter(|time| !time.operation.of_the_model());
    for time in optimizer {
        add(time.operation.name(), time.forward);
    }
    add("stack, gather", breakdown.rest_of(OPTIMIZER));
    add("between", breakdown.between());
    parts
}
// ANCHOR_END: parts

// ANCHOR: csv
/// `kernels,label,milliseconds`: the parts of each step that was taken apart, under the name of its kernels.
pub fn csv(steps: &[(&str, &Breakdown)]) -> String {
    let mut text = "kernels,label,milliseconds\n".to_string();
    for (kernels, breakdown) in steps {
        for Part { label, seconds } in parts(breakdown) {
            let _ = writeln!(text, "{kernels},\"{label}\",{:.3}", 1e3 * seconds);
        }
    }
    text
}
// ANCHOR_END: csv
