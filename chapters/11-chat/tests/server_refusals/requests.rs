//! Requests that are refused.

use super::*;

#[test]
fn each_limit_names_its_field_and_itself() {
    let server = start(ServerSettings::default());
    let of = |count: usize, length: usize| -> Value {
        let message = |n: usize| {
            let role = if n.is_multiple_of(2) {
                "user"
            } else {
                "assistant"
            };
            json!({"role": role, "content": "x".repeat(length)})
        };
        (0..count).map(message).collect()
    };
    for (fields, param, says) in [
        (
            json!({"temperature": 2.1}),
            "temperature",
            "2.1; it must be from 0 to 2",
        ),
        (json!({"temperature": -0.1}), "temperature", "from 0 to 2"),
        (
            json!({"temperature": "hot"}),
            "temperature",
            "invalid type: string",
        ),
        (
            json!({"top_k": 201}),
            "top_k",
            "201; it must be from 0 to 200",
        ),
        (json!({"top_k": -1}), "top_k", "from 0 to 200"),
        (json!({"top_p": 0}), "top_p", "above 0"),
        (json!({"top_p": 1.5}), "top_p", "from 0 to 1"),
        (json!({"min_p": 2}), "min_p", "from 0 to 1"),
        (
            json!({"repetition_penalty": 0}),
            "repetition_penalty",
            "above 0",
        ),
        (json!({"max_tokens": 0}), "max_tokens", "from 1 to 4096"),
        (
            json!({"max_tokens": 4097}),
            "max_tokens",
            "4097; it must be from 1 to 4096",
        ),
        (
            json!({"max_completion_tokens": 5000}),
            "max_completion_tokens",
            "from 1 to 4096",
        ),
        (
            json!({"logprobs": true, "top_logprobs": 21}),
            "top_logprobs",
            "from 0 to 20",
        ),
        (json!({"top_logprobs": 3}), "top_logprobs", "needs logprobs"),
        (
            json!({"stop": ["a", "b", "c", "d", "e"]}),
            "stop",
            "at most 4",
        ),
        (json!({"stop": ""}), "stop", "none of them empty"),
        (json!({"stop": 5}), "stop", "a text or a list"),
        (
            json!({"stop": ["a", "x".repeat(201)]}),
            "stop",
            "stop has 201 characters; the limit is 200",
        ),
        (json!({"seed": "x"}), "seed", "invalid type"),
        (
            json!({"stream_options": {"include_usage": 3}}),
            "stream_options.include_usage",
            "invalid type",
        ),
        (json!({"n": 2}), "n", "one answer per request"),
        (
            json!({"tools": [{"type": "function"}]}),
            "tools",
            "tools of its own",
        ),
        (
            json!({"response_format": {"type": "json_object"}}),
            "response_format",
            "plain text",
        ),
        (
            json!({"presence_penalty": 0.5}),
            "presence_penalty",
            "repetition_penalty",
        ),
        (
            json!({"messages": of(501, 1)}),
            "messages",
            "501 entries; it must have from 1 to 500",
        ),
        (json!({"messages": of(0, 0)}), "messages", "0 entries"),
        (
            json!({"messages": of(1, 8001)}),
            "messages",
            "messages[0].content has 8001 characters; the limit is 8000",
        ),
        (
            json!({"messages": of(9, 4000)}),
            "messages",
            "36000 characters together; the limit is 32000",
        ),
        (
            json!({"messages": of(1, 0)}),
            "messages",
            "messages[0].content is empty",
        ),
        (
            json!({"messages": of(2, 1)}),
            "messages",
            "the last message must be the user's",
        ),
        (json!({"messages": "hello"}), "messages", "invalid type"),
        (
            json!({"messages": ["hello"]}),
            "messages",
            "messages[0] has no role",
        ),
        (
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "messages",
            "messages[0].role is `tool`",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            "messages",
            "messages[0].content must be a text",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
            "messages",
            "content[0] has no text",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "python", "text": "1"}]}]}),
            "messages",
            "only an assistant",
        ),
        (
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}),
            "messages",
            "take turns",
        ),
    ] {
        let answer = server.chat(with(question("the crab"), fields.clone()));
        let (status, named, message) = refused(&answer);
        assert_eq!(
            (status, named.as_deref()),
            (400, Some(param)),
            "{fields}: {message}"
        );
        assert!(message.contains(says), "{fields}: {message}");
    }
    for (fields, param, says) in [
        (
            json!({"prompt": "x".repeat(32_001)}),
            "prompt",
            "prompt has 32001 characters; the limit is 32000",
        ),
        (
            json!({"max_tokens": 4097}),
            "max_tokens",
            "4097; it must be from 1 to 4096",
        ),
        (json!({"max_tokens": 0}), "max_tokens", "from 1 to 4096"),
        (json!({"logprobs": 21}), "logprobs", "from 0 to 20"),
        (
            json!({"stop": "x".repeat(201)}),
            "stop",
            "201 characters; the limit is 200",
        ),
        (json!({"prompt": ["a", "b"]}), "prompt", "one text"),
        (json!({"prompt": 5}), "prompt", "must be a text"),
    ] {
        let body = with(json!({"prompt": "the crab"}), fields.clone());
        let answer = server.post("/v1/completions", &body);
        let (status, named, message) = refused(&answer);
        assert_eq!((status, named.as_deref()), (400, Some(param)), "{message}");
        assert!(message.contains(says), "{message}");
    }
    // At the limits, all is well.
    for fields in [
        json!({"temperature": 0}),
        json!({"stop": ["x".repeat(200), "b", "c", "d"]}),
        json!({"temperature": 2, "top_k": 200, "max_tokens": 4096}),
        json!({"top_p": 0.01, "min_p": 1, "n": 1, "tools": [], "presence_penalty": 0, "user": "me"}),
        json!({"model": "babbler", "max_completion_tokens": 1, "stop": null}),
    ] {
        let answer = server.chat(with(question("the crab"), fields.clone()));
        assert_eq!(answer.status, 200, "{fields}: {}", answer.text);
    }
}

