//! Wrong answers to exercises 7, 8 and 9.

use super::Of;
use crate::properties::{ex7_digit_groups, ex8_vocabulary_dial, ex9_glitch_tokens};
use judge::program::Wrong;
use solutions_01::ex7_digit_groups as digits;
use solutions_01::ex8_vocabulary_dial as dial;
use solutions_01::ex9_glitch_tokens as glitch;
use tokenizer::{Tokenizer, Vocabulary};

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = digit_groups();
    wrong.extend(vocabulary_dial());
    wrong.extend(glitch_tokens());
    wrong
}

fn digit_groups() -> Vec<Wrong> {
    use ex7_digit_groups::Functions;
    let of = Of {
        number: 7,
        name: "digit_groups",
        properties: ex7_digit_groups::properties,
    };
    let right = || Functions {
        from_left: digits::from_left,
        from_right: digits::from_right,
        aligned_share: digits::aligned_share,
    };
    let sharing = |aligned_share| Functions {
        aligned_share,
        ..right()
    };
    vec![
        of.planted(
            "sides-exchanged",
            Functions {
                from_left: digits::from_right,
                from_right: digits::from_left,
                ..right()
            },
        ),
        of.planted(
            "an-empty-group-in-front",
            Functions {
                from_right: |text, size| {
                    let (head, rest) = text.split_at(text.len() % size.max(1));
                    let mut groups = vec![head];
                    groups.extend(digits::from_left(rest, size));
                    groups
                },
                ..right()
            },
        ),
        of.planted(
            "the-sum-left-out",
            sharing(|sums, size| {
                let aligned = |&&(a, b): &&(u64, u64)| {
                    let (one, other) = (a.to_string().len(), b.to_string().len());
                    (1..one.min(other)).all(|height| {
                        (height % size == one % size) == (height % size == other % size)
                    })
                };
                sums.iter().filter(aligned).count() as f64 / sums.len().max(1) as f64
            }),
        ),
        of.planted(
            "equal-lengths-only",
            sharing(|sums, _| {
                let equal = |&&(a, b): &&(u64, u64)| {
                    let lengths = [a, b, a + b].map(|number| number.to_string().len());
                    lengths[0] == lengths[1] && lengths[1] == lengths[2]
                };
                sums.iter().filter(equal).count() as f64 / sums.len().max(1) as f64
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                from_left: |_, _| Vec::new(),
                from_right: |_, _| Vec::new(),
                aligned_share: |_, _| 0.0,
            },
        ),
        of.constant(
            "one-group",
            Functions {
                from_left: |_, _| vec!["0"],
                from_right: |_, _| vec!["0"],
                aligned_share: |_, _| 0.5,
            },
        ),
    ]
}

fn vocabulary_dial() -> Vec<Wrong> {
    use ex8_vocabulary_dial::Functions;
    let of = Of {
        number: 8,
        name: "vocabulary_dial",
        properties: ex8_vocabulary_dial::properties,
    };
    let right = || Functions {
        cut: dial::cut,
        bytes_per_token: dial::bytes_per_token,
    };
    let measuring = |bytes_per_token| Functions {
        bytes_per_token,
        ..right()
    };
    vec![
        of.planted(
            "mean-of-the-ratios",
            measuring(|tokenizer, documents| {
                let ratios = documents
                    .iter()
                    .map(|text| dial::bytes_per_token(tokenizer, &[text]));
                ratios.sum::<f64>() / documents.len().max(1) as f64
            }),
        ),
        of.planted(
            "characters-per-token",
            measuring(|tokenizer, documents| {
                let chars: usize = documents.iter().map(|text| text.chars().count()).sum();
                let tokens: usize = documents
                    .iter()
                    .map(|text| tokenizer.encode(text).len())
                    .sum();
                chars as f64 / tokens.max(1) as f64
            }),
        ),
        of.planted(
            "special-tokens-forgotten",
            Functions {
                cut: |tokenizer, size| dial::cut(tokenizer, size.saturating_add(9)),
                ..right()
            },
        ),
        of.planted(
            "not-cut",
            Functions {
                cut: |tokenizer, size| dial::cut(tokenizer, size.max(tokenizer.vocab_size())),
                ..right()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                cut: |_, _| Ok(Tokenizer::new(Vocabulary::from_merges(Vec::new())?)),
                bytes_per_token: |_, _| 0.0,
            },
        ),
        of.constant(
            "the-same-again",
            Functions {
                cut: |tokenizer, _| Ok(tokenizer.clone()),
                bytes_per_token: |_, _| 4.0,
            },
        ),
    ]
}

fn glitch_tokens() -> Vec<Wrong> {
    use ex9_glitch_tokens::Functions;
    let of = Of {
        number: 9,
        name: "glitch_tokens",
        properties: ex9_glitch_tokens::properties,
    };
    let right = || Functions {
        never_produced: glitch::never_produced,
        stepping_stones: glitch::stepping_stones,
    };
    let hunting = |never_produced| Functions {
        never_produced,
        ..right()
    };
    vec![
        of.planted(
            "bytes-in-the-text",
            hunting(|tokenizer, documents| {
                let stands = |token: &[u8], text: &str| {
                    text.as_bytes()
                        .windows(token.len())
                        .any(|bytes| bytes == token)
                };
                let is_missing = |&id: &u32| {
                    let token = tokenizer.token(id).unwrap_or_default();
                    !documents.iter().any(|text| stands(token, text))
                };
                (256..tokenizer.vocabulary().len() as u32)
                    .filter(is_missing)
                    .collect()
            }),
        ),
        of.planted(
            "the-first-document-only",
            hunting(|tokenizer, documents| {
                glitch::never_produced(tokenizer, &documents[..documents.len().min(1)])
            }),
        ),
        of.planted(
            "special-tokens-too",
            hunting(|tokenizer, documents| {
                let learned = glitch::never_produced(tokenizer, documents).into_iter();
                let special = tokenizer.vocabulary().len() as u32..tokenizer.vocab_size() as u32;
                learned.chain(special).collect()
            }),
        ),
        of.planted(
            "left-halves-only",
            Functions {
                stepping_stones: |tokenizer, unused| {
                    let merges = tokenizer.vocabulary().merges();
                    let step = |&id: &u32| {
                        let at = merges.iter().position(|pair| pair.0 == id)?;
                        Some((id, 256 + at as u32))
                    };
                    unused.iter().filter_map(step).collect()
                },
                ..right()
            },
        ),
        of.constant(
            "nothing-found",
            Functions {
                never_produced: |_, _| Vec::new(),
                stepping_stones: |_, _| Vec::new(),
            },
        ),
        of.constant(
            "the-first-ten",
            Functions {
                never_produced: |_, _| (256..266).collect(),
                stepping_stones: |_, _| vec![(256, 257)],
            },
        ),
    ]
}
