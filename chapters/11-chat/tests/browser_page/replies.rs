//! Asking, stopping, editing, asking again.

use crate::browser::{Scripted, open};
use crate::{counting, echo};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

#[test]
fn a_reply_is_on_the_page_while_it_is_still_being_written() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let server = Scripted::start(move |_, answer| {
        answer.begin()?;
        answer.say("Here it")?;
        let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(20));
        answer.say(" comes.")?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.start_asking("Where is it?");
    page.until("document.querySelector('.reply [data-form]')?.textContent === 'Here it'");
    assert!(page.is_true("!document.querySelector('#stop').hidden"));
    assert!(page.is_true("document.querySelector('#send').hidden"));
    go_on.send(()).unwrap();
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(page.conversation(), ["Where is it?", "Here it comes."]);
    assert!(page.text(".numbers").contains("812 tokens/s · seed 77"));

    let asked = server.latest();
    assert_eq!(
        asked["messages"],
        json!([{"role": "user", "content": "Where is it?"}])
    );
    assert_eq!(asked["stream"], true);
    assert_eq!(asked["top_logprobs"], 6);
    // The server's own defaults, since nobody changed a setting.
    assert_eq!(asked["temperature"], 0.75);
    assert_eq!(asked["top_k"], 40);
    assert!(asked.get("seed").is_none());
}

