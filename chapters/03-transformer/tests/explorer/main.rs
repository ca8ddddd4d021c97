//! The book's attention explorer and RoPE dial compute what this crate computes: a browser runs the page's model and its
//! rotations, and every weight, logit and turned number is compared.
//!
//! Where there is no Chromium the tests say so, and fail if `NANOCRAB_NO_SKIP` is 1.

mod browser;
mod model;

use browser::{in_browser, markup};
use model::Asked;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Kernels, Plain, Rotary};

const SCRIPTS: [&str; 2] = ["attention-model.js", "attention.js"];

#[test]
fn the_models_script_is_small_enough_for_a_page() {
    let bytes = model::script().len();
    assert!(bytes < 150_000, "{bytes} bytes are too many for a page");
}

#[test]
fn a_head_finds_the_word_after_the_same_word_and_another_looks_one_back() {
    let script = model::script();
    let gpt = model::load(&script);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let stretch: Vec<i64> = (0..12).map(|_| below(&mut random, 60)).collect();
    let ids = [stretch.clone(), stretch].concat();
    let asked = Asked {
        positions: true,
        off: None,
    };
    let (weights, _) = model::run(&gpt, &ids, asked);
    let mean = |layer: usize, of: &dyn Fn(usize) -> usize| -> f64 {
        let head = |rows: &Vec<f32>| -> f64 {
            let sum: f32 = (13..24).map(|t| rows[t * 24 + of(t)]).sum();
            f64::from(sum) / 11.0
        };
        weights[layer].iter().map(head).fold(0.0, f64::max)
    };
    let (before, after) = (mean(0, &|t| t - 1), mean(1, &|t| t - 11));
    assert!(before > 0.35, "one back: {before:.2}");
    assert!(after > 0.4, "after the same word: {after:.2}");
}

