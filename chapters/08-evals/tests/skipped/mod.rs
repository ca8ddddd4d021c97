//! What a machine lacks may be a reason to leave a test out, but never in silence where skipping is forbidden.

use std::fmt::Display;

/// Says why a test is left out; with NANOCRAB_NO_SKIP=1 that is a failure.
#[track_caller]
pub fn skip(why: impl Display) {
    let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some_and(|value| value == "1");
    assert!(!forbidden, "skipping is forbidden: {why}");
    println!("skipped: {why}");
}
