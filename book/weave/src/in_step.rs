//! In step: has the code changed since the author of a page last said that the text still fits it?
//!
//! Woven lines follow their source by themselves. The sentences around them do not, and no machine can read them. So
//! `book/in-step.txt` holds, for each page, a fingerprint of every source that it shows and of every file of its
//! chapter's `src/`. A build names what has another one by now; the author reads the page again, mends it, and says so:
//! `weave in-step 02-dataset.md`. It is a report and no failure: code may be changed on one day and its text on another.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::sources::Sources;

/// From the book's folder.
pub const FILE: &str = "in-step.txt";

const HEAD: &str = "# page, source, fingerprint of the source when the page's text was last read against it.\n# `cargo course book in-step PAGE` writes this.\n";

/// Source -> fingerprint, for one page.
pub type Prints = BTreeMap<String, String>;

/// What all pages last said.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    pages: BTreeMap<String, Prints>,
}

impl Stamps {
    /// Reads the file; a line that is none is left out, and its source then counts as changed.
    pub fn parse(text: &str) -> Stamps {
        let mut stamps = Stamps::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let [page, source, print] = line.split_whitespace().collect::<Vec<_>>()[..] {
                let prints = stamps.pages.entry(page.to_string()).or_default();
                prints.insert(source.to_string(), print.to_string());
            }
        }
        stamps
    }

    pub fn text(&self) -> String {
        let mut text = HEAD.to_string();
        for (page, prints) in &self.pages {
            for (source, print) in prints {
                text.push_str(&format!("{page} {source} {print}\n"));
            }
        }
        text
    }

    /// The page's text has been read against these sources.
    pub fn stamp(&mut self, page: &str, prints: Prints) {
        match prints.is_empty() {
            true => self.pages.remove(page),
            false => self.pages.insert(page.to_string(), prints),
        };
    }

    /// What has changed since, in words; nothing if the page is in step.
    pub fn changes(&self, page: &str, now: &Prints) -> Vec<String> {
        let Some(then) = self.pages.get(page) else {
            return match now.is_empty() {
                true => Vec::new(),
                false => vec!["it has never said that it is in step with its sources".into()],
            };
        };
        let sources: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
        sources
            .into_iter()
            .filter_map(|source| match (then.get(source), now.get(source)) {
                (Some(old), Some(new)) if old == new => None,
                (Some(_), Some(_)) => Some(format!("{source} has changed")),
                (None, _) => Some(format!("{source} is new")),
                (_, None) => Some(format!("{source} is gone")),
            })
            .collect()
    }
}

/// The fingerprints of a page's sources. Blank lines and anchors change nothing that a reader sees; they do not count.
pub fn prints<'a>(paths: impl IntoIterator<Item = &'a String>, sources: &mut Sources) -> Prints {
    paths
        .into_iter()
        .filter_map(|path| {
            let source = sources.source(path).ok()?;
            let digest = Sha256::digest(source.counted_text());
            let print: String = digest
                .iter()
                .take(5)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Some((path.clone(), print))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn printed(text: &str) -> Prints {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), text).unwrap();
        prints(&["a.rs".to_string()], &mut Sources::new(folder.path()))
    }

    #[test]
    fn only_lines_that_readers_see_make_the_fingerprint() {
        let plain = printed("fn f() {}\nfn g() {}\n");
        let marked = printed("// ANCHOR: f\nfn f() {}\n// ANCHOR_END: f\n\nfn g() {}\n");
        assert_eq!(plain, marked);
        assert_ne!(plain, printed("fn f() {}\nfn h() {}\n"));
    }

    #[test]
    fn what_changed_since_a_page_was_in_step_is_named() {
        let mut stamps = Stamps::default();
        let now = printed("fn f() {}\n");
        assert_eq!(stamps.changes("a.md", &now).len(), 1);
        stamps.stamp("a.md", now.clone());
        let mut read = Stamps::parse(&stamps.text());
        assert_eq!(read, stamps);
        assert!(read.changes("a.md", &now).is_empty());
        assert_eq!(
            read.changes("a.md", &printed("fn g() {}\n")),
            ["a.rs has changed"]
        );
        assert_eq!(read.changes("a.md", &Prints::new()), ["a.rs is gone"]);
        read.stamp("a.md", Prints::from([("b.rs".into(), "00".into())]));
        assert_eq!(read.changes("a.md", &now), ["a.rs is new", "b.rs is gone"]);
        assert!(read.changes("no-sources.md", &Prints::new()).is_empty());
    }
}
