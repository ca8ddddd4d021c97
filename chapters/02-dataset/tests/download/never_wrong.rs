//! Whatever a server does: either the right bytes lie under the final name, or nothing does.

use std::time::Duration;

use dataset::download::sha256;
use proptest::prelude::*;

use super::server::{Reply, Server, good};
use super::{Notes, fetch_words, settings};

/// One answer of a server that has gone mad.
#[derive(Clone, Debug)]
enum Mood {
    Good,
    Cut(usize),
    Busy(u16),
    Flip(usize),
    Longer(usize),
    Shorter(usize),
    OtherRange(usize),
    NoRanges,
    NewVersion,
    Page,
    NoLength,
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        2 => Just(Mood::Good),
        4 => (0..7000usize).prop_map(Mood::Cut),
        1 => prop_oneof![Just(503u16), Just(429), Just(500), Just(408)].prop_map(Mood::Busy),
        1 => (0..7000usize).prop_map(Mood::Flip),
        1 => (1..90usize).prop_map(Mood::Longer),
        1 => (1..90usize).prop_map(Mood::Shorter),
        1 => (1..90usize).prop_map(Mood::OtherRange),
        1 => Just(Mood::NoRanges),
        1 => Just(Mood::NewVersion),
        1 => Just(Mood::Page),
        1 => Just(Mood::NoLength),
    ]
}

fn small_words() -> Vec<u8> {
    "seal\nkelp\ntide\ncrab\nshell\nreefs\nocean\n"
        .repeat(190)
        .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_right_bytes_or_none(moods in prop::collection::vec(mood(), 0..12)) {
        let folder = tempfile::tempdir().unwrap();
        let reference = folder.path().join("reference");
        std::fs::write(&reference, small_words()).unwrap();
        let tag = format!("\"{}\"", sha256(&reference).unwrap());
        let script = moods.clone();
        let server = Server::start(move |request| {
            let content = small_words();
            let reply = match script.get(request.number) {
                None | Some(Mood::Good) => good(request, &content, "\"a\""),
                Some(Mood::Cut(after)) => good(request, &content, "\"a\"").cut(*after),
                Some(Mood::Busy(status)) => Reply::new(*status, b"later"),
                Some(Mood::Flip(at)) => {
                    let mut content = content;
                    let at = at % content.len();
                    content[at] = b'z';
                    good(request, &content, "\"a\"")
                }
                Some(Mood::Longer(by)) => good(request, &content, "\"a\"").with("content-length", content.len() + by),
                Some(Mood::Shorter(by)) => good(request, &content, "\"a\"").with("content-length", content.len() - by),
                Some(Mood::OtherRange(by)) => {
                    let start = request.start().unwrap_or(0) + by;
                    let rest = content.get(start..).unwrap_or_default();
                    Reply::new(206, rest).with("content-range", format!("bytes {start}-9/{}", content.len()))
                }
                Some(Mood::NoRanges) => Reply::new(200, &content),
                Some(Mood::NewVersion) => good(request, &content, "\"b\""),
                Some(Mood::Page) => Reply::new(200, b"<html>log in</html>"),
                Some(Mood::NoLength) => Reply::new(200, &content).without("content-length"),
            };
            reply.with("x-linked-etag", &tag)
        });
        let mut settings = settings(folder.path(), &server.address);
        settings.first_wait = Duration::from_micros(10);
        let result = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default());
        match result {
            Ok(got) => prop_assert!(got == small_words(), "wrong bytes under the final name"),
            Err(_) => prop_assert!(!folder.path().join("words.txt").exists()),
        }
        // A server that comes to its senses is forgiven everything.
        let again = fetch_words(folder.path(), server.url("w"), &settings, &Notes::default());
        if server.seen().len() > moods.len() {
            prop_assert_eq!(again.unwrap(), small_words());
        }
    }
}
