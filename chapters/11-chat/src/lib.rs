// ANCHOR: modules
//! Chapter 11: talking to the model, in a terminal and over HTTP.
//!
//! Read `model` (what is loaded), `tool` (what it may call), `fitting` (what fits into the context), `session` (the conversation), `answer` (from
//! tokens to text while they arrive). For the terminal then `screen`, `command`, `input`, `transcript`, `terminal`, `one_shot`,
//! `options`. For the server `job` (what passes between its two threads), `queue`, `writing`, `scheduler`; on
//! the HTTP side `limits`, `refusal`, `request`, `message_json`, `token_json`, `reply`, `body`, `routes`, `access`, `page`,
//! `connections`, `stats`; and `server` and `serve`, which put it together.

mod access;
mod answer;
mod body;
pub mod command;
mod connections;
mod error;
mod fitting;
mod input;
mod job;
pub mod limits;
mod message_json;
mod model;
mod one_shot;
mod options;
mod page;
mod queue;
mod refusal;
mod reply;
mod request;
mod routes;
mod scheduler;
mod screen;
mod serve;
mod server;
mod session;
mod stats;
mod terminal;
mod token_json;
mod tool;
mod transcript;
mod writing;

pub use answer::{Answer, Event};
pub use connections::Patience;
pub use error::Error;
pub use fitting::{Fitted, Unfit, fit};
pub use input::{is_complete, unfold};
pub use model::{Model, find_model};
pub use one_shot::one_shot;
pub use options::{ChatOptions, talk};
pub use page::{PAGE, policy};
pub use refusal::Refusal;
pub use request::{ChatRequest, CompletionRequest};
pub use screen::{Screen, speed};
pub use serve::{ServeOptions, serve};
pub use server::{Server, ServerSettings, Stopper};
pub use session::{ChatSettings, Reply, Session, ask, regenerate};
pub use terminal::{Stop, respond, terminal};
pub use tool::{Python, Tools};
// ANCHOR_END: modules