#[test]
fn a_browser_computes_the_weights_and_logits_of_this_crate() {
    let script = model::script();
    let gpt = model::load(&script);
    let (heads, vocab) = (gpt.config().heads, gpt.config().vocab_size);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut expected = Vec::new();
    let mut cases = Vec::new();
    for (case, time) in [1, 2, 7, 12, 24, gpt.config().context]
        .into_iter()
        .enumerate()
    {
        let ids: Vec<i64> = (0..time).map(|_| below(&mut random, vocab)).collect();
        let off = (case % 2 == 1).then(|| (case / 2 % 2, below(&mut random, heads)));
        let positions = case % 3 != 2;
        let (weights, logits) = model::run(&gpt, &ids, Asked { positions, off });
        expected.push((ids.len(), weights, logits));
        let off = off.map(|(layer, head)| json!([layer, head]));
        cases.push(json!({ "ids": ids, "positions": positions, "off": off }));
    }
    let script = r"
        const model = nanocrabAttention.decode(nanocrabAttentionModel);
        report(cases.map(({ ids, positions, off }) => {
            const { attention, logits } = nanocrabAttention.forward(model, ids, { positions, off });
            return { attention, logits };
        }));
    ";
    let Some(found) = in_browser("forward", "", &SCRIPTS, &json!(cases), script) else {
        return;
    };
    for (case, (time, weights, logits)) in expected.iter().enumerate() {
        let found = &found[case];
        for (layer, heads) in weights.iter().enumerate() {
            for (head, rows) in heads.iter().enumerate() {
                for t in 0..*time {
                    let here = numbers(&found["attention"][layer][head][t]);
                    assert_eq!(here.len(), t + 1);
                    let what = format!("case {case}, layer {layer}, head {head}, position {t}");
                    near(&here, &rows[t * time..t * time + t + 1], 2e-5, &what);
                }
            }
        }
        let here: Vec<f64> = found["logits"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(numbers)
            .collect();
        near(&here, logits, 2e-4, &format!("case {case}, logits"));
        // Zeros would not pass.
        assert!(logits.iter().any(|logit| logit.abs() > 0.1));
    }
}

#[test]
fn a_browser_turns_pairs_as_this_crate_does() {
    const WIDTH: usize = 16;
    let config = Config {
        heads: 1,
        kv_heads: 1,
        width: WIDTH as i64,
        ..Config::d(1, 2, 64).unwrap()
    };
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let vectors: Vec<f32> = (0..64 * WIDTH)
        .map(|_| below(&mut random, 2001) as f32 / 500.0 - 2.0)
        .collect();
    let positions = Tensor::arange(64, (Kind::Int64, Device::Cpu)).unsqueeze(0); // (1, T)
    let (cos, sin) = Rotary::new(&config, Device::Cpu).at(&positions).unwrap();
    let x = Tensor::from_slice(&vectors).view([1, 64, 1, WIDTH as i64]); // (B, T, H, D)
    let turned = Plain.rope_qk_norm(&x, &cos, &sin, config.norm_eps);
    let turned: Vec<f32> = turned.flatten(0, 3).try_into().unwrap();
    let cases = json!({ "vectors": vectors, "eps": config.norm_eps });
    let script = r"
        const { rotate, rmsNorm } = nanocrabAttention;
        report(Array.from({ length: 64 }, (_, t) =>
            rmsNorm(rotate(cases.vectors.slice(16 * t, 16 * t + 16), t, 10000), cases.eps)));
    ";
    let Some(found) = in_browser("rotation", "", &SCRIPTS, &cases, script) else {
        return;
    };
    let found: Vec<f64> = found.as_array().unwrap().iter().flat_map(numbers).collect();
    near(&found, &turned, 2e-5, "turned and normalised");
}

#[test]
fn the_explorer_shows_the_heads_weights_and_keeps_its_keys() {
    let script = model::script();
    let gpt = model::load(&script);
    let words = model::words(&script);
    let text = "crab lamp boat sand crab xylophone";
    let ids: Vec<i64> = text
        .split(' ')
        .filter_map(|word| words.iter().position(|known| known == word))
        .map(|id| id as i64)
        .collect();
    assert_eq!(ids.len(), 5, "the last one is no word of the model's");
    let driver = r"
        const root = document.getElementById('attention-explorer');
        const part = (name) => root.querySelector(`[data-part=${name}]`);
        const buttons = () => [...part('words').querySelectorAll('button')];
        const shares = () => buttons().map((button) => Number(button.style.getPropertyValue('--share')));
        const visible = !root.hidden && buttons().length > 0;
        const input = part('input');
        input.value = cases.text;
        input.dispatchEvent(new Event('input', { bubbles: true }));
        const seen = [];
        for (const radio of part('heads').querySelectorAll('input')) {
            radio.click();
            seen.push(shares());
        }
        const unknown = part('unknown').textContent;
        const reading = part('reading').textContent;
        part('nowhere').click();
        const nowhere = shares();
        part('nowhere').click();
        let escaped = 0;
        document.addEventListener('keydown', () => escaped++);
        const last = buttons()[4];
        last.focus();
        last.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true, cancelable: true }));
        const moved = document.activeElement === buttons()[3] && buttons()[3].getAttribute('aria-pressed') === 'true';
        const stops = buttons().filter((button) => button.tabIndex === 0).length;
        const cells = part('map').querySelectorAll('rect').length;
        const named = [...root.querySelectorAll('button, input, textarea')].every((control) =>
            control.textContent.trim() !== '' || control.getAttribute('aria-label') || control.labels?.length > 0);
        report({ visible, seen, unknown, reading, nowhere, escaped, moved, stops, cells, named });
    ";
    let scripts = [SCRIPTS[0], SCRIPTS[1], "attention-explorer.js"];
    let markup = markup(
        "attention-explorer",
        "<!-- end of the attention explorer -->",
    );
    let Some(report) = in_browser("page", &markup, &scripts, &json!({ "text": text }), driver)
    else {
        return;
    };
    assert_eq!(report["visible"], true);
    assert_eq!(
        report["moved"], true,
        "the arrow key goes to the word before"
    );
    assert_eq!(report["stops"], 1, "the words are one stop of the tab key");
    assert_eq!(report["escaped"], 0, "the book would turn the page");
    assert_eq!(report["named"], true, "every control has a name");
    assert_eq!(
        report["cells"], 15,
        "a square for each weight of five words"
    );
    assert!(report["unknown"].as_str().unwrap().contains("xylophone"));
    assert!(report["reading"].as_str().unwrap().contains("“crab”"));
    let mut asked = Asked {
        positions: true,
        off: None,
    };
    let (weights, _) = model::run(&gpt, &ids, asked);
    for (number, rows) in weights.iter().flatten().enumerate() {
        let what = format!("head {number} of the page");
        near(&numbers(&report["seen"][number]), &rows[20..], 1e-4, &what);
    }
    asked.positions = false;
    let (weights, _) = model::run(&gpt, &ids, asked);
    let last = weights.last().unwrap().last().unwrap();
    near(
        &numbers(&report["nowhere"]),
        &last[20..],
        1e-4,
        "without positions",
    );
}

