//! Clients that leave, wait, dawdle, hang up and come in crowds.

mod babbler;
mod server;

use chat::{Patience, ServerSettings};
use serde_json::json;
use server::{Gate, Running, question, start_of, start_with, with};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A model that says "the" for ever, one step for each ticket.
fn reciting(settings: ServerSettings, gate: Gate) -> Running {
    let id = babbler::tokenizer(290).encode("the")[0];
    start_with(settings, gate, vec![id])
}

fn impatient() -> ServerSettings {
    ServerSettings {
        patience: Patience {
            head: Duration::from_millis(300),
            body: Duration::from_millis(300),
            write: Duration::from_millis(300),
            ..Patience::default()
        },
        ..ServerSettings::default()
    }
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.address).expect("a connection");
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).expect("a time-out");
    stream
}

/// Everything until the server closes.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes); // a reset is an end too
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A chat request as it goes over the wire.
fn raw(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn a_client_that_leaves_ends_its_row() {
    for stream in [true, false] {
        let server = reciting(ServerSettings::default(), Gate::closed());
        let body = with(question("?"), json!({"stream": stream, "max_tokens": 200}));
        let mut client = connect(&server);
        client.write_all(raw(&body.to_string()).as_bytes()).unwrap();
        server.gate.let_through(3);
        server.wait_for("nanocrab_live_rows", 1.0);
        assert_eq!(
            server.stat("nanocrab_rows_ended_total{reason=\"cancelled\"}"),
            0.0
        );
        drop(client);
        // Steps that are taken one by one until the server has noticed; 200 would be the whole answer.
        let mut steps = 0;
        while server.stat("nanocrab_rows_ended_total{reason=\"cancelled\"}") == 0.0 {
            server.gate.let_through(1);
            steps += 1;
            std::thread::sleep(Duration::from_millis(10));
            assert!(steps < 150, "nobody noticed");
        }
        assert_eq!(server.stat("nanocrab_live_rows"), 0.0);
        assert!(server.stat("nanocrab_tokens_total{kind=\"completion\"}") < 160.0);
    }
}

#[test]
fn when_the_queue_is_full_the_next_is_told_to_come_back() {
    let settings = ServerSettings {
        queue: 2,
        max_rows: 1,
        ..ServerSettings::default()
    };
    let mut server = reciting(settings, Gate::closed());
    let body = with(question("?"), json!({"max_tokens": 3}));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| server.chat(body.clone()));
        server.wait_for("nanocrab_live_rows", 1.0);
        let waiting: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| server.chat(body.clone())))
            .collect();
        server.wait_for("nanocrab_queue_length", 2.0);
        let refused = server.chat(body.clone());
        assert_eq!(refused.status, 503);
        let seconds: u64 = refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&seconds));
        let error = &refused.json()["error"];
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("server_error"), &json!("queue_full"))
        );
        // A streaming client hears it as a status, too, before any stream has begun.
        assert_eq!(
            server
                .chat(with(body.clone(), json!({"stream": true})))
                .status,
            503
        );
        server.gate.unlock();
        for answer in waiting.into_iter().chain([first]) {
            assert_eq!(answer.join().unwrap().content(), "thethethe");
        }
    });
    assert_eq!(
        server.chat(body).status,
        200,
        "and then there is room again"
    );
    server.stop();
}

#[test]
fn those_who_leave_the_queue_make_room() {
    let settings = ServerSettings {
        queue: 1,
        max_rows: 1,
        ..ServerSettings::default()
    };
    let server = reciting(settings, Gate::closed());
    let body = with(question("?"), json!({"max_tokens": 2}));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| server.chat(body.clone()));
        server.wait_for("nanocrab_live_rows", 1.0);
        let mut leaves = connect(&server);
        leaves.write_all(raw(&body.to_string()).as_bytes()).unwrap();
        server.wait_for("nanocrab_queue_length", 1.0);
        drop(leaves);
        // The status of a streamed answer comes when the request has a place, long before its first token.
        let streamed = with(body.clone(), json!({"stream": true}));
        let started = Instant::now();
        let third = loop {
            let request = server::agent().post(server.url("/v1/chat/completions"));
            let answer = request.send_json(&streamed).expect("a response");
            match answer.status().as_u16() {
                503 => assert!(started.elapsed() < Duration::from_secs(20), "no room"),
                status => break (status, answer),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(third.0, 200);
        server.gate.unlock();
        assert_eq!(first.join().unwrap().status, 200);
        let text = third.1.into_body().read_to_string().expect("an answer");
        assert!(text.contains("[DONE]"), "{text}");
    });
}

