//! The program itself: started as a person starts it, spoken to through its pipes, stopped by a signal.

mod babbler;

use babbler::babbler;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn saved(folder: &Path) {
    let model = babbler(64);
    transformer::save_folder(&model.gpt, folder).expect("saved");
    let tokenizer = folder.join("tokenizer.json");
    model.tokenizer.save(&tokenizer).expect("saved");
}

fn program(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_chat"))
        .args(arguments)
        .arg("--model")
        .arg(folder)
        .env("NANOCRAB_HOME", folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

#[test]
fn a_conversation_through_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    saved(folder.path());
    let mut chat = program(folder.path(), &["--max-tokens", "4"]);
    let typed = "the \\\ncrab\n```\n/quit\n```\n/topp 0.5\n/quit\nnever read\n";
    let mut keyboard = chat.stdin.take().expect("a pipe");
    keyboard.write_all(typed.as_bytes()).expect("written");
    drop(keyboard);
    let output = chat.wait_with_output().expect("an end");
    let screen = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{screen}");
    // Two lines are one message, and what stands in a fence is said, even if it looks like a command.
    assert_eq!(screen.matches("crab ▸ ").count(), 2, "{screen}");
    assert_eq!(screen.matches("top p 0.5").count(), 1, "{screen}");
    assert!(
        !screen.contains("never read"),
        "nothing after /quit: {screen}"
    );
    let history = folder.path().join("chat-history");
    assert!(!history.exists(), "a pipe is nobody's typing");
}

#[test]
fn one_shot_prints_the_answer_only() {
    let folder = tempfile::tempdir().expect("a folder");
    saved(folder.path());
    let ask = || {
        let arguments = ["-p", "the crab", "--max-tokens", "4", "--top-p", "0.9"];
        let output = program(folder.path(), &arguments)
            .wait_with_output()
            .expect("an end");
        assert!(output.status.success());
        (
            output.stdout,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (answer, speed) = ask();
    assert!(speed.contains("tokens/s"), "{speed}");
    assert_eq!(ask().0, answer, "the same seed, the same answer");
    for (wrong, says) in [
        ("--top-p=0", "above 0"),
        ("--temperature=3", "from 0 to 2"),
        ("--max-tokens=0", "at least 1"),
    ] {
        let output = program(folder.path(), &["-p", "x", wrong])
            .wait_with_output()
            .expect("an end");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(says), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_server_ends_well_on_sigterm() {
    let folder = tempfile::tempdir().expect("a folder");
    saved(folder.path());
    let mut server = program(folder.path(), &["serve", "--port", "0", "--name", "crab"]);
    let mut said = BufReader::new(server.stderr.take().expect("a pipe"));
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "it ended");
        if let Some(rest) = line.strip_prefix("http://") {
            break rest.split('/').next().expect("an address").to_string();
        }
    };
    // Nobody has named an address: loopback, and no warning about strangers.
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let health = ureq::get(format!("http://{address}/health")).call();
    let health = health
        .expect("an answer")
        .body_mut()
        .read_to_string()
        .expect("text");
    assert!(health.contains("\"model\":\"crab\""), "{health}");
    let id = server.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(server.wait().expect("an end").code(), Some(0));
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert!(rest.contains("stopping"), "{rest}");
    assert!(!rest.contains("warning"), "{rest}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    saved(folder.path());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = program(folder.path(), &["serve", "--port", &port]).wait_with_output();
    let output = output.expect("an end");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{error}");
    assert!(error.contains(&port) && error.contains("--port"), "{error}");
}
