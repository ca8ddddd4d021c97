//! How the page looks. A program can see that nothing sticks out of the window; the rest a person has to see:
//!
//! ```console
//! $ NANOCRAB_SCREENSHOTS=/tmp/looks cargo test --test browser_page looks
//! ```

use crate::browser::{Answer, Asked, Page, Scripted, open, token};
use serde_json::{Value, json};
use std::io;

/// A token with its rivals: what it was not given, they share.
fn entry(chosen: &str, probability: f64) -> Value {
    let mut likeliest = vec![(chosen, probability)];
    let mut rest = 1.0 - probability;
    for rival in [" sea", " small", " the", " one", " shell", "."] {
        likeliest.push((rival, rest * 0.4));
        rest *= 0.6;
    }
    likeliest.retain(|&(text, p)| text != chosen || p == probability);
    likeliest.sort_by(|a, b| b.1.total_cmp(&a.1));
    likeliest.truncate(6);
    token(chosen, probability, &likeliest)
}

/// A text in tokens, one for each word with the blank in front of it, of these probabilities over and over.
fn say(answer: &mut Answer, text: &str, probabilities: &[f64]) -> io::Result<()> {
    let mut words: Vec<String> = Vec::new();
    for letter in text.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_whitespace() && letter.is_alphanumeric() => word.push(letter),
            _ => words.push(letter.to_string()),
        }
    }
    let tokens = words.iter().zip(probabilities.iter().cycle());
    for (word, &probability) in tokens {
        answer.token(&entry(word, probability))?;
    }
    Ok(())
}

/// A conversation as people have it: words, a call of the tool, code.
fn talk(asked: &Asked, answer: &mut Answer) -> io::Result<()> {
    answer.begin()?;
    match asked.question() {
        "Who are you?" => say(
            answer,
            "I am Nanocrab, a small transformer with claws.",
            &[0.98, 0.99, 0.93, 0.71, 0.88, 0.34, 0.02, 0.12, 0.06, 0.82],
        )?,
        "What is 12 times 7?" => {
            say(answer, "12 times 7 is", &[0.9, 0.8, 0.97, 0.7])?;
            answer.token(&entry("<|python_start|>", 0.95))?;
            for word in ["12", "*", "7", "<|python_end|>"] {
                answer.delta(json!({"content": ""}), &[entry(word, 0.96)])?;
            }
            answer.calculate("12*7", "84")?;
            say(answer, " 84.", &[0.97, 0.99])?;
        }
        _ => say(
            answer,
            "A function of one **argument**:\n```python\ndef double(n):\n    return 2 * n\n```\nFor example, `double(21)` is 42.",
            &[0.9, 0.7, 0.98, 0.4, 0.99, 0.95, 0.2],
        )?,
    }
    answer.end("stop")
}

/// One picture, and what can be checked of it without eyes.
fn look(page: &Page, name: &str) {
    assert_eq!(page.sticking_out(), json!([]), "{name}");
    page.picture(name);
}

#[test]
fn looks_at_the_desk_by_day_and_by_night() {
    let server = Scripted::start(talk);
    let Some(page) = open(&server.address) else {
        return;
    };
    look(&page, "desktop-welcome");
    for question in [
        "Who are you?",
        "What is 12 times 7?",
        "Write a function that doubles a number.",
    ] {
        page.ask(question);
    }
    assert!(page.is_true("!document.querySelector('.tool').open"));
    look(&page, "desktop-light");
    page.prefer("dark");
    look(&page, "desktop-dark");
    page.click("#open-settings");
    look(&page, "desktop-settings");
    page.press("Escape");
    page.prefer("light");
    page.click(".tool summary");
    look(&page, "desktop-tool-open");
    page.click("#xray");
    page.point_until(
        ".token:nth-child(7)",
        "!document.querySelector('#evidence').hidden",
    );
    look(&page, "desktop-xray");
    page.prefer("dark");
    look(&page, "desktop-xray-dark");
}

#[test]
fn looks_in_the_hand() {
    let server = Scripted::start(talk);
    let Some(page) = open(&server.address) else {
        return;
    };
    page.phone();
    // The list slides out of sight, which takes a moment.
    page.until("getComputedStyle(document.querySelector('#sidebar')).visibility === 'hidden'");
    assert!(page.is_true("matchMedia('(hover: none)').matches"));
    look(&page, "phone-welcome");
    for question in ["Who are you?", "What is 12 times 7?", "Write a function."] {
        page.ask(question);
    }
    // Fingers do not hover: what appears under a mouse is there for them.
    let hidden = "[...document.querySelectorAll('#log .buttons')]
                    .filter((e) => getComputedStyle(e).opacity !== '1').length";
    assert_eq!(page.value(hidden), 0);
    look(&page, "phone-light");
    page.prefer("dark");
    look(&page, "phone-dark");
    page.click("#xray");
    page.value("document.querySelector('.token:nth-child(7)').focus()");
    page.until("!document.querySelector('#evidence').hidden");
    look(&page, "phone-xray");
    page.click("#xray");
    page.prefer("light");
    page.click("#menu");
    page.until("getComputedStyle(document.querySelector('#sidebar')).transform === 'none'");
    look(&page, "phone-list");
    page.click("#open-settings");
    page.until("getComputedStyle(document.querySelector('#sidebar')).visibility === 'hidden'");
    look(&page, "phone-settings");
}
