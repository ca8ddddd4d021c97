//! What the browser keeps: conversations, settings, the colour scheme.

use crate::browser::{Scripted, open, token};
use crate::echo;
use serde_json::json;

#[test]
fn conversations_survive_a_reload_and_can_be_renamed_and_deleted() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("first");
    page.click("#new");
    assert_eq!(page.conversation().len(), 0);
    page.ask("second");
    page.load();
    assert_eq!(
        page.texts("#conversations .open"),
        ["second", "first"],
        "newest first"
    );
    assert_eq!(
        page.conversation(),
        ["second", "You said: second"],
        "the open one is open again"
    );
    page.click("#conversations li:nth-child(2) .open");
    assert_eq!(page.conversation(), ["first", "You said: first"]);
    assert_eq!(page.string("document.title"), "first · nanocrab");

    page.click("[aria-label='Rename “first”']");
    page.type_text("a better name"); // the old one is selected
    page.press("Enter");
    assert_eq!(
        page.texts("#conversations .open"),
        ["second", "a better name"]
    );
    page.click("[aria-label='Rename “a better name”']");
    page.type_text("no");
    page.press("Escape");
    assert_eq!(
        page.texts("#conversations .open"),
        ["second", "a better name"]
    );

    page.click("[aria-label='Delete “second”']");
    assert_eq!(page.texts("#conversations .open"), ["a better name"]);
    page.click("#toast button");
    assert_eq!(
        page.texts("#conversations .open"),
        ["second", "a better name"],
        "undone"
    );
    page.click("[aria-label='Delete “a better name”']");
    page.load();
    assert_eq!(page.texts("#conversations .open"), ["second"]);
    assert_eq!(page.conversation().len(), 0, "the open one is gone");
}

#[test]
fn a_damaged_or_refused_storage_does_not_stop_the_page() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    for (key, value) in [
        ("nanocrab.chat.x", r#"{"title": 3"#),
        (
            "nanocrab.chat.y",
            r#"{"title": "t", "turns": [{"text": 1}]}"#,
        ),
        ("nanocrab.settings", "no"),
    ] {
        page.value(&format!(
            "localStorage.setItem({}, {})",
            json!(key),
            json!(value)
        ));
    }
    page.load();
    page.ask("still there?");
    assert_eq!(
        page.conversation(),
        ["still there?", "You said: still there?"]
    );
    page.value(
        "void Object.defineProperty(window, 'localStorage',
           { get() { throw new DOMException('no', 'SecurityError'); } })",
    );
    page.ask("and now?");
    assert_eq!(page.conversation().len(), 4);
}

#[test]
fn a_conversation_of_another_shape_is_shown_as_far_as_it_can_be_and_does_not_hide_the_others() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    let said = |text: &str| json!([{"type": "text", "text": text}]);
    for (key, value) in [
        ("a", json!({"title": "no turn", "turns": [null]})),
        (
            "b",
            json!({"title": "no reply", "turns": [{"text": "?", "replies": [null]}]}),
        ),
        ("c", json!(["a list"])),
        // An older page kept neither rivals nor which reply was shown nor when.
        (
            "d",
            json!({"title": "old", "turns": [{"text": "then?", "replies": [
                {"parts": said("long ago"), "trace": [{"token": "long ago", "logprob": -1.0}]}]}]}),
        ),
        (
            "e",
            json!({"title": "whole", "changed": 5, "turns": [{"text": "now?", "shown": 0, "replies": [
                {"parts": said("today"), "finish": "stop", "trace": [
                    {"token": "today", "logprob": -1.0, "place": 1, "rivals": [["now", -2.0]]}]}]}]}),
        ),
    ] {
        page.value(&format!(
            "localStorage.setItem({}, {})",
            json!(format!("nanocrab.chat.{key}")),
            json!(value.to_string())
        ));
    }
    page.load();
    assert_eq!(page.texts("#conversations .open"), ["whole", "old"]);
    page.click("#conversations li:nth-child(2) .open");
    assert_eq!(page.conversation(), ["then?", "long ago"]);
    page.click("#xray");
    assert_eq!(page.conversation(), ["then?", "long ago"]);
    assert_eq!(page.count("#log .token"), 0, "its tokens cannot be drawn");
    page.click("#conversations li:nth-child(1) .open");
    assert_eq!(page.texts("#log .token"), ["today"]);
}

#[test]
fn a_full_storage_gives_up_the_oldest_xray_first_and_never_the_words() {
    let server = Scripted::start(|_, answer| {
        answer.begin()?;
        for _ in 0..20 {
            answer.token(&token(
                "la ",
                0.5,
                &[
                    ("la ", 0.5),
                    ("lo", 0.2),
                    ("li", 0.1),
                    ("le", 0.05),
                    ("lu", 0.04),
                    ("l", 0.03),
                ],
            ))?;
        }
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("one");
    // From here on there is room for one conversation with its trace, and a bit.
    page.value(
        "(() => { const set = Storage.prototype.setItem;
            const size = (keys) => keys.reduce((sum, k) => sum + localStorage[k].length, 0);
            const room = size(Object.keys(localStorage)) + 600;
            Storage.prototype.setItem = function (key, value) {
            if (this === localStorage && size(Object.keys(this).filter((k) => k !== key)) + value.length > room)
              throw new DOMException('full', 'QuotaExceededError');
            set.call(this, key, value); }; })()",
    );
    page.click("#new");
    page.ask("two");
    let kept = page.value(
        "Object.keys(localStorage).filter((k) => k.startsWith('nanocrab.chat.')).map((k) => JSON.parse(localStorage[k]))
           .map((c) => [c.title, c.turns[0].replies[0].trace.length, c.turns[0].replies[0].parts[0].text.length])
           .sort()",
    );
    assert_eq!(kept, json!([["one", 0, 60], ["two", 20, 60]]));
}

#[test]
fn dark_mode_follows_the_system_until_somebody_chooses() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    let paper = || page.string("getComputedStyle(document.body).backgroundColor");
    let light = paper();
    page.prefer("dark");
    let dark = paper();
    assert_ne!(light, dark);
    page.until("document.querySelector('#scheme span').textContent === 'Light mode'");
    page.click("#scheme");
    assert_eq!(paper(), light, "chosen against the system");
    page.load();
    assert_eq!(paper(), light, "and kept");
    page.click("#scheme");
    assert_eq!(paper(), dark);
    page.prefer("light");
    assert_eq!(paper(), light, "chosen as the system is: it follows again");
}
