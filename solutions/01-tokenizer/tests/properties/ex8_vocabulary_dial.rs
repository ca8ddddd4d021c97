use super::texts::{any_text, trained};
use judge::{Case, Property, example, property};
use proptest::prelude::*;
use tokenizer::{Error, Tokenizer};

pub struct Functions {
    pub cut: fn(&Tokenizer, usize) -> Result<Tokenizer, Error>,
    pub bytes_per_token: fn(&Tokenizer, &[&str]) -> f64,
}

/// V and the last three merges: enough to tell two tokenizers of one family apart, and short in print.
fn essence(cut: Result<Tokenizer, Error>) -> Result<(usize, Vec<(u32, u32)>), String> {
    let tokenizer = cut.map_err(|error| error.to_string())?;
    let merges = tokenizer.vocabulary().merges();
    let last = merges[merges.len().saturating_sub(3)..].to_vec();
    Ok((tokenizer.vocab_size(), last))
}

pub fn properties() -> Vec<Property<Functions>> {
    let small = trained(300);
    let whole = trained(420);
    // A clone is a pointer.
    let (first, second, third, fourth) = (whole.clone(), whole.clone(), whole.clone(), whole);
    let sizes: Vec<(usize, Tokenizer)> = [265, 266, 280, 300, 350, 400, 418, 419]
        .map(|size| (size, trained(size)))
        .into();
    vec![
        property(
            "the cut tokenizer is the one that training with that size gives",
            || 0usize..8,
            move |f: &Functions, at| {
                let (size, expected) = &sizes[at];
                let case = Case::of(&[("trained with", &420), ("cut to", size)]);
                case.same(&essence(Ok(expected.clone())), || {
                    essence((f.cut)(&first, *size))
                })
            },
        ),
        example(
            "a wish for more than there is gives all of it",
            move |f: &Functions| {
                let case = Case::of(&[("trained with", &300), ("cut to", &1000)]);
                case.same(&essence(Ok(small.clone())), || {
                    essence((f.cut)(&small, 1000))
                })
            },
        )
        .holds_for_constants(),
        example(
            "264 is too small for the bytes and the special tokens, and says so",
            move |f: &Functions| {
                Case::of(&[("cut to", &264)]).obeys(|| match (f.cut)(&second, 264) {
                    Err(Error::VocabularyTooSmall { wanted: 264 }) => Ok(()),
                    Err(other) => Err(format!("the error is: {other}")),
                    Ok(tokenizer) => Err(format!(
                        "a tokenizer of {} ids came",
                        tokenizer.vocab_size()
                    )),
                })
            },
        ),
        example(
            "a long document weighs more than a short one",
            move |f: &Functions| {
                let documents = ["the harbour ".repeat(50), "zq".into()];
                let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
                let tokens: usize = documents.iter().map(|text| third.encode(text).len()).sum();
                Case::of(&[("documents", &"`the harbour ` 50 times, and `zq`")]).close(
                    602.0 / tokens as f64,
                    1e-9,
                    || (f.bytes_per_token)(&third, &documents),
                )
            },
        ),
        property(
            "bytes, not characters, over tokens of all documents together",
            || {
                proptest::collection::vec(any_text(), 1..4)
                    .prop_filter("text", |texts| texts.concat().len() > 3)
            },
            move |f: &Functions, texts| {
                let documents: Vec<&str> = texts.iter().map(String::as_str).collect();
                let tokens: usize = documents.iter().map(|text| fourth.encode(text).len()).sum();
                let expected = texts.concat().len() as f64 / tokens as f64;
                Case::of(&[("documents", &texts)])
                    .close(expected, 1e-9, || (f.bytes_per_token)(&fourth, &documents))
            },
        ),
        example(
            "no documents: 0, and no division by zero",
            |f: &Functions| {
                let tokenizer = trained(300);
                Case::of(&[("documents", &"none")])
                    .same(&0.0, || (f.bytes_per_token)(&tokenizer, &[]))
            },
        )
        .holds_for_constants(),
    ]
}
