//! What goes wrong, and what a person is told.

use crate::browser::{Page, Scripted, open};
use crate::echo;
use serde_json::{Value, json};
use std::sync::Mutex;

#[test]
fn what_goes_wrong_is_said_in_words_and_can_be_tried_again() {
    let times = Mutex::new(0);
    let server = Scripted::start(move |asked, answer| {
        let mut times = times.lock().unwrap();
        *times += 1;
        match (asked.question(), *times) {
            ("long", _) => answer.too_long("messages", "It has 900 tokens."),
            ("ruled", _) => answer.too_long("messages[0].content", "900 tokens; shorten it"),
            ("lost", 2) => {
                answer.begin()?;
                answer.say("The tide")
            }
            ("broken", 4) => {
                answer.begin()?;
                answer.say("The sand")?;
                answer
                    .event(&json!({"error": {"message": "out of memory", "type": "server_error"}}))
            }
            ("locked", _) if asked.authorization.as_deref() != Some("Bearer sesame") => {
                answer.refuse("401 Unauthorized", "", "invalid_api_key", "Send the key.")
            }
            _ => echo(asked, answer),
        }
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    let page = page.expecting_refusals();
    let trouble = |page: &Page| {
        page.texts(".turn:last-child .trouble b, .turn:last-child .trouble p")
            .join(" ")
    };
    page.ask("long");
    assert_eq!(
        trouble(&page),
        "Too long for this model It has 900 tokens. Edit the message to make it shorter."
    );

    page.click("#new");
    page.ask("lost");
    assert_eq!(page.conversation(), ["lost", "The tide"]);
    assert!(trouble(&page).starts_with("The connection was lost"));
    page.click(".turn:last-child .trouble button");
    page.until("document.querySelector('.turn:last-child .reply [data-form]').textContent === 'You said: lost'");
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(trouble(&page), "");

    page.ask("broken");
    assert_eq!(page.conversation().pop().unwrap(), "The sand");
    assert_eq!(
        trouble(&page),
        "Something went wrong in the server out of memory"
    );

    page.ask("locked");
    assert_eq!(trouble(&page), "This server wants an API key Send the key.");
    page.click(".turn:last-child .trouble button");
    assert_eq!(page.string("document.activeElement.id"), "key");
    page.type_text("sesame");
    page.click("#done");
    page.ask("locked");
    assert_eq!(page.conversation().pop().unwrap(), "You said: locked");
    // The question that got no answer is left out: user and assistant take turns.
    let roles: Vec<Value> = server.latest()["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].clone())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert!(
        !page.is_true("JSON.stringify({ ...localStorage }).includes('sesame')"),
        "the key is not kept on disk"
    );

    page.ask("ruled");
    assert_eq!(
        trouble(&page),
        "Too long for this model 900 tokens; shorten it. The system prompt stands in the settings."
    );
}

#[test]
fn a_busy_server_is_asked_again_when_it_said_so() {
    let times = Mutex::new(0);
    let server = Scripted::start(move |asked, answer| {
        *times.lock().unwrap() += 1;
        match *times.lock().unwrap() {
            1 | 4 => answer.refuse(
                "503 Service Unavailable",
                "Retry-After: 1\r\n",
                "queue_full",
                "Full.",
            ),
            2 => answer.refuse(
                "503 Service Unavailable",
                "Retry-After: 50\r\n",
                "queue_full",
                "Full.",
            ),
            _ => echo(asked, answer),
        }
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    let page = page.expecting_refusals();
    page.start_asking("now?");
    page.until("document.querySelector('.trouble')?.textContent.includes('Trying again in 1 s.')");
    page.until("document.querySelector('.trouble')?.textContent.includes('Trying again in 50 s.')");
    page.click(".trouble button"); // Try now
    page.until("document.querySelector('#stop').hidden");
    assert_eq!(page.conversation(), ["now?", "You said: now?"]);
    assert_eq!(page.count(".trouble"), 0);
    assert_eq!(server.asked().len(), 3);

    page.start_asking("later");
    page.until("document.querySelector('.trouble')");
    page.press("Escape");
    page.until("document.querySelector('#stop').hidden");
    assert!(
        page.texts(".numbers")
            .pop()
            .unwrap()
            .contains("stopped before the first word")
    );
    assert_eq!(server.asked().len(), 4, "nobody asks again");
}

#[test]
fn the_oldest_messages_stay_at_home_when_the_server_takes_no_more() {
    let server = Scripted::start(echo); // says that it takes 400 characters in all
    let Some(page) = open(&server.address) else {
        return;
    };
    for letter in ["a", "b", "c"] {
        page.ask(&letter.repeat(80));
    }
    let sent: Vec<String> = server.latest()["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["content"].as_str().unwrap()[..1].to_string())
        .collect();
    assert_eq!(
        sent,
        ["b", "Y", "c"],
        "80 + 90 + 80 characters; with the first turn it would be 420"
    );
    assert_eq!(page.conversation().len(), 6, "on the page they stay");
}
