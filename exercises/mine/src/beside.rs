//! An answer's tensors beside the chapter's, and its time beside the chapter's time.

use crate::asking::Trouble;
use std::time::Instant;
use tch::{Kind, Tensor};

/// Whether what was found is what is right, tensor for tensor, up to the rounding of `kind`. A tensor that is not defined is a
/// gradient that got lost.
///
/// # Errors
/// The first number that is off, with the name of its tensor.
pub fn near(found: &[Tensor], right: &[Tensor], names: &[&str], kind: Kind) -> Result<(), Trouble> {
    // bf16 has 8 bits of precision and fp32 has 24; both are added up over hundreds of numbers.
    let tolerance = if kind == Kind::Float { 1e-4 } else { 5e-2 };
    for ((found, right), name) in found.iter().zip(right).zip(names) {
        if !found.defined() {
            return Err(Trouble::Wrong(format!("loses {name}")));
        }
        let scale = 1.0 + right.abs().max().double_value(&[]);
        // Written so that a NaN is far from everything.
        let far = (found - right).abs().le(tolerance * scale).logical_not();
        let far = far.flatten(0, -1).nonzero(); // (n, 1)
        if far.size()[0] > 0 {
            let at = far.get(0).int64_value(&[0]);
            let of = |tensor: &Tensor| tensor.flatten(0, -1).double_value(&[at]);
            return Err(Trouble::Wrong(format!(
                "is off in {} of {} numbers: of {name} the first is {:.4} and should be {:.4}",
                far.size()[0],
                found.numel(),
                of(found),
                of(right)
            )));
        }
    }
    Ok(())
}

/// The middle one of five ratios of seconds, taken in turns, or of as many as five seconds allow.
pub fn times_the_chapters(chapters: impl Fn() -> f64, theirs: impl Fn() -> f64) -> f64 {
    let began = Instant::now();
    let mut ratios: Vec<f64> = Vec::new();
    while ratios.is_empty() || (ratios.len() < 5 && began.elapsed().as_secs() < 5) {
        let own = chapters();
        ratios.push(theirs() / own);
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}
