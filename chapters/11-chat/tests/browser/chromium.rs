//! Starting Chromium, and its DevTools protocol over a pipe.
//!
//! With `--remote-debugging-pipe` the browser reads JSON from file descriptor 3 and writes it to 4, each message ended by
//! a zero byte. Against the usual WebSocket this needs no port and no library, and the browser ends by itself when the
//! test's process does, however that ends. All tests of a binary share one browser; each has its own profile in it.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];
const ON_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser of this test binary. `None`: there is none on this machine, and the test has said so.
pub fn chromium() -> Option<&'static Chromium> {
    static CHROMIUM: OnceLock<Option<Chromium>> = OnceLock::new();
    let chromium = CHROMIUM.get_or_init(|| find().map(|program| Chromium::start(&program)));
    if chromium.is_none() {
        let message = "skipped: no Chromium found; install the package chromium";
        assert!(
            std::env::var_os("NANOCRAB_NO_SKIP").is_none_or(|value| value != "1"),
            "{message}"
        );
        println!("{message}");
    }
    chromium.as_ref()
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .chain([PathBuf::from(ON_MACOS)])
        .collect();
    candidates.into_iter().find(|program| program.is_file())
}

pub struct Chromium {
    pipe: Mutex<Pipe>,
    mail: Arc<Mutex<Mail>>,
}

struct Pipe {
    to_browser: ChildStdin,
    last_id: u64,
}

#[derive(Default)]
struct Mail {
    /// Calls that wait for their answer.
    answers: HashMap<u64, Sender<Value>>,
    /// Session -> its events.
    events: HashMap<String, Vec<Value>>,
}

impl Chromium {
    fn start(program: &Path) -> Chromium {
        let profile = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("chromium-{}", std::process::id()));
        forget_old_profiles(&profile);
        // The shell moves its ends of our two pipes to 3 and 4, where the browser expects them.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(program)
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                // In a container, and for root, Chromium's own sandbox does not start. Only our page is opened.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
                // A mouse, so that `hover` matches as on a desktop; a test that wants a phone says so.
                "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let to_browser = child.stdin.take().expect("piped");
        let from_browser = child.stdout.take().expect("piped");
        let mail = Arc::new(Mutex::new(Mail::default()));
        let inbox = mail.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(from_browser);
            let mut message = Vec::new();
            while matches!(reader.read_until(0, &mut message), Ok(1..)) {
                message.pop();
                deliver(&inbox, serde_json::from_slice(&message).expect("JSON"));
                message.clear();
            }
            inbox.lock().unwrap().answers.clear(); // whoever waits learns that the browser is gone
            let _ = child.wait();
        });
        Chromium {
            pipe: Mutex::new(Pipe {
                to_browser,
                last_id: 0,
            }),
            mail,
        }
    }

    /// Calls a method of the protocol, for one session (a page) or for the browser itself.
    pub fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let answer = self.send(session, method, params);
        let answer = answer
            .recv_timeout(Duration::from_secs(30))
            .unwrap_or_else(|_| panic!("Chromium does not answer {method}"));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    fn send(&self, session: Option<&str>, method: &str, params: Value) -> Receiver<Value> {
        let (answered, answer) = channel();
        let mut pipe = self.pipe.lock().unwrap();
        pipe.last_id += 1;
        let mut message = json!({"id": pipe.last_id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let id = pipe.last_id;
        self.mail.lock().unwrap().answers.insert(id, answered);
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        pipe.to_browser
            .write_all(&bytes)
            .expect("Chromium is there");
        answer
    }

    /// What has happened in a session so far.
    pub fn events(&self, session: &str) -> Vec<Value> {
        let mail = self.mail.lock().unwrap();
        mail.events.get(session).cloned().unwrap_or_default()
    }
}

fn deliver(mail: &Mutex<Mail>, message: Value) {
    let mut mail = mail.lock().unwrap();
    if let Some(id) = message["id"].as_u64() {
        if let Some(waiting) = mail.answers.remove(&id) {
            let _ = waiting.send(message);
        }
    } else if let Some(session) = message["sessionId"].as_str() {
        mail.events
            .entry(session.to_string())
            .or_default()
            .push(message);
    }
}

/// Nobody is left to remove a profile when its test has ended, so the next run does.
fn forget_old_profiles(own: &Path) {
    let folder = own.parent().expect("in a folder");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_profile = entry.file_name().to_string_lossy().starts_with("chromium-");
        let age = entry.metadata().and_then(|data| data.modified());
        let age = age.ok().and_then(|time| time.elapsed().ok());
        if is_profile && age.is_some_and(|age| age > Duration::from_secs(600)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