#[test]
fn a_head_that_never_ends_ends_the_connection() {
    let server = reciting(impatient(), Gate::open());
    let started = Instant::now();
    let mut silent = connect(&server);
    let mut dripping = connect(&server);
    let mut endless = connect(&server);
    endless
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-More: ")
        .unwrap();
    for byte in b"POST /v1/chat/comp" {
        if dripping.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(40));
    }
    for client in [&mut silent, &mut dripping, &mut endless] {
        let answer = rest(client);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = reciting(ServerSettings::default(), Gate::open());
    let mut client = connect(&server);
    let head = format!(
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Big: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let _ = client.write_all(head.as_bytes()); // it may hang up before all is written
    let answer = rest(&mut client);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_body_that_never_ends_is_a_408() {
    let server = reciting(impatient(), Gate::open());
    let mut client = connect(&server);
    let whole = raw(&question("the crab").to_string());
    client
        .write_all(&whole.as_bytes()[..whole.len() - 5])
        .unwrap();
    let answer = rest(&mut client);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive"), "{answer}");
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    // Twenty rivals beside each token make an event of more than a kilobyte, so that the kernel's buffers, some
    // megabytes, are full before the answer is complete.
    let id = babbler::tokenizer(290).encode("the")[0];
    let server = start_of(8192, impatient(), Gate::closed(), vec![id]);
    let more = json!({"stream": true, "max_tokens": 4096, "logprobs": true, "top_logprobs": 20});
    let mut client = connect(&server);
    let body = with(question("?"), more).to_string();
    client.write_all(raw(&body).as_bytes()).unwrap();
    server.wait_for("nanocrab_live_rows", 1.0);
    // At first as fast as it goes, then slower than the server's patience ends.
    server.gate.let_through(2000);
    let ended =
        |reason: &str| server.stat(&format!("nanocrab_rows_ended_total{{reason=\"{reason}\"}}"));
    while ended("cancelled") == 0.0 {
        assert_eq!(ended("length"), 0.0, "it was written to the end for nobody");
        server.gate.let_through(10);
        std::thread::sleep(Duration::from_millis(10));
    }
    // Nothing is left of it but what the kernel had taken.
    server.wait_for("nanocrab_connections", 1.0);
    let taken = rest(&mut client);
    assert!(taken.starts_with("HTTP/1.1 200") && !taken.contains("[DONE]"));
    server.gate.unlock();
    let next = server.chat(with(question("?"), json!({"max_tokens": 2})));
    assert_eq!(next.content(), "thethe", "others are answered");
}

#[test]
fn those_beyond_the_most_connections_wait_for_one_to_end() {
    let settings = ServerSettings {
        connections: 2,
        ..ServerSettings::default()
    };
    let server = reciting(settings, Gate::open());
    let mut open = [connect(&server), connect(&server)];
    let health = b"GET /health HTTP/1.1\r\nHost: localhost\r\n";
    for client in &mut open {
        client.write_all(health).unwrap(); // the empty line at the end is missing
    }
    // The kernel takes the third, and the server, which takes them in order, leaves it there.
    let mut third = connect(&server);
    third.write_all(health).unwrap();
    third.write_all(b"Connection: close\r\n\r\n").unwrap();
    let patience = |time| third.set_read_timeout(Some(time)).expect("a time-out");
    patience(Duration::from_millis(300));
    let nothing = (&third).read(&mut [0]).expect_err("no room");
    assert!(
        matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{nothing}"
    );
    let [first, mut second] = open;
    drop(first);
    patience(Duration::from_secs(30));
    let answer = rest(&mut third);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    second.write_all(b"Connection: close\r\n\r\n").unwrap();
    let answer = rest(&mut second);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_half_closed_connection_costs_no_row() {
    let server = reciting(ServerSettings::default(), Gate::closed());
    let whole = raw(&with(question("?"), json!({"max_tokens": 200})).to_string());
    // Closed in the middle of the body: there is nothing to answer.
    let mut half = connect(&server);
    half.write_all(&whole.as_bytes()[..whole.len() - 5])
        .unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let answer = rest(&mut half);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    // Closed after a whole request: to the server that looks like leaving, and the row ends, or never begins if the server
    // sees the end before there is one.
    let mut full = connect(&server);
    full.write_all(whole.as_bytes()).unwrap();
    full.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut full), "");
    server.gate.let_through(5);
    server.wait_for("nanocrab_queue_length", 0.0);
    server.wait_for("nanocrab_live_rows", 0.0);
    let cancelled = server.stat("nanocrab_rows_ended_total{reason=\"cancelled\"}");
    assert!(cancelled <= 1.0, "{cancelled}");
    for other in ["stop", "length"] {
        let line = format!("nanocrab_rows_ended_total{{reason=\"{other}\"}}");
        assert_eq!(server.stat(&line), 0.0, "nobody was there to answer");
    }
}

#[test]
fn what_is_not_http_is_not_answered() {
    let server = reciting(impatient(), Gate::open());
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], // how TLS begins
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
        b"GET /health HTTP/1.1\r\n\r\n", // no host
    ] {
        let mut client = connect(&server);
        let _ = client.write_all(garbage);
        let answer = rest(&mut client);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{:?}: {answer}",
            String::from_utf8_lossy(garbage)
        );
    }
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_server_that_stops_lets_answers_finish_and_takes_no_more() {
    let mut server = reciting(ServerSettings::default(), Gate::closed());
    let body = with(question("?"), json!({"max_tokens": 4}));
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.chat(body.clone()));
        server.wait_for("nanocrab_live_rows", 1.0);
        server.begin_to_stop();
        let started = Instant::now();
        while TcpStream::connect(server.address).is_ok() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "it still accepts"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        server.gate.unlock();
        assert_eq!(asked.join().unwrap().content(), "thethethethe");
    });
    server.stop();
}

#[test]
fn a_server_that_stops_does_not_wait_for_ever() {
    let settings = ServerSettings {
        patience: Patience {
            farewell: Duration::from_millis(200),
            ..Patience::default()
        },
        ..ServerSettings::default()
    };
    let mut server = reciting(settings, Gate::closed());
    let body = with(question("?"), json!({"max_tokens": 200, "stream": true}));
    let mut client = connect(&server);
    client.write_all(raw(&body.to_string()).as_bytes()).unwrap();
    server.wait_for("nanocrab_live_rows", 1.0);
    server.begin_to_stop();
    let answer = rest(&mut client); // broken off after the farewell, and it says so
    assert!(
        answer.starts_with("HTTP/1.1 200") && !answer.contains("[DONE]"),
        "{answer}"
    );
    assert!(
        answer.contains(r#"{"error":"#) && answer.contains("shutting down"),
        "{answer}"
    );
    server.gate.let_through(1); // the row sees that nobody listens
    server.stop();
}
