//! Files that other programs read, files that are damaged, and requests that cannot be met.

use std::fs;
use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};
use tokenizer::compression::{Compression, PUBLISHED};
use tokenizer::sample_text::sample_text;
use tokenizer::{Error, Special, Tokenizer, TrainSettings, Vocabulary, train};

fn trained() -> Tokenizer {
    train(
        [sample_text(1, 200)].into_iter(),
        &TrainSettings::new(420),
        &mut |_| (),
    )
    .unwrap()
}

const TEXTS: [&str; 14] = [
    "",
    " ",
    "The otter counts 12 shells, and it's 2026-11-23.",
    "It'S HE'LL we've I'm 'twas don't",
    "   three  spaces\tand\ttabs \r\n\r\n  end  ",
    "fn main() {\n    println!(\"{}\", 1 << 20);\n}\n",
    "1234567890 3.14159 ½ ٣٤٥ Ⅷ",
    "naïve café Straße Ελληνικά Привет עברית العربية",
    "你好，世界 こんにちは 안녕하세요",
    "🦀🦀 👩‍👩‍👧‍👦 e\u{301} \u{200b}\u{feff}",
    "<|bos|>Hello<|user_start|>",
    "\u{0}\u{1}\u{7f}\u{a0}\u{ad}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "-----==== !!! ... ///\n\n\n#[derive(Debug)]",
];

#[test]
fn hugging_face_reads_our_file_and_encodes_identically() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let ours = trained();
    ours.save(&path).unwrap();
    let mut theirs = tokenizers::Tokenizer::from_file(&path).unwrap();
    assert_eq!(theirs.get_vocab_size(true), ours.vocab_size());
    theirs.set_encode_special_tokens(true); // the names of special tokens are text, as in our `encode`
    for text in TEXTS
        .iter()
        .map(|text| text.to_string())
        .chain([sample_text(9, 100)])
    {
        let encoding = theirs.encode(text.as_str(), false).unwrap();
        assert_eq!(encoding.get_ids(), ours.encode(&text), "{text:?}");
        assert_eq!(theirs.decode(encoding.get_ids(), false).unwrap(), text);
    }
    for special in Special::ALL {
        assert_eq!(
            theirs.token_to_id(special.name()),
            Some(ours.special(special))
        );
    }
    // Without that switch their encoder takes the names for the tokens: the trap our `encode` avoids.
    theirs.set_encode_special_tokens(false);
    let bos = theirs.encode("<|bos|>", false).unwrap();
    assert_eq!(bos.get_ids(), [ours.special(Special::Bos)]);
}

#[test]
fn a_saved_tokenizer_loads_as_the_same_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let tokenizer = trained();
    tokenizer.save(&path).unwrap();
    tokenizer.save(&path).unwrap(); // over the first
    let loaded = Tokenizer::load(&path).unwrap();
    assert_eq!(loaded.fingerprint(), tokenizer.fingerprint());
    assert_eq!(loaded.vocab_size(), 420);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file stays behind"
    );
    let other = train(
        [sample_text(1, 200)].into_iter(),
        &TrainSettings::new(419),
        &mut |_| (),
    )
    .unwrap();
    assert_ne!(other.fingerprint(), tokenizer.fingerprint());
}

#[test]
fn the_tiktoken_file_lists_every_token_under_its_rank() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranks.tiktoken");
    let tokenizer = trained();
    tokenizer.save_tiktoken(&path).unwrap();
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), tokenizer.vocabulary().len());
    for (id, line) in text.lines().enumerate() {
        let (bytes, rank) = line.split_once(' ').unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(bytes)
            .unwrap();
        assert_eq!(rank, id.to_string());
        assert_eq!(Some(bytes.as_slice()), tokenizer.token(id as u32));
    }
}

/// The message for a file that was saved correctly and then changed.
fn message_after(change: impl FnOnce(&mut Value)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    trained().save(&path).unwrap();
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut file);
    fs::write(&path, file.to_string()).unwrap();
    let message = Tokenizer::load(&path).unwrap_err().to_string();
    assert!(
        message.contains("tokenizer.json"),
        "names the file: {message}"
    );
    message
}

