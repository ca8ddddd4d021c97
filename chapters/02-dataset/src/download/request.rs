// ANCHOR: head
//! One request: redirects followed by hand, the token kept at home, and every answer sorted into "good", "try again" and
//! "give up".
//!
//! The hub answers a request for a large file with a redirect to another host, and *that* answer, not the last one, carries
//! what the file should be: its SHA-256 in `X-Linked-ETag` and its size in `X-Linked-Size`. A client that follows
//! redirects by itself has thrown both away. It also has to know that the token is for the hub and not for the other host.

use std::io::Read;
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use url::{Origin, Url};

use super::error::{Error, Failure};
use super::settings::Settings;

/// So many redirects lead somewhere; more lead in a circle.
const MOST_REDIRECTS: usize = 8;
/// The list of a data set's files is a few kilobytes.
const MOST_LISTED_BYTES: u64 = 8 << 20;
// ANCHOR_END: head

// ANCHOR: client
/// Connections, and who may see the token.
pub struct Client {
    agent: Agent,
    token: Option<String>,
    home: Origin,
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &settings.certificates {
            tls = tls.root_certs(RootCerts::from(certificates(path)?));
        }
        let agent = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(settings.proxy.clone())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Lengths and checksums are those of the file, not of a compressed form of it.
            .accept_encoding("identity")
            .user_agent(concat!("nanocrab/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(settings.silence))
            .timeout_connect(Some(settings.silence))
            .timeout_recv_response(Some(settings.silence))
            .timeout_per_read(Some(settings.silence))
            .build()
            .new_agent();
        Ok(Client {
            agent,
            token: settings.token.clone(),
            home: settings.endpoint.origin(),
        })
    }
}

/// Every certificate of a PEM file.
fn certificates(path: &std::path::Path) -> Result<Vec<Certificate<'static>>, Error> {
    let wrong = |problem: String| Error::Setting {
        name: "SSL_CERT_FILE",
        value: path.display().to_string(),
        problem: format!("{problem}; wanted is a file of certificates in PEM form"),
    };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(wrong("no certificate in it".to_owned()));
    }
    Ok(found)
}
// ANCHOR_END: client

// ANCHOR: promise
/// What the answers on the way said that the file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Promise {
    /// 64 hexadecimal digits, if the hub named them.
    pub sha256: Option<String>,
    pub size: Option<u64>,
    /// What the server that holds the bytes calls this version of them.
    pub tag: Option<String>,
}

impl Promise {
    /// Take over what the hub says in a redirect.
    fn hear(&mut self, headers: &HeaderMap) {
        // An entity tag of the hub is the SHA-256 for large files and a git hash, 40 digits, for small ones.
        let digest = text(headers, "x-linked-etag").map(|tag| {
            tag.trim_start_matches("W/")
                .trim_matches('"')
                .to_lowercase()
        });
        if let Some(digest) = digest.filter(|digest| is_sha256(digest)) {
            self.sha256 = Some(digest);
        }
        let size = text(headers, "x-linked-size").and_then(|size| size.parse().ok());
        self.size = size.or(self.size);
    }
}

fn is_sha256(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
// ANCHOR_END: promise

// ANCHOR: answer
/// A good answer, or a 416.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub promise: Promise,
    /// The length of what follows, if it was said.
    pub length: Option<u64>,
    /// `Content-Range`: the first byte that follows, and the size of the whole.
    pub range: Option<(u64, u64)>,
    pub body: Body,
}

/// From which byte on, provided that the file is still the one called `tag`.
pub(crate) struct Rest<'a> {
    pub start: u64,
    pub tag: Option<&'a str>,
}

