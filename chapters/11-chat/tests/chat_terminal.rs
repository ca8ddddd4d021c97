//! The program in a terminal: a pseudo-terminal of the test's own, at whose other end it types and reads.
//!
//! Nothing here waits for time to pass. Each step waits for the words that show that the last one has happened.
#![cfg(unix)]

mod babbler;

use babbler::babbler;
use rustyline::history::{FileHistory, History, SearchDirection};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tokenizer::Special;

/// What Ctrl-C sends: to the program as a key in raw mode, as SIGINT otherwise. The terminal decides.
const CTRL_C: &str = "\x03";
const UP: &str = "\x1b[A";
const ENTER: &str = "\r";

/// Far more than an answer takes until it is stopped, so that only a Ctrl-C can have stopped it.
const CONTEXT: i64 = 1 << 14;

/// For one step, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// All that was on the screen, and how much of it has been looked at.
    seen: String,
    looked_at: usize,
    /// The beginning of a character whose end has not come yet.
    bytes: Vec<u8>,
}

impl Terminal {
    /// Starts the program as a shell would: it leads a session whose terminal is ours.
    fn start(folder: &Path) -> Terminal {
        let (mut ours, mut its) = (-1, -1);
        let mut size = libc::winsize {
            ws_row: 24,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let null = std::ptr::null_mut();
        // SAFETY: the two numbers and the size are valid for writing and reading; no name and no settings are asked for.
        let opened = unsafe {
            libc::openpty(
                &mut ours,
                &mut its,
                null,
                std::ptr::null_mut(),
                &raw mut size,
            )
        };
        assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: `openpty` has just opened both, and nobody else knows them.
        let (ours, its) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(its)) };
        let end = || its.try_clone().expect("another handle");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command
            .arg("--model")
            .arg(folder)
            .args(["--temperature", "0", "--max-tokens", "1000000"])
            .env("NANOCRAB_HOME", folder)
            .env("NO_COLOR", "1")
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        // SAFETY: between fork and exec only these two calls are made, which allocate nothing.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("the program starts");
        let keyboard = File::from(ours);
        let mut output = keyboard.try_clone().expect("another handle");
        let (show, screen) = channel();
        // It ends when the last handle on the other end is closed: the program's and, with `command`, ours.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if show.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            child,
            keyboard,
            screen,
            seen: String::new(),
            looked_at: 0,
            bytes: Vec::new(),
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits until these words stand behind everything that was waited for so far; what stands between.
    fn wait_for(&mut self, words: &str) -> String {
        let started = Instant::now();
        loop {
            if let Some(at) = self.seen[self.looked_at..].find(words) {
                let before = self.seen[self.looked_at..][..at].to_string();
                self.looked_at += at + words.len();
                return before;
            }
            self.read(started, words);
        }
    }

    /// Waits until something more is on the screen than what has been looked at.
    fn wait_for_more(&mut self, letters: usize) {
        let started = Instant::now();
        while self.seen.len() < self.looked_at + letters {
            self.read(started, "more");
        }
    }

    fn read(&mut self, since: Instant, wanted: &str) {
        let left = PATIENCE.saturating_sub(since.elapsed());
        let Ok(bytes) = self.screen.recv_timeout(left) else {
            panic!("no {wanted:?} behind {:?}", tail(&self.seen));
        };
        self.bytes.extend(bytes);
        let whole = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = self.bytes.drain(..whole).collect();
        self.seen += std::str::from_utf8(&text).expect("looked at just now");
    }

    /// Waits until the program has closed its end of the terminal; its exit code.
    fn end(mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(started.elapsed());
            match self.screen.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:?}", tail(&self.seen)),
            }
        }
        self.child.wait().expect("an end").code()
    }
}

/// The last words on the screen.
fn tail(seen: &str) -> String {
    let letters: Vec<char> = seen.chars().collect();
    letters[letters.len().saturating_sub(400)..]
        .iter()
        .collect()
}

/// A model that never ends an answer by itself: at temperature 0 a special token, of logit 0, is never the likeliest.
fn endless(folder: &Path) {
    let model = babbler(CONTEXT);
    let head = model.gpt.parameters().iter();
    let head = head.filter(|slot| slot.name == "lm_head.weight");
    for slot in head {
        for special in Special::ALL {
            let row = i64::from(model.tokenizer.special(special));
            let _ = tch::no_grad(|| slot.tensor.get(row).zero_());
        }
    }
    transformer::save_folder(&model.gpt, folder).expect("saved");
    let tokenizer = folder.join("tokenizer.json");
    model.tokenizer.save(&tokenizer).expect("saved");
}

#[test]
fn ctrl_c_lines_and_history_in_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    endless(folder.path());
    let mut chat = Terminal::start(folder.path());
    chat.wait_for("/help for help");
    chat.wait_for("you ▸ ");

    // At the prompt Ctrl-C is a key, and says how to leave.
    chat.press(CTRL_C);
    chat.wait_for("[/quit or Ctrl-D leaves]");
    chat.wait_for("you ▸ ");

    // During an answer it is a signal, and stops the answer.
    chat.press("the crab");
    chat.press(ENTER);
    chat.wait_for("crab ▸ ");
    chat.wait_for_more(40);
    chat.press(CTRL_C);
    let answer = chat.wait_for("[stopped]");
    assert!(answer.len() >= 40, "{answer:?}");
    let count = chat.wait_for(" tokens, ");
    let count: i64 = count
        .rsplit('[')
        .next()
        .expect("one")
        .parse()
        .expect(&count);
    assert!((1..CONTEXT / 2).contains(&count), "{count} tokens");
    chat.wait_for("you ▸ ");

    // And not the program: two lines are one message.
    chat.press("one\\");
    chat.press(ENTER);
    chat.press("two");
    chat.press(ENTER);
    chat.wait_for("crab ▸ ");
    chat.wait_for_more(1);
    chat.press(CTRL_C);
    chat.wait_for("[stopped]");
    chat.wait_for("you ▸ ");
    let transcript = folder.path().join("talk.jsonl");
    let save = format!("/save {}", transcript.display());
    chat.press(&save);
    chat.press(ENTER);
    chat.wait_for("[saved to ");
    chat.wait_for("you ▸ ");
    chat.press("/quit");
    chat.press(ENTER);
    assert_eq!(chat.end(), Some(0));

    let saved = std::fs::read_to_string(&transcript).expect("the transcript");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    let said = |index: usize| saved["messages"][index]["content"].clone();
    assert_eq!((said(0), said(2)), ("the crab".into(), "one\ntwo".into()));

    let mut history = FileHistory::new();
    let file = folder.path().join("chat-history");
    history.load(&file).expect("the history");
    let typed: Vec<String> = (0..history.len())
        .map(|index| {
            let entry = history.get(index, SearchDirection::Forward);
            let entry = entry.expect("no error").expect("an entry");
            entry.entry.into_owned()
        })
        .collect();
    assert_eq!(typed, ["the crab", "one\\\ntwo", &save, "/quit"]);

    // The next chat begins where this one ended: the last line, fetched with the arrow, leaves again.
    let mut chat = Terminal::start(folder.path());
    chat.wait_for("you ▸ ");
    chat.press(UP);
    chat.wait_for("/quit");
    chat.press(ENTER);
    assert_eq!(chat.end(), Some(0));
}
