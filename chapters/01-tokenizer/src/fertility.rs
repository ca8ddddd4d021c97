// ANCHOR: head
//! How many tokens a text takes, in measures that can be compared between scripts.
//!
//! *Bytes per token* compares tokenizers on one text, but not texts in two scripts: UTF-8 spends one byte on a Latin
//! letter, two on a Cyrillic one and three on a Korean syllable, so three bytes per token is poor for English and one
//! whole syllable in Korean. *Characters per token* does without that factor. *Fertility*, tokens per word, is what
//! a reader of one language would ask for, but it needs words with spaces between them, which Chinese, Japanese and
//! Thai do not have. All three are kept, and each text says which of them means something.
//!
//! A *script* is the set of letters a text is written in. Real pages mix them (a Korean page about Python is full of
//! Latin letters), so texts are sorted by line.
// ANCHOR_END: head

// ANCHOR: script
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Script {
    Latin,
    Cyrillic,
    Devanagari,
    Thai,
    Hangul,
    /// Kana, and the Chinese characters that stand on one line with them.
    Japanese,
    Han,
}

impl Script {
    pub const ALL: [Script; 7] = [
        Script::Latin,
        Script::Cyrillic,
        Script::Devanagari,
        Script::Thai,
        Script::Hangul,
        Script::Japanese,
        Script::Han,
    ];

    /// As the tables print it.
    pub fn name(self) -> &'static str {
        match self {
            Script::Latin => "Latin",
            Script::Cyrillic => "Cyrillic",
            Script::Devanagari => "Devanagari",
            Script::Thai => "Thai",
            Script::Hangul => "Hangul (Korean)",
            Script::Japanese => "Japanese",
            Script::Han => "Han (Chinese)",
        }
    }

    /// The script in which more than half of a line's letters are written; `None` where no script has more than half.
    pub fn of(line: &str) -> Option<Script> {
        let mut counts = [0usize; Script::ALL.len()];
        for script in line.chars().filter_map(Script::of_letter) {
            counts[script as usize] += 1;
        }
        if counts[Script::Japanese as usize] > 0 {
            counts[Script::Japanese as usize] += std::mem::take(&mut counts[Script::Han as usize]);
        }
        let letters: usize = counts.iter().sum();
        Script::ALL
            .into_iter()
            .find(|&script| 2 * counts[script as usize] > letters)
    }

    /// By the Unicode blocks that the languages of our test texts use; a full table would have 170 scripts.
    fn of_letter(letter: char) -> Option<Script> {
        match letter {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Some(Script::Latin),
            '\u{400}'..='\u{52f}' => Some(Script::Cyrillic),
            '\u{900}'..='\u{97f}' => Some(Script::Devanagari),
            '\u{e00}'..='\u{e7f}' => Some(Script::Thai),
            '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => Some(Script::Hangul),
            '\u{3040}'..='\u{30ff}' => Some(Script::Japanese),
            '\u{4e00}'..='\u{9fff}' => Some(Script::Han),
            _ => None,
        }
    }
}
// ANCHOR_END: script

// ANCHOR: fertility
/// One text under one tokenizer, whoever made it: only the number of its tokens is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fertility {
    pub bytes: usize,
    pub chars: usize,
    /// Runs of characters between white space.
    pub words: usize,
    pub tokens: usize,
}

impl Fertility {
    pub fn new(text: &str, tokens: usize) -> Self {
        Fertility {
            bytes: text.len(),
            chars: text.chars().count(),
            words: text.split_whitespace().count(),
            tokens,
        }
    }

    pub fn bytes_per_token(&self) -> f64 {
        self.bytes as f64 / self.tokens.max(1) as f64
    }

    pub fn chars_per_token(&self) -> f64 {
        self.chars as f64 / self.tokens.max(1) as f64
    }

    pub fn tokens_per_word(&self) -> f64 {
        self.tokens as f64 / self.words.max(1) as f64
    }
}
// ANCHOR_END: fertility
