//! What the fast path promises beyond the same ids.

use proptest::prelude::*;
use tokenizer::fast::classes::{Class, Classes};
use tokenizer::fast::packed::Packed;
use tokenizer::fast::scanner;
use tokenizer::pattern::Pattern;
use tokenizer::sample_text::sample_text;
use tokenizer::{Progress, Tokenizer, TrainSettings, train};

fn trained() -> Tokenizer {
    let texts = (0..20).map(|seed| sample_text(seed, 40));
    train(texts, &TrainSettings::new(500), &mut |_| ()).unwrap()
}

#[test]
fn every_character_of_unicode_has_the_class_that_the_pattern_gives_it() {
    let whole = |part: &str| fancy_regex::Regex::new(&format!("^(?:{part})$")).unwrap();
    let by_pattern = [
        (whole("[\r\n]"), Class::LineBreak),
        (whole(" "), Class::Space),
        (whole(r"\s"), Class::White),
        (whole(r"\p{L}"), Class::Letter),
        (whole(r"\p{N}"), Class::Number),
        (whole(r"[^\s\p{L}\p{N}]"), Class::Mark),
    ];
    let classes = Classes::get();
    let mut found = [0; 6];
    for character in '\0'..=char::MAX {
        let text = character.to_string();
        let (_, expected) = by_pattern
            .iter()
            .find(|(regex, _)| regex.is_match(&text).unwrap())
            .expect("each character has one of the classes");
        assert_eq!(classes.of(character), *expected, "{character:?}");
        assert_eq!(classes.look(&text, 0), Some((*expected, text.len())));
        found[*expected as usize] += 1;
    }
    assert!(found.iter().all(|&count| count > 0), "{found:?}");
}

#[test]
fn every_pair_of_ascii_characters_splits_as_the_pattern_says() {
    let pattern = Pattern::default();
    for first in 0..128u8 {
        for second in 0..128u8 {
            for context in ["", "a", " ", "1", "!", "\n"] {
                let pair = [char::from(first), char::from(second)];
                let text = format!("{context}{}{}{context}", pair[0], pair[1]);
                assert!(scanner::split(&text).eq(pattern.split(&text)), "{text:?}");
            }
        }
    }
}

#[test]
fn white_space_beyond_the_matchers_patience_is_split_by_the_rule() {
    let text = " ".repeat(3_000_000) + "x";
    let lengths: Vec<usize> = scanner::split(&text).map(str::len).collect();
    assert_eq!(lengths, [2_999_999, 2]);
}

proptest! {
    #[test]
    fn packing_loses_nothing(before in "[a-z]{0,20}", chunk in proptest::collection::vec(any::<u8>(), 0..15), after in "[a-z]{0,20}") {
        let bytes = [before.as_bytes(), &chunk, after.as_bytes()].concat();
        let packed = Packed::new(&bytes, before.len(), before.len() + chunk.len()).unwrap();
        let (unpacked, length) = packed.bytes();
        prop_assert_eq!(&unpacked[..length], chunk.as_slice());
        // Neither what stands around it nor where it stands is part of the number.
        prop_assert_eq!(packed, Packed::new(&chunk, 0, chunk.len()).unwrap());
        prop_assert_eq!(Packed::new(&[0; 16], 0, 16), None);
    }
}

#[test]
fn a_batch_is_its_texts_in_their_order() {
    let tokenizer = trained();
    let mut texts: Vec<String> = (0..300)
        .map(|seed| sample_text(seed, 1 + seed as usize % 7))
        .collect();
    texts[5].clear();
    texts.push(String::new());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let batch = pool.install(|| tokenizer.encode_batch(&texts));
        let singly: Vec<Vec<u32>> = texts.iter().map(|text| tokenizer.encode(text)).collect();
        assert!(batch.iter().eq(singly.iter().map(Vec::as_slice)));
        assert_eq!(batch.tokens(), singly.iter().map(Vec::len).sum::<usize>());
    }
    assert_eq!(tokenizer.encode_batch::<&str>(&[]).iter().count(), 0);
}

#[test]
fn threads_that_share_a_tokenizer_get_the_same_ids() {
    let tokenizer = trained();
    let text = "Zanzibar's 12345 otters … ".repeat(50) + &sample_text(77, 300);
    let alone = tokenizer.encode(&text);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| assert_eq!(tokenizer.encode(&text), alone)));
        }
    });
}

#[test]
fn training_says_what_it_is_doing_stage_after_stage() {
    let mut stages = Vec::new();
    let texts = (0..20).map(|seed| sample_text(seed, 40));
    train(texts, &TrainSettings::new(560), &mut |progress| {
        stages.push(match progress {
            Progress::Counting {
                documents,
                bytes,
                chunks,
            } => {
                assert!(documents == 20 && bytes > 1_000 && chunks > 100);
                "counting"
            }
            Progress::Indexing { chunks } => {
                assert!(chunks > 100);
                "indexing"
            }
            Progress::Merging { done, total } => {
                assert!(done <= total && total == 295);
                "merging"
            }
        });
    })
    .unwrap();
    assert_eq!(stages, ["counting", "indexing", "merging", "merging"]);
}
