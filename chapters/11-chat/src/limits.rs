// ANCHOR: head
//! How much a client may ask for. nanochat's numbers; each is checked before anything is computed, and each refusal
//! names the field and the limit.
//!
//! They are not about manners. A model server turns a hundred bytes of request into minutes of work, so every number in
//! a request that multiplies work needs an upper end.

use crate::Refusal;
use std::fmt::Display;
use std::ops::RangeInclusive;
// ANCHOR_END: head

// ANCHOR: limits
pub const MESSAGES: usize = 500;
/// In one message.
pub const MESSAGE_CHARACTERS: usize = 8_000;
/// In all messages, or in the prompt of a raw completion.
pub const TOTAL_CHARACTERS: usize = 32_000;
pub const TEMPERATURE: RangeInclusive<f64> = 0.0..=2.0;
pub const TOP_K: RangeInclusive<i64> = 0..=200;
pub const MAX_TOKENS: RangeInclusive<i64> = 1..=4_096;
/// OpenAI's.
pub const TOP_LOGPROBS: RangeInclusive<i64> = 0..=20;
pub const STOP_STRINGS: usize = 4;
pub const STOP_CHARACTERS: usize = 200;
/// 32,000 characters of at most four bytes, each perhaps written as a twelve-byte escape, and the JSON around them.
pub const BODY_BYTES: usize = 1 << 20;
// ANCHOR_END: limits

// ANCHOR: within
/// The value, if it lies in the range.
pub fn within<T: PartialOrd + Display + Copy>(
    field: &'static str,
    value: T,
    range: &RangeInclusive<T>,
) -> Result<T, Refusal> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (range.start(), range.end());
    Err(Refusal::field(
        field,
        format!("{field} is {value}; it must be from {low} to {high}"),
    ))
}

/// Refuses a text that is too long, naming where it stands.
pub fn characters(field: &str, text: &str, limit: usize) -> Result<usize, Refusal> {
    let count = text.chars().count();
    if count <= limit {
        return Ok(count);
    }
    let param = field.split(['[', '.']).next().unwrap_or(field);
    Err(Refusal::field(
        param,
        format!("{field} has {count} characters; the limit is {limit}"),
    ))
}
// ANCHOR_END: within
