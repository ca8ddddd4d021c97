// ANCHOR: head
//! What the forward pass keeps for the backward pass, tensor by tensor.
//!
//! Each row is a tensor that autograd, or a fused operation, holds until it is used on the way back. Letters and rules as in
//! [`memory_model`](super::memory_model).

use tch::Kind;
use transformer::{Config, Role, windows};

use super::memory_model::{Choices, Keeps, Loss, MemoryModel, Row, Window};
// ANCHOR_END: head

// ANCHOR: layer
impl MemoryModel {
    /// What the layers keep, one row per tensor of a layer.
    pub fn kept_by_layers(&self) -> Vec<Row> {
        let Config {
            layers,
            width,
            heads,
            kv_heads,
            ..
        } = self.config;
        let (switches, kv_width) = (&self.config.switches, self.config.kv_width());
        let (n, e) = (self.batch * self.time, self.activation());
        let Choices {
            norm,
            rotary,
            relu_squared,
            window,
            working_copies,
            ..
        } = self.choices;
        let with_table = match switches.value_embeddings {
            true => layers - layers / 2,
            false => 0,
        };
        let masked = windows(&self.config).iter().flatten().count() as i64;
        let wide = self.kind == Kind::Float;

        let mut rows = Vec::new();
        let mut keep = |when: bool, what, formula, times, each| {
            if when && times * each > 0 {
                rows.push(Row {
                    what,
                    formula,
                    times,
                    each,
                });
            }
        };
        let stream = n * width * e;

        // The stream. Layer 0's is x₀ itself, which is counted with the whole model.
        keep(
            switches.residual_scalars && self.choices.mix != Keeps::Output,
            "x, for the gradient of r in r·x + s·x₀",
            "N·C·e",
            layers - 1,
            stream,
        );
        // Two norms: before attention and before the MLP.
        keep(
            norm == Keeps::Plain,
            "what the two norms read, in fp32",
            "N·C·4",
            2 * layers,
            n * width * 4,
        );
        keep(
            norm == Keeps::Input,
            "what the two norms read",
            "N·C·e",
            2 * layers,
            stream,
        );
        keep(true, "1/√mean of the two norms", "N·4", 2 * layers, n * 4);
        keep(
            true,
            "normed, read by q, k, v and by fc1",
            "N·C·e",
            2 * layers,
            stream,
        );

        // Values.
        keep(
            true,
            "value embeddings looked up",
            "N·K·D·e",
            with_table,
            n * kv_width * e,
        );
        let gates = n * 2 * kv_heads * e;
        keep(true, "their gates", "N·2K·e", with_table, gates);

        // Queries and keys.
        keep(
            rotary == Keeps::Plain,
            "q and k turned, in fp32",
            "N·(C + K·D)·4",
            layers,
            n * (width + kv_width) * 4,
        );
        keep(
            rotary == Keeps::Input,
            "q and k before they are turned",
            "N·(C + K·D)·e",
            layers,
            n * (width + kv_width) * e,
        );
        keep(
            true,
            "1/√mean of q and k",
            "N·(H + K)·4",
            layers,
            n * (heads + kv_heads) * 4,
        );

        // Attention.
        keep(
            true,
            "q, k, v of attention",
            "N·(C + 2·K·D)·e",
            layers,
            n * (width + 2 * kv_width) * e,
        );
        keep(true, "attention's output", "N·C·e", layers, stream);
        keep(true, "its log-sums", "N·H·4", layers, n * heads * 4);
        keep(
            window == Window::Mask,
            "masks of layers with a window",
            "T·T·e",
            masked,
            self.time * self.time * e,
        );

        // The MLP.
        let hidden = n * self.config.hidden_width() * e;
        keep(
            relu_squared == Keeps::Plain,
            "relu, for its square",
            "N·4C·e",
            layers,
            hidden,
        );
        keep(
            relu_squared == Keeps::Input,
            "fc1's output, for relu²",
            "N·4C·e",
            layers,
            hidden,
        );
        keep(true, "relu², read by fc2", "N·4C·e", layers, hidden);

        // A cast weight is kept by its product until the backward pass.
        keep(
            !working_copies && !wide,
            "weights cast for each product",
            "e per number",
            1,
            self.elements(|role| role == Role::Matrix) * e,
        );
        rows
    }
    // ANCHOR_END: layer

