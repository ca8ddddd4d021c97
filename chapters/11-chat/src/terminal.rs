//! The chat in the terminal: a line with editing and history, an answer that streams, and a Ctrl-C that stops the answer
//! and not the program.

use crate::command::{Command, HELP, status};
use crate::{Error, Event, Screen, Session, ask, speed};
use rustyline::error::ReadlineError;
use rustyline::{Config, Editor, history::MemHistory};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

// ANCHOR: stop
/// Set by Ctrl-C while an answer is being written.
///
/// While a line is being edited the terminal is in raw mode and Ctrl-C is a key like others, which the editor reports;
/// only during an answer it is a signal.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens to Ctrl-C from now on, for the rest of the program.
    pub fn listen() -> Result<Self, Error> {
        let stop = Stop::default();
        let pressed = stop.0.clone();
        ctrlc::set_handler(move || pressed.store(true, Ordering::SeqCst))
            .map_err(|error| Error::Terminal(error.to_string()))?;
        Ok(stop)
    }

    /// Presses it, as Ctrl-C would.
    pub fn press(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
// ANCHOR_END: stop

// ANCHOR: terminal
/// Talks until `/quit`, Ctrl-D or the end of the input.
pub fn terminal<W: Write>(
    session: &mut Session<'_>,
    stop: &Stop,
    screen: &mut Screen<W>,
) -> Result<(), Error> {
    let failed = |error: ReadlineError| Error::Terminal(error.to_string());
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<(), MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    screen.note(&format!("{}; /help for help", status(&session.settings)))?;
    let mut message = String::new();
    loop {
        let prompt = if message.is_empty() {
            "you ▸ "
        } else {
            "    ▸ "
        };
        match editor.readline(prompt) {
            Ok(line) => {
                if let Some(begun) = line.strip_suffix('\\') {
                    message = message + begun + "\n";
                    continue;
                }
                message += &line;
                match respond(session, &std::mem::take(&mut message), stop, screen)? {
                    ControlFlow::Continue(()) => {}
                    ControlFlow::Break(()) => return Ok(()),
                }
            }
            Err(ReadlineError::Interrupted) => {
                message.clear();
                screen.note("[/quit or Ctrl-D leaves]")?;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
    }
}
// ANCHOR_END: terminal

// ANCHOR: respond
/// Does what a line asks for; `Break` ends the chat.
pub fn respond<W: Write>(
    session: &mut Session<'_>,
    line: &str,
    stop: &Stop,
    screen: &mut Screen<W>,
) -> Result<ControlFlow<()>, Error> {
    match Command::parse(line) {
        Command::Nothing => {}
        Command::Quit => return Ok(ControlFlow::Break(())),
        Command::Help => screen.note(HELP)?,
        Command::Clear => {
            session.clear();
            screen.note("[forgotten]")?;
        }
        Command::Temperature(value) => {
            session.settings.temperature = value.unwrap_or(session.settings.temperature);
            screen.note(&status(&session.settings))?;
        }
        Command::TopK(value) => {
            session.settings.top_k = value.unwrap_or(session.settings.top_k);
            screen.note(&status(&session.settings))?;
        }
        Command::Wrong(what) => screen.note(&what)?,
        Command::Say(question) => answer(session, &question, stop, screen)?,
    }
    Ok(ControlFlow::Continue(()))
}

/// Asks and streams the answer. A question that is too long is told and not the end of the chat.
fn answer<W: Write>(
    session: &mut Session<'_>,
    question: &str,
    stop: &Stop,
    screen: &mut Screen<W>,
) -> Result<(), Error> {
    stop.take(); // a Ctrl-C from before the question does not count
    screen.aside("crab ▸ ")?;
    let mut shown = Ok(());
    let reply = ask(session, question, &mut |event: &Event| {
        shown = screen.show(event);
        match shown.is_err() || stop.take() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    shown?;
    match reply {
        Ok(reply) => {
            screen.end(&reply)?;
            if reply.forgotten > 0 {
                screen.note(&format!(
                    "[the {} oldest turns no longer fit into the context and are forgotten]",
                    reply.forgotten
                ))?;
            }
            screen.note(&format!("[{}]", speed(&reply)))
        }
        Err(error @ Error::QuestionTooLong { .. }) => screen.note(&format!("\n[{error}]")),
        Err(error) => Err(error),
    }
}
// ANCHOR_END: respond
