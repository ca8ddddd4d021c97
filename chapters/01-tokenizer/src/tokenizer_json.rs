// ANCHOR: head
//! `tokenizer.json`: the file that Hugging Face's libraries read.
//!
//! The format describes a tokenizer as a row of stages, each named by type: a pre-tokenizer that splits, a model that
//! merges, a decoder that undoes. Ours are `Split` by our pattern, `ByteLevel`, `BPE`. JSON holds text and tokens are
//! bytes, so bytes are written as characters: the *byte-level alphabet* of GPT-2. A printable byte stands for itself,
//! the others for the characters from U+0100 on: a space becomes `Ġ` (U+0120), a line feed `Ċ` (U+010A).
//!
//! Reading checks that the file says what this crate does. Anything else would encode differently here than there, and
//! is refused with the key at which the file differs.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::atomic_file;
use crate::error::Error;
use crate::pattern::pattern_text;
use crate::special::Special;
use crate::vocabulary::Vocabulary;
use crate::{Pair, Tokenizer};
// ANCHOR_END: head

// ANCHOR: alphabet
/// The character for each byte: 188 printable ones stand for themselves, the other 68 are numbered from U+0100.
pub(crate) fn byte_alphabet() -> [char; 256] {
    let mut alphabet = ['\0'; 256];
    let mut next_stand_in = 0x100;
    for byte in 0..=255u8 {
        // Not printable: controls, the space, the no-break space 0xA0 and the soft hyphen 0xAD.
        alphabet[byte as usize] = if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            char::from(byte)
        } else {
            let stand_in = char::from_u32(next_stand_in).expect("U+0100 to U+0143 are characters");
            next_stand_in += 1;
            stand_in
        };
    }
    alphabet
}

/// A token's bytes in that alphabet.
fn spell(alphabet: &[char; 256], bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| alphabet[byte as usize]).collect()
}
// ANCHOR_END: alphabet

// ANCHOR: save
pub fn save(tokenizer: &Tokenizer, path: &Path) -> Result<(), Error> {
    atomic_file::write(path, text(tokenizer).as_bytes())
}

/// What stands in the file.
pub fn text(tokenizer: &Tokenizer) -> String {
    let mut text = serde_json::to_string_pretty(&to_json(tokenizer))
        .expect("strings and numbers always serialise");
    text.push('\n');
    text
}

fn to_json(tokenizer: &Tokenizer) -> Value {
    let alphabet = byte_alphabet();
    let vocabulary = tokenizer.vocabulary();
    let spelling = |id: u32| spell(&alphabet, vocabulary.token(id).expect("merges name tokens"));
    let vocab: Map<String, Value> = (0..vocabulary.len() as u32)
        .map(|id| (spelling(id), id.into()))
        .collect();
    let merges: Vec<[String; 2]> = vocabulary
        .merges()
        .iter()
        .map(|&(left, right)| [spelling(left), spelling(right)])
        .collect();
    let added: Vec<Value> = Special::ALL
        .iter()
        .map(|&special| {
            json!({
                "id": tokenizer.special(special), "content": special.name(), "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false, "special": true,
            })
        })
        .collect();
    // `use_regex` off: ByteLevel has a split pattern of its own, GPT-2's, and it must not run after ours.
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split", "pattern": { "Regex": pattern_text() },
                    "behavior": "Isolated", "invert": false,
                },
                byte_level.clone(),
            ],
        },
        "post_processor": null,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    })
}
// ANCHOR_END: save

