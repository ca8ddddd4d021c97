//! The book's roofline explorer: a browser runs it, and its numbers are those that the page's text works out by hand.
//!
//! Where there is no Chromium the tests say so, and fail if `NANOCRAB_NO_SKIP` is 1.

#[path = "../../../03-transformer/tests/explorer/browser.rs"]
mod browser;

use browser::{in_browser, markup};
use serde_json::{Value, json};

const SCRIPTS: [&str; 1] = ["roofline.js"];

#[track_caller]
fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!(
        (found / expected - 1.0).abs() < 1e-9,
        "the page says {found}, and {expected} is right"
    );
}

#[test]
fn operations_cost_what_the_text_says() {
    let script = r"
        const { MACHINES, OPERATIONS, limit } = nanocrabRoofline;
        const at = (operation, sizes, machine) => {
            const cost = OPERATIONS[operation].cost(sizes, MACHINES[machine].bytes);
            return { ...cost, ...limit(cost, MACHINES[machine]) };
        };
        report([
            at('product', { M: 4096, K: 256, N: 1024 }, 'ours'),
            at('relu', { M: 4096, N: 1024 }, 'ours'),
            at('product', { M: 1, K: 256, N: 1024 }, 'ours'),
            at('relus', { M: 4096, N: 1024 }, 'h100'),
            at('attention', { M: 320, K: 128, N: 2048 }, 'h100'),
        ]);
    ";
    let Some(found) = in_browser("costs", "", &SCRIPTS, &json!([]), script) else {
        return;
    };
    let (product, relu, thin) = (&found[0], &found[1], &found[2]);
    near(&product["flops"], 2.0 * 4096.0 * 256.0 * 1024.0);
    near(
        &product["bytes"],
        4.0 * (4096.0 * 256.0 + 256.0 * 1024.0 + 4096.0 * 1024.0),
    );
    near(&product["seconds"], 2.0 * 4096.0 * 256.0 * 1024.0 / 120e9);
    near(&product["speed"], 120e9);
    near(&relu["intensity"], 0.25);
    near(&relu["seconds"], 2.0 * 4.0 * 4096.0 * 1024.0 / 12e9);
    near(&relu["speed"], 0.25 * 12e9);
    // One row: the matrix is moved for a single use of each of its numbers.
    let moving = 4.0 * (256.0 + 256.0 * 1024.0 + 1024.0) / 12e9;
    near(&thin["seconds"], moving);
    // Two operations in the place of one move twice the bytes; bf16 has two each.
    near(&found[3]["bytes"], 4.0 * 2.0 * 4096.0 * 1024.0);
    // Attention's intensity is T over the bytes of a number.
    near(&found[4]["intensity"], 2048.0 / 2.0);
}

#[test]
fn the_explorer_says_what_holds_an_operation_up() {
    let driver = r"
        const root = document.getElementById('roofline');
        const part = (name) => root.querySelector(`[data-part='${name}']`);
        const reading = () => part('reading').textContent;
        const choose = (name, value) => {
            part(name).value = value;
            part(name).dispatchEvent(new Event('change', { bubbles: true }));
        };
        const type = (size, value) => {
            const input = root.querySelector(`[data-size='${size}']`);
            input.value = value;
            input.dispatchEvent(new Event('input', { bubbles: true }));
        };
        const first = reading();
        choose('operation', 'relu');
        const relu = reading();
        choose('operation', 'product');
        type('M', '1');
        const thin = reading();
        type('M', '-3');
        const refused = [reading(), root.querySelector('[data-size=M]').getAttribute('aria-invalid')];
        choose('machine', 'h100');
        const peak = root.querySelector('[data-size=peak]').value;
        let turned = false;
        document.addEventListener('keydown', () => { turned = true; });
        part('operation').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        const named = [...root.querySelectorAll('input, select')].every((control) => control.labels.length > 0);
        report({ visible: !root.hidden, first, relu, thin, refused, peak, turned, named, dots: part('plot').querySelectorAll('circle').length });
    ";
    let markup = markup("roofline", "<!-- end of the roofline explorer -->");
    let Some(found) = in_browser("explorer", &markup, &SCRIPTS, &json!([]), driver) else {
        return;
    };
    let says = |what: &str, words: &str| {
        let text = found[what].as_str().unwrap();
        assert!(text.contains(words), "{what}: {text}");
    };
    assert_eq!(found["visible"], true);
    assert_eq!(found["named"], true, "every control has a name");
    assert_eq!(found["turned"], false, "keys stay inside");
    says(
        "first",
        "Computing takes 17.9 ms, moving 1.84 ms: held up by arithmetic",
    );
    says("relu", "0.25 operations per byte");
    says("relu", "moving 2.8 ms: held up by memory");
    says("thin", "held up by memory");
    // What is no size is marked, and the last good one stays.
    assert_eq!(found["refused"][0], found["thin"]);
    assert_eq!(found["refused"][1], "true");
    assert_eq!(found["peak"], "989000");
    assert_eq!(found["dots"], 6);
}
