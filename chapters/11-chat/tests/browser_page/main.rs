//! The web page in a real browser, with a server that plays a part: what a person can do, and what a model can not.

mod access;
#[path = "../browser/mod.rs"]
mod browser;
mod looks;
mod replies;
mod storage;
mod text;
mod trouble;
mod xray;

use browser::{Answer, Asked, Scripted, token};
use std::io;
use std::sync::Mutex;

/// Says what was said.
pub fn echo(asked: &Asked, answer: &mut Answer) -> io::Result<()> {
    answer.begin()?;
    answer.say("You said: ")?;
    answer.say(asked.question())?;
    answer.end("stop")
}

/// Says how many replies it has given.
fn count(_: &Asked, answer: &mut Answer, given: &Mutex<usize>) -> io::Result<()> {
    let mut given = given.lock().unwrap();
    *given += 1;
    answer.begin()?;
    answer.say(&format!("Reply number {given}."))?;
    answer.end("stop")
}

pub fn counting() -> Scripted {
    let given = Mutex::new(0);
    Scripted::start(move |asked, answer| count(asked, answer, &given))
}

/// A reply of four tokens of different kinds.
pub fn four_tokens(_: &Asked, answer: &mut Answer) -> io::Result<()> {
    answer.begin()?;
    answer.token(&token("The", 1.0, &[("The", 1.0)]))?;
    let likeliest = [
        (" fish", 0.5),
        (" crab", 0.25),
        (" sea", 0.1),
        ("\n", 0.05),
        (".", 0.04),
        (" <b>", 0.03),
    ];
    answer.token(&token(" crab", 0.25, &likeliest))?;
    answer.token(&token(" swims", 0.01, &likeliest))?;
    answer.token(&token("\n", 0.05, &likeliest))?;
    answer.end("stop")
}
