// ANCHOR: head
//! What a client asks for: from the bytes of a body to a checked request.
//!
//! Three kinds of fields. Those we know are checked and used. Those that would change the answer and that we cannot
//! honour (`tools`, `n: 2`, a JSON schema) are refused: an answer that silently ignores half the question is worse than
//! an error. All others are ignored, as every server that means to be compatible must.

use crate::limits::{self, characters, within};
use crate::{Refusal, message_json};
use dataset::{Message, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use transformer::Sampling;
// ANCHOR_END: head

// ANCHOR: wanted
/// What chat and raw completion have in common, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub model: Option<String>,
    /// Stop ids are not in it: they depend on what is asked.
    pub sampling: Sampling,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
    pub seed: Option<u64>,
    pub stream: bool,
    /// A streamed answer ends with the numbers of tokens.
    pub usage: bool,
    /// With log-probabilities, and so many of the likeliest tokens beside each.
    pub likeliest: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    pub messages: Vec<Message>,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
    pub prompt: String,
    pub wanted: Wanted,
}
// ANCHOR_END: wanted

// ANCHOR: parse
impl ChatRequest {
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let object = object(body)?;
        let fields: ChatFields = typed(&object)?;
        let likeliest = match (fields.logprobs.unwrap_or(false), fields.top_logprobs) {
            (true, count) => Some(count.unwrap_or(0)),
            (false, None | Some(0)) => None,
            (false, Some(_)) => {
                let message = "top_logprobs needs logprobs: true";
                return Err(Refusal::field("top_logprobs", message));
            }
        };
        let likeliest = likeliest
            .map(|count| within("top_logprobs", count, &limits::TOP_LOGPROBS))
            .transpose()?;
        // Clients of two generations: the newer name wins.
        let (name, max_tokens) = match (fields.max_completion_tokens, fields.max_tokens) {
            (Some(tokens), _) => ("max_completion_tokens", tokens),
            (None, tokens) => ("max_tokens", tokens.unwrap_or(512)),
        };
        let max_tokens = within(name, max_tokens, &limits::MAX_TOKENS)?;
        Ok(ChatRequest {
            messages: messages(fields.messages)?,
            wanted: wanted(&object, max_tokens, likeliest)?,
        })
    }
}

impl CompletionRequest {
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let object = object(body)?;
        let fields: CompletionFields = typed(&object)?;
        let prompt = match fields.prompt {
            Value::String(text) => text,
            Value::Array(list) => match list.as_slice() {
                [Value::String(text)] => text.clone(),
                _ => {
                    let message = "prompt is a list; one text is what this server continues";
                    return Err(Refusal::field("prompt", message));
                }
            },
            _ => return Err(Refusal::field("prompt", "prompt must be a text")),
        };
        characters("prompt", &prompt, limits::TOTAL_CHARACTERS)?;
        let likeliest = fields
            .logprobs
            .map(|count| within("logprobs", count, &limits::TOP_LOGPROBS))
            .transpose()?;
        // OpenAI's default; raw text has no natural end.
        let max_tokens = fields.max_tokens.unwrap_or(16);
        let max_tokens = within("max_tokens", max_tokens, &limits::MAX_TOKENS)?;
        Ok(CompletionRequest {
            prompt,
            wanted: wanted(&object, max_tokens, likeliest)?,
        })
    }
}
// ANCHOR_END: parse

// ANCHOR: fields
/// The fields as they stand in JSON, before any limit is looked at. `i64`, so that −1 is refused by us, in our words.
#[derive(Deserialize)]
struct ChatFields {
    messages: Vec<Value>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    logprobs: Option<bool>,
    top_logprobs: Option<i64>,
}

#[derive(Deserialize)]
struct CompletionFields {
    prompt: Value,
    max_tokens: Option<i64>,
    logprobs: Option<i64>,
}

#[derive(Deserialize)]
struct CommonFields {
    model: Option<String>,
    temperature: Option<f64>,
    top_k: Option<i64>,
    top_p: Option<f64>,
    min_p: Option<f64>,
    repetition_penalty: Option<f64>,
    stop: Option<Value>,
    seed: Option<i64>,
    stream: Option<bool>,
    stream_options: Option<StreamFields>,
}

#[derive(Deserialize)]
struct StreamFields {
    include_usage: Option<bool>,
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Json(error.to_string()))
}

/// Reads the fields of a struct; a field of the wrong type is named.
fn typed<T: DeserializeOwned>(object: &Map<String, Value>) -> Result<T, Refusal> {
    let value = Value::Object(object.clone());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner().to_string();
        match path.as_str() {
            // A field that is missing has no path; the reason names it in backquotes.
            "." | "" => {
                let name = reason.split('`').nth(1).unwrap_or_default().to_string();
                Refusal::field(name, reason)
            }
            _ => Refusal::field(path.clone(), format!("{path}: {reason}")),
        }
    })
}
// ANCHOR_END: fields

