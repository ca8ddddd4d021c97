//! Chapter 11: talking to the model.
//!
//! Read `model` (what is loaded), `session` (the conversation, and what fits into the context), `answer` (from tokens to
//! text while they arrive), `screen`, `command` and `terminal` (what a person sees and types), `one_shot` (one question
//! from the command line), `options` (putting it together).

// ANCHOR: modules
mod answer;
pub mod command;
mod error;
mod model;
mod one_shot;
mod options;
mod screen;
mod session;
mod terminal;

pub use answer::{Answer, Event};
pub use error::Error;
pub use model::{Model, find_model};
pub use one_shot::one_shot;
pub use options::{ChatOptions, talk};
pub use screen::{Screen, speed};
pub use session::{ChatSettings, Reply, Session, ask};
pub use terminal::{Stop, respond, terminal};
// ANCHOR_END: modules
