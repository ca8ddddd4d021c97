//! For every reader: keyboard, screen reader, contrast, phone.

use crate::browser::{CONTROL, SHIFT, Scripted, open};
use crate::{echo, four_tokens};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn the_keyboard_alone_is_enough() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    assert_eq!(
        page.string("document.activeElement.id"),
        "question",
        "one can type at once"
    );
    page.type_text("one");
    page.press_with("Enter", SHIFT);
    page.type_text("two");
    assert_eq!(
        page.string("document.querySelector('#question').value"),
        "one\ntwo",
        "Shift+Enter is a new line"
    );
    page.press("Enter");
    page.until(
        "document.querySelector('.reply [data-form]')?.textContent === 'You said: one\\ntwo'",
    );
    page.until("document.querySelector('#stop').hidden");
    page.press("Enter");
    assert_eq!(page.conversation().len(), 2, "nothing is not sent");
    page.press_with("k", CONTROL);
    assert!(page.is_true("!document.querySelector('#welcome').hidden"));
    assert_eq!(page.string("document.activeElement.id"), "question");

    // From the top, Tab finds everything, and one sees where one is.
    page.click("#conversations .open");
    page.load();
    page.press("Tab"); // the field is the last stop: Send has nothing to send
    assert!(page.is_true("document.activeElement === document.body"));
    let mut stops = Vec::new();
    loop {
        page.press("Tab");
        if page.is_true("document.activeElement === document.body") {
            break; // once round
        }
        let stop = page.value(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);
               return [e.id || e.getAttribute('aria-label') || e.textContent,
                 s.outlineStyle !== 'none' || e.id === 'question', e.checkVisibility()]; })()",
        );
        assert!(stop[1] == true && stop[2] == true, "{stop}");
        stops.push(stop[0].as_str().unwrap().to_string());
    }
    assert_eq!(stops[0], "Skip to the message field");
    let place = |name: &str| {
        stops
            .iter()
            .position(|stop| stop == name)
            .unwrap_or_else(|| panic!("{name} in {stops:?}"))
    };
    assert!(place("new") < place("scheme") && place("scheme") < place("open-settings"));
    assert!(
        place("xray") < place("Edit message") && place("Edit message") < place("Regenerate reply")
    );
    assert!(place("Regenerate reply") < place("question"));
}

