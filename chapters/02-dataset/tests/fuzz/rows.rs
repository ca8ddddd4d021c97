//! Rows of data sets with something wrong in one of them: read, or an error that names the file and that line.

use std::path::Path;

use dataset::schemas::gsm8k::final_answer;
use dataset::schemas::spelling::Split;
use dataset::schemas::{
    DataSet, Identity, MultipleChoice, Program, Schema, SimpleSpelling, SmolTalk, SpellingBee,
    WordList, WordProblem,
};
use dataset::{ConversationSource, Error};
use serde_json::{Map, Value, json};

use crate::damage::{damaged, random_bytes};
use crate::{Case, fuzz};

const SMOLTALK: [&str; 2] = [
    r#"{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": "6*7 is "}, {"type": "python", "text": "6*7"}, {"type": "python_output", "text": "42"}]}], "source": "made"}"#,
    r#"{"messages": [{"role": "user", "content": "Où ?"}, {"role": "assistant", "content": "Là. 🦀"}]}"#,
];
const IDENTITY: [&str; 2] = [
    r#"[{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A crab."}]"#,
    r#"[{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}, {"role": "assistant", "content": ""}]"#,
];
const CHOICES: [&str; 3] = [
    r#"{"question": "Where?", "choices": ["here", "there", "Straße"], "answer": 2, "subject": "places"}"#,
    r#"{"train": {"question": "What?", "choices": ["a", "b"], "answer": 0}}"#,
    r#"{"id": "x", "question": "Q", "choices": {"text": ["a", "b", "c"], "label": ["1", "2", "3"]}, "answerKey": "3"}"#,
];
const SUMS: [&str; 2] = [
    r#"{"question": "Clips?", "answer": "She sold 48/2 = <<48/2=24>>24 clips.\nThat is <<48+24=72>>72.\n#### 72"}"#,
    r#"{"question": "Nothing?", "answer": "<<2==2=1>> so #### -1,234.5"}"#,
];
const PROGRAMS: [&str; 1] = [
    r#"{"task_id": "HumanEval/0", "prompt": "def one():\n    \"\"\"One.\"\"\"\n", "canonical_solution": "    return 1\n", "test": "def check(candidate):\n    assert candidate() == 1\n", "entry_point": "one"}"#,
];

const TEXTS: [&str; 16] = [
    "",
    "user",
    "assistant",
    "system",
    "text",
    "python",
    "<<",
    ">>",
    "<<1=1>>",
    "#### ",
    "#### -.",
    "####é",
    "A",
    "\u{feff}",
    "\u{0}\r",
    "def one",
];
const KEYS: [&str; 12] = [
    "messages",
    "role",
    "content",
    "train",
    "question",
    "choices",
    "answer",
    "answerKey",
    "label",
    "text",
    "prompt",
    "",
];

