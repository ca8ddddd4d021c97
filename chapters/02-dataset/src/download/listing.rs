// ANCHOR: head
//! Which files a data set on the hub consists of: the hub is asked, and what it says is kept.
//!
//! Sets of rows have been converted to parquet by the hub, into as many files as it liked. Their addresses come as a JSON
//! array. It is written into the cache *before* the files come, so that a second run, or one without a network, knows what
//! belongs to the set.

use std::fs;

use url::Url;

use super::catalogue::{RowSet, cache_of, on_hub};
use super::error::{Error, Failure};
use super::patience::Patience;
use super::request::Client;
use super::settings::{HUB, Settings};
use super::transfer::Wanted;
use super::verify::Form;
// ANCHOR_END: head

// ANCHOR: listing
impl RowSet {
    /// The files of one split, in order.
    pub fn wanted(
        &self,
        split: &str,
        client: &Client,
        settings: &Settings,
    ) -> Result<Vec<Wanted>, Error> {
        let folder = cache_of(&settings.cache, &self.repository)
            .join(&self.config)
            .join(split);
        let list = folder.join("files.json");
        let path = format!(
            "api/datasets/{}/parquet/{}/{split}",
            self.repository, self.config
        );
        let address = on_hub(settings, &path)?;
        let text = match fs::read_to_string(&list) {
            Ok(text) => text,
            Err(_) if settings.offline => {
                return Err(Error::Offline {
                    path: list,
                    address: address.to_string(),
                });
            }
            Err(_) => {
                let text = self.ask(client, &address, settings)?;
                self.addresses(&text, &address)?;
                fs::create_dir_all(&folder).map_err(|error| Error::disk(&folder, error))?;
                tokenizer::atomic_file::write(&list, text.as_bytes())
                    .map_err(|error| Error::disk(&list, std::io::Error::other(error)))?;
                text
            }
        };
        let files = self.addresses(&text, &address)?.into_iter().enumerate();
        files
            .map(|(number, address)| {
                Ok(Wanted {
                    address: through_endpoint(address, settings)?,
                    path: folder.join(format!("{number:05}.parquet")),
                    form: Form::Parquet,
                })
            })
            .collect()
    }

    /// Ask until there is an answer.
    fn ask(&self, client: &Client, address: &Url, settings: &Settings) -> Result<String, Error> {
        let mut patience = Patience::new(settings, self.name.len() as u64);
        loop {
            let failure = match client.text(address) {
                Ok(text) => return Ok(text),
                Err(failure) => failure,
            };
            match patience.after(failure) {
                Ok((_, wait)) => std::thread::sleep(wait),
                Err(Failure::Error(error)) => return Err(error),
                Err(Failure::Lasting(problem) | Failure::Passing { problem, .. }) => {
                    return Err(self.no_list(address, problem));
                }
            }
        }
    }

    /// The array of addresses. An empty one is an error: the set has moved or lost its conversion.
    fn addresses(&self, text: &str, address: &Url) -> Result<Vec<Url>, Error> {
        let addresses: Vec<Url> = serde_json::from_str(text).map_err(|error| {
            self.no_list(address, format!("not a JSON array of addresses: {error}"))
        })?;
        if addresses.is_empty() {
            return Err(self.no_list(address, "an empty list".to_owned()));
        }
        Ok(addresses)
    }

    fn no_list(&self, address: &Url, problem: String) -> Error {
        Error::Listing {
            address: address.to_string(),
            problem,
            page: format!("{HUB}/datasets/{}", self.repository),
        }
    }
}

/// A mirror passes on the hub's list, in which the addresses are the hub's.
fn through_endpoint(address: Url, settings: &Settings) -> Result<Url, Error> {
    match address.as_str().strip_prefix(&format!("{HUB}/")) {
        Some(path) => on_hub(settings, path),
        None => Ok(address),
    }
}
// ANCHOR_END: listing
