//! Who may ask: keys, names of the server, other origins, and the page's own policy.

use super::*;

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
fn unless_told_otherwise_a_server_is_for_this_machine_alone() {
    let settings = ServerSettings::default();
    assert!(settings.host.is_loopback());
    assert_eq!((&settings.api_key, &settings.cors), (&None, &None));
    assert_eq!(settings.connections, 512);
    let server = start(settings);
    assert!(server.address.ip().is_loopback(), "{}", server.address);
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
