use judge::{Case, Checked, Property, example};

pub type Encode<'a> = &'a dyn Fn(&str) -> Vec<u32>;
pub type Decode<'a> = &'a dyn Fn(&[u32]) -> String;

pub struct Functions {
    pub find_broken: fn(Encode, Decode) -> Option<String>,
}

/// The characters are the ids: nothing can be lost.
fn encode(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

fn decode(ids: &[u32]) -> String {
    ids.iter().copied().filter_map(char::from_u32).collect()
}

/// A tokenizer that changes the text before it encodes it must be found, by a text that it really breaks.
fn finds(f: &Functions, change: fn(&str) -> String) -> Checked {
    Case::of(&[]).obeys(|| {
        let broken = |text: &str| encode(&change(text));
        match (f.find_broken)(&broken, &decode) {
            None => Err("you found nothing wrong with it".into()),
            Some(text) if change(&text) == text => Err(format!("{text:?} comes back unharmed")),
            Some(_) => Ok(()),
        }
    })
}

/// What is said of a broken tokenizer, and how it breaks text.
type Break = (&'static str, fn(&str) -> String);

const BREAKS: [Break; 14] = [
    (
        "it finds one that writes everything in lower case",
        |text| text.to_lowercase(),
    ),
    ("it finds one that trims white space at the end", |text| {
        text.trim_end().to_string()
    }),
    ("it finds one that drops a space at the beginning", |text| {
        text.strip_prefix(' ').unwrap_or(text).to_string()
    }),
    (
        "it finds one that puts a space in front of a first letter",
        |text| {
            let letter = text.starts_with(char::is_alphabetic);
            if letter {
                format!(" {text}")
            } else {
                text.to_string()
            }
        },
    ),
    ("it finds one that makes one space of two", |text| {
        text.replace("  ", " ")
    }),
    ("it finds one that makes \\n of \\r\\n", |text| {
        text.replace("\r\n", "\n")
    }),
    ("it finds one that makes spaces of tabs", |text| {
        text.replace('\t', "    ")
    }),
    (
        "it finds one that makes a plain space of the no-break space",
        |text| text.replace('\u{a0}', " "),
    ),
    ("it finds one that drops the byte-order mark", |text| {
        text.replace('\u{feff}', "")
    }),
    ("it finds one that ends at a zero byte, as C does", |text| {
        text.split('\0').next().unwrap_or("").to_string()
    }),
    (
        "it finds one that knows no character of four bytes",
        |text| {
            text.chars()
                .map(|c| if c.len_utf8() > 3 { '\u{FFFD}' } else { c })
                .collect()
        },
    ),
    (
        "it finds one that composes a letter and its accent",
        |text| text.replace("e\u{301}", "é"),
    ),
    (
        "it finds one that takes the name `<|bos|>` for the token",
        |text| text.replace("<|bos|>", ""),
    ),
    ("it finds one that stops after 4,096 characters", |text| {
        text.chars().take(4096).collect()
    }),
];

pub fn properties() -> Vec<Property<Functions>> {
    let sound = example("it does not accuse a sound tokenizer", |f: &Functions| {
        Case::of(&[]).same(&None, || (f.find_broken)(&encode, &decode))
    });
    let mut properties = vec![sound.holds_for_constants()];
    for (says, change) in BREAKS {
        properties.push(example(says, move |f: &Functions| finds(f, change)));
    }
    properties
}
