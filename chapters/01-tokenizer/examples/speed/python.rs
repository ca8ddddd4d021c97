//! rustbpe and tiktoken, each on request, in a Python process that keeps the documents.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokenizer::Tokenizer;
use tokenizer::pattern::pattern_text;

use crate::clock::Taken;

pub struct Peers {
    /// Which packages Python could load; none without Python.
    have: Vec<String>,
    talk: Option<RefCell<Talk>>,
    _files: TempDir,
}

struct Talk {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    pub fn start(documents: &[String], trained: &Tokenizer) -> Result<Peers> {
        let files = tempfile::tempdir()?;
        let path = |name: &str| files.path().join(name);
        std::fs::write(path("documents.json"), serde_json::to_vec(documents)?)?;
        std::fs::write(path("ranks.tiktoken"), trained.to_tiktoken())?;
        std::fs::write(path("pattern.txt"), pattern_text())?;
        std::fs::write(path("peers.py"), include_str!("peers.py"))?;
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
        let started = Command::new(&python)
            .arg(path("peers.py"))
            .arg(files.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            println!("`{python}` does not start: rustbpe and tiktoken are left out");
            return Ok(Peers {
                have: Vec::new(),
                talk: None,
                _files: files,
            });
        };
        let mut talk = Talk {
            questions: child.stdin.take().context("piped above")?,
            answers: BufReader::new(child.stdout.take().context("piped above")?),
            child,
        };
        let mut have = Vec::new();
        for (name, version) in talk
            .answer()?
            .as_object()
            .context("packages and versions")?
        {
            match version.as_str() {
                Some(version) => {
                    println!("{name} {version}, by {python}");
                    have.push(name.clone());
                }
                None => println!("{name} is left out: {python} has no such package"),
            }
        }
        Ok(Peers {
            have,
            talk: Some(RefCell::new(talk)),
            _files: files,
        })
    }

    pub fn have(&self, package: &str) -> bool {
        self.have.iter().any(|name| name == package)
    }

    /// What Python measured itself, around the call alone.
    pub fn ask(&self, question: &str) -> Result<(Taken, String)> {
        let talk = self.talk.as_ref().context("Python runs")?;
        let mut talk = talk.borrow_mut();
        writeln!(talk.questions, "{question}")?;
        talk.questions.flush()?;
        let answer = talk.answer()?;
        let number = |key: &str| {
            answer[key]
                .as_f64()
                .with_context(|| format!("no `{key}` in {answer}"))
        };
        let taken = Taken {
            seconds: number("seconds")?,
            cpu_seconds: number("cpu_seconds")?,
        };
        Ok((
            taken,
            answer["digest"].as_str().unwrap_or_default().to_string(),
        ))
    }
}

impl Talk {
    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("Python ended; what it said stands above")
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As `peers.py` computes it: 32 bits for each id, low byte first.
pub fn digest_of_ids(ids: &[u32]) -> String {
    let mut hash = Sha256::new();
    for ids in ids.chunks(4_096) {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// As `peers.py` computes it: each token's bytes in hexadecimal, on a line of its own, by rank.
pub fn digest_of_tokens(tokenizer: &Tokenizer) -> String {
    let mut hash = Sha256::new();
    for id in 0..tokenizer.vocabulary().len() as u32 {
        hash.update(hex(tokenizer.token(id).unwrap_or_default()));
        hash.update("\n");
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
