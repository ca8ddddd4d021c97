use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;

/// What a client asks for, after so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub wait: u64,
    pub from: usize,
    pub tag: Option<u32>,
}

impl Request {
    pub const FIRST: Request = Request {
        wait: 0,
        from: 0,
        tag: None,
    };
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Bytes {
        from: usize,
        tag: u32,
        size: usize,
        bytes: Vec<u8>,
    },
    Busy {
        retry_after: Option<u64>,
    },
    Silence,
    Missing,
}

/// How a download ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Done(Vec<u8>),
    GaveUp,
    StillAsking,
}

/// A client that asks so often will not stop by itself.
pub const MOST_REQUESTS: usize = 100;

pub type Server<'s> = &'s mut dyn FnMut(Request) -> Answer;

pub struct Functions {
    pub wait_before: fn(u32, Option<u64>, f64) -> Option<u64>,
    pub fetch: fn(Server) -> End,
}

/// How the server is at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// The line breaks off after so many bytes.
    Breaks(usize),
    Busy(Option<u64>),
    Silent,
    Missing,
    /// The file is replaced by another one; the line breaks off after so many bytes.
    Replaced(usize),
    /// The file is replaced, and the server takes no notice of the tag: the rest of the new one comes, so many bytes of it.
    Mixed(usize),
    /// As many bytes as were asked for, from one place before.
    OtherBytes,
    /// One byte more than there are, in front of them.
    OneTooMany,
}

/// A server with a file, and moods for the first requests. After that all is well.
struct Scripted {
    moods: Vec<Mood>,
    version: u32,
    requests: Vec<Request>,
    /// Bytes sent.
    sent: usize,
}

impl Scripted {
    fn new(moods: &[Mood]) -> Self {
        Scripted {
            moods: moods.to_vec(),
            version: 1,
            requests: Vec::new(),
            sent: 0,
        }
    }

    /// The file as it is now: 8 bytes, in every version others.
    fn file(&self) -> Vec<u8> {
        let first = 10 * self.version as u8;
        (first..first + 8).collect()
    }

    fn answer(&mut self, request: Request) -> Answer {
        let mood = self.moods.get(self.requests.len()).copied();
        self.requests.push(request);
        match mood {
            None => self.send(request, usize::MAX),
            Some(Mood::Breaks(most)) => self.send(request, most),
            Some(Mood::Busy(retry_after)) => Answer::Busy { retry_after },
            Some(Mood::Silent) => Answer::Silence,
            Some(Mood::Missing) => Answer::Missing,
            Some(Mood::Replaced(most)) => {
                self.version += 1;
                self.send(request, most)
            }
            Some(Mood::Mixed(most)) => {
                self.version += 1;
                self.send(
                    Request {
                        tag: None,
                        ..request
                    },
                    most,
                )
            }
            Some(Mood::OtherBytes) => {
                let from = request.from.checked_sub(1).unwrap_or(1);
                let most = 8 - request.from.min(8);
                self.send(Request { from, ..request }, most)
            }
            Some(Mood::OneTooMany) => {
                let mut answer = self.send(request, usize::MAX);
                if let Answer::Bytes { bytes, .. } = &mut answer {
                    bytes.insert(0, 0);
                }
                answer
            }
        }
    }

    /// The bytes from the place asked for on; of another version than the one that was named, the whole.
    fn send(&mut self, request: Request, most: usize) -> Answer {
        let file = self.file();
        let is_other = request.tag.is_some_and(|tag| tag != self.version);
        let from = if is_other { 0 } else { request.from.min(8) };
        let bytes: Vec<u8> = file[from..].iter().copied().take(most).collect();
        self.sent += bytes.len();
        Answer::Bytes {
            from,
            tag: self.version,
            size: 8,
            bytes,
        }
    }

    fn serve(&mut self, f: &Functions) -> End {
        (f.fetch)(&mut |request| self.answer(request))
    }
}

/// The waits of all requests: the first is not waited for.
fn requests(waits: &[u64]) -> Vec<u64> {
    [&[0], waits].concat()
}

