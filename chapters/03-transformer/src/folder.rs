// ANCHOR: head
//! A model as a folder: `config.json` and `model.safetensors`, the folder that transformers saves and loads.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use tch::{Device, Tensor};

use crate::safetensors_io::{read_tensors, write_tensors};
use crate::{Config, Error, Gpt, hf_config};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
// ANCHOR_END: head

// ANCHOR: save
/// Writes both files into an existing folder, each under another name first and renamed when it is whole.
pub fn save_folder(gpt: &Gpt, folder: &Path) -> Result<(), Error> {
    let tensors: Vec<(String, &Tensor)> = gpt
        .parameters()
        .iter()
        .map(|parameter| (parameter.name.clone(), &parameter.tensor))
        .collect();
    write_tensors(&folder.join(WEIGHTS), &tensors)?;

    let path = folder.join(CONFIG);
    let text = config_text(gpt.config());
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    write().map_err(|source| Error::File {
        path: path.clone(),
        source,
    })
}

/// What stands in `config.json`.
pub fn config_text(config: &Config) -> String {
    format!("{:#}\n", hf_config::to_json(config))
}
// ANCHOR_END: save

// ANCHOR: load
impl Gpt {
    /// Reads a folder of ours or of transformers'. Weights saved as bf16 or fp16 become fp32 masters.
    pub fn load_folder(folder: &Path, device: Device) -> Result<Gpt, Error> {
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        let json = serde_json::from_str(&text).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        let config = hf_config::from_json(&path, &json)?;

        let path = folder.join(WEIGHTS);
        let tensors = read_tensors(&path)?;
        Gpt::from_tensors(&config, device, tensors).map_err(|source| Error::Folder {
            path,
            source: Box::new(source),
        })
    }
}
// ANCHOR_END: load
