//! A download that is cut goes on where it was. The file comes from a server of this process on 127.0.0.1, which cuts
//! connections, knows no ranges, sends wrong bytes or refuses.

mod scene;

use course::Error;
use course::download::part_path;
use course::platform::Wheel;
use course::setup::Outcome;
use scene::Scene;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How one request is answered.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// What was asked for.
    All,
    /// What was asked for, but the connection ends after so many bytes.
    Cut(usize),
    /// The same, but the connection stays open and silent.
    Stall(usize),
    /// The whole file, whatever range was asked for.
    NoRanges,
    /// As many bytes as asked for, and all of them wrong.
    Wrong,
    Forbidden,
}

/// Serves one wheel; the last answer is repeated. Every request's range is noted.
struct Server {
    port: u16,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(file: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (noted, answers) = (ranges.clone(), answers.to_vec());
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let answer = answers[number.min(answers.len() - 1)];
                serve(stream, &file, answer, &noted);
            }
        });
        Server { port, ranges }
    }

    fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, file: &[u8], answer: Answer, noted: &Mutex<Vec<Option<usize>>>) {
    let mut range = None;
    for line in BufReader::new(&stream).lines().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
        if let Some(from) = line.strip_prefix("Range: bytes=") {
            range = from.trim_end_matches('-').parse().ok();
        }
    }
    noted.lock().unwrap().push(range);
    let from = if matches!(answer, Answer::NoRanges) {
        0
    } else {
        range.unwrap_or(0)
    };
    let status = match (answer, from) {
        (Answer::Forbidden, _) => "403 Forbidden".to_string(),
        (_, 0) => "200 OK".to_string(),
        _ => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{}",
            file.len() - 1,
            file.len()
        ),
    };
    let rest = &file[from..];
    let sent = match answer {
        Answer::Forbidden => Vec::new(),
        Answer::Cut(bytes) | Answer::Stall(bytes) => rest[..bytes].to_vec(),
        Answer::Wrong => vec![b'x'; rest.len()],
        Answer::All | Answer::NoRanges => rest.to_vec(),
    };
    let promised = if matches!(answer, Answer::Forbidden) {
        0
    } else {
        rest.len()
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&sent);
    if matches!(answer, Answer::Stall(_)) {
        std::thread::sleep(Duration::from_secs(20));
    }
}

/// A scene whose pip names the server's address for torch, and then downloads as slowly as can be; the other wheels
/// come from pip at once.
fn with_server(answers: &[Answer]) -> (Scene, Wheel, Vec<u8>, Server) {
    let scene = Scene::new();
    let wheel = scene.pins.platforms["linux-x86_64"].wheels[0].clone();
    let file = fs::read(scene.index().join(&wheel.file)).unwrap();
    let server = Server::start(file.clone(), answers);
    names(&scene, &wheel, &server, "exec /bin/sleep 30");
    (scene, wheel, file, server)
}

fn names(scene: &Scene, wheel: &Wheel, server: &Server, then: &str) {
    scene.python(&format!(
        "case $name in torch) echo '  Found link http://127.0.0.1:{}/files/{}#sha256=0 (from index), version: 2.11.0'; {then} ;; esac\n\
         for file in {{index}}/$name-*.whl; do /bin/cp \"$file\" \"$into\"; done",
        server.port, wheel.file
    ));
}

fn part(scene: &Scene, wheel: &Wheel) -> PathBuf {
    part_path(&scene.surroundings, wheel)
}

fn assert_installed(scene: &Scene, wheel: &Wheel) {
    let outcome = scene.setup().unwrap();
    assert!(matches!(outcome, Outcome::Installed(_)), "{outcome:?}");
    assert!(!part(scene, wheel).exists());
    scene.assert_nothing_half_made();
}

#[test]
fn a_cut_connection_is_taken_up_where_it_was_cut() {
    let (scene, wheel, _, server) = with_server(&[Answer::Cut(100), Answer::Cut(50), Answer::All]);
    assert_installed(&scene, &wheel);
    assert_eq!(server.ranges(), [None, Some(100), Some(150)]);
}

