//! The book's rounds: a browser runs them, and its numbers are those of the crate's own iterations.
//!
//! Where there is no Chromium the tests say so, and fail if `NANOCRAB_NO_SKIP` is 1.

#[path = "../../../03-transformer/tests/explorer/browser.rs"]
mod browser;

use browser::{in_browser, markup};
use serde_json::json;
use tch::{Kind, Tensor};

const SCRIPTS: [&str; 1] = ["rounds.js"];

/// A singular value after some rounds of the crate's: diag(x, √(1 − x²)) has a Frobenius norm of 1.
fn crates(polar_express: bool, x: f64, rounds: usize) -> f64 {
    let matrix = Tensor::from_slice(&[x, 0.0, 0.0, (1.0 - x * x).sqrt()]).view([1, 2, 2]);
    let result = match polar_express {
        true => muon::polar_express(&matrix, rounds, Kind::Double),
        false => muon::orthogonalise(&matrix, rounds, Kind::Double),
    };
    result.double_value(&[0, 0, 0])
}

#[test]
fn values_go_where_the_crates_iterations_take_them() {
    let inputs = [0.0001, 0.003, 0.05, 0.3, 0.7, 1.0];
    let script = r"
        const { through } = nanocrabRounds;
        report(cases.map((x) => ['newton', 'polar'].map((name) => through(name, x, 7))));
    ";
    let Some(found) = in_browser("values", "", &SCRIPTS, &json!(inputs), script) else {
        return;
    };
    for (at, x) in inputs.into_iter().enumerate() {
        for (polar_express, name) in [(false, 0), (true, 1)] {
            for rounds in 1..=7 {
                let page = found[at][name][rounds].as_f64().unwrap();
                let right = crates(polar_express, x, rounds);
                // The crate adds 1e-7 or 1e-6 to the norm.
                assert!(
                    (page - right).abs() < 1e-4,
                    "{x} after {rounds} rounds: the page says {page}, and {right} is right"
                );
            }
        }
    }
}

#[test]
fn the_controls_say_where_a_value_goes() {
    let driver = r"
        const root = document.getElementById('rounds');
        const part = (name) => root.querySelector(`[data-part='${name}']`);
        const set = (name, value) => {
            part(name).value = value;
            part(name).dispatchEvent(new Event('input', { bubbles: true }));
            return part('reading').textContent;
        };
        const first = part('reading').textContent;
        const beyond = set('value', Math.log10(1.3));
        const polar = set('iteration', 'polar');
        const one = set('count', '1');
        let turned = false;
        document.addEventListener('keydown', () => { turned = true; });
        part('value').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        const named = [...root.querySelectorAll('input, select')].every((control) => control.labels.length > 0);
        report({ visible: !root.hidden, first, beyond, polar, one, turned, named, dots: part('plot').querySelectorAll('circle').length });
    ";
    let markup = markup("rounds", "<!-- end of the rounds -->");
    let Some(found) = in_browser("controls", &markup, &SCRIPTS, &json!([]), driver) else {
        return;
    };
    let says = |what: &str, words: &str| {
        let text = found[what].as_str().unwrap();
        assert!(text.contains(words), "{what}: {text}");
    };
    assert_eq!(found["visible"], true);
    assert_eq!(found["named"], true, "every control has a name");
    assert_eq!(found["turned"], false, "keys stay inside");
    // The table of the page, worked out by hand there.
    says("first", "0.05 → 0.172 → 0.567 → 1.2 → 0.944 → 0.758.");
    says("beyond", "After 5 rounds");
    says("polar", "lies between 0.85");
    says("one", "After 1 round what began");
    assert_eq!(found["dots"], 2);
}
