//! One file, and everything that may happen to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dataset::download::{Client, Error, Form, Silent, Wanted, fetch, fetch_all, sha256};

use super::server::{Reply, Server, good};
use super::{Notes, fetch_words, settings, words, words_at};

#[test]
fn a_file_arrives_whole_and_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| good(request, &words(), "\"v1\""));
    let settings = settings(folder.path(), &server.address);
    let got = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["words.txt"]);
}

#[test]
fn a_file_that_is_there_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| good(request, &words(), "\"v1\""));
    let settings = settings(folder.path(), &server.address);
    for _ in 0..3 {
        fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_dropped_connection_goes_on_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let reply = good(request, &words(), "\"v1\"");
        if request.number < 3 {
            reply.cut(100_000)
        } else {
            reply
        }
    });
    let settings = settings(folder.path(), &server.address);
    let notes = Notes::default();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap();
    assert_eq!(got, words());
    let starts: Vec<_> = server
        .seen()
        .iter()
        .map(|request| request.start())
        .collect();
    assert_eq!(starts, [None, Some(100_000), Some(200_000), Some(300_000)]);
    assert_eq!(server.sent(), words().len(), "no byte came twice");
    assert!(
        notes.reasons()[0].contains("broke off after 100000"),
        "{:?}",
        notes.reasons()
    );
}

#[test]
fn the_next_run_goes_on_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let reply = good(request, &words(), "\"v1\"");
        if request.number < 2 {
            reply.cut(120_000)
        } else {
            reply
        }
    });
    let mut impatient = settings(folder.path(), &server.address);
    impatient.attempts = 1;
    let fetch = || {
        fetch_words(
            folder.path(),
            server.url("w"),
            &impatient,
            &Notes::default(),
        )
    };
    let error = fetch().unwrap_err().to_string();
    assert!(
        error.contains("words.txt") && error.contains(server.address.as_str()),
        "{error}"
    );
    assert!(error.contains("goes on from there"), "{error}");
    assert!(!folder.path().join("words.txt").exists());
    fetch().unwrap_err();
    assert_eq!(fetch().unwrap(), words());
    assert_eq!(server.sent(), words().len());
}

#[test]
fn the_rest_of_another_version_is_not_appended() {
    let folder = tempfile::tempdir().unwrap();
    let new: Vec<u8> = words().iter().rev().copied().collect();
    let expected = new.clone();
    let server = Server::start(move |request| match request.number {
        0 => good(request, &words(), "\"old\"").cut(100_000),
        _ => good(request, &new, "\"new\""),
    });
    let settings = settings(folder.path(), &server.address);
    let got = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, expected);
}

#[test]
fn a_server_without_ranges_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let reply = Reply::new(200, &words()).with("etag", "\"v1\"");
        if request.number == 0 {
            reply.cut(100_000)
        } else {
            reply
        }
    });
    let settings = settings(folder.path(), &server.address);
    let got = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());
}

#[test]
fn a_range_that_begins_elsewhere_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.start() {
        None if request.number == 0 => good(request, &words(), "\"v1\"").cut(100_000),
        None => good(request, &words(), "\"v1\""),
        Some(start) => {
            let from = start + 7;
            Reply::new(206, &words()[from..])
                .with("etag", "\"v1\"")
                .with(
                    "content-range",
                    format!("bytes {from}-299999/{}", words().len()),
                )
        }
    });
    let settings = settings(folder.path(), &server.address);
    let notes = Notes::default();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap();
    assert_eq!(got, words());
    assert!(
        notes
            .reasons()
            .iter()
            .any(|why| why.contains("other bytes"))
    );
}

#[test]
fn a_length_that_is_too_large_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let reply = good(request, &words(), "\"v1\"");
        if request.number == 0 {
            reply.with("content-length", words().len() + 50)
        } else {
            reply
        }
    });
    let settings = settings(folder.path(), &server.address);
    let got = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());
    assert!(server.seen().len() > 1);
}

#[test]
fn a_length_that_is_too_small_is_noticed_where_the_hub_says_the_size() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let reply = Reply::new(200, &words()).with("x-linked-size", words().len());
        if request.number == 0 {
            reply.with("content-length", 1000)
        } else {
            reply
        }
    });
    let settings = settings(folder.path(), &server.address);
    let notes = Notes::default();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap();
    assert_eq!(got, words());
    assert!(
        notes.reasons()[0].contains("350000 bytes"),
        "{:?}",
        notes.reasons()
    );
}

