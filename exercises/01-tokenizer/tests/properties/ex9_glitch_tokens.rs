use super::texts::{harbour, trained};
use judge::{Case, Property, example, property};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tokenizer::Tokenizer;

/// A token that is never produced, and the first one made of it.
pub type Step = (u32, u32);

pub struct Functions {
    pub never_produced: fn(&Tokenizer, &[&str]) -> Vec<u32>,
    pub stepping_stones: fn(&Tokenizer, &[u32]) -> Vec<Step>,
}

fn unused(tokenizer: &Tokenizer, documents: &[&str]) -> Vec<u32> {
    let seen: BTreeSet<u32> = documents
        .iter()
        .flat_map(|text| tokenizer.encode(text))
        .collect();
    let learned = 256..tokenizer.vocabulary().len() as u32;
    learned.filter(|id| !seen.contains(id)).collect()
}

fn documents() -> impl Strategy<Value = Vec<String>> {
    let word = "(the|The| otter| counts| shells| in| harbour| fog|🦀|[a-z ]){1,20}";
    proptest::collection::vec(word, 1..4)
}

pub fn properties() -> Vec<Property<Functions>> {
    let whole = trained(420);
    // A clone is a pointer.
    let (first, second, third, fourth) = (whole.clone(), whole.clone(), whole.clone(), whole);
    vec![
        property(
            "exactly the learned tokens that no document gives, ascending",
            documents,
            move |f: &Functions, texts| {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                Case::of(&[("documents", &texts)]).same(&unused(&first, &texts), || {
                    (f.never_produced)(&first, &texts)
                })
            },
        ),
        example(
            "a token that stands inside a longer one all the time is not produced",
            move |f: &Functions| {
                // In the training text itself some tokens were only steps towards longer ones.
                let text = harbour();
                let case = Case::of(&[("documents", &"the training text")]);
                case.same(&unused(&second, &[&text]), || {
                    (f.never_produced)(&second, &[&text])
                })
            },
        ),
        property(
            "a stepping stone comes with the first token made of it",
            || proptest::collection::btree_set(256u32..411, 8..20),
            move |f: &Functions, ids| {
                let ids: Vec<u32> = ids.into_iter().collect();
                let merges = third.vocabulary().merges();
                let mut expected = Vec::new();
                for &id in &ids {
                    if let Some(at) = merges.iter().position(|pair| pair.0 == id || pair.1 == id) {
                        expected.push((id, 256 + at as u32));
                    }
                }
                Case::of(&[("unused", &ids), ("vocabulary", &"420 ids, trained")])
                    .same(&expected, || (f.stepping_stones)(&third, &ids))
            },
        ),
        example(
            "on the training text itself there are no glitch tokens",
            move |f: &Functions| {
                let text = harbour();
                let case = Case::of(&[("documents", &"the training text")]);
                case.obeys(|| {
                    let unused = (f.never_produced)(&fourth, &[&text]);
                    let stones = (f.stepping_stones)(&fourth, &unused);
                    match (unused.len(), stones.len()) {
                        (0, _) => {
                            Err("no token is unused, although some only served others".into())
                        }
                        (all, stones) if all == stones => Ok(()),
                        (all, stones) => Err(format!(
                            "{all} tokens are unused and {stones} are stepping stones: \
                        what training learned stood in the text, so all must be"
                        )),
                    }
                })
            },
        ),
    ]
}