// ANCHOR: load
pub fn load(path: &Path) -> Result<Tokenizer, Error> {
    let text = fs::read(path).map_err(|source| Error::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    from_json(&text).map_err(|Fault { key, reason }| Error::Corrupt {
        path: path.to_path_buf(),
        key,
        reason,
    })
}

/// Where a file differs from what `save` writes, and how.
struct Fault {
    key: String,
    reason: String,
}

fn fault(key: impl Into<String>, reason: impl Into<String>) -> Fault {
    Fault {
        key: key.into(),
        reason: reason.into(),
    }
}

fn from_json(text: &[u8]) -> Result<Tokenizer, Fault> {
    let file: Value = serde_json::from_slice(text)
        .map_err(|error| fault("the whole file", format!("is not valid JSON ({error})")))?;
    expect(&file, "model.type", &"BPE".into())?;
    for key in ["normalizer", "model.dropout"] {
        expect(&file, key, &Value::Null)?;
    }
    let stages = "pre_tokenizer.pretokenizers";
    expect(
        &file,
        &format!("{stages}.0.pattern.Regex"),
        &pattern_text().into(),
    )?;
    expect(&file, &format!("{stages}.1.type"), &"ByteLevel".into())?;
    expect(&file, &format!("{stages}.1.use_regex"), &false.into())?;

    let vocab = find(&file, "model.vocab")?
        .as_object()
        .ok_or_else(|| fault("model.vocab", "is not an object of spellings and ids"))?;
    let merges = find(&file, "model.merges")?
        .as_array()
        .ok_or_else(|| fault("model.merges", "is not a list"))?
        .iter()
        .enumerate()
        .map(|(index, merge)| read_merge(merge, vocab, &format!("model.merges.{index}")))
        .collect::<Result<Vec<Pair>, Fault>>()?;
    let vocabulary = Vocabulary::from_merges(merges).map_err(|error| match error {
        Error::BadMerge { index, reason } => fault(format!("model.merges.{index}"), reason),
        other => fault("model.merges", other.to_string()),
    })?;
    check_vocab(vocab, &vocabulary)?;

    let tokenizer = Tokenizer::new(vocabulary);
    for special in Special::ALL {
        let key = format!("added_tokens.{}", special.index());
        expect(&file, &format!("{key}.content"), &special.name().into())?;
        expect(
            &file,
            &format!("{key}.id"),
            &tokenizer.special(special).into(),
        )?;
    }
    Ok(tokenizer)
}

/// A merge is written as two spellings; older files join them by a space, which the byte-level alphabet does not have.
fn read_merge(merge: &Value, vocab: &Map<String, Value>, key: &str) -> Result<Pair, Fault> {
    let halves: Vec<&str> = match merge {
        Value::String(joined) => joined.split(' ').collect(),
        Value::Array(halves) => halves.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let [left, right] = halves[..] else {
        return Err(fault(key, "is not a pair of spellings"));
    };
    let id = |half: &str| {
        vocab
            .get(half)
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| {
                fault(
                    key,
                    format!("names `{half}`, which model.vocab does not have"),
                )
            })
    };
    Ok((id(left)?, id(right)?))
}

/// `vocab` must list exactly the tokens that the merges make, under the ids that they make.
fn check_vocab(vocab: &Map<String, Value>, vocabulary: &Vocabulary) -> Result<(), Fault> {
    let alphabet = byte_alphabet();
    for id in 0..vocabulary.len() as u32 {
        let spelling = spell(&alphabet, vocabulary.token(id).expect("id < len"));
        let stated = vocab.get(&spelling).and_then(Value::as_u64);
        if stated != Some(id.into()) {
            let stated = stated.map_or("is missing".into(), |stated| format!("has id {stated}"));
            return Err(fault(
                format!("model.vocab.{spelling}"),
                format!("{stated}; by the merges it is token {id}"),
            ));
        }
    }
    if vocab.len() != vocabulary.len() {
        return Err(fault(
            "model.vocab",
            format!(
                "has {} tokens, but the merges make {}",
                vocab.len(),
                vocabulary.len()
            ),
        ));
    }
    Ok(())
}

/// Follows a key like `model.merges.17`: names for objects, numbers for lists.
fn find<'v>(file: &'v Value, key: &str) -> Result<&'v Value, Fault> {
    let mut value = file;
    for part in key.split('.') {
        let inner = match part.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(part),
        };
        value = inner.ok_or_else(|| fault(key, format!("`{part}` is missing")))?;
    }
    Ok(value)
}

fn expect(file: &Value, key: &str, wanted: &Value) -> Result<(), Fault> {
    let value = find(file, key)?;
    if value == wanted {
        return Ok(());
    }
    Err(fault(
        key,
        format!("is {value}, and this crate only knows {wanted}"),
    ))
}
// ANCHOR_END: load
