//! A hub in small: shards, lists of parquet files, single files.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use dataset::download::{Catalogue, sha256};
use dataset::shard_writer::{ShardWriter, shard_name};

use super::server::{Reply, Request, Server, good};

/// Every file of the hub by its path.
pub type Files = HashMap<String, Vec<u8>>;

/// What `catalogue` describes. Each shard holds 40 documents that name it; the rows are sums.
pub fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Files::new();
    for number in 0..=3 {
        let documents = (0..40).map(|row| format!("shard {number} row {row}"));
        let content = parquet(folder.path(), documents);
        let path = format!("/datasets/owner/text/resolve/main/{}", shard_name(number));
        files.insert(path, content);
    }
    for split in ["train", "test"] {
        for number in 0..2 {
            let documents = (0..5).map(|row| format!("{split} {number} {row}"));
            let content = parquet(folder.path(), documents);
            files.insert(format!("/convert/{split}/{number}.parquet"), content);
        }
    }
    files.insert("/plain/words.txt".into(), b"seal\r\nkelp\r\n".to_vec());
    files.insert(
        "/plain/bundle.zip".into(),
        bundle(&["eval_bundle/core.yaml", "eval_bundle/eval_data/a/b.jsonl"]),
    );
    files
}

fn parquet(folder: &Path, documents: impl Iterator<Item = String>) -> Vec<u8> {
    let path = folder.join("any.parquet");
    let mut writer = ShardWriter::with_group_size(&path, 8).unwrap();
    documents.for_each(|document| writer.push(document).unwrap());
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

/// A zip archive with these names in it.
pub fn bundle(names: &[&str]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        archive
            .start_file(*name, zip::write::FileOptions::default())
            .unwrap();
        archive.write_all(name.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A server of these files that names their checksums and sizes, as the hub does, and lists those under `/convert`.
pub fn hub(files: Files) -> Server {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("content");
    let digest = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        sha256(&path).unwrap()
    };
    let files: HashMap<String, (String, Vec<u8>)> = files
        .into_iter()
        .map(|(name, content)| (name, (digest(&content), content)))
        .collect();
    Server::start(move |request| answer(request, &files))
}

fn answer(request: &Request, files: &HashMap<String, (String, Vec<u8>)>) -> Reply {
    if let Some(split) = request
        .path
        .strip_prefix("/api/datasets/owner/rows/parquet/main/")
    {
        // As the real one: addresses of the hub itself, whatever mirror passes them on.
        let list: Vec<String> = (0..2)
            .map(|number| format!("https://huggingface.co/convert/{split}/{number}.parquet"))
            .collect();
        return Reply::new(200, serde_json::to_string(&list).unwrap().as_bytes());
    }
    if request.path == "/api/datasets/owner/empty/parquet/main/train" {
        return Reply::new(200, b"[]");
    }
    match files.get(&request.path) {
        None => Reply::new(404, b""),
        Some((digest, content)) => good(request, content, "\"v1\"")
            .with("x-linked-etag", format!("\"{digest}\""))
            .with("x-linked-size", content.len()),
    }
}

/// A catalogue of that hub.
pub fn catalogue(server: &Server) -> Catalogue {
    let text = format!(
        r#"
        [[shards]]
        name = "text"
        repository = "owner/text"
        last = 3
        about = ""

        [[rows]]
        name = "rows"
        repository = "owner/rows"
        config = "main"
        about = ""
        splits = [
            {{ split = "train", place = "rows/train.jsonl", form = "lines", rows = 10 }},
            {{ split = "test", place = "rows/test", form = "folder", rows = 10 }},
        ]

        [[rows]]
        name = "empty"
        repository = "owner/empty"
        config = "main"
        about = ""
        splits = [{{ split = "train", place = "empty/train.jsonl", form = "lines", rows = 1 }}]

        [[files]]
        name = "bundle"
        address = "{address}plain/bundle.zip"
        form = "bundle"
        place = "core"
        about = ""

        [[files]]
        name = "words"
        address = "{address}plain/words.txt"
        form = "words"
        place = "words/words_alpha.txt"
        about = ""
        "#,
        address = server.address,
    );
    toml::from_str(&text).unwrap()
}
