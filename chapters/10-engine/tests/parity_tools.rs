//! The tool machine and the calculator against nanochat's, through the whole engine.
//!
//! With a calculator that answers as nanochat's does, everything is the same. With the product's own, three differences are
//! wanted: a whole-valued real number is written without `.0`; `**` and `%` are computed; and a comma inside quotes is
//! a character and not removed.

mod golden_set;

use engine::{Engine, ToolMachine, calculator};
use golden_set::{golden, json, nanochats_calculator, numbers, tables, tokenizer};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use tch::{Device, Kind, Tensor};
use tokenizer::{Special, Tokenizer};
use transformer::{Config, Gpt, HeadLoss, Kernels, Plain, Prompt, Sample, Sampler, Sampling};

#[test]
fn parity_of_the_calculator() {
    let Some(golden) = golden() else { return };
    let engine = json(&golden.join("engine/engine.json"));
    let (mut results, mut refusals, mut wanted) = (0, 0, 0);
    for case in engine["calculator"].as_array().unwrap() {
        let expression = case["expr"].as_str().unwrap();
        let theirs = case["result"].as_str();
        let like_theirs = nanochats_calculator(expression);
        assert_eq!(
            like_theirs.as_ref().map(|(text, _)| &text[..]),
            theirs,
            "{expression}"
        );
        assert_eq!(
            like_theirs.map(|(_, kind)| kind),
            case["type"].as_str(),
            "{expression}"
        );

        let ours = calculator::evaluate(expression).ok();
        let ours = ours.map(|value| value.to_string());
        let differs = expression.contains("**")
            || expression.contains('%')
            || (expression.contains(',') && expression.contains(['\'', '"']));
        match theirs {
            _ if differs => wanted += usize::from(ours.as_deref() != theirs),
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
    println!("{results} results, {refusals} refusals, {wanted} wanted differences");
    assert!(results + refusals > 0, "nothing was compared");
    assert!(
        wanted > 0,
        "our calculator differs from nanochat's nowhere, where it should"
    );
}

/// Kernels whose logits propose a scripted id per row and step, whatever the model says.
struct Scripted {
    proposed: Vec<Vec<u32>>,
    /// Which of the scripts the batch's rows follow now.
    live: RefCell<Vec<usize>>,
    step: Cell<usize>,
}

impl Kernels for Scripted {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, _softcap: f64) -> Tensor {
        let step = self.step.replace(self.step.get() + 1);
        let live = self.live.borrow();
        let rows = live.iter().map(|&row| {
            let script = &self.proposed[row];
            i64::from(script[step.min(script.len() - 1)])
        });
        let rows: Vec<i64> = rows.collect();
        assert_eq!(x.size()[0], rows.len() as i64);
        let ids = Tensor::from_slice(&rows);
        ids.one_hot(head.size()[0])
            .to_kind(Kind::Float)
            .unsqueeze(1) // (B) -> (B, 1, V)
    }
}

/// What the engine makes of scripts, one per row, each after the prompt `[bos, 5]`.
fn play(tokenizer: &Tokenizer, proposed: Vec<Vec<u32>>) -> Vec<Sample> {
    let config = Config {
        width: 32,
        heads: 2,
        kv_heads: 2,
        ..Config::d(1, tokenizer.vocab_size() as i64, 128).unwrap()
    };
    let gpt = Gpt::new(&config, Device::Cpu, 0).unwrap();
    let prompt = Prompt {
        ids: vec![tokenizer.special(Special::Bos), 5],
        settings: Sampling {
            temperature: 0.0,
            stop: [Special::AssistantEnd, Special::Bos]
                .map(|end| tokenizer.special(end))
                .to_vec(),
            ..Sampling::default()
        },
        seed: 0,
    };
    let rows = proposed.len();
    let kernels = Scripted {
        proposed,
        live: RefCell::new((0..rows).collect()),
        step: Cell::new(0),
    };
    let mut tool = ToolMachine::with(tokenizer, |call| {
        nanochats_calculator(call).map(|(text, _)| text)
    });
    if rows == 1 {
        return Engine::new(&gpt, &kernels)
            .sample(&[prompt], Some(&mut tool), &mut |_| {
                ControlFlow::Continue(())
            })
            .unwrap();
    }
    let mut batch = Engine::new(&gpt, &kernels).batch();
    batch.join_all(&vec![prompt; rows]).unwrap();
    let mut samples = vec![None; rows];
    while batch.live() > 0 {
        batch
            .step(Some(&mut tool), &mut |_| ControlFlow::Continue(()))
            .unwrap();
        for (row, sample) in batch.finished() {
            samples[row] = Some(sample);
            kernels.live.borrow_mut().retain(|&live| live != row);
        }
    }
    samples.into_iter().map(Option::unwrap).collect()
}

#[test]
fn parity_of_the_tool_machine() {
    let Some(golden) = golden() else { return };
    let engine = json(&golden.join("engine/engine.json"));
    let tokenizer = tokenizer(&golden);
    let end = tokenizer.special(Special::AssistantEnd);
    let prompt = [tokenizer.special(Special::Bos), 5];
    let scripts = engine["tool_scripts"].as_array().unwrap();
    assert!(!scripts.is_empty());
    for script in scripts {
        let expression = script["expression"].as_str().unwrap();
        let sample = play(&tokenizer, vec![numbers(&script["proposed"])]).remove(0);
        // nanochat hands out the end token and then leaves it out of the row.
        let mut emitted = sample.ids.clone();
        emitted.push(end);
        let mut mask = sample.mask.clone();
        mask.push(1);
        assert_eq!(emitted, numbers::<u32>(&script["emitted"]), "{expression}");
        assert_eq!(mask, numbers::<u8>(&script["mask"]), "{expression}");
        let row = [&prompt[..], &sample.ids].concat();
        let mask = [&[0, 0][..], &sample.mask].concat();
        assert_eq!(row, numbers::<u32>(&script["batch_ids"]), "{expression}");
        assert_eq!(mask, numbers::<u8>(&script["batch_mask"]), "{expression}");
    }
}

#[test]
fn parity_of_the_tool_machine_with_two_rows() {
    let Some(golden) = golden() else { return };
    let engine = json(&golden.join("engine/engine.json"));
    let tokenizer = tokenizer(&golden);
    let rows = &engine["tool_two_rows"];
    let mut proposed = tables::<u32>(&rows["proposed"]);
    assert_eq!(proposed.len(), 2);
    proposed[1][0] = proposed[0][0]; // as nanochat's script: its first proposal comes from row 0 for both
    let ids = tables::<u32>(&rows["ids"]);
    let masks = tables::<u8>(&rows["masks"]);
    for (row, sample) in play(&tokenizer, proposed).iter().enumerate() {
        assert_eq!(sample.ids, ids[row][2..], "row {row}");
        assert_eq!(sample.mask, masks[row][2..], "row {row}");
    }
    assert!(
        masks[0][2..].contains(&0),
        "nothing was forced: constants would pass"
    );
}
