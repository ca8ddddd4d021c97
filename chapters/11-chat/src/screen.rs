// ANCHOR: head
//! How an answer looks in a terminal: text as it comes, calls of the tool as such.

use crate::{Error, Event, Reply};
use std::io::{IsTerminal, Write};
use transformer::StopReason;
// ANCHOR_END: head

// ANCHOR: screen
/// Where answers are written, with or without colour.
pub struct Screen<W: Write> {
    out: W,
    colour: bool,
    /// A call has been shown whose result has not come yet. It may never come.
    calling: bool,
}

impl Screen<std::io::Stdout> {
    /// Standard output; coloured if it is a terminal and NO_COLOR is unset.
    pub fn stdout() -> Self {
        let out = std::io::stdout();
        let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Screen {
            out,
            colour,
            calling: false,
        }
    }
}

impl<W: Write> Screen<W> {
    /// A screen without colour on anything that can be written to.
    pub fn plain(out: W) -> Self {
        Screen {
            out,
            colour: false,
            calling: false,
        }
    }

    /// Shows what a token adds, at once: an answer that arrives in blocks feels slow at any speed.
    pub fn show(&mut self, event: &Event) -> Result<(), Error> {
        match event {
            Event::Text(text) if text.is_empty() => {}
            Event::Text(text) => {
                self.close_call()?;
                write!(self.out, "{}", printable(text))?;
            }
            Event::ToolCall(call) => {
                self.close_call()?;
                self.aside(&format!("⟨{}", printable(call)))?;
                self.calling = true;
            }
            Event::ToolResult(result) => {
                self.aside(&format!(" = {}⟩", printable(result)))?;
                self.calling = false;
            }
        }
        self.out.flush()?;
        Ok(())
    }

    /// Ends a call that got no result.
    fn close_call(&mut self) -> Result<(), Error> {
        match std::mem::take(&mut self.calling) {
            true => self.aside("⟩"),
            false => Ok(()),
        }
    }

    /// Words that are not the model's.
    pub fn aside(&mut self, text: &str) -> Result<(), Error> {
        match self.colour {
            true => write!(self.out, "\x1b[2m{text}\x1b[0m")?,
            false => write!(self.out, "{text}")?,
        }
        Ok(())
    }

    /// A line of words that are not the model's.
    pub fn note(&mut self, text: &str) -> Result<(), Error> {
        self.aside(text)?;
        writeln!(self.out)?;
        Ok(())
    }

    /// Ends the answer: a new line, and why it ended if it is not because all was said.
    pub fn end(&mut self, reply: &Reply) -> Result<(), Error> {
        self.close_call()?;
        writeln!(self.out)?;
        match reply.stop {
            StopReason::Token(_) => Ok(()),
            StopReason::MaxTokens => self.note("[cut at the longest answer allowed]"),
            StopReason::ContextFull => {
                self.note("[cut: the model's context is full; /clear begins anew]")
            }
            StopReason::Interrupted => self.note("[stopped]"),
        }
    }
}
/// A model writes any byte there is. A terminal obeys some of them: an escape sequence can set its title, hide text, or
/// fill the clipboard.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' | '\t' => letter,
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            letter => letter,
        })
        .collect()
}
// ANCHOR_END: screen

// ANCHOR: speed
/// `12 tokens, 345 tokens/s`
pub fn speed(reply: &Reply) -> String {
    let (tokens, speed) = (reply.tokens, reply.tokens_per_second());
    format!("{tokens} tokens, {speed:.0} tokens/s")
}
// ANCHOR_END: speed

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_commanded_by_a_model() {
        let mut written = Vec::new();
        let text = Event::Text("a\u{1b}]0;title\u{7}\tb\n".into());
        Screen::plain(&mut written).show(&text).expect("written");
        assert_eq!(
            String::from_utf8(written).expect("text"),
            "a\u{fffd}]0;title\u{fffd}\tb\n"
        );
    }

    #[test]
    fn a_call_is_closed_with_its_result_or_without() {
        let mut written = Vec::new();
        let mut screen = Screen::plain(&mut written);
        for event in [
            Event::ToolCall("1+1".into()),
            Event::ToolResult("2".into()),
            Event::Text(" and ".into()),
            Event::ToolCall("nonsense".into()),
            Event::Text(String::new()),
            Event::Text(" it is".into()),
        ] {
            screen.show(&event).expect("written");
        }
        assert_eq!(
            String::from_utf8(written).expect("text"),
            "⟨1+1 = 2⟩ and ⟨nonsense⟩ it is"
        );
    }
}
// ANCHOR_END: tests
