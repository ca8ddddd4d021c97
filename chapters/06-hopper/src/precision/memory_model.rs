// ANCHOR: head
//! How much memory a training step takes, from its shape, without running it.
//!
//! Words: what the forward pass leaves behind for the backward pass is *kept*; a *passing* tensor lives inside one operation; what
//! stays from step to step (masters, gradients, moments, working copies) is *standing*. The peak is standing + kept + the most
//! that passes at one moment.
//!
//! Three rules decide what an operation keeps:
//!
//! - A product keeps both factors that need a gradient's partner: `linear` its input and its weight, `r · x` with a trained r its x.
//! - What two operations keep is there once: q after the norm is kept by attention *and* may serve the norm's own backward.
//! - So an operation whose backward can be written **in terms of its output** keeps nothing, when the next one keeps that output
//!   anyway: a norm (output and 1/√mean are enough), rotary with its norm, relu² (its derivative is 2·√output). In terms of its
//!   input it keeps a tensor that nobody else needs. At d20 this is the difference between fitting and not.
//!
//! Letters: N = B·T tokens; C width, V vocabulary, L layers, H heads, K kv heads, D head width; e bytes of an activation, 4 or 2.
//! Everything here is arithmetic. `tests/memory_model.rs` counts real tensors against it, with plain kernels and with `Fused` on a CPU,
//! and `tests/cuda/memory.rs` with the GPU's kernels on their emulator, in bf16 with working copies and narrow tables too. The
//! tests say how near it comes. Nobody counts what kernels keep that go back from their inputs: there are none any more.

use comfy_table::Table;
use tch::Kind;
use transformer::{Config, Role, layout};

use crate::cuda::LOSS_CHUNK;
// ANCHOR_END: head

// ANCHOR: choices
/// What an operation leaves for its backward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Chapter 03's expressions: whatever autograd keeps of each of them.
    Plain,
    /// A fused operation whose backward reads its input.
    Input,
    /// A fused operation whose backward reads its output.
    Output,
}

/// How layers with a window are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// A (T, T) mask for each such layer.
    Mask,
    /// No mask; see [`attention`](crate::attention).
    Native,
}

/// How the head's loss is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All logits at once, in fp32.
    Plain,
    /// So many logits at a time, in whole rows of V, overwritten by their gradient in the forward pass.
    Chunked { logits: i64 },
}

/// Which kernels run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// r·x + s·x₀. `Output` takes a join with the norm behind it: then dr = (Σ g·x′ − s·ds) / r, where x′, the mix, is what
    /// the norm gave divided by its 1/√mean, and x itself need not be kept. That join is `mix_norm`.
    pub mix: Keeps,
    /// RMSNorm, alone or joined with a sum.
    pub norm: Keeps,
    /// The rotation of queries and keys with their norm.
    pub rotary: Keeps,
    /// The MLP's relu².
    pub relu_squared: Keeps,
    /// Layers that see a part of the row.
    pub window: Window,
    /// Head, softcap and cross-entropy.
    pub loss: Loss,
    /// Working copies and gradients that products add to, instead of a cast per product (see [`bf16`](super::bf16)).
    pub working_copies: bool,
    /// Embeddings and value embeddings in bf16, with their gradients and moments.
    pub narrow_tables: bool,
}

impl Choices {
    /// Chapter 03's.
    pub fn plain() -> Choices {
        Choices {
            mix: Keeps::Plain,
            norm: Keeps::Plain,
            rotary: Keeps::Plain,
            relu_squared: Keeps::Plain,
            window: Window::Mask,
            loss: Loss::Plain,
            working_copies: false,
            narrow_tables: false,
        }
    }

    /// Fused throughout, each backward in terms of what it `keeps`; the loss in the GPU's chunks.
    pub fn fused(keeps: Keeps) -> Choices {
        Choices {
            mix: keeps,
            norm: keeps,
            rotary: keeps,
            relu_squared: keeps,
            window: Window::Native,
            loss: Loss::Chunked { logits: LOSS_CHUNK },
            working_copies: true,
            narrow_tables: true,
        }
    }
}
// ANCHOR_END: choices

// ANCHOR: row
/// A line of the account: a tensor, or several of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The tensor, in words.
    pub what: &'static str,
    /// Bytes of one, in the letters above.
    pub formula: &'static str,
    /// How many of them.
    pub times: i64,
    /// Bytes of one.
    pub each: i64,
}

impl Row {
    /// Of all of them.
    pub fn bytes(&self) -> i64 {
        self.times * self.each
    }
}

/// A training step whose memory is asked for.
#[derive(Debug, Clone)]
pub struct MemoryModel {
    /// The model.
    pub config: Config,
    /// B
    pub batch: i64,
    /// T
    pub time: i64,
    /// Of the activations.
    pub kind: Kind,
    /// What computes it.
    pub choices: Choices,
}
// ANCHOR_END: row

// ANCHOR: standing
impl MemoryModel {
    pub(super) fn activation(&self) -> i64 {
        self.kind.elt_size_in_bytes() as i64 // e
    }

    pub(super) fn elements(&self, role: impl Fn(Role) -> bool) -> i64 {
        let slots = layout(&self.config);
        let wanted = slots.iter().filter(|slot| role(slot.role));
        wanted.map(|slot| slot.elements()).sum()
    }

