//! What a line typed into the chat means: a message, or a command that begins with `/`.

use crate::ChatSettings;

// ANCHOR: help
/// What `/help` prints.
pub const HELP: &str = "\
/temperature X   0 always takes the likeliest token, 1 draws as the model learnt  (0 to 2)
/topk K          draw among the K likeliest tokens, 0 among all
/clear           forget what was said
/help            this list
/quit            leave (or Ctrl-D)
Ctrl-C stops an answer. A line that ends with \\ goes on in the next one.";
// ANCHOR_END: help

// ANCHOR: command
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Say(String),
    Nothing,
    Help,
    Clear,
    /// `None` asks for the present value.
    Temperature(Option<f64>),
    TopK(Option<usize>),
    Quit,
    /// Not understood; the text says what would be.
    Wrong(String),
}

impl Command {
    /// Reads a line. A message is anything that does not begin with `/`.
    pub fn parse(line: &str) -> Command {
        let line = line.trim();
        if line.is_empty() {
            return Command::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else {
            return Command::Say(line.to_string());
        };
        let (name, argument) = match command.split_once(char::is_whitespace) {
            Some((name, argument)) => (name, argument.trim()),
            None => (command, ""),
        };
        match (name, argument) {
            ("help", "") => Command::Help,
            ("clear", "") => Command::Clear,
            ("quit" | "exit", "") => Command::Quit,
            ("temperature", "") => Command::Temperature(None),
            ("topk", "") => Command::TopK(None),
            ("temperature", number) => match number.parse() {
                Ok(value) if (0.0..=2.0).contains(&value) => Command::Temperature(Some(value)),
                _ => Command::Wrong(format!(
                    "the temperature is a number from 0 to 2, not `{number}`"
                )),
            },
            ("topk", number) => match number.parse() {
                Ok(value) => Command::TopK(Some(value)),
                Err(_) => Command::Wrong(format!("top k is a whole number, not `{number}`")),
            },
            ("help" | "clear" | "quit" | "exit", _) => {
                Command::Wrong(format!("/{name} stands alone, without `{argument}`"))
            }
            _ => Command::Wrong(format!("there is no command /{name}; /help lists them")),
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
    format!(
        "temperature {}, {top_k}, at most {} tokens",
        settings.temperature, settings.max_tokens
    )
}
// ANCHOR_END: status