/// As many messages as there are lengths, in turn, the last one the user's, of so many characters of four bytes each.
fn messages(lengths: &[usize]) -> Vec<u8> {
    let messages: Vec<Value> = (1..=lengths.len())
        .rev()
        .zip(lengths)
        .map(|(from_end, &length)| {
            let role = if from_end % 2 == 1 {
                "user"
            } else {
                "assistant"
            };
            json!({"role": role, "content": "🦀".repeat(length)})
        })
        .collect();
    json!({"messages": messages}).to_string().into_bytes()
}

/// Whether the limits are where they are said to be; the model, whose context is shorter, is not asked.
#[test]
fn a_limit_itself_is_allowed_and_one_more_is_not() {
    let accepted = |body: &[u8]| match ChatRequest::parse(body) {
        Ok(request) => Ok(request.messages.len()),
        Err(refusal) => Err(refusal.to_string()),
    };
    for (most, one_more, says) in [
        (vec![1; 500], vec![1; 501], "501 entries"),
        (
            vec![8_000],
            vec![8_001],
            "8001 characters; the limit is 8000",
        ),
        (
            vec![8_000, 8_000, 8_000, 7_999, 1],
            vec![8_000, 8_000, 8_000, 7_999, 2],
            "32001 characters together; the limit is 32000",
        ),
    ] {
        assert_eq!(accepted(&messages(&most)), Ok(most.len()));
        let refusal = accepted(&messages(&one_more)).unwrap_err();
        assert!(refusal.contains(says), "{refusal}");
    }
    let prompt = |length: usize| {
        let body = json!({"prompt": "🦀".repeat(length), "max_tokens": 4096});
        CompletionRequest::parse(body.to_string().as_bytes())
    };
    let whole = prompt(32_000).expect("at the limit");
    assert_eq!(whole.prompt.chars().count(), 32_000);
    assert_eq!(whole.wanted.sampling.max_tokens, 4096);
    assert!(prompt(32_001).is_err());
}

#[test]
fn a_message_that_cannot_fit_says_how_much_would() {
    let server = start(ServerSettings::default());
    let answer = server.chat(question(&"\u{1}".repeat(300)));
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["code"]),
        (400, &json!("context_length_exceeded"))
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("300 tokens") && message.contains("context of 256"),
        "{message}"
    );
    let room = message
        .split("room for ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let room: usize = room.parse().unwrap();
    assert_eq!(server.chat(question(&"\u{1}".repeat(room))).status, 200);
    assert_eq!(server.chat(question(&"\u{1}".repeat(room + 1))).status, 400);
    let long = json!({"prompt": "\u{1}".repeat(255)});
    assert_eq!(
        server.post("/v1/completions", &long).json()["error"]["param"],
        "prompt"
    );
    let fits = json!({"prompt": "\u{1}".repeat(254)});
    assert_eq!(server.post("/v1/completions", &fits).status, 200);
}

