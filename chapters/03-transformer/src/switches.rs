// ANCHOR: head
//! The switches: what nanochat changed in its architecture between October 2025 and July 2026, each on its own.
//!
//! With all of them off ([`Switches::default`]) a model is the seed model: the same tensors, the same code path, the
//! same numbers. Each switch is a file that can be read alone: `qk_scale`, `value_embedding`, `residual_scalars`,
//! `smear`, `backout`, `windows`, `padding`, `init_2026`. The ninth change, a rotary base of 100,000, needs no switch: it is
//! [`Config::rope_base`](crate::Config::rope_base).

use serde::{Deserialize, Serialize};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: switches
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Queries and keys are multiplied by this after their norm, so scores by its square. 1 is off, nanochat has 1.2.
    pub qk_scale: f64,
    /// Every second layer, the last included, adds a value looked up by token id.
    pub value_embeddings: bool,
    /// Before each layer the residual stream becomes r · x + s · (its first value), with learned r and s per layer.
    pub residual_scalars: bool,
    /// Each position's embedding gets a gated share of the previous one's.
    pub smear: bool,
    /// Before the last norm a learned multiple of the stream's state in the middle is taken away.
    pub backout: bool,
    /// How far each layer sees, `S` short and `L` long, repeated over the layers. `None`: all layers see everything.
    pub window_pattern: Option<String>,
    /// Embedding and head have their rows padded to a multiple of this. 1 is off, nanochat has 64.
    pub vocab_multiple: i64,
    /// The laws that first values are drawn from.
    pub initialisation: Initialisation,
}

/// Whose first values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Initialisation {
    #[default]
    #[serde(rename = "october_2025")]
    October2025,
    #[serde(rename = "july_2026")]
    July2026,
}
// ANCHOR_END: switches

// ANCHOR: positions
impl Default for Switches {
    /// All off.
    fn default() -> Switches {
        Switches {
            qk_scale: 1.0,
            value_embeddings: false,
            residual_scalars: false,
            smear: false,
            backout: false,
            window_pattern: None,
            vocab_multiple: 1,
            initialisation: Initialisation::October2025,
        }
    }
}

impl Switches {
    /// All on, as in nanochat of July 2026.
    pub fn july_2026() -> Switches {
        Switches {
            qk_scale: 1.2,
            value_embeddings: true,
            residual_scalars: true,
            smear: true,
            backout: true,
            window_pattern: Some("SSSL".to_string()),
            vocab_multiple: 64,
            initialisation: Initialisation::July2026,
        }
    }

    pub fn all_off(&self) -> bool {
        *self == Switches::default()
    }

    /// Called by [`Config::check`](crate::Config::check).
    pub(crate) fn check(&self, width: i64) -> Result<(), Error> {
        let fault = |message: String| Err(Error::Config(message));
        if !(self.qk_scale.is_finite() && self.qk_scale > 0.0) {
            let scale = self.qk_scale;
            return fault(format!("qk_scale is {scale}; it must be a positive number"));
        }
        if self.vocab_multiple < 1 {
            let multiple = self.vocab_multiple;
            return fault(format!("vocab_multiple is {multiple}; 1 means no padding"));
        }
        if let Some(pattern) = &self.window_pattern
            && (pattern.is_empty() || pattern.chars().any(|reach| !"SL".contains(reach)))
        {
            return fault(format!(
                "window_pattern is `{pattern}`; it is written with the letters S and L, like SSSL"
            ));
        }
        for (name, on, least) in [
            ("smear", self.smear, crate::smear::CHANNELS),
            (
                "value_embeddings",
                self.value_embeddings,
                crate::value_embedding::CHANNELS,
            ),
        ] {
            if on && width < least {
                return fault(format!(
                    "{name} reads the first {least} numbers of a position, but the width is {width}; widen the model"
                ));
            }
        }
        Ok(())
    }
}
// ANCHOR_END: positions
