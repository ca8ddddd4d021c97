//! X-ray mode: what is shown about a token is what the server sent about it.

use crate::browser::{Scripted, open};
use crate::four_tokens;
use serde_json::json;

#[test]
fn xray_shows_the_probabilities_that_the_server_sent() {
    let server = Scripted::start(four_tokens);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("Well?");
    assert_eq!(page.count(".token"), 0);
    page.click("#xray");
    assert_eq!(page.texts(".token"), ["The", " crab", " swims", "↵\n"]);
    assert!(page.text(".numbers").contains("4 tokens"));
    // exp of the mean of -ln p: (1 · 0.25 · 0.01 · 0.05)^(-1/4)
    assert!(
        page.text(".numbers").contains("perplexity 9.46"),
        "{}",
        page.text(".numbers")
    );

    page.point_at(".token:nth-child(2)");
    page.until("!document.querySelector('#evidence').hidden");
    assert_eq!(page.text("#evidence .chosen"), "␣crab25.0 %");
    assert_eq!(
        page.text("#evidence p"),
        "Number 2 in the model’s order, 2.0 bits of surprise."
    );
    let rivals = [
        "␣fish50.0 %",
        "␣sea10.0 %",
        "↵5.00 %",
        ".4.00 %",
        "␣<b>3.00 %",
        "all others3.00 %",
    ];
    assert_eq!(page.texts("#evidence li"), rivals);
    assert!(page.is_true(
        "document.querySelector('.token.shown').getAttribute('aria-describedby') === 'evidence'"
    ));

    page.point_at(".token:nth-child(3)");
    page.until("document.querySelector('#evidence .chosen').textContent === '␣swims1.00 %'");
    assert!(
        page.text("#evidence p")
            .starts_with("Not among the six likeliest")
    );
    assert_eq!(
        page.count("#evidence li"),
        6,
        "five of the six, and the rest"
    );
    page.point_at(".token:nth-child(1)");
    page.until("document.querySelector('#evidence .chosen').textContent === 'The100 %'");
    assert!(
        page.text("#evidence p")
            .starts_with("The model’s favourite, 0.0 bits")
    );

    // Away from the tokens, the card goes.
    page.point_at("#question");
    page.until("document.querySelector('#evidence').hidden");
    // The less likely, the more bits of tint; and the favourite alone is not underlined.
    let bits = page.value(
        "[...document.querySelectorAll('.token')].map((e) => e.style.getPropertyValue('--bits'))",
    );
    assert_eq!(bits, json!(["0.00", "2.00", "6.00", "4.32"]));
    assert_eq!(page.texts(".token.upset"), [" crab", " swims", "↵\n"]);
    page.load();
    assert_eq!(
        page.count(".token"),
        4,
        "the mode and the probabilities are kept"
    );
}

#[test]
fn xray_is_walked_with_the_keyboard_as_one_stop() {
    let server = Scripted::start(four_tokens);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("Well?");
    page.click("#xray");
    assert_eq!(
        page.value("document.querySelectorAll('.token[tabindex=\"0\"]').length"),
        1
    );
    page.value("document.querySelector('.token').focus()");
    page.press("ArrowRight");
    assert_eq!(page.text("#evidence .chosen"), "␣crab25.0 %");
    assert_eq!(
        page.string("document.activeElement.getAttribute('aria-label')"),
        "␣crab, 25.0 %"
    );
    page.press("End");
    assert_eq!(page.text("#evidence .chosen"), "↵5.00 %");
    page.press("ArrowRight");
    assert_eq!(
        page.text("#evidence .chosen"),
        "↵5.00 %",
        "the last one is the last"
    );
    page.press("Home");
    assert_eq!(page.text("#evidence .chosen"), "The100 %");
    assert_eq!(
        page.value("document.querySelectorAll('.token[tabindex=\"0\"]').length"),
        1
    );
    page.press("Escape");
    assert!(page.is_true("document.querySelector('#evidence').hidden"));
    page.press("Tab");
    assert!(
        page.is_true("document.activeElement.closest('.trace') === null"),
        "one Tab leads out"
    );
}

#[test]
fn the_card_comes_along_when_the_focus_makes_the_page_scroll() {
    let server = Scripted::start(four_tokens);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.size(1280, 500);
    for _ in 0..4 {
        page.ask("Well?");
    }
    page.click("#xray");
    // The scroll event comes with the next frame.
    let frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
    let focus = |from_end: i32| {
        page.value(&format!(
            "[...document.querySelectorAll('.token')].at({from_end}).focus()"
        ));
        page.value(frames);
    };
    let distance =
        "(() => { const card = document.querySelector('#evidence').getBoundingClientRect();
        const token = document.activeElement.getClientRects()[0];
        return Math.round(Math.max(card.top - token.bottom, token.top - card.bottom)); })()";
    for from_end in [-1, 0, -1] {
        focus(from_end);
        assert!(page.is_true("!document.querySelector('#evidence').hidden"));
        assert_eq!(page.value(distance), 6, "beside its token");
    }
    // Scrolled out of sight, the token takes its card along.
    page.value("document.querySelector('#scroll').scrollTop = 0");
    page.until("document.querySelector('#evidence').hidden");
}
