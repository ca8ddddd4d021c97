//! Serving the built book on this machine, and building it again when a file changes.
//!
//! A book needs no more of HTTP than GET for files. The server listens on 127.0.0.1 only. One path is its own:
//! `/weave-version` counts the builds; a script added to each page asks for it and reloads when it has grown.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::build::{Error, build};
use crate::links::percent_decoded;
use crate::watch::Snapshot;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A reader that stops in the middle of a request does not keep its thread for ever.
const PATIENCE: Duration = Duration::from_secs(10);

const RELOAD: &str = "<script>\
    let woven = null;\
    setInterval(async () => {\
      try {\
        const version = await (await fetch('/weave-version')).text();\
        if (woven !== null && version !== woven) location.reload();\
        woven = version;\
      } catch { }\
    }, 1000);\
    </script>";

/// What a request is answered with.
struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
}

/// Builds, serves and rebuilds until the program is ended.
pub fn serve(book_folder: &Path, output: Option<&Path>, port: u16) -> Result<(), Error> {
    let root = book_folder.parent().unwrap_or(book_folder).to_path_buf();
    let mut before = Snapshot::take(&root);
    let built = build(book_folder, output, false)?;
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address).map_err(|source| Error::Port { address, source })?;
    let address = listener.local_addr().map_err(|source| Error::Port {
        address: "127.0.0.1".to_string(),
        source,
    })?;
    println!(
        "The book is at http://{address}/ (Ctrl-C ends this); it is built again when a file changes."
    );

    let version = Arc::new(AtomicU64::new(1));
    let (folder, shared) = (built.output, Arc::clone(&version));
    thread::spawn(move || answer_all(&listener, &folder, &shared));
    loop {
        thread::sleep(LOOK_EVERY);
        let now = Snapshot::take(&root);
        let Some(changed) = now.changed(&before) else {
            continue;
        };
        println!(
            "{} changed",
            changed.strip_prefix(&root).unwrap_or(changed).display()
        );
        before = now;
        match build(book_folder, output, false) {
            Ok(_) => {
                version.fetch_add(1, Ordering::Relaxed);
                println!("built again");
            }
            // Typing is not finished, most likely: say what is wrong and keep serving what was good.
            Err(error) => eprintln!("{error}"),
        }
    }
}

fn answer_all(listener: &TcpListener, folder: &Path, version: &Arc<AtomicU64>) {
    for stream in listener.incoming().flatten() {
        let (folder, version) = (folder.to_path_buf(), Arc::clone(version));
        thread::spawn(move || {
            // A reader that closes the page in the middle is no event.
            let _ = handle(stream, &folder, version.load(Ordering::Relaxed));
        });
    }
}

fn handle(mut stream: TcpStream, folder: &Path, version: u64) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request)?;
    let answer = answer(&request, folder, version);
    write!(
        stream,
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    )?;
    stream.write_all(&answer.body)
}

/// Answers a request line such as `GET /03-transformer.html HTTP/1.1`.
fn answer(request: &str, folder: &Path, version: u64) -> Answer {
    let mut words = request.split_whitespace();
    let (Some("GET"), Some(target)) = (words.next(), words.next()) else {
        return text("405 Method Not Allowed", "only GET is answered here");
    };
    let path = percent_decoded(target.split(['?', '#']).next().unwrap_or("/"));
    if path == "/weave-version" {
        return text("200 OK", &version.to_string());
    }
    let Some(file) = file(&path, folder) else {
        return text("404 Not Found", "there is no such page");
    };
    match fs::read(&file) {
        Ok(mut body) => {
            let content_type = content_type(&file);
            if content_type.starts_with("text/html") {
                body.extend_from_slice(RELOAD.as_bytes());
            }
            Answer {
                status: "200 OK",
                content_type,
                body,
            }
        }
        Err(_) => text("404 Not Found", "there is no such page"),
    }
}

/// The file that a path of the address bar means; none outside the folder.
fn file(path: &str, folder: &Path) -> Option<PathBuf> {
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return None;
    }
    let file = folder.join(relative);
    if file.is_dir() {
        Some(file.join("index.html"))
    } else {
        Some(file)
    }
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

fn text(status: &'static str, body: &str) -> Answer {
    Answer {
        status,
        content_type: "text/plain; charset=utf-8",
        body: body.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_served_with_the_reload_script_and_files_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "<p>hello</p>").unwrap();
        fs::write(folder.path().join("a.css"), "p {}").unwrap();
        let page = answer("GET / HTTP/1.1", folder.path(), 1);
        assert_eq!(page.status, "200 OK");
        let body = String::from_utf8(page.body).unwrap();
        assert!(body.starts_with("<p>hello</p>") && body.contains("weave-version"));
        let style = answer("GET /a.css?x=1 HTTP/1.1", folder.path(), 1);
        assert_eq!(
            (style.content_type, style.body.as_slice()),
            ("text/css; charset=utf-8", b"p {}".as_slice())
        );
        assert_eq!(
            answer("GET /weave-version HTTP/1.1", folder.path(), 7).body,
            b"7"
        );
    }

    #[test]
    fn nothing_outside_the_book_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("book");
        fs::create_dir(&inner).unwrap();
        fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        for path in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "//etc/passwd",
            "/none.html",
        ] {
            let answer = answer(&format!("GET {path} HTTP/1.1"), &inner, 1);
            assert_eq!(answer.status, "404 Not Found", "{path}");
        }
        assert_eq!(
            answer("POST / HTTP/1.1", &inner, 1).status,
            "405 Method Not Allowed"
        );
        assert_eq!(answer("", &inner, 1).status, "405 Method Not Allowed");
    }
}