#[test]
fn wrong_bytes_are_fetched_again_and_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("right"), words()).unwrap();
    let digest = sha256(&folder.path().join("right")).unwrap();
    let tag = format!("\"{digest}\"");
    let damaged = || {
        let mut content = words();
        content[150_000] = b'q';
        content
    };
    let copy = tag.clone();
    let server = Server::start(move |request| {
        let content = if request.number == 0 {
            damaged()
        } else {
            words()
        };
        Reply::new(200, &content).with("x-linked-etag", &copy)
    });
    let settings = settings(folder.path(), &server.address);
    let notes = Notes::default();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap();
    assert_eq!(got, words());
    assert!(
        notes.reasons()[0].contains("SHA-256"),
        "{:?}",
        notes.reasons()
    );

    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(move |_| Reply::new(200, &damaged()).with("x-linked-etag", &tag));
    let settings = super::settings(folder.path(), &server.address);
    let error =
        fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap_err();
    assert!(error.to_string().contains(&digest), "{error}");
    assert!(!folder.path().join("words.txt").exists());
}

#[test]
fn a_busy_server_is_asked_again_and_its_wish_is_respected() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.number {
        0 => Reply::new(503, b"busy"),
        1 => Reply::new(429, b"slow down").with("retry-after", 1),
        _ => good(request, &words(), "\"v1\""),
    });
    let settings = settings(folder.path(), &server.address);
    let notes = Notes::default();
    let started = Instant::now();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap();
    assert_eq!(got, words());
    assert_eq!(notes.waits()[1], Duration::from_secs(1));
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(notes.reasons()[1].contains("429"));
}

#[test]
fn who_is_sent_away_for_an_hour_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::new(429, b"").with("retry-after", 3600));
    let settings = settings(folder.path(), &server.address);
    let error = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("3600 s") && error.contains("HF_TOKEN"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_date_to_come_back_at_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| {
        Reply::new(503, b"").with("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT")
    });
    let settings = settings(folder.path(), &server.address);
    let error =
        fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap_err();
    assert!(error.to_string().contains("left alone"), "{error}");
}

#[test]
fn waits_grow_and_are_not_all_alike() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::new(500, b""));
    let mut settings = settings(folder.path(), &server.address);
    settings.first_wait = Duration::from_millis(10);
    let notes = Notes::default();
    let error = fetch_words(folder.path(), server.url("w"), &settings, &notes).unwrap_err();
    assert!(error.to_string().contains("after 6 attempts"), "{error}");
    let waits = notes.waits();
    assert_eq!(waits.len(), 5);
    for (index, wait) in waits.iter().enumerate() {
        let most = settings.first_wait * 2u32.pow(index as u32);
        assert!(
            *wait <= most && *wait >= most / 2,
            "wait {index} is {wait:?}"
        );
    }
}

#[test]
fn silence_ends_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let mut reply = good(request, &words(), "\"v1\"");
        if request.number == 0 {
            reply.stall = Some((100_000, Duration::from_secs(40)));
        }
        reply
    });
    let mut settings = settings(folder.path(), &server.address);
    settings.silence = Duration::from_secs(2);
    let started = Instant::now();
    let got = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());
    assert!(started.elapsed() < Duration::from_secs(18));
    assert_eq!(server.seen()[1].start(), Some(100_000));
}

#[test]
fn a_server_that_never_answers_is_given_up_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_secs(5));
        Reply::new(200, b"")
    });
    let mut settings = settings(folder.path(), &server.address);
    settings.attempts = 2;
    settings.silence = Duration::from_millis(300);
    let error =
        fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
}

#[test]
fn the_token_is_for_the_hub_and_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Arc::new(Server::start(|request| good(request, &words(), "\"cdn\"")));
    let target = elsewhere.url("bytes");
    let hub = Server::start(move |request| match request.path.as_str() {
        "/w" => Reply::new(307, b"").with("location", "/renamed"),
        _ => Reply::new(302, b"")
            .with("location", &target)
            .with("x-linked-size", words().len()),
    });
    let mut settings = settings(folder.path(), &hub.address);
    settings.token = Some("hf_secret".to_owned());
    let got = fetch_words(folder.path(), hub.url("w"), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());
    let token = |server: &Server| -> Vec<bool> {
        let seen = server.seen();
        seen.iter()
            .map(|request| request.headers.contains_key("authorization"))
            .collect()
    };
    assert_eq!(token(&hub), [true, true]);
    assert_eq!(token(&elsewhere), [false]);
}

#[test]
fn only_the_hub_may_say_what_a_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let lies = "\"0000000000000000000000000000000000000000000000000000000000000000\"";
    let elsewhere = Server::start(move |request| {
        good(request, &words(), "\"cdn\"").with("x-linked-etag", lies)
    });
    let hub = Server::start(|_| Reply::new(404, b""));
    let settings = settings(folder.path(), &hub.address);
    let got = fetch_words(
        folder.path(),
        elsewhere.url("w"),
        &settings,
        &Notes::default(),
    )
    .unwrap();
    assert_eq!(got, words());
}