// ANCHOR: settings
fn wanted(
    object: &Map<String, Value>,
    max_tokens: i64,
    likeliest: Option<i64>,
) -> Result<Wanted, Refusal> {
    cannot_be_honoured(object)?;
    let fields: CommonFields = typed(object)?;
    let share = |name, value: Option<f64>, default: f64| {
        within(name, value.unwrap_or(default), &(0.0..=1.0))
    };
    let above_zero = |name: &'static str, value: f64| match value > 0.0 {
        true => Ok(value),
        false => Err(Refusal::field(
            name,
            format!("{name} is {value}; it must be above 0"),
        )),
    };
    let temperature = fields.temperature.unwrap_or(0.8);
    let top_k = fields.top_k.unwrap_or(50);
    let penalty = fields.repetition_penalty.unwrap_or(1.0);
    let sampling = Sampling {
        temperature: within("temperature", temperature, &limits::TEMPERATURE)?,
        top_k: within("top_k", top_k, &limits::TOP_K)? as usize,
        top_p: above_zero("top_p", share("top_p", fields.top_p, 1.0)?)?,
        min_p: share("min_p", fields.min_p, 0.0)?,
        repetition_penalty: above_zero(
            "repetition_penalty",
            within("repetition_penalty", penalty, &(0.0..=2.0))?,
        )?,
        max_tokens: max_tokens as usize,
        // An insight of 0 would report nothing, not even the chosen token's own probability.
        insight: likeliest.map_or(0, |count| count.max(1) as usize),
        ..Sampling::default()
    };
    Ok(Wanted {
        model: fields.model,
        sampling,
        stop: stop_strings(fields.stop)?,
        seed: fields.seed.map(|seed| seed as u64),
        stream: fields.stream.unwrap_or(false),
        usage: fields
            .stream_options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
        likeliest: likeliest.map(|count| count as usize),
    })
}

/// `"stop": "text"`, or a list of up to four.
fn stop_strings(field: Option<Value>) -> Result<Vec<String>, Refusal> {
    let wrong = || {
        let most = limits::STOP_STRINGS;
        let message =
            format!("stop must be a text or a list of at most {most} texts, none of them empty");
        Refusal::field("stop", message)
    };
    let list = match field {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    if list.len() > limits::STOP_STRINGS {
        return Err(wrong());
    }
    list.into_iter()
        .map(|value| match value {
            Value::String(text) if !text.is_empty() => {
                characters("stop", &text, limits::STOP_CHARACTERS)?;
                Ok(text)
            }
            _ => Err(wrong()),
        })
        .collect()
}

/// Fields of OpenAI's API that mean something, but not here.
fn cannot_be_honoured(object: &Map<String, Value>) -> Result<(), Refusal> {
    let nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let refuse = |name: &str, why: &str| Err(Refusal::field(name, format!("{name}: {why}")));
    for (name, value) in object.iter().filter(|(_, value)| !nothing(value)) {
        match name.as_str() {
            "n" | "best_of" if value.as_i64() != Some(1) => {
                return refuse(
                    name,
                    "this server gives one answer per request; ask several times",
                )?;
            }
            "tools" | "functions" => {
                return refuse(
                    name,
                    "this model has tools of its own and calls them itself",
                )?;
            }
            "response_format" if value.get("type").and_then(Value::as_str) != Some("text") => {
                return refuse(name, "this server answers in plain text only")?;
            }
            "frequency_penalty" | "presence_penalty" => {
                return refuse(name, "not available; use repetition_penalty")?;
            }
            "logit_bias" | "echo" | "suffix" => {
                return refuse(name, "not available; leave it out")?;
            }
            _ => {}
        }
    }
    Ok(())
}
// ANCHOR_END: settings

// ANCHOR: messages
/// Checks number, form and length of the messages. Whose turn it is, chapter 07 checks when it renders them.
fn messages(values: Vec<Value>) -> Result<Vec<Message>, Refusal> {
    let count = values.len();
    if !(1..=limits::MESSAGES).contains(&count) {
        let most = limits::MESSAGES;
        return Err(Refusal::field(
            "messages",
            format!("messages has {count} entries; it must have from 1 to {most}"),
        ));
    }
    let mut total = 0;
    let mut messages = Vec::with_capacity(count);
    for (index, value) in values.iter().enumerate() {
        let place = format!("messages[{index}]");
        let message = message_json::read(value, &place)?;
        let field = format!("{place}.content");
        let length = characters(&field, &message.text(), limits::MESSAGE_CHARACTERS)?;
        // An answer may be empty, a model may have nothing to say; a question may not.
        if length == 0 && message.role != Role::Assistant {
            return Err(Refusal::field("messages", format!("{field} is empty")));
        }
        total += length;
        messages.push(message);
    }
    if total > limits::TOTAL_CHARACTERS {
        let limit = limits::TOTAL_CHARACTERS;
        return Err(Refusal::field(
            "messages",
            format!("messages have {total} characters together; the limit is {limit}"),
        ));
    }
    match messages.last() {
        Some(last) if last.role == Role::User => Ok(messages),
        _ => Err(Refusal::field(
            "messages",
            "the last message must be the user's: it is what gets answered",
        )),
    }
}
// ANCHOR_END: messages
