//! Where the golden numbers lie, and what "equal" means. Shared by the parity tests.

#![allow(dead_code)] // each test binary uses a part of it

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tch::{Kind, Tensor};

/// A folder (or file) of the golden set: NANOCRAB_GOLDEN, or this crate's own copy.
pub fn golden(name: &str) -> PathBuf {
    let root = match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    root.join(name)
}

pub fn json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub fn tensors(path: &Path) -> HashMap<String, Tensor> {
    transformer::safetensors_io::read_tensors(path)
        .unwrap()
        .into_iter()
        .collect()
}

/// Largest absolute difference.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().to_kind(Kind::Double).double_value(&[])
}

/// ‖a − b‖ / ‖b‖
pub fn relative(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    ((a - &b).norm() / b.norm()).double_value(&[])
}

/// Equal within the limit; and zeros in our place would not have been.
pub fn assert_close(
    what: &str,
    ours: &Tensor,
    golden: &Tensor,
    limit: f64,
    measure: fn(&Tensor, &Tensor) -> f64,
) {
    let off = measure(&ours.detach(), golden);
    assert!(off <= limit, "{what} is off by {off:e}, limit {limit:e}");
    let zeros = measure(&golden.zeros_like(), golden);
    assert!(
        zeros.is_finite() && zeros > limit,
        "{what}: zeros pass this test too ({zeros:e})"
    );
    println!("{what}: off by {off:.1e}, limit {limit:e}, zeros {zeros:.1e}");
}
