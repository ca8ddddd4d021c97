//! Fused operations for CPUs, in Rust.
