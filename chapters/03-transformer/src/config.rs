// ANCHOR: head
//! The shape of a model: nine numbers, and the switches, that decide every tensor in it.
//!
//! Width C is cut into H heads of D = C / H numbers each. Keys and values may have fewer heads (K) than queries: each of
//! them then serves H / K query heads.

use crate::{Error, Switches};

/// What nanochat's norm computes with: the distance from 1.0 to the next larger f32.
pub const NORM_EPS: f64 = 1.1920929e-7;
// ANCHOR_END: head

// ANCHOR: config
/// The architecture of October 2025, as numbers, and what is switched on of July 2026.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// V: how many token ids there are; ids are `0..vocab_size`.
    pub vocab_size: i64,
    /// L: how many blocks are stacked.
    pub layers: i64,
    /// H: query heads per block.
    pub heads: i64,
    /// K: key/value heads per block; divides `heads`. K = H is ordinary attention, K = 1 is multi-query attention.
    pub kv_heads: i64,
    /// C: numbers per position in the residual stream; a multiple of `heads`.
    pub width: i64,
    /// The longest row the model accepts, in tokens.
    pub context: i64,
    /// Base θ of the rotary embedding: the slowest pair turns by about 1/θ radians per position.
    pub rope_base: f64,
    /// Logits are kept inside (−softcap, softcap).
    pub softcap: f64,
    /// Added to the mean square before RMSNorm divides by its root.
    pub norm_eps: f64,
    /// All off in the seed model.
    pub switches: Switches,
}
// ANCHOR_END: config

// ANCHOR: depth
impl Config {
    /// The depth dial's shape: `depth` layers of width 64 · depth, heads of width 128 (or the next smaller width
    /// that `ceil` gives), no sharing of key/value heads.
    ///
    /// Some depths (5, 9, 11, …) give a width that is no multiple of the number of heads: an error, as in nanochat.
    pub fn d(depth: i64, vocab_size: i64, context: i64) -> Result<Config, Error> {
        let width = 64 * depth;
        let heads = (width + 127) / 128;
        let config = Config {
            vocab_size,
            layers: depth,
            heads,
            kv_heads: heads,
            width,
            context,
            rope_base: 10_000.0,
            softcap: 15.0,
            norm_eps: NORM_EPS,
            switches: Switches::default(),
        };
        config.check()?;
        Ok(config)
    }

    /// The shape of July 2026: the width is 64 · depth rounded up to whole heads, so no depth is refused; a rotary base of
    /// 100,000; all switches on.
    pub fn d_2026(
        depth: i64,
        vocab_size: i64,
        context: i64,
        head_width: i64,
    ) -> Result<Config, Error> {
        if head_width < 1 {
            return Err(Error::Config(format!(
                "head width {head_width}; it must be at least 1"
            )));
        }
        let heads = (64 * depth + head_width - 1) / head_width;
        let config = Config {
            vocab_size,
            layers: depth,
            heads,
            kv_heads: heads,
            width: heads * head_width,
            context,
            rope_base: 100_000.0,
            softcap: 15.0,
            norm_eps: NORM_EPS,
            switches: Switches::july_2026(),
        };
        config.check()?;
        Ok(config)
    }
    // ANCHOR_END: depth

    // ANCHOR: derived
    /// D: the width of one head.
    pub fn head_width(&self) -> i64 {
        self.width / self.heads
    }

    /// K · D: the width of all keys (or all values) of one position.
    pub fn kv_width(&self) -> i64 {
        self.kv_heads * self.head_width()
    }

    /// The MLP's inner width, 4 · C.
    pub fn hidden_width(&self) -> i64 {
        4 * self.width
    }
    // ANCHOR_END: derived

    // ANCHOR: check
    /// Says what cannot be built, and what to change. Everything that makes a model from a `Config` calls this first.
    pub fn check(&self) -> Result<(), Error> {
        let fault = |message: String| Err(Error::Config(message));
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("layers", self.layers),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("width", self.width),
            ("context", self.context),
        ];
        for (name, size) in sizes {
            if size < 1 {
                return fault(format!("{name} is {size}; it must be at least 1"));
            }
        }
        let Config {
            width,
            heads,
            kv_heads,
            ..
        } = *self;
        if width % heads != 0 {
            return fault(format!(
                "width {width} is not a multiple of {heads} heads; change the width, the heads or the depth"
            ));
        }
        if self.head_width() % 2 != 0 {
            let head = self.head_width();
            return fault(format!(
                "head width {head} (width {width} / {heads} heads) is odd, and RoPE turns pairs; make it even"
            ));
        }
        if heads % kv_heads != 0 {
            return fault(format!(
                "{heads} heads cannot share {kv_heads} key/value heads evenly; kv_heads must divide heads"
            ));
        }
        for (name, number) in [
            ("rope_base", self.rope_base),
            ("softcap", self.softcap),
            ("norm_eps", self.norm_eps),
        ] {
            if !(number.is_finite() && number > 0.0) {
                return fault(format!("{name} is {number}; it must be a positive number"));
            }
        }
        self.switches.check(width)
    }

    /// A model and a tokenizer belong together only if they count the same ids.
    pub fn check_vocabulary(&self, tokenizer: usize) -> Result<(), Error> {
        if self.vocab_size == tokenizer as i64 {
            return Ok(());
        }
        Err(Error::Vocabulary {
            model: self.vocab_size,
            tokenizer,
        })
    }
}
// ANCHOR_END: check