#[test]
fn a_damaged_file_is_refused_with_its_name_and_the_key() {
    let model = |file: &mut Value, key: &str, value: Value| file["model"][key] = value;
    let cases: Vec<(&str, String)> = vec![
        (
            "`model.type`",
            message_after(|file| model(file, "type", json!("Unigram"))),
        ),
        (
            "`model.vocab`",
            message_after(|file| {
                file["model"].as_object_mut().unwrap().remove("vocab");
            }),
        ),
        (
            "`model.merges`",
            message_after(|file| model(file, "merges", json!("none"))),
        ),
        (
            "`model.merges.3`",
            message_after(|file| file["model"]["merges"][3] = json!(["zz", "Q"])),
        ),
        (
            "`model.merges.4`",
            message_after(|file| file["model"]["merges"][4] = json!(17)),
        ),
        (
            "`model.merges.5`",
            message_after(|file| file["model"]["merges"][5] = file["model"]["merges"][4].clone()),
        ),
        (
            "`model.vocab.Q`",
            message_after(|file| file["model"]["vocab"]["Q"] = json!(7)),
        ),
        (
            "`model.vocab.Q`",
            message_after(|file| {
                file["model"]["vocab"].as_object_mut().unwrap().remove("Q");
            }),
        ),
        (
            "`model.vocab`",
            message_after(|file| file["model"]["vocab"]["extra!"] = json!(9999)),
        ),
        (
            "`added_tokens.0.content`",
            message_after(|file| file["added_tokens"][0]["content"] = json!("<s>")),
        ),
        (
            "`added_tokens.8.id`",
            message_after(|file| file["added_tokens"][8]["id"] = json!(0)),
        ),
        (
            "`added_tokens.8.content`",
            message_after(|file| {
                file["added_tokens"].as_array_mut().unwrap().pop();
            }),
        ),
        (
            "`normalizer`",
            message_after(|file| file["normalizer"] = json!({"type": "NFC"})),
        ),
        (
            "`pre_tokenizer.pretokenizers.0.pattern.Regex`",
            message_after(|file| {
                file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!("\\s+")
            }),
        ),
    ];
    for (key, message) in cases {
        assert!(message.contains(key), "names {key}: {message}");
    }
}

#[test]
fn truncated_garbled_and_absent_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    trained().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for content in [
        &whole[..whole.len() / 2],
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
    ] {
        fs::write(&path, content).unwrap();
        let error = Tokenizer::load(&path).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    }
    let error = Tokenizer::load(&folder.path().join("absent.json")).unwrap_err();
    assert!(error.to_string().contains("absent.json"), "{error}");
    let error = trained()
        .save(Path::new("/nonexistent-folder/tokenizer.json"))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("/nonexistent-folder/tokenizer.json"),
        "{error}"
    );
}

