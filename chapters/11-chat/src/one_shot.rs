// ANCHOR: head
//! One question, one answer: `chat -p TEXT`. The answer goes to standard output and nothing else does, so that it can be
//! piped; the speed goes to standard error.

use crate::{Error, Reply, Screen, Session, ask, speed};
use std::io::Write;
use std::ops::ControlFlow;
// ANCHOR_END: head

// ANCHOR: one-shot
/// Asks once and writes the answer as it comes.
pub fn one_shot<W: Write>(
    session: &mut Session<'_>,
    question: &str,
    screen: &mut Screen<W>,
) -> Result<Reply, Error> {
    let mut shown = Ok(());
    let reply = ask(session, question, &mut |event| {
        shown = screen.show(event);
        match shown {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()), // nobody reads any more
        }
    })?;
    shown?;
    screen.end(&reply)?;
    eprintln!("{}", speed(&reply));
    Ok(reply)
}
// ANCHOR_END: one-shot