#[test]
fn a_system_message_that_leaves_no_room_is_what_has_to_be_shortened() {
    let server = start(ServerSettings::default());
    let ask = |system: usize, asked: usize| {
        let messages = json!([
            {"role": "system", "content": "\u{1}".repeat(system)},
            {"role": "user", "content": "\u{1}".repeat(asked)},
        ]);
        server.chat(with(question("?"), json!({"messages": messages})))
    };
    let answer = ask(300, 1);
    let (status, param, message) = refused(&answer);
    assert_eq!(
        (status, param.as_deref()),
        (400, Some("messages[0].content"))
    );
    assert_eq!(answer.json()["error"]["code"], "context_length_exceeded");
    for part in ["300 tokens", "context of 256", "shorten the system message"] {
        assert!(message.contains(part), "{message}");
    }
    // Where it leaves room, the question is what is too long.
    let (_, param, message) = refused(&ask(100, 300));
    assert_eq!(param.as_deref(), Some("messages"));
    assert!(message.contains("ask with fewer words"), "{message}");
    assert_eq!(ask(100, 1).status, 200);
}

#[test]
fn bodies_that_are_no_request_are_refused() {
    let server = start(ServerSettings::default());
    let send = |kind: &str, body: &[u8]| {
        let request = agent().post(server.url("/v1/chat/completions"));
        Answer::of(request.header("content-type", kind).send(body))
    };
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{\"messages\": [{\"role\": \"user\", \"content\": \"\\ud800\"}]}",
        b"{\"temperature\": 1e999}",
        b"{\"a\": 1} tail",
        deep.as_bytes(),
    ] {
        let (status, _, message) = refused(&send("application/json", body));
        assert_eq!(status, 400);
        assert!(message.contains("not a JSON object"), "{message}");
    }
    let (status, param, _) = refused(&send("application/json; charset=utf-8", b"{}"));
    assert_eq!((status, param.as_deref()), (400, Some("messages")));
    assert_eq!(send("text/plain", b"{}").status, 415);
    // A body of 1 MiB, most of it blanks, is read, and one byte more is not.
    let mut whole = question("the crab").to_string().into_bytes();
    whole.resize(1 << 20, b' ');
    assert_eq!(send("application/json", &whole).status, 200);
    for length in [(1 << 20) + 1, 12 << 20] {
        let (status, _, message) = refused(&send("application/json", &vec![b' '; length]));
        assert_eq!(status, 413, "{message}");
    }
    // And after all that it still answers.
    assert_eq!(server.chat(question("the crab")).status, 200);
}

#[test]
fn unknown_places_methods_and_models_are_named() {
    let server = start(ServerSettings::default());
    let (status, _, message) = refused(&server.get("/v2/nothing"));
    assert!(
        status == 404 && message.contains("/v2/nothing"),
        "{message}"
    );
    let wrong = [
        ("/v1/chat/completions", server.get("/v1/chat/completions")),
        ("/v1/completions", server.get("/v1/completions")),
        ("/v1/models", server.post("/v1/models", &json!({}))),
        ("/v1/models/x", server.post("/v1/models/x", &json!({}))),
        ("/health", server.post("/health", &json!({}))),
        ("/", server.post("/", &json!({}))),
    ];
    for (path, answer) in wrong {
        let (status, _, message) = refused(&answer);
        assert!(status == 405 && message.contains(path), "{message}");
        // The method that the message names is one that the router allows.
        let named = message.rsplit(' ').next().unwrap();
        let allowed = answer.headers["allow"].to_str().unwrap();
        assert!(allowed.split(',').any(|one| one == named), "{message}");
    }
    let answer = server.chat(with(question("x"), json!({"model": "gpt-5"})));
    let (status, param, message) = refused(&answer);
    assert_eq!((status, param.as_deref()), (404, Some("model")));
    assert!(
        message.contains("gpt-5") && message.contains("babbler"),
        "{message}"
    );
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
}