#[test]
fn impossible_trainings_say_what_would_be_possible() {
    let message = |texts: Vec<&str>, vocab_size: usize| {
        train(
            texts.into_iter().map(String::from),
            &TrainSettings::new(vocab_size),
            &mut |_| (),
        )
        .unwrap_err()
        .to_string()
    };
    for texts in [vec![], vec![""], vec!["", ""]] {
        assert!(message(texts, 300).contains("empty"));
    }
    let small = message(vec!["some text"], 264);
    assert!(small.contains("264") && small.contains("265"), "{small}");
    // "ab ab": chunks `ab` and ` ab`; merges (a, b) and (space, ab); then nothing is left to join.
    let large = message(vec!["ab ab"], 1000);
    assert!(
        large.contains("1000") && large.contains("2 merges") && large.contains("267"),
        "{large}"
    );
    let exact = train(
        ["ab ab".to_string()].into_iter(),
        &TrainSettings::new(267),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(exact.vocabulary().merges(), [(97, 98), (32, 256)]);
    let none = train(
        ["x".to_string()].into_iter(),
        &TrainSettings::new(265),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(none.encode("xy"), [120, 121]);
}

#[test]
fn merges_that_training_could_not_make_are_refused() {
    let cases = [
        (vec![(97, 256)], "ids below 256"),
        (vec![(97, 98), (97, 98)], "same bytes"),
        // `bc` first leaves no `b` for `ab`, so `abc` as (`ab`, `c`) can never be reached.
        (vec![(98, 99), (97, 98), (257, 99)], "encode to"),
    ];
    for (merges, reason) in cases {
        let message = Vocabulary::from_merges(merges).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn limits_on_documents_and_characters_hold() {
    // A document is cut after `max_document_chars` characters: the z's are never seen.
    let settings = TrainSettings {
        max_document_chars: 4,
        ..TrainSettings::new(266)
    };
    let long = || ["ééab zzzzzzzz".to_string()].into_iter();
    assert_eq!(
        train(long(), &settings, &mut |_| ())
            .unwrap()
            .vocabulary()
            .merges()[0],
        (0xc3, 0xa9)
    );
    // Reading stops once `max_chars` are reached, also on an endless source.
    let settings = TrainSettings {
        max_chars: Some(1_000),
        ..TrainSettings::new(266)
    };
    let endless = std::iter::repeat("abab ".to_string());
    assert_eq!(
        train(endless, &settings, &mut |_| ()).unwrap().vocab_size(),
        266
    );
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads_or_the_order_of_documents() {
    let documents: Vec<String> = (0..40).map(|seed| sample_text(seed, 20)).collect();
    let fingerprint = |threads: usize, documents: Vec<String>| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            train(documents.into_iter(), &TrainSettings::new(420), &mut |_| ())
                .unwrap()
                .fingerprint()
        })
    };
    let one = fingerprint(1, documents.clone());
    assert_eq!(one, fingerprint(3, documents.clone()));
    assert_eq!(one, fingerprint(2, documents.into_iter().rev().collect()));
}

#[test]
fn unknown_ids_are_an_error_for_bytes_and_a_mark_in_text() {
    let tokenizer = trained();
    assert_eq!(tokenizer.decode(&[97, 420, 98]), "a\u{fffd}b");
    let message = tokenizer.decode_bytes(&[97, 420]).unwrap_err().to_string();
    assert!(message.contains("420"), "{message}");
    assert_eq!(tokenizer.is_special(420), None);
    assert_eq!(tokenizer.token(tokenizer.special(Special::Bos)), None);
}

#[test]
fn long_runs_of_anything_encode_without_blowing_up() {
    // A quadratic step anywhere would make each of these take minutes to hours.
    let tokenizer = trained();
    for unit in [
        "a", " ", "\n", "\t", "-", "é", "1", "'", " x", "\u{3000}", "\r\n", "the", "你", "\u{0}",
    ] {
        let text = unit.repeat(2_000_000 / unit.len());
        for text in [text.clone(), format!("{text}x"), format!("x{text}!")] {
            let ids = tokenizer.encode(&text);
            assert!(
                tokenizer.decode(&ids) == text,
                "{unit:?} does not come back"
            );
        }
    }
    // Training on one unbroken chunk: two hundred thousand letters, no white space.
    let settings = TrainSettings {
        max_document_chars: usize::MAX,
        ..TrainSettings::new(2_000)
    };
    let mut state = 1u32;
    let letters = (0..200_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ['a', 'c', 'g', 't'][(state >> 30) as usize]
    });
    let dna: String = letters.collect();
    train([dna].into_iter(), &settings, &mut |_| ()).unwrap();
}

#[test]
fn compression_counts_bytes_tokens_and_bits() {
    let tokenizer = train(
        ["ab ab".to_string()].into_iter(),
        &TrainSettings::new(267),
        &mut |_| (),
    )
    .unwrap();
    let row = Compression::measure(&tokenizer, "two words", "ab ab é");
    assert_eq!(
        (row.bytes, row.chars, row.tokens, row.round_trip),
        (8, 7, 5, true)
    );
    assert!((row.bytes_per_token() - 1.6).abs() < 1e-12);
    assert!((row.bits_per_byte(256) - 5.0).abs() < 1e-12);
    // 2¹⁶ ids cost twice the bits of 2⁸, so they must carry twice the bytes.
    assert!((row.break_even(256, 65_536) - 3.2).abs() < 1e-12);
    assert_eq!(PUBLISHED.map(|(_, size)| size), [50_257, 100_277]);
}
