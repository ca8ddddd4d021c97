//! `kill -9` while files are coming: the program itself, a slow hub, and moments drawn at random.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dataset::download::sha256;
use dataset::shard_writer::{ShardWriter, shard_name};
use dataset::tidepool::dice::Dice;

use super::server::{Reply, Server, good};

const REPOSITORY: &str = "karpathy/fineweb-edu-100b-shuffle";
/// Two to train on, and the last one of that set.
const SHARDS: [usize; 3] = [0, 1, 1822];
const KILLS: usize = 20;

/// Some 100 kB that do not shrink.
fn shard(folder: &Path, number: usize) -> Vec<u8> {
    let mut dice = Dice::stream(number as u64, "letters");
    let path = folder.join(shard_name(number));
    let mut writer = ShardWriter::with_group_size(&path, 64).unwrap();
    for _ in 0..256 {
        let letter = |_| char::from(b'a' + dice.below(26) as u8);
        writer
            .push((0..600).map(letter).collect::<String>())
            .unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

fn download(folder: &Path, server: &Server) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dataset"))
        .args(["download", "--shards", "fineweb-edu:2", "--to"])
        .arg(folder.join("data"))
        .env("NANOCRAB_HOME", folder.join("home"))
        .env("HF_ENDPOINT", server.address.as_str())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Every shard below the folder, links followed.
fn shards(folder: &Path) -> HashMap<String, Vec<u8>> {
    let mut found = HashMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(shards(&path));
        } else if path.extension().is_some_and(|it| it == "parquet") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn twenty_kills_leave_whole_files_or_none_and_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let made = tempfile::tempdir().unwrap();
    let files: HashMap<String, Vec<u8>> = SHARDS
        .iter()
        .map(|&number| (shard_name(number), shard(made.path(), number)))
        .collect();
    let digests: HashMap<String, String> = SHARDS
        .iter()
        .map(|&number| {
            let name = shard_name(number);
            let digest = sha256(&made.path().join(&name)).unwrap();
            (name, digest)
        })
        .collect();
    let served = files.clone();
    let server = Server::start(move |request| {
        let name = request
            .path
            .strip_prefix(&format!("/datasets/{REPOSITORY}/resolve/main/"));
        match name.and_then(|name| Some((name, served.get(name)?))) {
            None => Reply::new(404, b""),
            Some((name, content)) => {
                let mut reply = good(request, content, "\"v1\"")
                    .with("x-linked-etag", format!("\"{}\"", digests[name]))
                    .with("x-linked-size", content.len());
                reply.slow = Some((2_000, Duration::from_millis(8)));
                reply
            }
        }
    });

    let mut dice = Dice::stream(1, "moments");
    let (mut kills, mut finished) = (0, 0);
    while kills < KILLS {
        // A new folder for each download that came to its end, so that there is always something to be killed in.
        let place = folder.path().join(finished.to_string());
        let mut child = download(&place, &server);
        std::thread::sleep(Duration::from_millis(5 + dice.below(245) as u64));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
            child.wait().unwrap();
        } else {
            assert!(child.wait().unwrap().success());
            finished += 1;
        }
        for (name, content) in shards(&place) {
            assert!(
                files[&name] == content,
                "{name} is not whole after kill {kills}"
            );
        }
    }
    let place = folder.path().join(finished.to_string());
    assert!(download(&place, &server).wait().unwrap().success());
    assert_eq!(shards(&place), files);
    assert_eq!(shards(&place.join("data")), files, "links into the cache");
    let resumed = server
        .seen()
        .iter()
        .filter(|it| it.start().is_some())
        .count();
    assert!(resumed > 0, "no download went on where it had stopped");
}
