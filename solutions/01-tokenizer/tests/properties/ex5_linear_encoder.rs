use super::texts::trained;
use judge::{Case, Property, example, property};
use std::cell::Cell;
use tokenizer::encode::merge_chunk;
use tokenizer::{Pair, Tokenizer, Vocabulary};

/// What a pair of neighbours becomes.
pub type Merged<'a> = &'a dyn Fn(Pair) -> Option<u32>;

pub struct Functions {
    pub encode_chunk: fn(&[u8], Merged) -> Vec<u32>,
}

/// Look-ups allowed per byte of a chunk.
const PER_BYTE: usize = 4;

fn expected(vocabulary: &Vocabulary, chunk: &[u8]) -> Vec<u32> {
    let mut ids = Vec::new();
    merge_chunk(vocabulary, chunk, &mut ids);
    ids
}

/// The answer, and how often it asked.
fn answer(f: &Functions, vocabulary: &Vocabulary, chunk: &[u8]) -> (Vec<u32>, usize) {
    let asked = Cell::new(0);
    let ids = (f.encode_chunk)(chunk, &|pair| {
        asked.set(asked.get() + 1);
        vocabulary.merged(pair)
    });
    (ids, asked.get())
}

/// Right ids, and not too many questions.
fn frugal(f: &Functions, tokenizer: &Tokenizer, chunk: &[u8]) -> Result<(), String> {
    let (ids, asked) = answer(f, tokenizer.vocabulary(), chunk);
    if ids != expected(tokenizer.vocabulary(), chunk) {
        return Err("the ids are wrong".into());
    }
    let allowed = PER_BYTE * chunk.len();
    match asked <= allowed {
        true => Ok(()),
        false => Err(format!(
            "{asked} look-ups for {} bytes; {allowed} are allowed",
            chunk.len()
        )),
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    let whole = trained(400);
    // A clone is a pointer.
    let (first, second, third) = (whole.clone(), whole.clone(), whole);
    vec![
        example(
            "the merge that was learned first goes first: a, bc and not ab, c",
            |f: &Functions| {
                let vocabulary =
                    Vocabulary::from_merges(vec![(98, 99), (97, 98)]).expect("a sound list");
                let case = Case::of(&[("chunk", &"abc"), ("merges", &"bc = 256, ab = 257")]);
                case.same(&vec![97, 256], || answer(f, &vocabulary, b"abc").0)
            },
        ),
        example("of equal ranks the leftmost goes first", |f: &Functions| {
            let vocabulary = Vocabulary::from_merges(vec![(97, 97)]).expect("a sound list");
            let case = Case::of(&[("chunk", &"aaaaa"), ("merges", &"aa = 256")]);
            case.same(&vec![256, 256, 97], || answer(f, &vocabulary, b"aaaaa").0)
        }),
        property(
            "the ids are the chapter's",
            || "[a-e ]{1,40}|(the|otter|light|house|counts| ){1,12}",
            move |f: &Functions, chunk: String| {
                let case = Case::of(&[("chunk", &chunk), ("vocabulary", &"400 ids, trained")]);
                let expected = expected(first.vocabulary(), chunk.as_bytes());
                case.same(&expected, || {
                    answer(f, first.vocabulary(), chunk.as_bytes()).0
                })
            },
        ),
        property(
            "it asks at most four times per byte",
            || "(the|otter|light|house|counts|[a-e ]){4,60}",
            move |f: &Functions, chunk: String| {
                Case::of(&[("chunk", &chunk)]).obeys(|| frugal(f, &second, chunk.as_bytes()))
            },
        ),
        example(
            "a chunk of 200,000 letters is done at once",
            move |f: &Functions| {
                let chunk = "lighthouse".repeat(20_000);
                let case = Case::of(&[("chunk", &"`lighthouse` 20,000 times")]);
                case.obeys(|| frugal(f, &third, chunk.as_bytes()))
            },
        ),
    ]
}