#[test]
fn a_circle_of_redirects_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::new(302, b"").with("location", "/w"));
    let mut settings = settings(folder.path(), &server.address);
    settings.attempts = 1;
    let error =
        fetch_words(folder.path(), server.url("w"), &settings, &Notes::default()).unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
}

#[test]
fn what_is_gone_or_closed_is_not_asked_for_twice() {
    for (status, token, remedy) in [
        (404, None, "fetch it by hand"),
        (401, None, "set HF_TOKEN"),
        (403, Some("hf_x"), "accept the data set's conditions"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |_| Reply::new(status, b""));
        let mut settings = settings(folder.path(), &server.address);
        settings.token = token.map(str::to_owned);
        let error = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(remedy) && error.contains("words.txt"),
            "{error}"
        );
        assert!(
            !error.contains("hf_x"),
            "the token is nobody's business: {error}"
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn a_page_in_the_place_of_the_file_is_not_taken_for_it() {
    let page = b"<html><body>Please log in</body></html>";
    for form in [Form::Words, Form::Parquet, Form::JsonLines, Form::Bundle] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(|_| Reply::new(200, page));
        let mut settings = settings(folder.path(), &server.address);
        settings.attempts = 2;
        let wanted = Wanted {
            form,
            ..words_at(folder.path(), server.url("w"))
        };
        let client = Client::new(&settings).unwrap();
        let error = fetch(
            &client,
            &wanted,
            &settings,
            &Silent,
            &AtomicBool::new(false),
        )
        .unwrap_err();
        assert!(matches!(error, Error::Failed { .. }), "{error}");
        assert!(!wanted.path.exists());
    }
}

#[test]
fn offline_asks_nobody_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| good(request, &words(), "\"v1\""));
    let mut settings = settings(folder.path(), &server.address);
    settings.offline = true;
    let files = [
        words_at(folder.path(), server.url("a")),
        words_at(&folder.path().join("b"), server.url("b")),
    ];
    let client = Client::new(&settings).unwrap();
    let error = fetch_all(&client, &files, &settings, &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("offline") && error.contains("1 more"),
        "{error}"
    );
    assert!(server.seen().is_empty());

    settings.offline = false;
    fetch_all(&client, &files, &settings, &Silent).unwrap();
    settings.offline = true;
    assert_eq!(fetch_all(&client, &files, &settings, &Silent).unwrap(), 0);
}

#[test]
fn two_programs_that_want_the_same_file_fetch_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        std::thread::sleep(Duration::from_millis(50));
        good(request, &words(), "\"v1\"")
    });
    let settings = settings(folder.path(), &server.address);
    let fetched = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let wanted = words_at(folder.path(), server.url("w"));
                let client = Client::new(&settings).unwrap();
                let new = fetch(
                    &client,
                    &wanted,
                    &settings,
                    &Silent,
                    &AtomicBool::new(false),
                )
                .unwrap();
                fetched.fetch_add(usize::from(new), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(fetched.into_inner(), 1);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn one_file_that_cannot_be_had_stops_the_others_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.path.as_str() {
        "/gone" => Reply::new(404, b""),
        _ => good(request, &words(), "\"v1\""),
    });
    let mut settings = settings(folder.path(), &server.address);
    settings.parallel = 1;
    let files: Vec<Wanted> = ["first", "gone", "never"]
        .iter()
        .map(|name| words_at(&folder.path().join(name), server.url(name)))
        .collect();
    let client = Client::new(&settings).unwrap();
    let error = fetch_all(&client, &files, &settings, &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("gone") && !error.contains("more files"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 2);
    assert!(files[0].path.exists());
}

#[test]
fn a_proxy_is_used_and_its_exceptions_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Server::start(|request| good(request, &words(), "\"v1\""));
    let mut settings = settings(folder.path(), &proxy.address);
    let build = |exception: &str| {
        let address = &proxy.address;
        ureq::Proxy::builder(ureq::ProxyProtocol::Http)
            .host(address.host_str().unwrap())
            .port(address.port().unwrap())
            .no_proxy(exception)
            .build()
            .unwrap()
    };
    settings.proxy = Some(build("localhost"));
    // A host that no name server knows: only the proxy can have answered.
    let address = url::Url::parse("http://data.invalid/w").unwrap();
    let got = fetch_words(folder.path(), address.clone(), &settings, &Notes::default()).unwrap();
    assert_eq!(got, words());

    settings.proxy = Some(build("data.invalid"));
    settings.attempts = 1;
    let other = tempfile::tempdir().unwrap();
    let error = fetch_words(other.path(), address, &settings, &Notes::default()).unwrap_err();
    assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
}
