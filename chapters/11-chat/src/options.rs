// ANCHOR: head
//! What the command line can say, and the program behind it. A struct of its own, so that `nanocrab chat` offers the same
//! options as this chapter's program.

use crate::{
    ChatSettings, Error, Model, Screen, Session, Stop, Tools, find_model, one_shot, terminal,
};
use clap::Args;
use std::path::PathBuf;
use tensors::Machine;
use transformer::Kernels;
// ANCHOR_END: head

// ANCHOR: options
/// The options of a chat.
#[derive(Debug, Clone, Args)]
pub struct ChatOptions {
    /// A folder with config.json, model.safetensors and tokenizer.json [default: the newest model under --runs]
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Where trained models are looked for
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    pub runs: PathBuf,
    /// Ask this one thing, print the answer and stop
    #[arg(short, long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// 0 always takes the likeliest token
    #[arg(long, default_value_t = 0.6)]
    pub temperature: f64,
    /// Choose among this many likeliest tokens; 0 means all
    #[arg(long, default_value_t = 50)]
    pub top_k: usize,
    /// Choose among the likeliest tokens that together hold this share of the probability; 1 means all
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f64,
    /// Instructions in front of the conversation
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// The longest answer, in tokens
    #[arg(long, default_value_t = 256)]
    pub max_tokens: usize,
    /// What the model may call
    #[arg(long, value_enum, default_value_t)]
    pub tools: Tools,
    /// Another seed, other answers
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl ChatOptions {
    fn settings(&self) -> Result<ChatSettings, Error> {
        if !(0.0..=2.0).contains(&self.temperature) {
            return Err(Error::Setting {
                setting: "--temperature",
                value: self.temperature.to_string(),
                remedy: "give it a number from 0 to 2",
            });
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(Error::Setting {
                setting: "--top-p",
                value: self.top_p.to_string(),
                remedy: "give it a share above 0 and up to 1",
            });
        }
        if self.max_tokens == 0 {
            return Err(Error::Setting {
                setting: "--max-tokens",
                value: "0".to_string(),
                remedy: "an answer needs at least 1",
            });
        }
        Ok(ChatSettings {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            seed: self.seed,
        })
    }
}
// ANCHOR_END: options

// ANCHOR: talk
/// Loads the model and talks.
pub fn talk(options: &ChatOptions, machine: &Machine, kernels: &dyn Kernels) -> Result<(), Error> {
    let settings = options.settings()?;
    let folder = match &options.model {
        Some(folder) => folder.clone(),
        None => find_model(&options.runs)?,
    };
    let mut model = Model::load(&folder, machine.device)?;
    model.gpt = model.gpt.with_compute(machine.compute);
    model.python = options.tools.python();
    let mut session = Session::new(&model, kernels, settings);
    session.system = options.system.clone();
    let mut screen = Screen::stdout();
    match &options.prompt {
        Some(question) => one_shot(&mut session, question, &mut screen).map(drop),
        None => {
            screen.note(&format!("{} on {:?}", folder.display(), machine.device))?;
            terminal(&mut session, &Stop::listen()?, &mut screen)
        }
    }
}
// ANCHOR_END: talk
