//! Links, checked on the finished HTML: what readers get is what is checked.
//!
//! - a link inside the book leads to a page that exists, and to an anchor that exists on it;
//! - nothing is *loaded* from the network (pictures, scripts, style sheets, fonts): the book is read offline. Links
//!   that a reader may follow to the web are another matter and are left alone;
//! - what style sheets load (fonts) is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::html::{StartTag, start_tags};

/// mdBook's own extras: they repeat what the pages hold (`print`, `toc`), or are shown under any address (`404`).
const NOT_PAGES: [&str; 3] = ["print.html", "toc.html", "404.html"];

/// A link that leads nowhere, or something loaded from the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The built file, relative to the book's output: `01-tokenizer.html`.
    pub file: String,
    /// As written in the HTML.
    pub target: String,
    pub why: String,
}

/// Checks all pages and style sheets of a built book.
pub fn check(output: &Path) -> io::Result<Vec<Broken>> {
    let mut pages: BTreeMap<String, Vec<StartTag>> = BTreeMap::new();
    let mut broken = Vec::new();
    for file in files(output)? {
        let name = file
            .strip_prefix(output)
            .unwrap_or(&file)
            .to_string_lossy()
            .replace('\\', "/");
        if name.ends_with(".html") && !NOT_PAGES.contains(&name.as_str()) {
            pages.insert(name, start_tags(&fs::read_to_string(&file)?));
        } else if name.ends_with(".css") {
            broken.extend(check_style(&name, &fs::read_to_string(&file)?, output));
        }
    }
    let anchors: BTreeMap<&str, BTreeSet<&str>> = pages
        .iter()
        .map(|(name, tags)| {
            (
                name.as_str(),
                tags.iter().filter_map(|tag| tag.attribute("id")).collect(),
            )
        })
        .collect();
    for (name, tags) in &pages {
        for tag in tags {
            let (attribute, loaded) = match tag.name.as_str() {
                "a" => ("href", false),
                "link" | "use" => ("href", true),
                "img" | "script" | "iframe" | "source" | "video" | "audio" => ("src", true),
                _ => continue,
            };
            let Some(target) = tag.attribute(attribute) else {
                continue;
            };
            if let Err(why) = follow(name, target, loaded, output, &anchors) {
                broken.push(Broken {
                    file: name.clone(),
                    target: target.to_string(),
                    why,
                });
            }
        }
    }
    broken.sort();
    broken.dedup();
    // `index.html` is a second copy of the first page.
    let first_copies: BTreeSet<String> = broken
        .iter()
        .filter(|broken| broken.file != "index.html")
        .map(|broken| broken.target.clone())
        .collect();
    broken.retain(|broken| broken.file != "index.html" || !first_copies.contains(&broken.target));
    Ok(broken)
}

fn follow(
    page: &str,
    target: &str,
    loaded: bool,
    output: &Path,
    anchors: &BTreeMap<&str, BTreeSet<&str>>,
) -> Result<(), String> {
    let has_scheme = target.starts_with("//")
        || target
            .split(['/', '#', '?'])
            .next()
            .is_some_and(|s| s.contains(':'));
    if has_scheme {
        let fetched = loaded && !target.starts_with("data:");
        return match fetched {
            true => Err("is loaded from the network, but the book is read offline; ship the file with the book".into()),
            false => Ok(()),
        };
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = path.split('?').next().unwrap_or("");
    let file = if path.is_empty() {
        page.to_string()
    } else {
        resolve(page, &percent_decoded(path))
    };
    if !output.join(&file).is_file() {
        return Err("leads to a file that does not exist in the book".into());
    }
    let fragment = percent_decoded(fragment);
    if fragment.is_empty() || loaded {
        return Ok(());
    }
    match anchors.get(file.as_str()) {
        Some(ids) if !ids.contains(fragment.as_str()) => {
            let near = crate::nearest::nearest(&fragment, ids.iter().copied());
            let suggestion = crate::nearest::suggestion(&near);
            Err(format!(
                "leads to `#{fragment}`, which that page does not have{suggestion}"
            ))
        }
        _ => Ok(()),
    }
}

/// The file that a relative path means, seen from a page.
fn resolve(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a style sheet loads: `url(…)` and `@import`.
fn check_style(name: &str, text: &str, output: &Path) -> Vec<Broken> {
    let mut broken = Vec::new();
    for piece in text.split("url(").skip(1) {
        let target = piece
            .split(')')
            .next()
            .unwrap_or("")
            .trim()
            .trim_matches(['"', '\'']);
        if target.starts_with("data:") || target.starts_with('#') {
            continue;
        }
        let why = if target.contains("//") {
            "is loaded from the network, but the book is read offline"
        } else if !output
            .join(resolve(name, target.split(['?', '#']).next().unwrap_or("")))
            .is_file()
        {
            "is not among the book's files"
        } else {
            continue;
        };
        broken.push(Broken {
            file: name.to_string(),
            target: target.to_string(),
            why: why.to_string(),
        });
    }
    broken
}

pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).to_string()
}

/// All files below a folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(pages: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in pages {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn links_to_pages_and_anchors_that_exist_pass() {
        let folder = book(&[
            (
                "a.html",
                "<h1 id=\"top\">A</h1><a href=\"b.html#two%20words\">b</a> <a href=\"#top\">up</a>",
            ),
            (
                "b.html",
                "<h2 id=\"two words\">B</h2><a href=\"https://example.org/x\">web</a><a href=\"./a.html\">a</a>",
            ),
        ]);
        assert_eq!(check(folder.path()).unwrap(), []);
    }

    #[test]
    fn missing_pages_and_anchors_are_broken() {
        let folder = book(&[
            (
                "a.html",
                "<a href=\"c.html\">c</a> <a href=\"b.html#secnod\">b</a>",
            ),
            ("b.html", "<h2 id=\"second\">B</h2>"),
        ]);
        let broken = check(folder.path()).unwrap();
        assert_eq!(broken.len(), 2);
        assert!(
            broken[0].why.contains("did you mean `second`?"),
            "{broken:?}"
        );
        assert!(broken[1].why.contains("does not exist"), "{broken:?}");
    }

    #[test]
    fn nothing_is_loaded_from_the_network() {
        let folder = book(&[
            (
                "a.html",
                "<link rel=stylesheet href=\"https://cdn.example.org/x.css\"><img src=\"//example.org/x.png\">",
            ),
            (
                "x.css",
                "@font-face { src: url(fonts/none.woff2) } a { background: url(\"https://example.org/b.png\") }",
            ),
        ]);
        let targets: Vec<String> = check(folder.path())
            .unwrap()
            .into_iter()
            .map(|broken| broken.target)
            .collect();
        assert_eq!(
            targets,
            [
                "//example.org/x.png",
                "https://cdn.example.org/x.css",
                "fonts/none.woff2",
                "https://example.org/b.png"
            ]
        );
    }
}