#[test]
fn on_a_phone_nothing_sticks_out_and_the_list_is_a_drawer() {
    let server = Scripted::start(|asked, answer| {
        answer.begin()?;
        answer.say(asked.question())?;
        answer.say("\n```\n")?;
        answer.say(&"a line of code that is much too long ".repeat(8))?;
        answer.say("\n```\n")?;
        answer.calculate(&"9+".repeat(200), "9")?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.size(390, 844);
    page.ask(&"Donaudampfschifffahrtsgesellschaft".repeat(10));
    page.click(".tool summary");
    for width in [390, 320] {
        page.size(width, 844);
        for _ in ["parts", "X-ray"] {
            assert_eq!(page.value("document.documentElement.scrollWidth"), width);
            assert_eq!(page.sticking_out(), json!([]));
            page.click("#xray");
        }
    }
    // The drawer slides out of sight, which takes a moment on a busy machine.
    page.until("getComputedStyle(document.querySelector('#sidebar')).visibility === 'hidden'");
    page.click("#menu");
    page.until("getComputedStyle(document.querySelector('#sidebar')).transform === 'none'");
    assert!(
        page.is_true("document.querySelector('main').inert"),
        "the page behind is out of reach"
    );
    assert_eq!(page.string("document.activeElement.id"), "new");
    page.press("Escape");
    page.until("getComputedStyle(document.querySelector('#sidebar')).visibility === 'hidden'");
    assert_eq!(page.string("document.activeElement.id"), "menu");
    page.click("#menu");
    page.until("getComputedStyle(document.querySelector('#sidebar')).transform === 'none'");
    page.click("#open-settings");
    let sheet = "document.querySelector('#settings')";
    assert!(page.is_true(&format!("{sheet}.scrollWidth <= {sheet}.clientWidth")));
}

#[test]
fn everything_has_a_name_for_a_screen_reader() {
    let server = Scripted::start(four_tokens);
    let Some(page) = open(&server.address) else {
        return;
    };
    let named = || {
        let tree = page.call("Accessibility.getFullAXTree", json!({}));
        let nodes: Vec<Value> = tree["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|node| node["ignored"] == false)
            .cloned()
            .collect();
        let role = |node: &Value| {
            node["role"]["value"]
                .as_str()
                .unwrap_or_default()
                .to_string()
        };
        for node in &nodes {
            let needs = [
                "button",
                "textbox",
                "link",
                "slider",
                "spinbutton",
                "listbox",
                "option",
                "dialog",
                "navigation",
                "region",
                "article",
                "heading",
            ];
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(
                !needs.contains(&role(node).as_str()) || !name.trim().is_empty(),
                "no name: {node}"
            );
        }
        nodes.iter().map(role).collect::<Vec<_>>()
    };
    page.ask("Hello");
    page.click("[aria-label='Regenerate reply']");
    page.until("document.querySelector('.pager')");
    let roles = named();
    for (role, times) in [
        ("main", 1),
        ("navigation", 1),
        ("textbox", 1),
        ("article", 2),
    ] {
        assert_eq!(
            roles.iter().filter(|one| *one == role).count(),
            times,
            "{role} in {roles:?}"
        );
    }
    page.click("#xray");
    let roles = named();
    assert_eq!(roles.iter().filter(|one| *one == "option").count(), 4);
    page.click("[aria-label='Edit message']");
    named();
    page.press("Escape");
    page.click("#open-settings");
    let roles = named();
    assert!(
        roles.contains(&"dialog".to_string())
            && roles.iter().filter(|one| *one == "slider").count() == 2
    );
    assert_eq!(page.string("document.documentElement.lang"), "en");
    assert_eq!(
        page.value("document.querySelectorAll('[style]:not(.token, textarea), [onclick], [src], link[rel=stylesheet]').length"),
        0,
        "the program sets the tint of tokens and the height of fields; nothing else has a style of its own"
    );
}

#[test]
fn a_reply_is_announced_in_sentences_and_not_in_tokens() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let server = Scripted::start(move |_, answer| {
        answer.begin()?;
        for token in ["The ", "crab ", "walks. ", "The tide"] {
            answer.say(token)?;
        }
        let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(20));
        answer.say(" comes")?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    assert_eq!(
        page.string("document.querySelector('#spoken').getAttribute('aria-live')"),
        "polite"
    );
    page.start_asking("Go");
    page.until("document.querySelector('.reply [data-form]')?.textContent.endsWith('The tide')");
    page.until("document.querySelector('#spoken').textContent");
    assert_eq!(page.texts("#spoken p"), ["The crab walks."]);
    go_on.send(()).unwrap();
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(
        page.texts("#spoken p"),
        ["The crab walks.", "The tide comes"]
    );
    assert_eq!(
        page.count("main [aria-live=polite]"),
        0,
        "the visible reply is not read a second time"
    );
}

/// For every visible text its contrast with what lies behind it, where that is below 4.5 (3 for large text).
const TOO_FAINT: &str = "(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = ([r, g, b, a], under) => [r, g, b].map((x, i) => x * a + under[i] * (1 - a));
  const ground = (e) => over(
    rgba(getComputedStyle(e).backgroundColor), e.parentElement ? ground(e.parentElement) : [255, 255, 255]);
  const light = (colour) => colour.map((x) => x / 255)
    .map((x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility({ opacityProperty: true }) || e.closest('.unseen, svg, :disabled, script')) continue;
    if (document.querySelector('dialog[open]') && !e.closest('dialog')) continue;
    const style = getComputedStyle(e), under = ground(e), ink = over(rgba(style.color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) faint.push([e.textContent.slice(0, 40), ratio]);
  }
  return faint;
})()";

#[test]
fn all_text_has_enough_contrast_in_both_schemes() {
    let server = Scripted::start(|asked, answer| match asked.question() {
        "refuse" => answer.refuse("400 Bad Request", "", "c", "No."),
        "calculate" => {
            answer.begin()?;
            answer.calculate("1+1", "2")?;
            answer.say("```\ncode\n```\n`x`")?;
            answer.end("length")
        }
        _ => four_tokens(asked, answer),
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    let page = page.expecting_refusals();
    let enough = || {
        for scheme in ["light", "dark"] {
            page.prefer(scheme);
            assert_eq!(page.value(TOO_FAINT), json!([]), "{scheme}");
        }
    };
    enough();
    page.ask("calculate");
    page.click(".tool summary");
    page.ask("tokens");
    page.ask("refuse");
    enough();
    page.click("#xray");
    page.point_until(".token", "!document.querySelector('#evidence').hidden");
    enough();
    page.click("#open-settings");
    enough();
    // The check itself can fail.
    page.value("document.querySelector('#settings').style.color = '#999'");
    page.prefer("light");
    assert_ne!(page.value(TOO_FAINT), json!([]));
}