/// Moods that a client survives: never four of a kind that bring nothing behind each other.
fn bearable() -> impl Strategy<Value = Vec<Mood>> {
    let brings = prop_oneof![
        3 => (1usize..6).prop_map(Mood::Breaks),
        1 => (1usize..6).prop_map(Mood::Replaced),
    ];
    let brings_nothing = prop_oneof![
        2 => Just(Mood::Silent),
        2 => Just(Mood::Busy(None)),
        1 => (1u64..60_000).prop_map(|wish| Mood::Busy(Some(wish))),
        1 => Just(Mood::OtherBytes),
        1 => (1usize..9).prop_map(Mood::Mixed),
    ];
    let some = (brings, proptest::collection::vec(brings_nothing, 0..3));
    let moods = proptest::collection::vec(some, 1..6);
    moods.prop_map(|moods| {
        let each = |(brings, others): (Mood, Vec<Mood>)| [vec![brings], others].concat();
        moods.into_iter().flat_map(each).collect()
    })
}

/// Breaks alone, each after at least one byte.
fn breaks() -> impl Strategy<Value = Vec<Mood>> {
    proptest::collection::vec((1usize..4).prop_map(Mood::Breaks), 1..6)
}

/// Moods in words: one that comes again and again is named once.
fn shown(moods: &[Mood]) -> String {
    match moods {
        [first, _, ..] if moods.len() > 8 && moods.iter().all(|mood| mood == first) => {
            format!("{first:?}, again and again")
        }
        moods => format!("{moods:?}"),
    }
}

/// How the download ends, for these moods.
fn ends(f: &Functions, moods: &[Mood], expected: impl FnOnce(&Scripted) -> End) -> Checked {
    let case = Case::of(&[("server", &format_args!("{}", shown(moods)))]);
    let mut server = Scripted::new(moods);
    let mut end = None;
    case.obeys(|| {
        end = Some(server.serve(f));
        Ok(())
    })?;
    let end = end.unwrap_or(End::StillAsking);
    case.same(&expected(&server), || end)
}

/// The waits of all requests, for these moods.
fn waits(f: &Functions, moods: &[Mood], expected: &[u64]) -> Checked {
    let case = Case::of(&[("server", &moods)]);
    case.same(&requests(expected), || {
        let mut server = Scripted::new(moods);
        server.serve(f);
        server.requests.iter().map(|request| request.wait).collect()
    })
}

fn done(server: &Scripted) -> End {
    End::Done(server.file())
}

pub fn properties() -> Vec<Property<Functions>> {
    let mut properties = waiting();
    properties.extend(resuming());
    properties.extend(giving_up());
    properties
}

fn waiting() -> Vec<Property<Functions>> {
    vec![
        property(
            "the wait doubles up to a minute, and chance takes up to half of it away",
            || (1u32..100, 0.0f64..1.0),
            |f: &Functions, (failures, share)| {
                let length = 1000.0 * 2f64.powi(failures as i32 - 1);
                let expected = length.min(60_000.0) * (0.5 + 0.5 * share);
                let case = Case::of(&[("failures", &failures), ("share", &share)]);
                case.obeys(|| match (f.wait_before)(failures, None, share) {
                    Some(wait) if (wait as f64 - expected).abs() <= 1.0 => Ok(()),
                    wait => Err(format!("{expected:.0} ms were due, and you say {wait:?}")),
                })
            },
        ),
        property(
            "a server that says Retry-After is asked no sooner",
            || (1u32..8, 0u64..=60_000, 0.0f64..1.0),
            |f: &Functions, (failures, wished, share)| {
                let length = (500u64 << failures).min(60_000);
                let case = Case::of(&[
                    ("failures", &failures),
                    ("retry_after", &wished),
                    ("share", &share),
                ]);
                case.obeys(|| match (f.wait_before)(failures, Some(wished), share) {
                    None => Err("a wish of up to a minute is granted".into()),
                    Some(wait) if wait < wished => Err(format!("you come back after {wait} ms")),
                    Some(wait) if wait > wished.max(length) => {
                        Err(format!("{wait} ms are longer than either asks for"))
                    }
                    Some(wait) if wait < length / 2 => {
                        Err(format!("{wait} ms are less than half of {length}"))
                    }
                    Some(_) => Ok(()),
                })
            },
        ),
        property(
            "whoever wants to be left alone for more than a minute is left alone",
            || (1u32..8, 60_001u64..10_000_000),
            |f: &Functions, (failures, wished)| {
                Case::of(&[("failures", &failures), ("retry_after", &wished)])
                    .same(&None, || (f.wait_before)(failures, Some(wished), 0.5))
            },
        )
        .holds_for_constants(),
        example(
            "four failures in a row wait longer each time",
            |f: &Functions| waits(f, &[Mood::Silent; 4], &[750, 1500, 3000, 6000]),
        ),
        example("a line that breaks off is a failure", |f: &Functions| {
            waits(f, &[Mood::Breaks(3), Mood::Silent], &[750, 1500])
        }),
        example("what the server wishes is heard", |f: &Functions| {
            let moods = [Mood::Busy(Some(20_000)), Mood::Busy(None)];
            waits(f, &moods, &[20_000, 1500])
        }),
    ]
}