    /// What stays from step to step.
    pub fn standing(&self) -> Vec<Row> {
        let table = |role| matches!(role, Role::Embedding | Role::ValueTable);
        let tables = self.elements(table);
        let matrices = self.elements(|role| role == Role::Matrix);
        let others = self.elements(|role| !table(role)); // matrices, head, scalars
        let wide = if self.choices.narrow_tables { 2 } else { 4 };
        let row = |what, formula, each| Row {
            what,
            formula,
            times: 1,
            each,
        };
        let mut rows = vec![
            row("masters, tables", "V·(C + K·D·L/2)·(2 or 4)", tables * wide),
            row("masters, all others", "4 per number", others * 4),
            row("gradients, tables", "as their masters", tables * wide),
            row("gradients, all others", "4 per number", others * 4),
            row(
                "AdamW's moments, tables",
                "twice their masters",
                tables * wide * 2,
            ),
            row(
                "AdamW's moments, head and scalars",
                "8 per number",
                (others - matrices) * 8,
            ),
            row("Muon's momenta", "4 per number", matrices * 4),
        ];
        if self.choices.working_copies && self.kind != Kind::Float {
            // The head is no `linear`: the loss casts it for itself, once in each pass.
            let copies = matrices * self.activation();
            rows.push(row("working copies of matrices", "e per number", copies));
        }
        rows
    }
    // ANCHOR_END: standing

    // ANCHOR: peak
    /// The moments at which most is alive: bytes above standing and kept. (The optimizer's own temporaries come when
    /// nothing is kept any more.)
    pub fn passing(&self) -> Vec<Row> {
        let (n, e) = (self.batch * self.time, self.activation());
        let Config {
            layers,
            width,
            vocab_size,
            ..
        } = self.config;
        let stream = n * width * e;
        let row = |what, formula, each| Row {
            what,
            formula,
            times: 1,
            each,
        };
        let hidden = 4 * stream;
        let mlp = "fc2 and relu² going back";
        let Loss::Chunked { logits } = self.choices.loss else {
            // Going forward raw, raw/15, tanh and their product live at once; going back two gradients. Two are kept.
            let loss = n * vocab_size * 8;
            // The last layer's MLP on the way back, when the loss's tensors are gone: its input's gradient has come, fc2 has given
            // relu² back. Autograd's expression for the square: a copy, twice the copy, their product.
            let square = 4 * hidden - hidden;
            return vec![
                row("the loss", "N·V·8", loss),
                row(mlp, "3·N·4C·e - N·V·8", square - loss),
            ];
        };
        // The logits of some rows, and the head in the activations' kind, which is a copy if that is not the masters'.
        let rows = (logits / vocab_size).clamp(1, n);
        let cast = match self.kind {
            Kind::Float => 0,
            _ => vocab_size * width * e,
        };
        let chunk = rows * vocab_size * e + cast;
        // Both gradients that are kept, multiplied by the one that comes back.
        let by_head = vocab_size * width * 4;
        let loss_back = by_head + stream;
        // The last layer's MLP. The loss's two gradients and what the head has read are gone, and so is the stream in the middle. There is
        // the stream's gradient, and the one that waits for the middle. Of the hidden width there are two: the gradient that
        // comes, and what relu² makes of it. Or, before that, the first and fc2's gradient, if that is no sum in place.
        let waiting = self.config.switches.backout && layers / 2 + 1 < layers;
        let gone = by_head + (2 + i64::from(self.keeps_the_middle())) * stream;
        let by_fc2 = match self.choices.working_copies {
            true => 0,
            false => 4 * width * width * 4,
        };
        let there = (1 + i64::from(waiting)) * stream + hidden + hidden.max(by_fc2);
        vec![
            row("a chunk of the loss, and the head", "(rows + C)·V·e", chunk),
            row("the loss going back", "V·C·4 + N·C·e", loss_back),
            row(mlp, "2·N·4C·e - N·C·e - V·C·4", there - gone),
        ]
    }

    /// Of a micro-batch with gradients there already.
    pub fn peak(&self) -> i64 {
        let standing: i64 = self.standing().iter().map(Row::bytes).sum();
        standing + self.peak_above_standing()
    }

    /// Kept and passing alone.
    pub fn peak_above_standing(&self) -> i64 {
        let most = self.passing().iter().map(Row::bytes).max();
        self.kept() + most.unwrap_or(0).max(0)
    }
}
// ANCHOR_END: peak

// ANCHOR: table
impl MemoryModel {
    /// Every row, with its bytes in GB (10⁹), and the peak.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.set_header(["", "what", "bytes of one", "times", "GB"]);
        let mut part = |name: &str, rows: &[Row]| {
            for (index, row) in rows.iter().enumerate() {
                table.add_row([
                    if index == 0 { name } else { "" }.to_string(),
                    row.what.to_string(),
                    row.formula.to_string(),
                    row.times.to_string(),
                    gigabytes(row.bytes()),
                ]);
            }
            let sum: i64 = rows.iter().map(Row::bytes).sum();
            table.add_row(["", "", "", "together", &gigabytes(sum)]);
        };
        part("standing", &self.standing());
        part("kept by layers", &self.kept_by_layers());
        part("kept around", &self.kept_around());
        let most = self.passing().into_iter().max_by_key(|row| row.each);
        part("passing", &Vec::from_iter(most));
        table.add_row(["peak", "", "", "", &gigabytes(self.peak())]);
        table
    }
}

fn gigabytes(bytes: i64) -> String {
    format!("{:.2}", bytes as f64 / 1e9)
}
// ANCHOR_END: table
