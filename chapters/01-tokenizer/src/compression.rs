// ANCHOR: head
//! How much text fits into a token.
//!
//! *Bytes per token* is what a tokenizer is worth to the model behind it: twice the bytes, half the positions for the
//! same text. It depends on the text (a tokenizer is good at what it was trained on) and on the vocabulary size, which
//! is not free: the model has a row of the embedding and a row of the head for every id. The table therefore says both.
//!
//! A fair comparison across vocabulary sizes counts bits. An id below V takes log2 V bits to write down, so a text takes
//! `log2(V) / bytes per token` bits per byte, and a larger vocabulary must earn its longer ids with longer tokens.

use crate::Tokenizer;
// ANCHOR_END: head

// ANCHOR: compression
/// Vocabulary sizes as published with the models.
pub const PUBLISHED: [(&str, usize); 2] = [("GPT-2", 50_257), ("GPT-4", 100_277)];

/// One text under one tokenizer.
#[derive(Clone, Debug)]
pub struct Compression {
    pub name: String,
    pub bytes: usize,
    pub chars: usize,
    pub tokens: usize,
    /// Decoding gave the text back. Anything else is a bug.
    pub round_trip: bool,
}

impl Compression {
    pub fn measure(tokenizer: &Tokenizer, name: &str, text: &str) -> Self {
        let ids = tokenizer.encode(text);
        Compression {
            name: name.to_string(),
            bytes: text.len(),
            chars: text.chars().count(),
            tokens: ids.len(),
            round_trip: tokenizer.decode(&ids) == text,
        }
    }

    pub fn bytes_per_token(&self) -> f64 {
        self.bytes as f64 / self.tokens.max(1) as f64
    }

    /// Bits needed to write the ids of one byte of text, in a vocabulary of `vocab_size`.
    pub fn bits_per_byte(&self, vocab_size: usize) -> f64 {
        (vocab_size as f64).log2() / self.bytes_per_token()
    }

    /// The bytes per token at which another vocabulary size needs just as many bits.
    pub fn break_even(&self, vocab_size: usize, other: usize) -> f64 {
        self.bytes_per_token() * (other as f64).log2() / (vocab_size as f64).log2()
    }
}

/// The table as text: a line per text, and what the published vocabularies would have to reach to need as few bits.
pub fn compression_table(tokenizer: &Tokenizer, texts: &[(&str, &str)]) -> String {
    let vocab_size = tokenizer.vocab_size();
    let mut table = String::new();
    let mut line = |cells: [&str; 7]| {
        let [name, bytes, tokens, ratio, bits, gpt2, gpt4] = cells;
        let row =
            format!("{name:<22}{bytes:>9}{tokens:>9}{ratio:>13}{bits:>11}{gpt2:>19}{gpt4:>19}");
        table.push_str(row.trim_end());
        table.push('\n');
    };
    let published = PUBLISHED.map(|(name, size)| format!("V {size} ({name})"));
    line(["", "", "", "", "", "as few bits with", "as few bits with"]);
    line([
        "text",
        "bytes",
        "tokens",
        "bytes/token",
        "bits/byte",
        &published[0],
        &published[1],
    ]);
    for (name, text) in texts {
        let row = Compression::measure(tokenizer, name, text);
        let even = PUBLISHED
            .map(|(_, size)| format!("{:.2} bytes/token", row.break_even(vocab_size, size)));
        let broken = if row.round_trip { "" } else { " (BROKEN)" };
        line([
            &format!("{name}{broken}"),
            &row.bytes.to_string(),
            &row.tokens.to_string(),
            &format!("{:.2}", row.bytes_per_token()),
            &format!("{:.2}", row.bits_per_byte(vocab_size)),
            &even[0],
            &even[1],
        ]);
    }
    table
}
// ANCHOR_END: compression
