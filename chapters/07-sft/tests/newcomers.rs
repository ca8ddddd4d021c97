//! Special tokens begin as what they resemble, in the tables that are read by id and nowhere else.

mod words;

use sft::{Newcomers, begin_like};
use tch::{Device, Tensor};
use tokenizer::Special;
use transformer::{Config, Gpt, Role, Switches};
use words::tokenizer;

fn model() -> Gpt {
    let shape = Config::d(2, tokenizer().vocab_size() as i64, 48).expect("a shape");
    let config = Config {
        heads: 2,
        kv_heads: 1,
        width: 32,
        switches: Switches {
            value_embeddings: true,
            ..Switches::default()
        },
        ..shape
    };
    Gpt::new(&config, Device::Cpu, 3).expect("a model")
}

fn newcomers(pairs: &[(&str, &str)]) -> Newcomers {
    let owned = |(name, text): &(&str, &str)| (name.to_string(), text.to_string());
    pairs.iter().map(owned).collect()
}

/// Of each tensor, which rows have changed; of those that are no tables, whether anything has.
fn changed(before: &[Tensor], gpt: &Gpt) -> Vec<(Role, Vec<i64>)> {
    let pairs = before.iter().zip(gpt.parameters());
    let rows = |(old, new): (&Tensor, &transformer::Parameter)| {
        let moved = (old - &new.tensor).abs().flatten(1, -1).amax(1, false);
        let moved = Vec::<f64>::try_from(moved.to_kind(tch::Kind::Double)).expect("numbers");
        let rows = (0..).zip(moved).filter(|(_, by)| *by > 0.0);
        (new.role, rows.map(|(row, _)| row).collect())
    };
    pairs.filter(|(old, _)| old.dim() == 2).map(rows).collect()
}

#[test]
fn newcomers_have_the_row_of_what_they_begin_as() {
    let (gpt, tokenizer) = (model(), tokenizer());
    let _no_gradients = tch::no_grad_guard();
    let before: Vec<Tensor> = gpt.parameters().iter().map(|it| it.tensor.copy()).collect();
    // Of a text that is cut into several tokens the last one counts.
    let told = newcomers(&[("<|user_end|>", "crab?"), ("<|assistant_start|>", "\n")]);
    begin_like(&gpt, &tokenizer, &told).expect("two known tokens");

    let id = |special| i64::from(tokenizer.special(special));
    let mut expected = vec![id(Special::UserEnd), id(Special::AssistantStart)];
    expected.sort_unstable();
    let mut tables = 0;
    for (role, rows) in changed(&before, &gpt) {
        match role {
            Role::Embedding | Role::ValueTable => {
                tables += 1;
                assert_eq!(rows, expected, "{role:?}");
            }
            _ => assert!(rows.is_empty(), "{role:?} has changed in rows {rows:?}"),
        }
    }
    assert_eq!(tables, 2, "the embedding and one value table");

    let known = i64::from(tokenizer.encode("?")[0]);
    for parameter in gpt.parameters() {
        if matches!(parameter.role, Role::Embedding | Role::ValueTable) {
            let row = |id: i64| Vec::<f32>::try_from(parameter.tensor.get(id)).expect("a row");
            assert_eq!(row(id(Special::UserEnd)), row(known), "{}", parameter.name);
        }
    }
}

#[test]
fn a_name_of_no_token_and_a_text_without_one_are_refused_before_anything_is_changed() {
    let (gpt, tokenizer) = (model(), tokenizer());
    let _no_gradients = tch::no_grad_guard();
    let before: Vec<Tensor> = gpt.parameters().iter().map(|it| it.tensor.copy()).collect();
    for (told, fault, remedy) in [
        (
            newcomers(&[("<|assistant_start|>", "?"), ("<|user|>", "?")]),
            "\"<|user|>\"",
            "name a special token",
        ),
        (
            newcomers(&[("<|assistant_start|>", "?"), ("<|user_end|>", "")]),
            "\"\"",
            "a text whose last token",
        ),
    ] {
        let refused = begin_like(&gpt, &tokenizer, &told).expect_err("nonsense");
        let message = refused.to_string();
        assert!(message.contains("newcomers"), "{message}");
        assert!(message.contains(fault), "{message}");
        assert!(message.contains(remedy), "{message}");
    }
    for (role, rows) in changed(&before, &gpt) {
        assert!(rows.is_empty(), "{role:?} has changed in rows {rows:?}");
    }
}
