// ANCHOR: head
//! The body of a request: JSON, not too long, and not too slow.

use crate::{Refusal, limits};
use axum::extract::Request;
use axum::http::header;
use http_body_util::BodyExt;
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: read
/// So much of a body that is too long is read and thrown away. A client that is still writing does not read, so without
/// this it would meet a broken connection instead of the reason.
const DRAINED: usize = 16 << 20;

/// Reads a body of at most [`limits::BODY_BYTES`].
pub async fn read(request: Request, timeout: Duration) -> Result<Vec<u8>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::ContentType);
    }
    let mut body = request.into_body();
    let all = async {
        let (mut bytes, mut length) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Refusal::Broken(error.to_string()))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            length += data.len();
            if length > DRAINED {
                break;
            }
            if length <= limits::BODY_BYTES {
                bytes.extend_from_slice(data);
            }
        }
        match length <= limits::BODY_BYTES {
            true => Ok(bytes),
            false => Err(Refusal::Body(limits::BODY_BYTES)),
        }
    };
    match tokio::time::timeout(timeout, all).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::Slow(timeout.as_secs().max(1))),
    }
}
// ANCHOR_END: read
