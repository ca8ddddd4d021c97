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
fn finds(f: &Functions, how: &'static str, change: fn(&str) -> String) -> Checked {
    let case = Case::of(&[("a tokenizer that", &how)]);
    case.obeys(|| {
        let broken = |text: &str| encode(&change(text));
        match (f.find_broken)(&broken, &decode) {
            None => Err("you found nothing wrong with it".into()),
            Some(text) if change(&text) == text => Err(format!("{text:?} comes back unharmed")),
            Some(_) => Ok(()),
        }
    })
}

/// A way to break text, with the words for it.
type Break = (&'static str, fn(&str) -> String);

const BREAKS: [Break; 14] = [
    ("writes everything in lower case", |text| {
        text.to_lowercase()
    }),
    ("trims white space at the end", |text| {
        text.trim_end().to_string()
    }),
    ("drops a space at the beginning", |text| {
        text.strip_prefix(' ').unwrap_or(text).to_string()
    }),
    ("puts a space in front of a first letter", |text| {
        let letter = text.starts_with(char::is_alphabetic);
        if letter {
            format!(" {text}")
        } else {
            text.to_string()
        }
    }),
    ("makes one space of two", |text| text.replace("  ", " ")),
    ("makes \\n of \\r\\n", |text| text.replace("\r\n", "\n")),
    ("makes spaces of tabs", |text| text.replace('\t', "    ")),
    ("makes a plain space of the no-break space", |text| {
        text.replace('\u{a0}', " ")
    }),
    ("drops the byte-order mark", |text| {
        text.replace('\u{feff}', "")
    }),
    ("ends at a zero byte, as C does", |text| {
        text.split('\0').next().unwrap_or("").to_string()
    }),
    ("knows no character of four bytes", |text| {
        text.chars()
            .map(|c| if c.len_utf8() > 3 { '\u{FFFD}' } else { c })
            .collect()
    }),
    ("composes a letter and its accent", |text| {
        text.replace("e\u{301}", "é")
    }),
    ("takes the name `<|bos|>` for the token", |text| {
        text.replace("<|bos|>", "")
    }),
    ("stops after 4,096 characters", |text| {
        text.chars().take(4096).collect()
    }),
];

pub fn properties() -> Vec<Property<Functions>> {
    let sound = example("a sound tokenizer is not accused", |f: &Functions| {
        Case::of(&[("a tokenizer that", &"gives every text back")])
            .same(&None, || (f.find_broken)(&encode, &decode))
    });
    let mut properties = vec![sound.holds_for_constants()];
    for (how, change) in BREAKS {
        properties.push(example(how, move |f: &Functions| finds(f, how, change)));
    }
    properties
}
