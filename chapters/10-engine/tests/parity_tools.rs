//! The calculator and the tool machine against nanochat's, where they agree on purpose.
//!
//! Three differences are wanted: a whole-valued real number is written without `.0`; `**` and `%` are computed; and a
//! comma inside quotes is a character and not removed.
//!
//! These golden files hold real text and are not kept with the crate: NANOCRAB_GOLDEN names the folder that has them.

use engine::{ToolMachine, calculator};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokenizer::{Special, Tokenizer, Vocabulary};
use transformer::Tool;

/// `None`, and a word about it, where there is no golden folder.
fn golden() -> Option<PathBuf> {
    let folder = std::env::var_os("NANOCRAB_GOLDEN").map(PathBuf::from);
    if folder.is_none() {
        let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some_and(|value| value == "1");
        assert!(
            !forbidden,
            "NANOCRAB_GOLDEN is not set and skipping is forbidden"
        );
        println!("skipped: NANOCRAB_GOLDEN is not set");
    }
    folder
}

fn json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn numbers<T: TryFrom<u64>>(value: &Value) -> Vec<T> {
    let number = |x: &Value| {
        T::try_from(x.as_u64().unwrap())
            .ok()
            .expect("a small number")
    };
    value.as_array().unwrap().iter().map(number).collect()
}

fn ours(expression: &str) -> Option<String> {
    calculator::evaluate(expression)
        .ok()
        .map(|value| value.to_string())
}

#[test]
fn parity_of_the_calculator() {
    let Some(golden) = golden() else { return };
    let engine = json(&golden.join("engine/engine.json"));
    let (mut results, mut refusals) = (0, 0);
    for case in engine["calculator"].as_array().unwrap() {
        let expression = case["expr"].as_str().unwrap();
        let ours = ours(expression);
        let differs = expression.contains("**")
            || expression.contains('%')
            || (expression.contains(',') && expression.contains(['\'', '"']));
        match case["result"].as_str() {
            _ if differs => println!("{expression}: {ours:?}, nanochat {}", case["result"]),
            None => {
                assert_eq!(ours, None, "{expression}");
                refusals += 1;
            }
            Some(result) => {
                let result = result.strip_suffix(".0").unwrap_or(result);
                assert_eq!(ours.as_deref(), Some(result), "{expression}");
                results += 1;
            }
        }
    }
    assert!(results + refusals > 0, "nothing was compared");
}

#[test]
fn parity_of_the_tool_machine() {
    let Some(golden) = golden() else { return };
    let engine = json(&golden.join("engine/engine.json"));
    let core = json(&golden.join("core/meta.json"));
    let bpe = json(&golden.join(core["tokenizer"].as_str().unwrap()));
    let pair = |pair: &Value| {
        (
            pair[0].as_u64().unwrap() as u32,
            pair[1].as_u64().unwrap() as u32,
        )
    };
    let merges = bpe["merges"].as_array().unwrap().iter().map(pair).collect();
    let tokenizer = Tokenizer::new(Vocabulary::from_merges(merges).unwrap());
    let end = tokenizer.special(Special::AssistantEnd);
    let mut compared = 0;
    for script in engine["tool_scripts"].as_array().unwrap() {
        let expression = script["expression"].as_str().unwrap();
        let differs = ours(expression).is_some_and(|result| !result.contains('.'))
            && (expression.contains("**")
                || expression.contains('.') && !expression.contains("count"));
        if differs {
            continue;
        }
        // The script proposes one id per step; a forced id takes the place of that step's proposal.
        let proposed: Vec<u32> = numbers(&script["proposed"]);
        let mut machine = ToolMachine::new(&tokenizer);
        let mut forced = std::collections::VecDeque::new();
        let (mut emitted, mut mask) = (Vec::new(), Vec::new());
        for step in 0.. {
            if let Some(id) = forced.pop_front() {
                emitted.push(id);
                mask.push(0);
                continue;
            }
            let id = proposed[step.min(proposed.len() - 1)];
            emitted.push(id);
            mask.push(1);
            if id == end {
                break;
            }
            forced.extend(machine.accept(0, id).unwrap_or_default());
        }
        assert_eq!(emitted, numbers::<u32>(&script["emitted"]), "{expression}");
        assert_eq!(mask, numbers::<u8>(&script["mask"]), "{expression}");
        compared += 1;
    }
    assert!(compared > 0, "nothing was compared");
}
