// ANCHOR: head
//! `nanocrab serve`: the options of the server and the program behind them.

use crate::server::{Server, ServerSettings};
use crate::{Error, Model, Tools, find_model};
use clap::Args;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tensors::Machine;
use transformer::Kernels;
// ANCHOR_END: head

// ANCHOR: options
/// The options of the server.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// A folder with config.json, model.safetensors and tokenizer.json [default: the newest model under --runs]
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Where trained models are looked for
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    pub runs: PathBuf,
    /// What clients call the model [default: made from the folder's name]
    #[arg(long)]
    pub name: Option<String>,
    /// The address to listen on; 0.0.0.0 lets others in, give it a key then
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// Answer only those who send this key; better given in the environment, where other users cannot see it
    #[arg(
        long,
        env = "NANOCRAB_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub api_key: Option<String>,
    /// A web page of this origin may use the server, like https://example.org; * for all [default: none]
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Option<String>,
    /// A loopback server also answers to this name, for example behind a proxy
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// What the model may call
    #[arg(long, value_enum, default_value_t)]
    pub tools: Tools,
    /// Requests that may wait; those beyond are told to come back later
    #[arg(long, default_value_t = 64)]
    pub queue: usize,
    /// Answers that are written at the same time
    #[arg(long, default_value_t = 16)]
    pub max_rows: usize,
}

impl ServeOptions {
    fn settings(&self, folder: &Path) -> Result<ServerSettings, Error> {
        for (setting, value) in [("--queue", self.queue), ("--max-rows", self.max_rows)] {
            if value == 0 {
                return Err(Error::Setting {
                    setting,
                    value: "0".to_string(),
                    remedy: "it must be at least 1",
                });
            }
        }
        if self.api_key.as_deref() == Some("") {
            return Err(Error::Setting {
                setting: "--api-key",
                value: "empty".to_string(),
                remedy: "give it a long random text, or leave it out",
            });
        }
        let made = folder.join("model.safetensors").metadata();
        let made = made.and_then(|meta| meta.modified()).ok();
        let made = made.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(ServerSettings {
            host: self.host,
            port: self.port,
            name: self.name.clone().unwrap_or_else(|| name_of(folder)),
            created: made.map_or(0, |since| since.as_secs()),
            is_chat: !folder.ends_with("base"),
            api_key: self.api_key.clone(),
            cors: self.cors.clone(),
            allowed_hosts: self.allow_host.clone(),
            queue: self.queue,
            max_rows: self.max_rows,
            ..ServerSettings::default()
        })
    }
}

/// `runs/tiny/sft` -> `tiny-sft`. No slash: clients put the name into a path.
fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or(folder.to_path_buf());
    let names = folder.iter().map(|name| name.to_string_lossy());
    let names: Vec<_> = names.filter(|name| name != "/").collect();
    let name = names[names.len().saturating_sub(2)..].join("-");
    match name.is_empty() {
        true => "nanocrab".to_string(),
        false => name,
    }
}
// ANCHOR_END: options

// ANCHOR: serve
/// Loads the model and answers until Ctrl-C or SIGTERM; a second one ends the program at once.
pub fn serve(
    options: &ServeOptions,
    machine: &Machine,
    kernels: &dyn Kernels,
) -> Result<(), Error> {
    let folder = match &options.model {
        Some(folder) => folder.clone(),
        None => find_model(&options.runs)?,
    };
    let settings = options.settings(&folder)?;
    let mut model = Model::load(&folder, machine.device)?;
    model.gpt = model.gpt.with_compute(machine.compute);
    model.python = options.tools.python();
    let server = Server::bind(&model, &settings)?;
    let address = server.address()?;
    eprintln!(
        "{} on {:?}, as `{}`",
        folder.display(),
        machine.device,
        settings.name
    );
    eprintln!("http://{address}/ is the page, http://{address}/v1 the API; Ctrl-C stops");
    if !settings.host.is_loopback() && settings.api_key.is_none() {
        eprintln!(
            "warning: everyone who reaches this machine can use the model; --api-key KEY changes that"
        );
    }
    server.stop_on_signals().run(&model, kernels)
}
// ANCHOR_END: serve
