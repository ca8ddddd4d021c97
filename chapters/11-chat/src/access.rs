// ANCHOR: head
//! Who may ask: the checks that every request passes before anything else looks at it.
//!
//! Three attackers to think of. *Someone on the network*: the server listens on loopback only, unless told otherwise, and
//! may want a key. *A web page the user happens to visit*: a browser lets it send requests to `localhost`, but not read the
//! answers (no CORS), nor send JSON without asking first (the content type must be JSON). *That page with a name of its own
//! that points to 127.0.0.1* (DNS rebinding): to the browser it is the same origin, so only the `Host` header gives it
//! away.

use crate::server::Service;
use crate::{Refusal, page};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;
// ANCHOR_END: head

// ANCHOR: guard
/// Checks host and key, counts the answer.
pub async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_string();
    let mut response = match check(&service, request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    // No browser shall guess that JSON is a page.
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    service.stats.answered(&path, response.status().as_u16());
    response
}

fn check(service: &Service, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    if let Some(hosts) = &service.hosts {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.or(uri.host()).unwrap_or_default();
        if !hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name_of(host)))
        {
            return Err(Refusal::Host(name_of(host).chars().take(100).collect()));
        }
    }
    let is_open = !uri.path().starts_with("/v1/") && uri.path() != "/stats";
    match &service.key {
        Some(key) if !is_open && !key.fits(headers) => Err(Refusal::Key),
        _ => Ok(()),
    }
}

/// `localhost:8000` -> `localhost`, `[::1]:8000` -> `[::1]`.
fn name_of(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    }
}
// ANCHOR_END: guard

// ANCHOR: key
/// The API key, as its hash: all that is compared has the same length.
pub struct Key([u8; 32]);

impl Key {
    pub fn new(key: &str) -> Self {
        Key(Sha256::digest(key).into())
    }

    /// Compares in a time that does not depend on how much of a guess is right: `==` stops at the first difference, and a
    /// patient stranger can measure where that was.
    fn fits(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let given = given.and_then(|value| {
            let (scheme, key) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
        });
        let hash: [u8; 32] = Sha256::digest(given.unwrap_or_default()).into();
        given.is_some() & bool::from(hash.ct_eq(&self.0))
    }
}
// ANCHOR_END: key

// ANCHOR: page
/// `GET /`
pub async fn show_page() -> Response {
    (page::headers(page::PAGE), page::PAGE).into_response()
}
// ANCHOR_END: page