#[test]
fn stopping_keeps_what_was_written_and_tells_the_server() {
    let left = Arc::new(AtomicBool::new(false));
    let noticed: Weak<AtomicBool> = Arc::downgrade(&left);
    let server = Scripted::start(move |_, answer| {
        answer.begin()?;
        let gone = std::iter::repeat_with(|| {
            std::thread::sleep(Duration::from_millis(3));
            answer.say("la ")
        })
        .find_map(Result::err)
        .expect("only an error ends this");
        if let Some(left) = noticed.upgrade() {
            left.store(true, Ordering::SeqCst);
        }
        Err(gone)
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    for stop in [&(|| page.press("Escape")) as &dyn Fn(), &|| {
        page.click("#stop")
    }] {
        left.store(false, Ordering::SeqCst);
        page.start_asking("Sing");
        page.until("[...document.querySelectorAll('.reply [data-form]')].at(-1).textContent.includes('la la')");
        stop();
        page.until("document.querySelector('#stop').hidden");
        let reply = page.conversation().pop().unwrap();
        assert!(reply.starts_with("la la"), "{reply}");
        assert!(page.texts(".numbers").pop().unwrap().ends_with("stopped"));
        for _ in 0..1000 {
            if left.load(Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(left.load(Ordering::SeqCst), "the server goes on singing");
        assert_eq!(
            page.conversation().pop().unwrap(),
            reply,
            "it grew after it was stopped"
        );
    }
}

#[test]
fn an_edited_question_replaces_what_followed_it() {
    let server = Scripted::start(echo);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("one");
    page.ask("two");
    assert_eq!(
        page.conversation(),
        ["one", "You said: one", "two", "You said: two"]
    );

    page.click("[aria-label='Edit message']");
    assert_eq!(page.text(".editor .note"), "What follows will be replaced.");
    page.press("Escape");
    assert_eq!(page.count(".editor"), 0);
    assert_eq!(
        page.conversation().len(),
        4,
        "Escape leaves everything as it was"
    );

    page.click("[aria-label='Edit message']");
    page.press("End");
    page.type_text(" and a half");
    page.press("Enter");
    page.until(
        "document.querySelector('.reply [data-form]').textContent === 'You said: one and a half'",
    );
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(
        page.conversation(),
        ["one and a half", "You said: one and a half"]
    );
    assert_eq!(
        server.latest()["messages"],
        json!([{"role": "user", "content": "one and a half"}])
    );
    assert_eq!(page.texts("#conversations .open"), ["one and a half"]);
}

#[test]
fn regenerating_adds_a_reply_and_the_one_that_is_shown_counts() {
    let server = counting();
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("Again?");
    page.click("[aria-label='Regenerate reply']");
    page.until("document.querySelector('.reply [data-form]').textContent === 'Reply number 2.'");
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(
        server.latest()["messages"].as_array().unwrap().len(),
        1,
        "the old reply is no part of the question"
    );
    assert!(page.text(".pager").contains("2 of 2"));
    page.click("[aria-label='Previous reply']");
    assert_eq!(page.conversation(), ["Again?", "Reply number 1."]);

    page.ask("And?");
    assert_eq!(
        server.latest()["messages"],
        json!([
            {"role": "user", "content": "Again?"},
            {"role": "assistant", "content": "Reply number 1."},
            {"role": "user", "content": "And?"},
        ])
    );
    assert_eq!(
        page.count("[aria-label='Regenerate reply']"),
        1,
        "only the last reply"
    );
}

#[test]
fn every_setting_is_sent_and_kept_and_asking_again_moves_the_seed_on() {
    let server = counting();
    let Some(page) = open(&server.address) else {
        return;
    };
    page.click("#open-settings");
    page.click("#seed");
    page.type_text("40");
    page.click("#system");
    page.type_text("Be brief.");
    for (field, value) in [("temperature", 1.5), ("top_p", 0.85)] {
        page.value(&format!(
            "(() => {{ const e = document.querySelector('#{field}');
                      e.value = {value}; e.dispatchEvent(new Event('input')); }})()"
        ));
        let shown = page.text(&format!("output[for={field}]"));
        assert_eq!(shown, format!("{value:.2}"));
    }
    for (field, value) in [("top_k", "7"), ("max_tokens", "33")] {
        page.click(&format!("#{field}"));
        page.value(&format!("document.querySelector('#{field}').select()"));
        page.type_text(value); // over the server's default
    }
    page.click("#done");
    assert!(page.is_true("!document.querySelector('#settings').open"));
    page.load(); // settings are kept
    page.ask("Hi");
    let asked = server.latest();
    assert_eq!(asked["seed"], 40);
    assert_eq!(asked["temperature"], 1.5);
    assert_eq!(asked["top_p"], 0.85);
    assert_eq!(asked["top_k"], 7);
    assert_eq!(asked["max_tokens"], 33);
    assert_eq!(
        asked["messages"][0],
        json!({"role": "system", "content": "Be brief."})
    );
    page.click("[aria-label='Regenerate reply']");
    page.until("document.querySelector('.reply [data-form]').textContent === 'Reply number 2.'");
    assert_eq!(server.latest()["seed"], 41);

    page.until("document.querySelector('#stop').hidden");
    page.click("#open-settings");
    page.click("#reset");
    page.press("Escape");
    page.ask("Hi");
    let asked = server.latest();
    assert!(asked.get("seed").is_none());
    // The defaults are the server's, where it has any.
    for (field, default) in [
        ("temperature", 0.75),
        ("top_p", 1.0),
        ("top_k", 40.0),
        ("max_tokens", 200.0),
    ] {
        assert_eq!(asked[field].as_f64(), Some(default), "{field}");
    }
    assert_eq!(asked["messages"].as_array().unwrap()[0]["role"], "user");
}

#[test]
fn a_reply_goes_on_while_another_conversation_is_looked_at() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let server = Scripted::start(move |asked, answer| {
        answer.begin()?;
        answer.say("begun")?;
        if asked.question() == "slow" {
            let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }
        answer.say(", done")?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("quick");
    page.click("#new");
    page.start_asking("slow");
    page.until("document.querySelector('.reply [data-form]')?.textContent === 'begun'");
    page.click("#conversations li:nth-child(2) .open");
    assert_eq!(page.conversation(), ["quick", "begun, done"]);
    assert_eq!(page.count("#conversations .busy"), 1);
    go_on.send(()).unwrap();
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(page.conversation(), ["quick", "begun, done"]);
    page.click("#conversations li:nth-child(1) .open");
    assert_eq!(page.conversation(), ["slow", "begun, done"]);
}

#[test]
fn calls_of_the_calculator_are_folded_and_go_back_with_the_next_question() {
    let server = Scripted::start(|_, answer| {
        answer.begin()?;
        answer.say("Well. ")?;
        answer.calculate("12*7", "84")?;
        answer.say("It is 84.")?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("12 times 7?");
    assert!(page.is_true("!document.querySelector('.tool').open"));
    let visible =
        "document.querySelector('.tool dd').checkVisibility({ contentVisibilityAuto: true })";
    assert!(!page.is_true(visible));
    page.click(".tool summary");
    assert!(page.is_true(visible));
    assert_eq!(page.texts(".tool dd"), ["12*7", "84"]);
    assert_eq!(page.texts(".reply .words"), ["Well.", "It is 84."]);
    page.ask("Sure?");
    let parts = json!([{"type": "text", "text": "Well. "}, {"type": "python", "text": "12*7"},
        {"type": "python_output", "text": "84"}, {"type": "text", "text": "It is 84."}]);
    assert_eq!(
        server.latest()["messages"][1],
        json!({"role": "assistant", "content": parts})
    );
}
