// ANCHOR: head
//! What a typed message means: something to say, or a command that begins with `/`.

use crate::ChatSettings;
use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: help
/// What `/help` prints.
pub const HELP: &str = "\
/temperature X   0 always takes the likeliest token, 1 draws as the model learnt  (0 to 2)
/topk K          draw among the K likeliest tokens, 0 among all  (0 to 200)
/topp P          draw among the likeliest tokens that together hold this share  (above 0, to 1)
/system TEXT     instructions in front of the conversation; /system off takes them away
/regenerate      another answer to the last question
/save FILE       write the conversation down as JSON
/load FILE       go on from such a file
/clear           forget what was said
/help            this list
/quit            leave (or Ctrl-D)
A line that ends with \\ goes on in the next one; so does everything between two lines of ```.
A message that begins with / is written with //. Ctrl-C stops an answer.";
// ANCHOR_END: help

// ANCHOR: command
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Say(String),
    Nothing,
    Help,
    Clear,
    Regenerate,
    /// `None` asks for the present value.
    Temperature(Option<f64>),
    TopK(Option<usize>),
    TopP(Option<f64>),
    /// `Some("")` takes it away.
    System(Option<String>),
    Save(PathBuf),
    Load(PathBuf),
    Quit,
    /// Not understood; the text says what would be.
    Wrong(String),
}

impl Command {
    /// Reads a message. It is said as it is unless it begins with a single `/`.
    pub fn parse(line: &str) -> Command {
        let line = line.trim();
        if line.is_empty() {
            return Command::Nothing;
        }
        let command = match line.strip_prefix('/') {
            None => return Command::Say(line.to_string()),
            Some(said) if said.starts_with('/') => return Command::Say(said.to_string()),
            Some(command) => command,
        };
        let (name, argument) = match command.split_once(char::is_whitespace) {
            Some((name, argument)) => (name, argument.trim()),
            None => (command, ""),
        };
        match (name, argument) {
            ("help", "") => Command::Help,
            ("clear", "") => Command::Clear,
            ("regenerate", "") => Command::Regenerate,
            ("quit" | "exit", "") => Command::Quit,
            ("temperature", "") => Command::Temperature(None),
            ("topk", "") => Command::TopK(None),
            ("topp", "") => Command::TopP(None),
            ("system", "") => Command::System(None),
            ("system", "off") => Command::System(Some(String::new())),
            ("system", text) => Command::System(Some(text.to_string())),
            ("save" | "load", "") => Command::Wrong(format!("/{name} needs the name of a file")),
            ("save", file) => Command::Save(PathBuf::from(file)),
            ("load", file) => Command::Load(PathBuf::from(file)),
            ("temperature", number) => match number.parse() {
                Ok(value) if (0.0..=2.0).contains(&value) => Command::Temperature(Some(value)),
                _ => Command::Wrong(format!(
                    "the temperature is a number from 0 to 2, not `{number}`"
                )),
            },
            ("topk", number) => match number.parse() {
                Ok(value) if value <= 200 => Command::TopK(Some(value)),
                _ => Command::Wrong(format!(
                    "top k is a whole number from 0 to 200, not `{number}`"
                )),
            },
            ("topp", number) => match number.parse() {
                Ok(value) if value > 0.0 && value <= 1.0 => Command::TopP(Some(value)),
                _ => Command::Wrong(format!(
                    "top p is a share above 0 and up to 1, not `{number}`"
                )),
            },
            ("help" | "clear" | "quit" | "exit" | "regenerate", _) => {
                Command::Wrong(format!("/{name} stands alone, without `{argument}`"))
            }
            _ => Command::Wrong(format!(
                "there is no command /{name}; /help lists them, and // begins a message with /"
            )),
        }
    }
}
// ANCHOR_END: command

// ANCHOR: status
/// The settings in one line.
pub fn status(settings: &ChatSettings) -> String {
    let top_k = match settings.top_k {
        0 => "all tokens".to_string(),
        k => format!("top {k}"),
    };
    let top_p = match settings.top_p {
        p if p < 1.0 => format!(", top p {p}"),
        _ => String::new(),
    };
    format!(
        "temperature {}, {top_k}{top_p}, at most {} tokens",
        settings.temperature, settings.max_tokens
    )
}
// ANCHOR_END: status
