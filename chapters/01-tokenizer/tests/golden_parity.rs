//! The same merges, ids and bytes as rustbpe and tiktoken, read from golden files.
//!
//! `NANOCRAB_GOLDEN` names the folder that holds `bpe/`; the crate's own copy is the default. Training needs the corpus
//! itself, found by its digest under `NANOCRAB_REAL_DATA`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokenizer::pattern::pattern_text;
use tokenizer::{Pair, Special, StreamDecoder, Tokenizer, TrainSettings, Vocabulary, train};

fn golden_files() -> Vec<(PathBuf, Value)> {
    let root = std::env::var_os("NANOCRAB_GOLDEN")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"));
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("bpe"))
        .expect("the golden folder has bpe/")
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no golden file in {}", root.display());
    files
        .into_iter()
        .map(|path| {
            let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path, value)
        })
        .collect()
}

fn numbers(value: &Value) -> Vec<u32> {
    let list = value.as_array().unwrap();
    list.iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn golden_merges(golden: &Value) -> Vec<Pair> {
    let merges = golden["merges"].as_array().unwrap();
    merges
        .iter()
        .map(|merge| {
            let pair = numbers(merge);
            (pair[0], pair[1])
        })
        .collect()
}

fn golden_tokenizer(golden: &Value) -> Tokenizer {
    Tokenizer::new(Vocabulary::from_merges(golden_merges(golden)).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The corpus of a golden file, whole and cut into documents; `None` (said aloud) without real data.
fn corpus(golden: &Value) -> Option<(String, Vec<String>)> {
    let Some(root) = std::env::var_os("NANOCRAB_REAL_DATA") else {
        assert!(
            std::env::var_os("NANOCRAB_NO_SKIP").is_none_or(|value| value != "1"),
            "NANOCRAB_REAL_DATA is not set and skipping is forbidden"
        );
        println!("skipped: NANOCRAB_REAL_DATA is not set");
        return None;
    };
    let corpus = &golden["corpus"];
    let bytes = corpus["bytes"].as_u64().unwrap();
    let digest = corpus["sha256"].as_str().unwrap();
    let text = fs::read_dir(Path::new(&root).join("text"))
        .expect("real data has text/")
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.metadata().unwrap().len() == bytes)
        .map(|entry| fs::read(entry.path()).unwrap())
        .find(|content| hex(&Sha256::digest(content)) == digest)
        .unwrap_or_else(|| panic!("no file under text/ has the digest {digest}"));
    let text = String::from_utf8(text).unwrap();
    let wanted = corpus["documents"].as_u64().unwrap() as usize;
    let documents: Vec<String> = if wanted == 1 {
        vec![text.clone()]
    } else {
        text.split("\n\n")
            .filter(|piece| !piece.is_empty())
            .map(String::from)
            .collect()
    };
    assert_eq!(documents.len(), wanted, "{}", corpus["how"]);
    Some((text, documents))
}

#[test]
fn parity_of_the_split_pattern() {
    for (path, golden) in golden_files() {
        assert_eq!(golden["pattern"], pattern_text(), "{}", path.display());
    }
}

#[test]
fn parity_of_token_bytes_and_special_tokens() {
    for (path, golden) in golden_files() {
        let tokenizer = golden_tokenizer(&golden);
        let tokens = golden["mergeable_tokens_hex"].as_array().unwrap();
        assert_eq!(
            tokenizer.vocab_size() as u64,
            golden["vocab_size"].as_u64().unwrap()
        );
        assert_eq!(
            tokenizer.vocabulary().len(),
            tokens.len(),
            "{}",
            path.display()
        );
        for (id, token) in tokens.iter().enumerate() {
            assert_eq!(
                hex(tokenizer.token(id as u32).unwrap()),
                token.as_str().unwrap()
            );
        }
        let lengths: Vec<u32> = tokenizer.token_bytes().iter().map(|&n| n as u32).collect();
        assert_eq!(lengths, numbers(&golden["token_bytes"]));
        assert!(
            lengths.iter().any(|&length| length != 0),
            "zeros must not pass"
        );

        let specials = golden["special_tokens"].as_object().unwrap();
        assert_eq!(specials.len(), Special::ALL.len());
        for special in Special::ALL {
            let id = tokenizer.special(special);
            assert_eq!(specials[special.name()].as_u64().unwrap(), u64::from(id));
            assert_eq!(tokenizer.is_special(id), Some(special));
        }
    }
}

#[test]
fn parity_of_encodings() {
    for (path, golden) in golden_files() {
        let tokenizer = golden_tokenizer(&golden);
        let mut zeros_pass = true;
        for encoding in golden["encodings"].as_array().unwrap() {
            let text = encoding["text"].as_str().unwrap();
            let ids = numbers(&encoding["ids"]);
            assert_eq!(tokenizer.encode(text), ids, "{}: {text:?}", path.display());
            assert_eq!(tokenizer.decode(&ids), text);
            zeros_pass &= vec![0; ids.len()] == ids;
        }
        assert!(!zeros_pass, "zeros must not pass");
    }
}

#[test]
fn parity_of_encoding_between_special_tokens() {
    for (path, golden) in golden_files() {
        let tokenizer = golden_tokenizer(&golden);
        let example = &golden["encode_with_bos"];
        let special = |key: &str| {
            let name = example[key].as_str().unwrap();
            let special = Special::ALL
                .into_iter()
                .find(|special| special.name() == name);
            tokenizer.special(special.unwrap())
        };
        let mut ids = vec![special("prepend")];
        tokenizer.encode_into(example["text"].as_str().unwrap(), &mut ids);
        ids.push(special("append"));
        let expected = numbers(&example["ids"]);
        assert_eq!(ids, expected, "{}", path.display());
        assert_ne!(vec![0; expected.len()], expected, "zeros must not pass");
    }
}

#[test]
fn parity_of_decodings_whole_and_streamed() {
    for (path, golden) in golden_files() {
        let tokenizer = golden_tokenizer(&golden);
        for decoding in golden["decodings"].as_array().unwrap() {
            let ids = numbers(&decoding["ids"]);
            let text = decoding["text"].as_str().unwrap();
            let bytes = tokenizer.decode_bytes(&ids).unwrap();
            assert_eq!(
                hex(&bytes),
                decoding["bytes_hex"].as_str().unwrap(),
                "{}",
                path.display()
            );
            assert_eq!(tokenizer.decode(&ids), text);
            let mut stream = StreamDecoder::new(&tokenizer);
            let mut streamed: String = ids.iter().map(|&id| stream.push(id)).collect();
            streamed += &stream.finish();
            assert_eq!(streamed, text);
        }
    }
}

#[test]
fn parity_of_training_and_of_the_encoded_corpus() {
    for (path, golden) in golden_files() {
        let Some((text, documents)) = corpus(&golden) else {
            return;
        };
        let settings = TrainSettings {
            max_document_chars: usize::MAX,
            ..TrainSettings::new(golden["vocab_size"].as_u64().unwrap() as usize)
        };
        let tokenizer = train(documents.iter().cloned(), &settings, &mut |_| ()).unwrap();
        let expected = golden_merges(&golden);
        let first = tokenizer
            .vocabulary()
            .merges()
            .iter()
            .zip(&expected)
            .position(|(a, b)| a != b);
        assert_eq!(
            first,
            None,
            "{}: the first merge that differs",
            path.display()
        );
        assert_eq!(tokenizer.vocabulary().merges().len(), expected.len());
        assert!(
            expected.iter().any(|&pair| pair != (0, 0)),
            "zeros must not pass"
        );

        let ids = tokenizer.encode(&text);
        assert_eq!(ids.len() as u64, golden["corpus_tokens"].as_u64().unwrap());
        let digest = |ids: &[u32]| {
            let decimal: Vec<String> = ids.iter().map(u32::to_string).collect();
            hex(&Sha256::digest(decimal.join(",")))
        };
        assert_eq!(digest(&ids), golden["corpus_ids_sha256"].as_str().unwrap());
        assert_ne!(
            digest(&vec![0; ids.len()]),
            digest(&ids),
            "zeros must not pass"
        );
    }
}
