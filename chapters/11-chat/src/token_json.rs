// ANCHOR: head
//! Tokens with their log-probabilities, as OpenAI's clients expect them. The web page's x-ray mode is made of these.

use crate::job::Chosen;
use serde_json::{Map, Value, json};
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: entries
/// JSON has no −∞; a token that can never come gets this.
const LEAST: f32 = -9999.0;

/// `{"token", "logprob", "bytes"}` without alternatives.
fn entry(tokenizer: &Tokenizer, id: u32, log_probability: f32) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("token".into(), json!(name(tokenizer, id)));
    entry.insert("logprob".into(), json!(log_probability.max(LEAST)));
    entry.insert("bytes".into(), json!(tokenizer.token(id)));
    entry
}

/// A token's text. Half a character is written as `bytes:\xf0\x9f`, and a special token by its name; its `bytes` are null.
pub fn name(tokenizer: &Tokenizer, id: u32) -> String {
    match (tokenizer.token(id), tokenizer.is_special(id)) {
        (Some(bytes), _) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_string(),
            Err(_) => {
                let hex: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
                format!("bytes:{hex}")
            }
        },
        (None, Some(special)) => special.name().to_string(),
        (None, None) => format!("id:{id}"),
    }
}

/// The `logprobs` object of a chat answer or chunk.
pub fn chat(tokenizer: &Tokenizer, chosen: &[Chosen]) -> Value {
    let content: Vec<Value> = chosen
        .iter()
        .map(|token| {
            let mut whole = entry(tokenizer, token.id, token.log_probability);
            let likeliest = token.likeliest.iter();
            let top: Vec<Value> = likeliest
                .map(|&(id, log_probability)| entry(tokenizer, id, log_probability).into())
                .collect();
            whole.insert("top_logprobs".into(), top.into());
            whole.into()
        })
        .collect();
    json!({"content": content, "refusal": null})
}

/// The older `logprobs` object of a raw completion: lists beside each other. `offset` is where in the text, counted in
/// characters, the first of these tokens begins.
pub fn completion(tokenizer: &Tokenizer, chosen: &[Chosen], mut offset: usize) -> Value {
    let mut offsets = Vec::new();
    let mut names = Vec::new();
    for token in chosen {
        offsets.push(offset);
        let bytes = tokenizer.token(token.id).unwrap_or_default();
        // A character belongs to the token that begins it.
        offset += bytes.iter().filter(|&byte| byte & 0xC0 != 0x80).count();
        names.push(name(tokenizer, token.id));
    }
    let own: Vec<f32> = chosen
        .iter()
        .map(|token| token.log_probability.max(LEAST))
        .collect();
    let top: Vec<Value> = chosen
        .iter()
        .map(|token| {
            let likeliest = token.likeliest.iter();
            likeliest
                .map(|&(id, value)| (name(tokenizer, id), json!(value.max(LEAST))))
                .collect::<Map<_, _>>()
                .into()
        })
        .collect();
    json!({"tokens": names, "token_logprobs": own, "top_logprobs": top, "text_offset": offsets})
}
// ANCHOR_END: entries