#[test]
fn the_next_run_goes_on_with_the_part_of_the_last_one() {
    let (scene, wheel, file, server) = with_server(&[Answer::Cut(100), Answer::Cut(0)]);
    let text = scene.failure();
    assert!(
        text.contains("cut after") && text.contains("what is downloaded stays"),
        "{text}"
    );
    assert!(!scene.project.libtorch().exists());
    assert_eq!(fs::read(part(&scene, &wheel)).unwrap(), file[..100]);
    assert_eq!(server.ranges()[..2], [None, Some(100)]);

    let server = Server::start(file, &[Answer::All]);
    names(&scene, &wheel, &server, "exec /bin/sleep 30");
    assert_installed(&scene, &wheel);
    assert_eq!(server.ranges(), [Some(100)]);
}

#[test]
fn a_part_that_lacks_only_its_name_is_not_fetched_again() {
    let (scene, wheel, file, server) = with_server(&[Answer::All]);
    fs::create_dir_all(part(&scene, &wheel).parent().unwrap()).unwrap();
    fs::write(part(&scene, &wheel), &file).unwrap();
    assert_installed(&scene, &wheel);
    assert!(server.ranges().is_empty());
}

#[test]
fn two_setups_with_one_cache_share_a_download() {
    let (scene, wheel, _, server) = with_server(&[Answer::Cut(100), Answer::All]);
    let fetch = || course::download::fetch(&scene.surroundings, &wheel, &Default::default());
    std::thread::scope(|scope| {
        let other = scope.spawn(fetch);
        let one = fetch();
        assert_eq!(one.unwrap(), other.join().unwrap().unwrap());
    });
    assert_eq!(server.ranges(), [None, Some(100)]);
    assert!(!part(&scene, &wheel).exists());
}

#[test]
fn a_server_without_ranges_begins_again() {
    let (scene, wheel, _, server) = with_server(&[Answer::Cut(100), Answer::NoRanges]);
    assert_installed(&scene, &wheel);
    assert_eq!(server.ranges(), [None, Some(100)]);
}

#[test]
fn wrong_bytes_are_refused_and_removed() {
    for answers in [&[Answer::Wrong][..], &[Answer::Cut(100), Answer::Wrong]] {
        let (scene, wheel, file, _server) = with_server(answers);
        let error = scene.setup().unwrap_err();
        assert!(matches!(error, Error::Checksum { .. }), "{error}");
        assert!(error.to_string().contains("was deleted"), "{error}");
        assert!(!part(&scene, &wheel).exists());
        assert!(!scene.project.libtorch().exists());
        scene.assert_nothing_half_made();

        let server = Server::start(file, &[Answer::All]);
        names(&scene, &wheel, &server, "exec /bin/sleep 30");
        assert_installed(&scene, &wheel);
    }
}

#[test]
fn a_longer_file_than_the_pinned_one_is_refused() {
    let (scene, wheel, mut file, _) = with_server(&[Answer::All]);
    file.extend([0; 300_000]);
    let server = Server::start(file, &[Answer::All]);
    names(&scene, &wheel, &server, "exec /bin/sleep 30");
    let error = scene.setup().unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }), "{error}");
    assert!(!part(&scene, &wheel).exists());
}

#[test]
fn where_the_address_is_refused_pip_does_the_transfer() {
    let (scene, wheel, _, server) = with_server(&[Answer::Forbidden]);
    // The first question is stopped at the address; the second one runs to its end.
    let asked = scene.folder.path().join("asked");
    let then = format!(
        "if [ ! -e {0} ]; then : > {0}; exec /bin/sleep 30; fi",
        asked.display()
    );
    names(&scene, &wheel, &server, &then);
    assert_installed(&scene, &wheel);
    assert!(!server.ranges().is_empty());
    assert_eq!(scene.downloads(), 3);
}

#[test]
fn an_interrupt_keeps_the_part_of_the_download() {
    let (scene, wheel, file, _server) = with_server(&[Answer::Stall(100)]);
    if course::platform::this_platform() != "linux-x86_64" {
        return;
    }
    // The program has the shipped pins: the same file name, another size.
    let mut child = Command::new(env!("CARGO_BIN_EXE_course"))
        .current_dir(&scene.project.root)
        .env_clear()
        .env("PATH", &scene.surroundings.path)
        .env("NANOCRAB_HOME", &scene.surroundings.cache)
        .args(["setup", "--cpu"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let part = part(&scene, &wheel);
    let started = Instant::now();
    while fs::metadata(&part).map_or(0, |data| data.len()) < 100 {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the download never began"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read(&part).unwrap(), file[..100]);
    scene.assert_nothing_half_made();
    assert!(!scene.project.libtorch().exists());
}
