// ANCHOR: head
//! The web page: one file, part of the program, and the policy that a browser holds it to.
//!
//! The page shows what a language model wrote, and a model can be talked into writing anything, `<script>` included. The
//! page puts it on the screen as text, never as HTML; and should it ever fail to, the *Content-Security-Policy* is the
//! second wall. It lists what may run: scripts and styles whose SHA-256 is named, which are the page's own, and
//! connections to this server. Everything else the browser refuses.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
// ANCHOR_END: head

// ANCHOR: page
pub const PAGE: &str = include_str!("../web/index.html");

/// The headers that the page is sent with.
pub fn headers(page: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A window that opened this one cannot reach into it.
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    let policy = HeaderValue::try_from(policy(page));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        // Nothing in a policy can be unfit for a header, and if it were, the strictest one is the right answer.
        policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
    );
    headers
}

/// Nothing is allowed but what is listed.
pub fn policy(page: &str) -> String {
    let scripts = hashes(page, "script");
    let styles = hashes(page, "style");
    format!(
        "default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The SHA-256 of each inline element of a name, exactly as its text stands in the page.
fn hashes(page: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut hashes = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&open) {
        // `<style>` or `<style …>`, but not `<styled>`
        if !after.starts_with(['>', ' ', '\n']) {
            rest = after;
            continue;
        }
        let Some((_, body)) = after.split_once('>') else {
            break;
        };
        let Some((body, after)) = body.split_once(&close) else {
            break;
        };
        hashes.push(format!(
            "'sha256-{}'",
            STANDARD.encode(Sha256::digest(body))
        ));
        rest = after;
    }
    match hashes.is_empty() {
        true => "'none'".to_string(),
        false => hashes.join(" "),
    }
}
// ANCHOR_END: page
