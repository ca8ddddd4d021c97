//! Downloads against servers that drop connections, lie, stall, and send people away.

mod arranging;
mod fetching;
mod hub;
mod killed;
mod never_wrong;
mod server;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dataset::download::{Client, Error, Form, Settings, Wanted, Watch, fetch};
use url::Url;

/// Settings that wait for milliseconds, for a hub at `endpoint`.
pub fn settings(cache: &Path, endpoint: &Url) -> Settings {
    let mut settings = Settings::with(&|name| match name {
        "NANOCRAB_HOME" => Some(cache.display().to_string()),
        "HF_ENDPOINT" => Some(endpoint.to_string()),
        _ => None,
    })
    .unwrap();
    settings.first_wait = Duration::from_millis(2);
    settings.longest_wait = Duration::from_secs(2);
    // Far more than a busy machine lets anybody wait.
    settings.silence = Duration::from_secs(20);
    settings
}

/// Remembers why a transfer was tried again.
#[derive(Default)]
pub struct Notes(Mutex<Vec<(String, Duration)>>);

impl Watch for Notes {
    fn waits(&self, _file: &Wanted, why: &str, wait: Duration) {
        self.0.lock().unwrap().push((why.to_owned(), wait));
    }
}

impl Notes {
    pub fn reasons(&self) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        notes.iter().map(|(why, _)| why.clone()).collect()
    }

    pub fn waits(&self) -> Vec<Duration> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(_, wait)| *wait)
            .collect()
    }
}

/// Fetch a list of words to `folder/words.txt`.
pub fn fetch_words(
    folder: &Path,
    address: Url,
    settings: &Settings,
    notes: &Notes,
) -> Result<Vec<u8>, Error> {
    let wanted = words_at(folder, address);
    let client = Client::new(settings).unwrap();
    fetch(&client, &wanted, settings, notes, &AtomicBool::new(false))?;
    Ok(std::fs::read(&wanted.path).unwrap())
}

pub fn words_at(folder: &Path, address: Url) -> Wanted {
    Wanted {
        address,
        path: folder.join("words.txt"),
        form: Form::Words,
    }
}

/// Words, one per line, 350,000 bytes of them: more than one block.
pub fn words() -> Vec<u8> {
    let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
    let mut text = String::new();
    for number in 0..50_000 {
        for power in [1, 26, 676, 17_576] {
            text.push(letter(number / power));
        }
        text.push_str("ly\n");
    }
    text.into_bytes()
}
