//! The web page and the real server together, with a model that babbles.

mod babbler;
mod browser;
mod server;

use browser::{Page, open};
use chat::ServerSettings;
use serde_json::{Value, json};
use server::{Gate, question, start, start_with, with};
use tokenizer::Special;

/// Opens the page with the settings of `server::question`, as if somebody had typed them.
fn page_with_settings(server: &server::Running) -> Option<Page> {
    let page = open(&server.url("/"))?;
    let settings = json!({"seed": "7", "temperature": 1, "top_k": 0, "top_p": 1, "max_tokens": 20});
    page.value(&format!(
        "localStorage.setItem('nanocrab.settings', {})",
        json!(settings.to_string())
    ));
    page.load();
    Some(page)
}

/// What the page writes for a token: blanks visible, pieces of characters as bytes.
fn visible(token: &str) -> String {
    match token.strip_prefix("bytes:") {
        Some(bytes) => format!("⟨{}⟩", bytes.replace("\\x", " ").trim()),
        None => token
            .replace(' ', "␣")
            .replace('\n', "↵")
            .replace('\t', "⇥"),
    }
}

/// "12.3 %" as a probability.
fn probability(percent: &str) -> f64 {
    let number = percent.trim_start_matches("< ").trim_end_matches(" %");
    number.parse::<f64>().expect(percent) / 100.0
}

#[test]
fn every_token_under_xray_has_the_probabilities_of_the_api() {
    let server = start(ServerSettings::default());
    let Some(page) = page_with_settings(&server) else {
        return;
    };
    assert!(page.text("#model").starts_with("babbler · "));
    page.ask("the crab");
    let api = server
        .chat(with(
            question("the crab"),
            json!({"logprobs": true, "top_logprobs": 6}),
        ))
        .json();
    let entries = api["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap()
        .clone();
    assert!(entries.len() >= 5, "{api}");
    let words = api["choices"][0]["message"]["content"].as_str().unwrap();
    let said = page.value(
        "JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith('nanocrab.chat.'))[1])
           .turns[0].replies[0].parts",
    );
    let said: String = said
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, words, "the same seed, the same reply");

    page.click("#xray");
    assert_eq!(page.count(".token"), entries.len());
    for (index, entry) in entries.iter().enumerate() {
        page.value(&format!(
            "document.querySelectorAll('.token')[{index}].focus()"
        ));
        let chosen = page.text("#evidence .chosen code");
        assert_eq!(chosen, visible(entry["token"].as_str().unwrap()));
        let shown = probability(&page.text("#evidence .chosen .percent"));
        let sent = entry["logprob"].as_f64().unwrap().exp();
        assert!(
            (shown - sent).abs() <= 0.005 * sent + 1e-4,
            "{chosen}: {shown} on the page, {sent} from the server"
        );

        let mut rivals = page.texts("#evidence li");
        let others = rivals.pop().unwrap();
        assert!(others.starts_with("all others"));
        assert_eq!(rivals.len(), 5);
        let mut expected = entry["top_logprobs"].as_array().unwrap().clone();
        assert_eq!(expected.len(), 6);
        expected.retain(|one| one["token"] != entry["token"]);
        let mut sum = shown;
        for (rival, expected) in rivals.iter().zip(&expected) {
            let name = visible(expected["token"].as_str().unwrap());
            let percent = rival
                .strip_prefix(&name)
                .unwrap_or_else(|| panic!("{rival} is not {name}"));
            let sent = expected["logprob"].as_f64().unwrap().exp();
            assert!(
                (probability(percent) - sent).abs() <= 0.005 * sent + 1e-4,
                "{rival}: {sent}"
            );
            sum += probability(percent);
        }
        assert!(sum <= 1.01, "{sum}");
        let rest = probability(&others["all others".len()..]);
        assert!(
            (sum + rest - 1.0).abs() < 0.02,
            "{sum} and {rest} for the others"
        );
    }
}

#[test]
fn stopping_on_the_page_stops_the_model() {
    let server = start_with(ServerSettings::default(), Gate::closed(), Vec::new());
    let Some(page) = page_with_settings(&server) else {
        return;
    };
    page.start_asking("the crab");
    page.until("document.querySelector('.waiting')");
    server.wait_for("nanocrab_live_rows", 1.0);
    server.gate.let_through(8);
    page.until("document.querySelector('.reply [data-form]').textContent !== ''");
    page.press("Escape");
    page.until("document.querySelector('#stop').hidden");
    server.gate.unlock();
    server.wait_for("nanocrab_live_rows", 0.0);
    let written = page.value("document.querySelector('.numbers').textContent");
    assert!(written.as_str().unwrap().ends_with("stopped"), "{written}");
    // And the next question finds a free model.
    page.ask("the sand");
    assert_eq!(page.count(".reply .trouble"), 0);
    assert_eq!(page.count(".turn"), 2);
}

#[test]
fn a_calculation_is_folded_and_the_next_question_is_understood() {
    let tokenizer = babbler::tokenizer(290);
    let mut ids = vec![tokenizer.special(Special::PythonStart)];
    tokenizer.encode_into("6*7", &mut ids);
    ids.push(tokenizer.special(Special::PythonEnd));
    // While the result is forced upon the model, nobody looks at what it would have said.
    let forced = tokenizer.encode("42").len() + 2;
    ids.extend(std::iter::repeat_n(tokenizer.special(Special::Bos), forced));
    tokenizer.encode_into("the crab", &mut ids);
    ids.push(tokenizer.special(Special::AssistantEnd));
    let server = start_with(ServerSettings::default(), Gate::open(), ids);
    let Some(page) = page_with_settings(&server) else {
        return;
    };
    page.ask("6 times 7?");
    assert_eq!(page.texts(".tool dd"), ["6*7", "42"]);
    assert!(page.is_true("!document.querySelector('.tool').open"));
    page.click("#xray");
    let tokens = page.texts(".token").join("");
    assert!(
        tokens.starts_with("<|python_start|>6*7<|python_end|>"),
        "{tokens}"
    );
    assert_eq!(page.texts(".given"), ["42"], "nobody chose the result");
    page.ask("and now?");
    assert_eq!(
        page.count(".trouble"),
        0,
        "the server takes its own parts back"
    );
    page.load();
    page.click("#xray");
    assert_eq!(page.texts(".tool dd"), ["6*7", "42"]);
}

#[test]
fn a_key_is_asked_for_and_a_lost_server_is_noticed() {
    let settings = ServerSettings {
        api_key: Some("sesame".to_string()),
        ..ServerSettings::default()
    };
    let mut server = start(settings);
    let Some(page) = page_with_settings(&server) else {
        return;
    };
    let page = page.expecting_refusals();
    assert_eq!(page.text("#model"), "This server wants an API key");
    page.ask("the crab");
    assert_eq!(page.text(".trouble b"), "This server wants an API key");
    page.click(".trouble button");
    page.type_text("sesame");
    page.press("Escape");
    page.until("document.querySelector('#model').textContent.startsWith('babbler')");
    page.click("[aria-label='Edit message']");
    page.press("Enter");
    page.until("document.querySelector('.numbers')?.textContent.includes('seed 7')");

    server.stop();
    page.ask("still there?");
    assert_eq!(page.texts(".trouble b"), ["No connection to the server"]);
    let remedies: Value =
        page.value("[...document.querySelectorAll('.trouble button')].map((e) => e.textContent)");
    assert_eq!(remedies, json!(["Try again"]));
}
