// ANCHOR: head
//! The chat in the terminal: lines with editing and history, an answer that streams, and a Ctrl-C that stops the answer
//! and not the program.

use crate::command::{Command, HELP, status};
use crate::input::{Folding, HISTORY, history_file, unfold};
use crate::{Error, Event, Reply, Screen, Session, ask, regenerate, speed, transcript};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
// ANCHOR_END: head

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
    let config = Config::builder()
        .auto_add_history(true)
        .max_history_size(HISTORY)
        .map_err(failed)?
        .build();
    let mut editor: Editor<Folding, FileHistory> = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Folding));
    // Only what a person typed is worth keeping.
    let history = history_file().filter(|_| std::io::stdin().is_terminal());
    if let Some(file) = &history {
        let _ = editor.load_history(file); // the first chat has none
    }
    screen.note(&format!("{}; /help for help", status(&session.settings)))?;
    loop {
        match editor.readline("you ▸ ") {
            Ok(text) => {
                // At once, not at the end: a chat may be killed.
                remember(&mut editor, &history);
                if respond(session, &unfold(&text), stop, screen)?.is_break() {
                    return Ok(());
                }
            }
            Err(ReadlineError::Interrupted) => screen.note("[/quit or Ctrl-D leaves]")?,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// A chat without a history is still a chat, so nothing here is an error.
fn remember(editor: &mut Editor<Folding, FileHistory>, file: &Option<PathBuf>) {
    let Some(file) = file else { return };
    if let Some(folder) = file.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor.append_history(file);
}
// ANCHOR_END: terminal

// ANCHOR: respond
/// Does what a message asks for; `Break` ends the chat.
pub fn respond<W: Write>(
    session: &mut Session<'_>,
    message: &str,
    stop: &Stop,
    screen: &mut Screen<W>,
) -> Result<ControlFlow<()>, Error> {
    match Command::parse(message) {
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
        Command::TopP(value) => {
            session.settings.top_p = value.unwrap_or(session.settings.top_p);
            screen.note(&status(&session.settings))?;
        }
        Command::System(text) => {
            if let Some(text) = text {
                session.system = Some(text).filter(|text| !text.is_empty());
            }
            let text = session.system.as_deref().unwrap_or("none");
            screen.note(&format!("[instructions: {text}]"))?;
        }
        Command::Save(file) => {
            match transcript::save(&file, session.system.as_deref(), session.messages()) {
                Ok(()) => screen.note(&format!("[saved to {}]", file.display()))?,
                Err(error) => screen.note(&format!("[{error}]"))?,
            }
        }
        Command::Load(file) => match transcript::load(&file) {
            Ok((system, messages)) => {
                let turns = turns(messages.len() / 2);
                session.resume(system, messages);
                screen.note(&format!("[{turns} from {}]", file.display()))?;
            }
            Err(error) => screen.note(&format!("[{error}]"))?,
        },
        Command::Wrong(what) => screen.note(&what)?,
        Command::Say(question) => answer(session, Some(&question), stop, screen)?,
        Command::Regenerate => answer(session, None, stop, screen)?,
    }
    Ok(ControlFlow::Continue(()))
}
// ANCHOR_END: respond

// ANCHOR: answer
/// Asks and streams the answer; without a question, the last one again. A question that is too long is told and not the
/// end of the chat, and so are instructions.
fn answer<W: Write>(
    session: &mut Session<'_>,
    question: Option<&str>,
    stop: &Stop,
    screen: &mut Screen<W>,
) -> Result<(), Error> {
    if question.is_none() && session.messages().is_empty() {
        return screen.note("[nothing was asked yet]");
    }
    stop.take(); // a Ctrl-C from before the question does not count
    screen.aside("crab ▸ ")?;
    let mut shown = Ok(());
    let mut show = |event: &Event| {
        shown = screen.show(event);
        match shown.is_err() || stop.take() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let reply = match question {
        Some(question) => ask(session, question, &mut show).map(Some),
        None => regenerate(session, &mut show),
    };
    shown?;
    match reply {
        Ok(Some(reply)) => end(&reply, screen),
        Ok(None) => Ok(()),
        Err(error @ (Error::QuestionTooLong { .. } | Error::InstructionsTooLong { .. })) => {
            screen.note(&format!("\n[{error}]"))
        }
        Err(error) => Err(error),
    }
}

fn turns(count: usize) -> String {
    match count {
        1 => "1 turn".to_string(),
        _ => format!("{count} turns"),
    }
}

fn end<W: Write>(reply: &Reply, screen: &mut Screen<W>) -> Result<(), Error> {
    screen.end(reply)?;
    if reply.forgotten > 0 {
        screen.note(&format!(
            "[no longer fits into the context and is forgotten: the oldest {}]",
            turns(reply.forgotten)
        ))?;
    }
    screen.note(&format!("[{}]", speed(reply)))
}
// ANCHOR_END: answer
