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
//! Everything here is arithmetic. `tests/memory_model.rs` counts real tensors against it, with plain kernels and with `Fused` on a CPU:
//! what is kept agrees within 0.3 %, the peak of a micro-batch with plain kernels within 4 %. Nobody counts how much passes in fused
//! kernels, nor what kernels keep that go back from their inputs: there are none any more.

use comfy_table::Table;
use tch::Kind;
use transformer::{Config, Role, layout};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All logits at once, in fp32.
    Plain,
    /// So many rows of logits at a time, their gradient computed in the forward pass.
    Chunked { rows: i64 },
}

/// Which kernels run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// r·x + s·x₀. `Output` takes a join with the norm behind it: then dr = (Σ g·x′ − s·ds) / r, where x′, the mix, is what
    /// the norm gave divided by its 1/√mean, and x itself need not be kept. That join is `mix_norm`.
    pub mix: Keeps,
    pub norm: Keeps,
    pub rotary: Keeps,
    pub relu_squared: Keeps,
    pub window: Window,
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

    /// Fused throughout, each backward in terms of what it `keeps`.
    pub fn fused(keeps: Keeps) -> Choices {
        Choices {
            mix: keeps,
            norm: keeps,
            rotary: keeps,
            relu_squared: keeps,
            window: Window::Native,
            loss: Loss::Chunked { rows: 2048 },
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
    pub what: &'static str,
    /// Bytes of one, in the letters above.
    pub formula: &'static str,
    /// How many of them.
    pub times: i64,
    /// Bytes of one.
    pub each: i64,
}

impl Row {
    pub fn bytes(&self) -> i64 {
        self.times * self.each
    }
}

/// A training step whose memory is asked for.
#[derive(Debug, Clone)]
pub struct MemoryModel {
    pub config: Config,
    /// B
    pub batch: i64,
    /// T
    pub time: i64,
    /// Of the activations.
    pub kind: Kind,
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
        let head = self.elements(|role| role == Role::Head);
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
            let copies = (matrices + head) * self.activation();
            rows.push(row("working copies", "e per number", copies));
        }
        rows
    }
    // ANCHOR_END: standing

    // ANCHOR: peak
    /// The two moments at which most is alive: bytes above standing and kept. (The optimizer's own temporaries come when
    /// nothing is kept any more.)
    pub fn passing(&self) -> [Row; 2] {
        let (n, e) = (self.batch * self.time, self.activation());
        let stream = n * self.config.width * e;
        let row = |what, formula, each| Row {
            what,
            formula,
            times: 1,
            each,
        };
        let loss = match self.choices.loss {
            // Going forward raw, raw/15, tanh and their product live at once; going back two gradients. Two are kept.
            Loss::Plain => row("the loss", "N·V·8", n * self.config.vocab_size * 8),
            // The product in e bytes, then capped and its gradient in fp32.
            Loss::Chunked { rows } => row(
                "a chunk of the loss",
                "rows·V·(e + 8)",
                rows.min(n) * self.config.vocab_size * (e + 8),
            ),
        };
        let hidden = 4 * stream;
        // The last layer's MLP on the way back: its input's gradient has come, fc2 has given relu² back.
        let mlp = match self.choices.relu_squared {
            // The gradient, and autograd's expression for the square: a copy, twice the copy, their product.
            Keeps::Plain => 4 * hidden - hidden,
            // The gradient, and what is made of it.
            Keeps::Input | Keeps::Output => 2 * hidden - hidden,
        };
        let gone: i64 = match self.choices.loss {
            Loss::Plain => n * self.config.vocab_size * 8 + stream,
            Loss::Chunked { .. } => stream,
        };
        let back = row(
            "fc2 and relu² going back",
            "N·4C·e·(1 or 3)",
            mlp + stream - gone,
        );
        [loss, back]
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
        let [loss, back] = self.passing();
        part(
            "passing",
            &[if loss.each >= back.each { loss } else { back }],
        );
        table.add_row(["peak", "", "", "", &gigabytes(self.peak())]);
        table
    }
}

fn gigabytes(bytes: i64) -> String {
    format!("{:.2}", bytes as f64 / 1e9)
}
// ANCHOR_END: table