#[test]
fn the_dial_shows_the_same_score_wherever_both_stand() {
    let driver = r"
        const root = document.getElementById('rope-dial');
        const part = (name) => root.querySelector(`[data-part=${name}]`);
        const set = (name, value) => {
            part(name).value = String(value);
            part(name).dispatchEvent(new Event('input', { bubbles: true }));
        };
        const score = () => Number(part('reading').textContent.match(/score of (.*)\.$/)[1].replace('−', '-'));
        const found = [];
        for (const option of part('vectors').options) {
            part('vectors').value = option.value;
            part('vectors').dispatchEvent(new Event('change', { bubbles: true }));
            set('query', 9);
            set('key', 4);
            const first = score();
            set('both', 40);
            const moved = [part('query').valueAsNumber, part('key').valueAsNumber];
            const same = score();
            set('key', 10);
            found.push({ first, same, other: score(), moved });
        }
        const clocks = part('pairs').querySelectorAll('svg').length;
        const named = [...root.querySelectorAll('input, select')].every((control) => control.labels.length > 0);
        report({ visible: !root.hidden, found, clocks, named });
    ";
    let scripts = [SCRIPTS[0], SCRIPTS[1], "rope-dial.js"];
    let markup = markup("rope-dial", "<!-- end of the RoPE dial -->");
    let Some(report) = in_browser("dial", &markup, &scripts, &json!({}), driver) else {
        return;
    };
    assert_eq!(report["visible"], true);
    assert_eq!(report["clocks"], 12);
    assert_eq!(report["named"], true, "every control has a name");
    let found = report["found"].as_array().unwrap();
    assert!(found.len() > 1, "the trained model's vectors are offered");
    for vectors in found {
        assert_eq!(vectors["moved"], json!([45, 40]));
        assert_eq!(vectors["first"], vectors["same"], "{vectors}");
    }
    // Twelve pairs that all are (1, 1): each adds 2 cos(distance · θ) / √24. The distance is 5, and 35 when the key stands at 10.
    let even = |distance: f64| -> f64 {
        let angle = |pair: i32| distance * 10_000f64.powf(-2.0 * f64::from(pair) / 24.0);
        (0..12).map(|pair| 2.0 * angle(pair).cos()).sum::<f64>() / 24f64.sqrt()
    };
    near(
        &numbers(&json!([found[0]["first"], found[0]["other"]])),
        &[even(5.0) as f32, even(35.0) as f32],
        0.006,
        "the made-up vectors",
    );
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"));
    list.iter().map(|number| number.as_f64().unwrap()).collect()
}

fn near(found: &[f64], expected: &[f32], limit: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - f64::from(*expected)).abs();
        assert!(
            difference <= limit,
            "{what}, place {place}: the page says {found}, the crate {expected}"
        );
    }
}

fn below(random: &mut ChaCha8Rng, n: i64) -> i64 {
    (random.next_u64() % n as u64) as i64
}
