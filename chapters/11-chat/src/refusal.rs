// ANCHOR: head
//! Why the server says no, in the shape that OpenAI's clients understand.
//!
//! ```text
//! HTTP/1.1 400
//! {"error": {"message": "temperature is 9; it must be from 0 to 2", "type": "invalid_request_error",
//!            "param": "temperature", "code": null}}
//! ```
//!
//! Clients choose their exception by the status, programs choose what to do by `code`, people read `message`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use thiserror::Error;
// ANCHOR_END: head

// ANCHOR: refusal
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A field that is wrong; the message names it and what would do.
    #[error("{message}")]
    Field { param: String, message: String },
    #[error("the body is not a JSON object: {0}")]
    Json(String),
    #[error(
        "the newest message has {tokens} tokens, and the model's context of {context} has room for {room} of them beside \
         an answer; ask with fewer words"
    )]
    TooLong {
        param: &'static str,
        tokens: usize,
        context: usize,
        room: usize,
    },
    #[error(
        "the system message has {tokens} tokens and leaves no room for a question in the model's context of {context}; \
         shorten the system message"
    )]
    SystemTooLong { tokens: usize, context: usize },
    #[error(
        "this server wants an API key; send it as `Authorization: Bearer KEY`, the one it was started with"
    )]
    Key,
    #[error(
        "the host `{0}` is not this server's; use localhost, or start the server with --allow-host {0}"
    )]
    Host(String),
    #[error("there is no model `{asked}` here; this server has `{served}`")]
    Model { asked: String, served: String },
    #[error(
        "there is nothing at {0}; the API is /v1/chat/completions, /v1/completions, /v1/models, /health, /stats"
    )]
    Path(String),
    #[error("{path} does not answer to {method}; send {answered}")]
    Method {
        method: String,
        path: String,
        answered: &'static str,
    },
    #[error("the body is longer than {0} bytes; send less")]
    Body(usize),
    #[error("the body did not arrive within {0} seconds; send it faster")]
    Slow(u64),
    #[error("the body broke off: {0}")]
    Broken(String),
    #[error("the content type must be application/json")]
    ContentType,
    #[error("{waiting} requests are waiting already; try again in {retry_after} seconds")]
    Full { waiting: usize, retry_after: u64 },
    #[error("the server is shutting down; try again when it is back")]
    Stopping,
    #[error("the answer failed: {0}")]
    Failed(String),
}
// ANCHOR_END: refusal

// ANCHOR: meaning
impl Refusal {
    pub fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal::Field {
            param: param.into(),
            message: message.into(),
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Field { .. }
            | Refusal::Json(_)
            | Refusal::TooLong { .. }
            | Refusal::SystemTooLong { .. }
            | Refusal::Broken(_) => StatusCode::BAD_REQUEST,
            Refusal::Key => StatusCode::UNAUTHORIZED,
            Refusal::Host(_) => StatusCode::FORBIDDEN,
            Refusal::Model { .. } | Refusal::Path(_) => StatusCode::NOT_FOUND,
            Refusal::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Refusal::Body(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::Full { .. } | Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn param(&self) -> Option<&str> {
        match self {
            Refusal::Field { param, .. } => Some(param),
            Refusal::TooLong { param, .. } => Some(param),
            // A system message is always the first.
            Refusal::SystemTooLong { .. } => Some("messages[0].content"),
            Refusal::Model { .. } => Some("model"),
            _ => None,
        }
    }

    fn code(&self) -> Option<&'static str> {
        match self {
            Refusal::TooLong { .. } | Refusal::SystemTooLong { .. } => {
                Some("context_length_exceeded")
            }
            Refusal::Key => Some("invalid_api_key"),
            Refusal::Model { .. } => Some("model_not_found"),
            Refusal::Full { .. } => Some("queue_full"),
            _ => None,
        }
    }

    pub fn json(&self) -> Value {
        let kind = match self.status().is_server_error() {
            true => "server_error",
            false => "invalid_request_error",
        };
        json!({"error": {"message": self.to_string(), "type": kind, "param": self.param(), "code": self.code()}})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.json())).into_response();
        let headers = response.headers_mut();
        match &self {
            Refusal::Full { retry_after, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
            }
            Refusal::Key => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // What is left of the body is not read, so the connection is of no further use.
            Refusal::Body(_) | Refusal::Slow(_) | Refusal::Broken(_) => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
// ANCHOR_END: meaning
