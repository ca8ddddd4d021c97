//! What decides over an answer: the seed, stop strings, the context; and not the neighbours.

use super::*;

#[test]
fn the_seed_decides_and_comes_back() {
    let server = babbling();
    let once = server.chat(question("the crab")).content();
    assert_eq!(server.chat(question("the crab")).content(), once);
    let other = server.chat(with(question("the crab"), json!({"seed": 8})));
    assert_ne!(other.content(), once);
    let drawn = server.chat(with(question("the crab"), json!({"seed": null})));
    let seed = drawn.json()["nanocrab"]["seed"].clone();
    assert!(seed.as_u64().unwrap() < 1 << 53);
    let again = server.chat(with(question("the crab"), json!({"seed": seed})));
    assert_eq!(again.content(), drawn.content());
}

#[test]
fn many_at_once_get_the_tokens_they_would_get_alone() {
    let server = babbling();
    let bodies: Vec<Value> = (0..12)
        .map(|n| {
            let text = "the crab ".repeat(1 + n % 4);
            with(question(&text), json!({"seed": n, "max_tokens": 5 + 7 * n}))
        })
        .collect();
    let alone: Vec<String> = bodies
        .iter()
        .map(|b| server.chat(b.clone()).content())
        .collect();
    let together: Vec<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = bodies
            .iter()
            .map(|body| scope.spawn(|| server.chat(body.clone()).content()))
            .collect();
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(together, alone);
}

#[test]
fn a_stop_string_ends_the_answer_and_is_not_shown() {
    let tokenizer = babbler::tokenizer(290);
    let says = |text: &str| {
        start_with(
            ServerSettings::default(),
            Gate::open(),
            tokenizer.encode(text),
        )
    };
    let text = "the crab walks sideways and on and on and on";
    let body = |stop: Value| {
        with(
            question("?"),
            json!({"stop": stop, "temperature": 0, "max_tokens": 40}),
        )
    };
    for (stop, shown) in [
        (json!("sideways"), "the crab walks "),
        (json!(["never said", " side", "ways"]), "the crab walks"),
        (json!("the crab"), ""),
        (json!("b walks s"), "the cra"),
    ] {
        let answer = says(text).chat(body(stop.clone()));
        assert_eq!(answer.content(), shown, "{stop}");
        assert_eq!(answer.json()["choices"][0]["finish_reason"], "stop");
        let chunks = says(text)
            .events("/v1/chat/completions", body(stop))
            .chunks();
        assert_eq!(added_up(&chunks), shown);
    }
    // What could have become a stop string and did not is shown in the end.
    let ids = tokenizer.encode("the crab").len();
    let answer = says("the crab").chat(with(body(json!("the crab!")), json!({"max_tokens": ids})));
    assert_eq!(answer.content(), "the crab");
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "length");
}

#[test]
fn the_oldest_messages_are_forgotten_and_the_answer_says_how_many() {
    let server = babbling();
    let turn = |n: usize| {
        [
            json!({"role": "user", "content": format!("question {n}")}),
            json!({"role": "assistant", "content": "the crab walks sideways over the sand"}),
        ]
    };
    let mut messages: Vec<Value> = (0..30).flat_map(turn).collect();
    messages.insert(0, json!({"role": "developer", "content": "be brief"}));
    messages.push(json!({"role": "user", "content": "and now?"}));
    let answer = server.chat(json!({"messages": messages, "max_tokens": 5}));
    let json = answer.json();
    let forgotten = json["nanocrab"]["forgotten"].as_u64().unwrap();
    assert!(
        forgotten > 0 && forgotten.is_multiple_of(2) && forgotten < 60,
        "{json}"
    );
    assert!(json["usage"]["prompt_tokens"].as_i64().unwrap() + 5 <= server::CONTEXT);
    // Those that are left, sent alone, are the same prompt.
    messages.drain(1..1 + forgotten as usize);
    let alone = server
        .chat(json!({"messages": messages, "max_tokens": 5}))
        .json();
    assert_eq!(
        alone["usage"]["prompt_tokens"],
        json["usage"]["prompt_tokens"]
    );
    assert_eq!(alone["nanocrab"]["forgotten"], 0);
}
