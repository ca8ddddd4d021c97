// ANCHOR: head
//! `config.json`: our nine numbers in the words of transformers' `NanoChatConfig`, so that the same folder opens in both.
//!
//! A folder written by transformers may hold keys that do not change what is computed (`use_cache`, `dtype`, …): they
//! are ignored. Keys that would change it (a bias, another activation, tied embeddings, scaled RoPE) are refused unless
//! they say what this model does anyway.
//!
//! A model with a switch on is none that transformers knows: its `model_type` is `nanocrab`, and its switches are keys.

use std::path::Path;

use serde_json::{Value, json};

use crate::{Config, Error, Initialisation, Switches};
// ANCHOR_END: head

// ANCHOR: write
pub fn to_json(config: &Config) -> Value {
    let mut all = json!({
        "architectures": ["NanoChatForCausalLM"],
        "model_type": "nanochat",
        "vocab_size": config.vocab_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "hidden_size": config.width,
        "intermediate_size": config.hidden_width(),
        "max_position_embeddings": config.context,
        "rope_parameters": { "rope_type": "default", "rope_theta": config.rope_base },
        "final_logit_softcapping": config.softcap,
        "rms_norm_eps": config.norm_eps,
        "hidden_act": "relu2",
        "attention_bias": false,
        "attention_dropout": 0.0,
        "tie_word_embeddings": false,
        // Which ids begin and end a text is the tokenizer's knowledge: it lies in tokenizer.json.
        "bos_token_id": null,
        "eos_token_id": null,
        "pad_token_id": null,
        "dtype": "float32",
    });
    if !config.switches.all_off() {
        all["architectures"] = json!(["NanocrabForCausalLM"]);
        all["model_type"] = json!("nanocrab");
        for (key, value) in switch_keys(&config.switches) {
            all[key] = value;
        }
    }
    all
}

fn switch_keys(switches: &Switches) -> [(&'static str, Value); 8] {
    [
        ("qk_scale", json!(switches.qk_scale)),
        ("value_embeddings", json!(switches.value_embeddings)),
        ("residual_scalars", json!(switches.residual_scalars)),
        ("smear", json!(switches.smear)),
        ("backout", json!(switches.backout)),
        ("window_pattern", json!(switches.window_pattern)),
        ("vocab_multiple", json!(switches.vocab_multiple)),
        ("initialisation", json!(year(switches.initialisation))),
    ]
}

fn year(initialisation: Initialisation) -> &'static str {
    match initialisation {
        Initialisation::October2025 => "2025",
        Initialisation::July2026 => "2026",
    }
}
// ANCHOR_END: write

// ANCHOR: read
pub fn from_json(path: &Path, json: &Value) -> Result<Config, Error> {
    let reader = Reader { path, json };
    let model_type = json.get("model_type").and_then(Value::as_str);
    if !matches!(model_type, Some("nanochat" | "nanocrab")) {
        let found = json
            .get("model_type")
            .map_or("missing".to_string(), Value::to_string);
        return Err(Error::ModelType {
            path: path.to_path_buf(),
            found,
        });
    }
    let rope = json.get("rope_parameters").unwrap_or(json); // before transformers 5 rope_theta stood at the top
    let rope = Reader { path, json: rope };
    let heads = reader.whole("num_attention_heads")?;
    let config = Config {
        vocab_size: reader.whole("vocab_size")?,
        layers: reader.whole("num_hidden_layers")?,
        heads,
        kv_heads: if reader.has("num_key_value_heads") {
            reader.whole("num_key_value_heads")?
        } else {
            heads
        },
        width: reader.whole("hidden_size")?,
        context: reader.whole("max_position_embeddings")?,
        rope_base: rope.number("rope_theta")?,
        softcap: reader.number("final_logit_softcapping")?,
        norm_eps: reader.number("rms_norm_eps")?,
        switches: reader.switches()?,
    };
    config.check()?;
    rope.expect("rope_type", &json!("default"))?;
    rope.expect("partial_rotary_factor", &json!(1.0))?;
    reader.expect("hidden_act", &json!("relu2"))?;
    reader.expect("attention_bias", &json!(false))?;
    reader.expect("tie_word_embeddings", &json!(false))?;
    reader.expect("intermediate_size", &json!(config.hidden_width()))?;
    reader.expect("head_dim", &json!(config.head_width()))?;
    // `nanocrab` marks a model with 2026 switches on. Every key of it is ours, so a key that we would not write
    // ourselves is a switch, and to ignore it would be to compute another model.
    if model_type == Some("nanocrab") {
        reader.refuse_unknown_keys(&to_json(&config))?;
    } else {
        for (key, off) in switch_keys(&Switches::default()) {
            reader.expect(key, &off)?;
        }
    }
    Ok(config)
}
// ANCHOR_END: read