    // ANCHOR: around
    /// What is kept outside the layers.
    pub fn kept_around(&self) -> Vec<Row> {
        let Config {
            width, vocab_size, ..
        } = self.config;
        let switches = &self.config.switches;
        let (n, e) = (self.batch * self.time, self.activation());
        let stream = n * width * e;
        let mut rows = Vec::new();
        let mut keep = |when: bool, what, formula, times, each| {
            if when {
                rows.push(Row {
                    what,
                    formula,
                    times,
                    each,
                });
            }
        };
        let norm = match self.choices.norm {
            Keeps::Plain => 4 * n * width,
            Keeps::Input => stream,
            Keeps::Output => 0,
        };
        // The first norm's output is x₀, which smear replaces; the last one's is what the head reads.
        keep(
            norm > 0,
            "what the first and the last norm read",
            "N·C·4",
            2,
            norm,
        );
        keep(true, "their 1/√mean", "N·4", 2, n * 4);
        // x₀ is what the first norm gave, or smear made of it; without residual scalars only a norm that keeps its output does.
        let output_norm = self.choices.norm == Keeps::Output && !switches.smear;
        keep(
            switches.residual_scalars || output_norm,
            "x₀",
            "N·C·e",
            1,
            stream,
        );
        keep(
            switches.smear,
            "each token's predecessor",
            "N·C·e",
            1,
            stream,
        );
        // Its gate reads 24 numbers of each position, through a view: the whole tensor stays.
        keep(
            switches.smear,
            "the first norm's output, before it is smeared",
            "N·C·e",
            1,
            stream,
        );
        keep(
            switches.smear,
            "smear's gate and share",
            "N·2·e",
            1,
            n * 2 * e,
        );
        keep(
            self.keeps_the_middle(),
            "the stream in the middle",
            "N·C·e",
            1,
            stream,
        );
        keep(true, "what the head reads", "N·C·e", 1, stream);
        keep(
            true,
            "cosines and sines",
            "T·D·4",
            1,
            self.time * self.config.head_width() * 4,
        );
        match self.choices.loss {
            Loss::Plain => {
                let logits = n * vocab_size * 4;
                keep(true, "tanh and log-probabilities", "N·V·4", 2, logits);
                let cast = vocab_size * width * e;
                keep(self.kind != Kind::Float, "the head, cast", "V·C·e", 1, cast);
            }
            Loss::Chunked { .. } => {
                let (what, head) = (
                    "the gradient of what the head reads",
                    vocab_size * width * 4,
                );
                keep(true, what, "N·C·e", 1, stream);
                keep(true, "the head's gradient", "V·C·4", 1, head);
            }
        }
        rows
    }

    /// Whether the stream in the middle is kept for backout's sake: not if the next layer keeps what it reads.
    pub(super) fn keeps_the_middle(&self) -> bool {
        let (layers, switches) = (self.config.layers, &self.config.switches);
        let read_again = layers / 2 + 1 < layers
            && (switches.residual_scalars && self.choices.mix != Keeps::Output
                || self.choices.norm == Keeps::Plain && self.kind == Kind::Float
                || self.choices.norm == Keeps::Input);
        switches.backout && !read_again
    }

    /// Bytes that the forward pass of one micro-batch leaves for the way back.
    pub fn kept(&self) -> i64 {
        let rows = self.kept_by_layers().into_iter().chain(self.kept_around());
        rows.map(|row| row.bytes()).sum()
    }
}
// ANCHOR_END: around
