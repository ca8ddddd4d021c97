//! bf16 and fp8: who is stored in what, and where it is cast.

pub mod bf16;
pub mod fp8;
mod kept;
pub mod live_bytes;
pub mod memory_model;
mod products;

pub use products::Products;
