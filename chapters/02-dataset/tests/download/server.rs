//! A web server that misbehaves on order: forty lines of HTTP over the standard library's sockets.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// How many requests came before.
    pub number: usize,
}

impl Request {
    /// From which byte on.
    pub fn start(&self) -> Option<usize> {
        let range = self.headers.get("range")?;
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

/// What it gets.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Close the connection after so many bytes of the body.
    pub cut: Option<usize>,
    /// Say nothing for a while after so many bytes, then close.
    pub stall: Option<(usize, Duration)>,
    /// Wait after each piece of so many bytes.
    pub slow: Option<(usize, Duration)>,
}

impl Reply {
    pub fn new(status: u16, body: &[u8]) -> Self {
        Reply {
            status,
            headers: vec![("content-length".into(), body.len().to_string())],
            body: body.to_vec(),
            cut: None,
            stall: None,
            slow: None,
        }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.into(), value.to_string()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }
}

/// A well-behaved answer for `content`, ranges and tags included.
pub fn good(request: &Request, content: &[u8], tag: &str) -> Reply {
    let same = request
        .headers
        .get("if-range")
        .is_none_or(|wanted| wanted == tag);
    match request.start().filter(|_| same) {
        Some(start) if start < content.len() => Reply::new(206, &content[start..]).with(
            "content-range",
            format!("bytes {start}-{}/{}", content.len() - 1, content.len()),
        ),
        Some(_) => Reply::new(416, b""),
        None => Reply::new(200, content),
    }
    .with("etag", tag)
}

/// Runs until the test ends.
pub struct Server {
    pub address: Url,
    seen: Arc<Mutex<Vec<Request>>>,
    sent: Arc<Mutex<usize>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (log, count, answer) = (seen.clone(), sent.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, count, answer) = (log.clone(), count.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &log, &count, &*answer));
            }
        });
        Server {
            address: Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
            seen,
            sent,
        }
    }

    pub fn url(&self, path: &str) -> Url {
        self.address.join(path).unwrap()
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Bytes of bodies so far.
    pub fn sent(&self) -> usize {
        *self.sent.lock().unwrap()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    count: &Mutex<usize>,
    answer: &dyn Fn(&Request) -> Reply,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    loop {
        let Some(mut request) = read_request(&mut reader) else {
            return;
        };
        if request.method == "CONNECT" {
            // A proxy: from here on the client speaks to the other side, which is played here too.
            log.lock().unwrap().push(request);
            out.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            continue;
        }
        {
            let mut log = log.lock().unwrap();
            request.number = log.len();
            log.push(request.clone());
        }
        let reply = answer(&request);
        let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
        for (name, value) in &reply.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let end = reply
            .cut
            .or(reply.stall.map(|(after, _)| after))
            .unwrap_or(reply.body.len());
        let body = &reply.body[..end.min(reply.body.len())];
        // The client may have gone away already.
        let (piece, pause) = reply.slow.unwrap_or((body.len().max(1), Duration::ZERO));
        let written = out.write_all(head.as_bytes()).and_then(|()| {
            body.chunks(piece).try_for_each(|bytes| {
                std::thread::sleep(pause);
                out.write_all(bytes)
            })
        });
        if written.is_ok() {
            *count.lock().unwrap() += body.len();
        }
        if let Some((_, pause)) = reply.stall {
            std::thread::sleep(pause);
        }
        out.shutdown(std::net::Shutdown::Write).ok();
        // Until the client closes: closing first with unread bytes would be a reset, which may swallow what was sent.
        reader.read_to_end(&mut Vec::new()).ok();
        return;
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|&length| length > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Some(Request {
                method,
                path,
                headers,
                number: 0,
            });
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
}