impl Client {
    /// Ask for a file, or for the rest of it.
    pub(crate) fn get(&self, address: &Url, rest: Option<Rest<'_>>) -> Result<Answer, Failure> {
        let mut url = address.clone();
        let mut promise = Promise::default();
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.agent.get(url.as_str());
            let at_home = url.origin() == self.home;
            if let Some(token) = self.token.as_ref().filter(|_| at_home) {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if let Some(Rest { start, tag }) = &rest {
                request = request.header("range", format!("bytes={start}-"));
                // With another version of the file the server then sends all of it instead of mixing the two.
                if let Some(tag) = tag {
                    request = request.header("if-range", *tag);
                }
            }
            let response = request.call().map_err(broken)?;
            let (parts, body) = response.into_parts();
            // Only the hub may say what a file of the hub is.
            if at_home {
                promise.hear(&parts.headers);
            }
            match parts.status.as_u16() {
                200 | 206 | 416 => {
                    return Ok(answer(parts.status, &parts.headers, promise, body));
                }
                301 | 302 | 303 | 307 | 308 => {
                    let to = text(&parts.headers, "location").unwrap_or_default();
                    url = next(&url, to)?;
                }
                status => return Err(self.refused(&url, status, &parts.headers)),
            }
        }
        Err(Failure::passing(format!(
            "more than {MOST_REDIRECTS} redirects, the last to {url}"
        )))
    }

    /// A small text, whole.
    pub(crate) fn text(&self, address: &Url) -> Result<String, Failure> {
        let answer = self.get(address, None)?;
        let mut text = String::new();
        answer
            .body
            .into_reader()
            .take(MOST_LISTED_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| Failure::passing(format!("the answer broke off: {error}")))?;
        Ok(text)
    }
}

fn answer(status: StatusCode, headers: &HeaderMap, mut promise: Promise, body: Body) -> Answer {
    let length = text(headers, "content-length").and_then(|length| length.parse().ok());
    // "bytes 100-199/1000"
    let range = text(headers, "content-range").and_then(|range| {
        let (places, size) = range.strip_prefix("bytes ")?.split_once('/')?;
        Some((places.split_once('-')?.0.parse().ok()?, size.parse().ok()?))
    });
    // A weak tag promises the same meaning, not the same bytes.
    promise.tag = text(headers, "etag")
        .filter(|tag| !tag.starts_with("W/"))
        .map(str::to_owned);
    Answer {
        status,
        promise,
        length,
        range,
        body,
    }
}

/// Where a redirect leads. Never from an encrypted address to an open one.
fn next(here: &Url, to: &str) -> Result<Url, Failure> {
    let there = here
        .join(to)
        .map_err(|error| Failure::passing(format!("a redirect to `{to}`: {error}")))?;
    if here.scheme() == "https" && there.scheme() != "https" {
        return Err(Failure::passing(format!(
            "a redirect from https to {there}, which is not followed"
        )));
    }
    Ok(there)
}
// ANCHOR_END: answer

// ANCHOR: refused
impl Client {
    /// An answer that is none: who is to blame, and for how long.
    fn refused(&self, url: &Url, status: u16, headers: &HeaderMap) -> Failure {
        let host = url.host_str().unwrap_or_default();
        let said = format!("{host} answered {status}");
        let at_home = url.origin() == self.home;
        let problem = match status {
            401 | 403 if at_home && self.token.is_none() => format!(
                "{said}: it wants to know who asks; set HF_TOKEN to a token of yours that may read it"
            ),
            401 | 403 if at_home => format!(
                "{said}: the token in HF_TOKEN may not read it; accept the data set's conditions on its page, or use another token"
            ),
            403 | 404 | 410 => format!(
                "{said}: the file is not there (any more); look for its new address, fetch it by hand, and put it under the name at \
                 the beginning of this line"
            ),
            408 | 425 | 429 | 500..=599 => {
                return Failure::Passing {
                    problem: said,
                    wait: text(headers, "retry-after").and_then(wait_of),
                };
            }
            _ => format!("{said}, which no server of these data sets should answer"),
        };
        Failure::Lasting(problem)
    }
}

/// `Retry-After`: seconds, or a date.
fn wait_of(value: &str) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let then = httpdate::parse_http_date(value).ok()?;
            Some(then.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

/// No answer at all.
fn broken(error: ureq::Error) -> Failure {
    let problem = match &error {
        ureq::Error::HostNotFound => unknown_host(),
        // What the system's resolver says has no kind of its own.
        ureq::Error::Io(error) if error.to_string().contains("lookup") => unknown_host(),
        ureq::Error::Timeout(which) => format!("no answer in time ({which})"),
        error => error.to_string(),
    };
    Failure::passing(problem)
}

fn unknown_host() -> String {
    "the host's name is not known here; is there a network, or a proxy to be named in HTTPS_PROXY?"
        .to_owned()
}
// ANCHOR_END: refused