fn any_value(case: &mut Case, depth: usize) -> Value {
    match case.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(case.one_in(2)),
        2 => json!(case.between(0, 40) as i64 - 3),
        3 => json!(*case.of(&[i64::MIN as f64, 0.5, 1e300, 25.0])),
        4 => json!(*case.of(&[i64::MIN, i64::MAX])),
        5 => Value::from(*case.of(&TEXTS)),
        6 => (0..case.below(30))
            .map(|_| any_value(case, depth - 1))
            .collect(),
        _ => {
            let members = (0..case.below(5))
                .map(|_| (case.of(&KEYS).to_string(), any_value(case, depth - 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// One place in a value, other than it was.
fn change(case: &mut Case, value: &mut Value) {
    match value {
        Value::Object(members) if !members.is_empty() && !case.one_in(4) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = case.of(&keys);
            match case.below(8) {
                0 => drop(members.remove(key)),
                1 => {
                    let moved = members.remove(key).unwrap_or_default();
                    members.insert(case.of(&KEYS).to_string(), moved);
                }
                2 => {
                    members.insert(case.of(&KEYS).to_string(), any_value(case, 2));
                }
                _ => change(case, &mut members[key]),
            }
        }
        Value::Array(items) if !items.is_empty() && !case.one_in(4) => {
            let at = case.below(items.len());
            match case.below(8) {
                0 => drop(items.remove(at)),
                1 => items.extend(vec![items[at].clone(); *case.of(&[1, 2, 30])]),
                2 => items.reverse(),
                _ => change(case, &mut items[at]),
            }
        }
        Value::String(text) if !case.one_in(3) => {
            let places: Vec<usize> = (0..=text.len())
                .filter(|&at| text.is_char_boundary(at))
                .collect();
            let (one, other) = (*case.of(&places), *case.of(&places));
            let piece = *case.of(&TEXTS);
            text.replace_range(one.min(other)..one.max(other), piece);
        }
        other => *other = any_value(case, 3),
    }
}

/// A line that may be wrong, without a line end in it.
fn line(case: &mut Case, right: &[&str]) -> Vec<u8> {
    let row = *case.of(right);
    let mut bytes = match case.below(8) {
        0..=3 => {
            let mut value: Value = serde_json::from_str(row).unwrap();
            for _ in 0..case.between(1, 3) {
                change(case, &mut value);
            }
            value.to_string().into_bytes()
        }
        4 => any_value(case, 4).to_string().into_bytes(),
        5 => random_bytes(case, 60),
        6 => {
            let open = *case.of(&["[", "{\"a\":", "[[{\"train\":"]);
            let often = case.between(1, 3_000);
            open.repeat(often).into_bytes()
        }
        _ => {
            let other = *case.of(right);
            damaged(case, row.as_bytes(), other.as_bytes())
        }
    };
    bytes.retain(|&byte| byte != b'\n');
    bytes
}

fn schema<S: Schema>(target: &'static str, right: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    fuzz(target, |case| {
        let (before, behind) = (case.below(3), case.below(3));
        let end = *case.of(&["\n", "\r\n", "\n\n"]);
        let wrong = line(case, right);
        case.tell(|| format!("line {before} of 0..: {}", String::from_utf8_lossy(&wrong)));
        let mut lines: Vec<Vec<u8>> = (0..before + behind)
            .map(|_| case.of(right).as_bytes().to_vec())
            .collect();
        lines.insert(before, wrong);
        std::fs::write(&path, lines.join(end.as_bytes())).unwrap();
        let blank = |line: &Vec<u8>| {
            str::from_utf8(line).is_ok_and(|line| line.replace('\u{feff}', "").trim().is_empty())
        };
        let rows = lines.iter().filter(|line| !blank(line)).count();
        check::<S>(&path, rows, before * end.matches('\n').count() + 1);
    });
}

fn check<S: Schema>(path: &Path, rows: usize, wrong: usize) {
    match DataSet::<S>::open("rows", path) {
        Ok(set) => {
            assert_eq!(set.len(), rows, "a row was left out");
            for index in 0..set.len() {
                let conversation = set.get(index).unwrap();
                assert_eq!(conversation.check(), Ok(()));
            }
            assert!(set.get(rows).is_err());
        }
        Err(error @ Error::Empty { .. }) => {
            assert_eq!(rows, 0);
            assert!(error.to_string().contains("rows.jsonl"), "{error}");
        }
        Err(error) => {
            let said = error.to_string();
            let place = format!("rows.jsonl, line {wrong}: ");
            assert!(said.contains(&place), "`{place}` is not in: {said}");
        }
    }
}

#[test]
fn rows_of_smoltalk() {
    schema::<SmolTalk>("smoltalk", &SMOLTALK);
}

#[test]
fn rows_of_identity() {
    schema::<Identity>("identity", &IDENTITY);
}

#[test]
fn rows_of_multiple_choice() {
    schema::<MultipleChoice>("multiple choice", &CHOICES);
}

#[test]
fn rows_of_gsm8k() {
    schema::<WordProblem>("gsm8k", &SUMS);
}

#[test]
fn rows_of_humaneval() {
    schema::<Program>("humaneval", &PROGRAMS);
}

#[test]
fn lists_of_words() {
    const WORDS: [&str; 8] = [
        "tide",
        "Straße",
        "x",
        "it's",
        "你好",
        "İı",
        "crab",
        "é\u{301}",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.txt");
    fuzz("spelling", |case| {
        let words: Vec<&str> = (0..case.below(6)).map(|_| *case.of(&WORDS)).collect();
        let mut bytes = words.join(*case.of(&["\n", "\r\n", " \n"])).into_bytes();
        if case.one_in(2) {
            bytes = damaged(case, &bytes, "Wattwurm\nÖl".as_bytes());
        }
        case.tell(|| format!("{:?}", String::from_utf8_lossy(&bytes)));
        std::fs::write(&path, &bytes).unwrap();
        let words = match WordList::open(&path) {
            Ok(words) => words,
            Err(error) => {
                assert!(error.to_string().contains("words.txt"), "{error}");
                return;
            }
        };
        let size = *case.of(&[1, 1_000, 5_000_000]);
        let split = *case.of(&[Split::Train, Split::Test]);
        let index = case.below(size);
        case.tell(|| format!("number {index} of {size}, {split:?}"));
        let simple = SimpleSpelling::new(words.clone(), size, split);
        assert_eq!(simple.get(index).unwrap().check(), Ok(()));
        let bee = SpellingBee::new(words, size, split);
        let conversation = bee.get(index).unwrap();
        assert_eq!(conversation.check(), Ok(()));
        let counted = bee.question(index);
        assert_eq!(counted.count, counted.word.matches(counted.letter).count());
        let answer = final_answer(&conversation.messages[1].text());
        assert_eq!(answer, Some(counted.count.to_string()));
        assert!(simple.get(size).is_err() && bee.get(size).is_err());
    });
}
