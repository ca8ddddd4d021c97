//! What the server refuses, and in which words; and who may ask at all.

mod babbler;
mod server;

use chat::{PAGE, ServerSettings};
use serde_json::{Value, json};
use server::{Answer, agent, question, start, with};

/// Status, `param` and message of a refusal.
fn refused(answer: &Answer) -> (u16, Option<String>, String) {
    let error = &answer.json()["error"];
    let text = |name: &str| error[name].as_str().map(str::to_string);
    assert!(text("type").is_some(), "{}", answer.text);
    (
        answer.status,
        text("param"),
        text("message").expect("a message"),
    )
}

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
            "one tool",
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
    // At the limits, all is well.
    for fields in [
        json!({"temperature": 0}),
        json!({"temperature": 2, "top_k": 200, "max_tokens": 4096}),
        json!({"top_p": 0.01, "min_p": 1, "n": 1, "tools": [], "presence_penalty": 0, "user": "me"}),
        json!({"model": "babbler", "max_completion_tokens": 1, "stop": null}),
    ] {
        let answer = server.chat(with(question("the crab"), fields.clone()));
        assert_eq!(answer.status, 200, "{fields}: {}", answer.text);
    }
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
    let (status, _, message) = refused(&server.get("/v1/chat/completions"));
    assert!(status == 405 && message.contains("GET"), "{message}");
    let answer = server.chat(with(question("x"), json!({"model": "gpt-5"})));
    let (status, param, message) = refused(&answer);
    assert_eq!((status, param.as_deref()), (404, Some("model")));
    assert!(
        message.contains("gpt-5") && message.contains("babbler"),
        "{message}"
    );
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
}

#[test]
fn with_a_key_only_those_who_have_it_are_answered() {
    let server = start(ServerSettings {
        api_key: Some("a long secret".to_string()),
        ..ServerSettings::default()
    });
    let ask = |path: &str, authorization: Option<&str>| {
        let mut request = agent().get(server.url(path));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        Answer::of(request.call()).status
    };
    for wrong in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer a long secre"),
        Some("Bearer a long secret "),
        Some("Bearer a long secrets"),
        Some("Basic a long secret"),
        Some("a long secret"),
    ] {
        // A header's outer white space does not count.
        let wrong = wrong.filter(|value| !value.ends_with("secret "));
        for path in [
            "/v1/models",
            "/stats",
            "/v1/nothing",
            "/v1/chat/completions",
        ] {
            assert_eq!(ask(path, wrong), 401, "{path} {wrong:?}");
        }
    }
    assert_eq!(ask("/v1/models", Some("Bearer a long secret")), 200);
    assert_eq!(ask("/v1/models", Some("bearer a long secret")), 200);
    assert_eq!((ask("/", None), ask("/health", None)), (200, 200));
    let answer = server.get("/v1/models");
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    assert!(!answer.text.contains("a long secret"));
}

#[test]
fn a_loopback_server_answers_to_its_own_names_only() {
    let server = start(ServerSettings {
        allowed_hosts: vec!["crab.example".to_string()],
        ..ServerSettings::default()
    });
    let port = server.address.port();
    let ask = |host: &str| {
        let request = agent().get(server.url("/health")).header("host", host);
        Answer::of(request.call()).status
    };
    for good in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "[::1]",
        "[::1]:8000",
        "crab.example",
    ] {
        assert_eq!(ask(good), 200, "{good}");
    }
    assert_eq!(ask(&format!("localhost:{port}")), 200);
    for bad in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
    ] {
        assert_eq!(ask(bad), 403, "{bad}");
    }
}

#[test]
fn other_origins_are_let_in_only_where_that_was_asked_for() {
    let preflight = |server: &server::Running, origin: &str| {
        let request = ureq::http::Request::builder()
            .method("OPTIONS")
            .uri(server.url("/v1/chat/completions"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "content-type,authorization",
            )
            .body(())
            .unwrap();
        Answer::of(agent().run(request))
    };
    let closed = start(ServerSettings::default());
    let answer = preflight(&closed, "https://page.example");
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let open = start(ServerSettings {
        cors: Some("https://page.example".to_string()),
        api_key: Some("key".to_string()),
        ..ServerSettings::default()
    });
    let answer = preflight(&open, "https://page.example");
    assert_eq!(answer.status, 200, "a browser asks without the key");
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://page.example"
    );
    let allowed = answer.headers["access-control-allow-headers"]
        .to_str()
        .unwrap()
        .to_string();
    assert!(allowed.contains("authorization"), "{allowed}");
    // Named is the one that may, so that a browser sees that it is not this one.
    let answer = preflight(&open, "https://evil.example");
    assert_ne!(
        answer
            .headers
            .get("access-control-allow-origin")
            .map(|v| v.to_str().unwrap()),
        Some("https://evil.example")
    );
}

#[test]
fn the_page_comes_with_a_policy_that_allows_its_own_scripts_only() {
    let server = start(ServerSettings::default());
    let answer = server.get("/");
    assert_eq!((answer.status, answer.text.as_str()), (200, PAGE));
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_string();
    let policy = header("content-security-policy");
    assert_eq!(policy, chat::policy(PAGE));
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    let policy = chat::policy("<head><script>alert(1)</script><styled></styled>");
    let hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
    assert!(policy.contains(&format!("script-src {hash};")), "{policy}");
    assert!(policy.contains("style-src 'none';"), "{policy}");
}