// ANCHOR: reader
/// One JSON object and the file it came from, for the messages.
struct Reader<'a> {
    path: &'a Path,
    json: &'a Value,
}

impl Reader<'_> {
    fn has(&self, key: &str) -> bool {
        self.json.get(key).is_some_and(|value| !value.is_null())
    }

    fn fault(&self, key: &str, expected: impl ToString) -> Error {
        let found = self
            .json
            .get(key)
            .map_or("missing".to_string(), Value::to_string);
        Error::Key {
            path: self.path.to_path_buf(),
            key: key.to_string(),
            found,
            expected: expected.to_string(),
        }
    }

    fn whole(&self, key: &str) -> Result<i64, Error> {
        self.json
            .get(key)
            .and_then(Value::as_i64)
            .ok_or_else(|| self.fault(key, "a whole number"))
    }

    fn number(&self, key: &str) -> Result<f64, Error> {
        self.json
            .get(key)
            .and_then(Value::as_f64)
            .ok_or_else(|| self.fault(key, "a number"))
    }

    /// A key that is absent or null has its usual value, which is the expected one.
    fn expect(&self, key: &str, expected: &Value) -> Result<(), Error> {
        if !self.has(key) || self.json[key] == *expected {
            return Ok(());
        }
        Err(self.fault(key, expected))
    }

    /// A switch that is absent or null is off.
    fn switches(&self) -> Result<Switches, Error> {
        let off = Switches::default();
        let on = |key: &str| match self.json.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.fault(key, "true or false")),
        };
        Ok(Switches {
            qk_scale: match self.has("qk_scale") {
                true => self.number("qk_scale")?,
                false => off.qk_scale,
            },
            value_embeddings: on("value_embeddings")?,
            residual_scalars: on("residual_scalars")?,
            smear: on("smear")?,
            backout: on("backout")?,
            window_pattern: match self.json.get("window_pattern") {
                None | Some(Value::Null) => None,
                Some(Value::String(pattern)) => Some(pattern.clone()),
                Some(_) => return Err(self.fault("window_pattern", "letters S and L, like SSSL")),
            },
            vocab_multiple: match self.has("vocab_multiple") {
                true => self.whole("vocab_multiple")?,
                false => off.vocab_multiple,
            },
            initialisation: match self.json.get("initialisation").and_then(Value::as_str) {
                Some("2025") => Initialisation::October2025,
                Some("2026") => Initialisation::July2026,
                None if !self.has("initialisation") => off.initialisation,
                _ => return Err(self.fault("initialisation", "\"2025\" or \"2026\"")),
            },
        })
    }

    fn refuse_unknown_keys(&self, known: &Value) -> Result<(), Error> {
        let mut keys = self
            .json
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys());
        let switches = switch_keys(&Switches::default());
        let is_switch = |key: &str| switches.iter().any(|(switch, _)| *switch == key);
        match keys.find(|key| known.get(key).is_none() && !is_switch(key)) {
            Some(key) => Err(Error::Switch {
                path: self.path.to_path_buf(),
                key: key.clone(),
            }),
            None => Ok(()),
        }
    }
}
// ANCHOR_END: reader
