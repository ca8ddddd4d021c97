// ANCHOR: head
//! How to download: what the environment says, and what a caller may change.
//!
//! | variable | meaning |
//! |---|---|
//! | `NANOCRAB_HOME` | where downloads are kept (else the user's cache folder) |
//! | `HF_ENDPOINT` | a mirror of the hub, `https://…` |
//! | `HF_TOKEN` | sent to the hub, and to nobody else |
//! | `HF_HUB_OFFLINE` | `1`: take what is in the cache, ask nobody |
//! | `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` | the way out of a closed network |
//! | `SSL_CERT_FILE` | certificates to trust instead of the built-in ones, where a proxy signs with its own |

use std::path::PathBuf;
use std::time::Duration;

use ureq::Proxy;
use url::Url;

use super::error::Error;

/// The hub of Hugging Face.
pub const HUB: &str = "https://huggingface.co";
// ANCHOR_END: head

// ANCHOR: settings
#[derive(Clone)]
pub struct Settings {
    /// Where files are kept: one folder per data set.
    pub cache: PathBuf,
    /// The hub or a mirror of it.
    pub endpoint: Url,
    pub token: Option<String>,
    pub offline: bool,
    pub proxy: Option<Proxy>,
    /// A file of certificates in PEM form.
    pub certificates: Option<PathBuf>,
    /// Files at a time.
    pub parallel: usize,
    /// Requests in a row that may bring nothing before a file is given up.
    pub attempts: u32,
    /// The wait after the first of them; it doubles with each.
    pub first_wait: Duration,
    /// No wait is longer. A server that asks for more is believed, and the file given up with its answer.
    pub longest_wait: Duration,
    /// A connection over which nothing comes for so long is given up.
    pub silence: Duration,
}

impl Settings {
    /// As the environment says.
    pub fn from_environment() -> Result<Self, Error> {
        let mut settings = Settings::with(&variable)?;
        settings.proxy = Proxy::try_from_env();
        Ok(settings)
    }

    /// As the given variables say, without a proxy.
    pub fn with(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let wanted = variable("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned());
        let wrong = |problem: String| Error::Setting {
            name: "HF_ENDPOINT",
            value: wanted.clone(),
            problem: format!("{problem}; wanted is an address such as {HUB}"),
        };
        let endpoint =
            Url::parse(wanted.trim_end_matches('/')).map_err(|error| wrong(error.to_string()))?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host().is_none() {
            return Err(wrong("it is no web address".to_owned()));
        }
        Ok(Settings {
            cache: cache_folder(variable).join("data"),
            endpoint,
            token: variable("HF_TOKEN").map(|token| token.trim().to_owned()),
            offline: variable("HF_HUB_OFFLINE").is_some_and(|value| means_yes(&value)),
            proxy: None,
            certificates: variable("SSL_CERT_FILE").map(PathBuf::from),
            parallel: 4,
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(120),
            silence: Duration::from_secs(30),
        })
    }
}
// ANCHOR_END: settings

// ANCHOR: environment
/// A variable of the environment; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the hub's own library takes for a yes.
fn means_yes(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())
}

/// `NANOCRAB_HOME`, or the user's cache folder, as `cargo course` has it.
fn cache_folder(variable: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    if let Some(home) = folder("NANOCRAB_HOME") {
        return std::path::absolute(&home).unwrap_or(home);
    }
    let home = folder("HOME").unwrap_or_else(std::env::temp_dir);
    if cfg!(target_os = "macos") {
        return home.join("Library/Caches/nanocrab");
    }
    folder("XDG_CACHE_HOME")
        .unwrap_or_else(|| home.join(".cache"))
        .join("nanocrab")
}
// ANCHOR_END: environment
