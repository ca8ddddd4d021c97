//! Which of libtorch's attention programs runs, and the windowed one that tch does not bind.

pub mod backend;
mod banded;
mod windowed;

pub use backend::{Backend, ChangingShapes};
pub use windowed::{Windowed, windowed_attention};
