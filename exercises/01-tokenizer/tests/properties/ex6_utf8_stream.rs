use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;
use tokenizer::{StreamDecoder, Tokenizer, Vocabulary};

pub struct Functions {
    /// What each push returned, and at the end what `finish` did.
    pub stream: fn(&[Vec<u8>]) -> Vec<String>,
}

/// Bytes of whole characters, of broken ones, and of nothing.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = "[aé蟹🦀]{0,3}".prop_map(String::into_bytes);
    let torn = prop::sample::select(vec![0xf0u8, 0x9f, 0xa6, 0x80, 0xc3, 0xa9, 0xe8, 0xff, 0x61]);
    let torn = proptest::collection::vec(torn, 0..4);
    proptest::collection::vec(prop_oneof![text, torn], 1..6)
}

/// The chapter's decoder, given one byte at a time, so that it says what is certain after each piece.
fn expected(pieces: &[Vec<u8>]) -> Vec<String> {
    let bytes_alone = Vocabulary::from_merges(Vec::new()).expect("no merges, no mistakes");
    let mut decoder = StreamDecoder::new(&Tokenizer::new(bytes_alone));
    let mut shown: Vec<String> = pieces
        .iter()
        .map(|piece| {
            piece
                .iter()
                .map(|&byte| decoder.push(byte.into()))
                .collect()
        })
        .collect();
    shown.push(decoder.finish());
    shown
}

fn check(f: &Functions, pieces: Vec<Vec<u8>>) -> Checked {
    let case = Case::of(&[("pieces", &pieces)]);
    case.same(&expected(&pieces), || (f.stream)(&pieces))
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "a crab in four pieces is shown with the fourth",
            |f: &Functions| check(f, "🦀!".bytes().map(|byte| vec![byte]).collect()),
        ),
        example(
            "what follows a torn character is not lost",
            |f: &Functions| check(f, vec![vec![0xf0, 0x9f], b"ab".to_vec()]),
        ),
        example("at the end a torn character is one �", |f: &Functions| {
            check(f, vec![b"a".to_vec(), vec![0xf0, 0x9f, 0xa6]])
        }),
        property(
            "each push shows everything that is certain, and nothing else",
            || pieces().prop_filter("bytes", |pieces| pieces.concat().len() > 2),
            |f: &Functions, pieces| check(f, pieces),
        ),
        property(
            "joined, it is the lossy text of all the bytes",
            || pieces().prop_filter("bytes", |pieces| pieces.concat().len() > 2),
            |f: &Functions, pieces| {
                let all = String::from_utf8_lossy(&pieces.concat()).into_owned();
                Case::of(&[("pieces", &pieces)]).same(&all, || (f.stream)(&pieces).concat())
            },
        ),
    ]
}
