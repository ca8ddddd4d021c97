use dataset::tidepool::corpus::documents;
use dataset::tidepool::{CorpusSettings, World};
use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;

pub struct Functions {
    pub words: fn(&str) -> Vec<String>,
    pub contaminated: fn(&mut dyn Iterator<Item = String>, &[&str], usize) -> Vec<usize>,
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        match (letter.is_alphanumeric(), words.last_mut()) {
            (true, Some(word)) => word.extend(letter.to_lowercase()),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Every run of every item beside every place of every document.
fn contaminated(training: &[String], items: &[&str], n: usize) -> Vec<usize> {
    let documents: Vec<Vec<String>> = training.iter().map(|text| words(text)).collect();
    let is_found = |&item: &usize| {
        let item = words(items[item]);
        let length = n.min(item.len());
        length > 0
            && item.windows(length).any(|run| {
                documents
                    .iter()
                    .any(|words| words.windows(length).any(|here| here == run))
            })
    };
    (0..items.len()).filter(is_found).collect()
}

/// Texts of few words, written in several ways.
fn texts(most: usize) -> impl Strategy<Value = Vec<String>> {
    let text = "((crab|Crab|CRAB|crabs|gull|tide|1)(, | |! | - |\n)){0,7}";
    proptest::collection::vec(text, 1..most)
}

fn asks(f: &Functions, training: &[String], items: &[&str], n: usize, is: &[usize]) -> Checked {
    let case = Case::of(&[("training", &training), ("items", &items), ("n", &n)]);
    case.same(&is.to_vec(), || {
        (f.contaminated)(&mut training.iter().cloned(), items, n)
    })
}

/// The same words with other capitals and marks between them.
fn in_disguise(text: &str) -> String {
    text.to_uppercase().replace(' ', " — ")
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "\"Don't, 3 crabs!\" has four words: don, t, 3, crabs",
            |f: &Functions| {
                let text = "Don't, 3 crabs!";
                let expected: Vec<String> = ["don", "t", "3", "crabs"].map(String::from).into();
                Case::of(&[("text", &text)]).same(&expected, || (f.words)(text))
            },
        ),
        property(
            "words are runs of letters and digits in lower case",
            || "[a-cA-C0-9éÉß ,.'\n-]{1,20}",
            |f: &Functions, text: String| {
                Case::of(&[("text", &text)]).same(&words(&text), || (f.words)(&text))
            },
        ),
        example(
            "three words in another order are not the three words",
            |f: &Functions| {
                let training = ["the tide took the crab".to_string()];
                let items = ["the crab took", "The tide took?"];
                asks(f, &training, &items, 3, &[1])
            },
        ),
        example(
            "the end of one text and the beginning of the next are no run of words",
            |f: &Functions| {
                let training = ["one gull".to_string(), "two crabs, one gull".to_string()];
                asks(f, &training, &["gull two", "one gull"], 2, &[1])
            },
        ),
        example(
            "an item of fewer words is found whole, and one without words never",
            |f: &Functions| {
                let training = ["How many legs has a crab?".to_string()];
                let items = ["A crab.", "crab legs", "?!"];
                asks(f, &training, &items, 5, &[0])
            },
        ),
        property(
            "the items are those that a comparison of everything with everything finds",
            || (texts(5), texts(5), 1usize..5),
            |f: &Functions, (training, items, n)| {
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                asks(f, &training, &items, n, &contaminated(&training, &items, n))
            },
        ),
        example(
            "of tidepool's questions the one is found that somebody has copied into a page",
            |f: &Functions| {
                let world = World::new(7, 100).expect("a world of 100");
                let settings = CorpusSettings {
                    bytes: 60_000,
                    ..CorpusSettings::smoke()
                };
                let mut training = documents(&world, &settings).expect("its pages");
                let quiz = world.quiz(12, 7);
                let items: Vec<&str> = quiz.iter().map(|item| item.question.as_str()).collect();
                let page = training.len() / 2;
                training[page] += &format!(" {}", in_disguise(items[5]));
                let expected = contaminated(&training, &items, 6);
                let case = Case::of(&[
                    ("training", &"pages of tidepool, world 7"),
                    ("copied", &items[5]),
                    ("n", &6),
                ]);
                case.same(&expected, || {
                    (f.contaminated)(&mut training.into_iter(), &items, 6)
                })
            },
        ),
    ]
}