fn resuming() -> Vec<Property<Functions>> {
    vec![
        example(
            "a line that holds: one request, and it is done",
            |f: &Functions| ends(f, &[], done),
        ),
        property(
            "after a break it asks for the rest, and names the version",
            breaks,
            |f: &Functions, moods| {
                let mut expected = vec![(0, None)];
                let mut have = 0;
                for mood in &moods {
                    if let Mood::Breaks(most) = mood {
                        have += most;
                    }
                    if have >= 8 {
                        break;
                    }
                    expected.push((have, Some(1)));
                }
                Case::of(&[("server", &moods)]).same(&expected, || {
                    let mut server = Scripted::new(&moods);
                    server.serve(f);
                    let asked = server.requests.iter();
                    asked.map(|request| (request.from, request.tag)).collect()
                })
            },
        ),
        property(
            "no byte is sent twice over a line that breaks",
            breaks,
            |f: &Functions, moods| {
                Case::of(&[("server", &moods)]).same(&8, || {
                    let mut server = Scripted::new(&moods);
                    server.serve(f);
                    server.sent
                })
            },
        ),
        example(
            "a file that is replaced after a break is fetched from its beginning",
            |f: &Functions| ends(f, &[Mood::Breaks(5), Mood::Replaced(3)], done),
        ),
        example(
            "replaced, and broken off before its first byte: nothing of the old one stays",
            |f: &Functions| ends(f, &[Mood::Breaks(5), Mood::Replaced(0)], done),
        ),
        property(
            "whatever the server does, what is there at the end is one version, and whole",
            bearable,
            |f: &Functions, moods| ends(f, &moods, done),
        ),
        example(
            "the rest of another version is not put behind what is kept",
            |f: &Functions| ends(f, &[Mood::Breaks(5), Mood::Mixed(8)], done),
        ),
        example(
            "bytes that were not asked for are not used",
            |f: &Functions| ends(f, &[Mood::Breaks(5), Mood::OtherBytes], done),
        ),
        example(
            "more bytes than the file has are no file",
            |f: &Functions| ends(f, &[Mood::Breaks(5), Mood::OneTooMany], done),
        ),
    ]
}

fn giving_up() -> Vec<Property<Functions>> {
    vec![
        example(
            "after five failures in a row it gives up",
            |f: &Functions| {
                let moods = [Mood::Silent; 50];
                Case::of(&[("server", &format_args!("{}", shown(&moods)))]).same(
                    &(End::GaveUp, 5),
                    || {
                        let mut server = Scripted::new(&moods);
                        let end = server.serve(f);
                        (end, server.requests.len())
                    },
                )
            },
        ),
        example(
            "after five failures, and not after four",
            |f: &Functions| ends(f, &[Mood::Silent; 4], done),
        ),
        example(
            "bytes that came let it forget the failures before them",
            |f: &Functions| {
                let silent = [Mood::Silent; 4];
                // What came breaks off too, which is the first failure of the next row.
                let moods = [&silent[..], &[Mood::Breaks(3)], &silent[..3]].concat();
                ends(f, &moods, done)
            },
        ),
        example(
            "an answer that brings no byte is one more failure",
            |f: &Functions| ends(f, &[Mood::Breaks(0); 50], |_| End::GaveUp),
        )
        .holds_for_constants(),
        example(
            "a server that always sends too much is given up",
            |f: &Functions| ends(f, &[Mood::OneTooMany; 50], |_| End::GaveUp),
        )
        .holds_for_constants(),
        example(
            "a file that is not there is not asked for twice",
            |f: &Functions| {
                let moods = [Mood::Missing];
                Case::of(&[("server", &moods)]).same(&(End::GaveUp, 1), || {
                    let mut server = Scripted::new(&moods);
                    let end = server.serve(f);
                    (end, server.requests.len())
                })
            },
        ),
    ]
}
