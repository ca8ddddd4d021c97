//! Small books, built whole: what fails the build, and what readers get.

mod repository;

use std::fs;
use std::path::Path;

use repository::{Repository, TRAIN, page_with};
use weave::build::{Error, build, find_book, inspect};

fn built(folder: &Path) -> Result<String, String> {
    match build(&folder.join("book"), None, false) {
        Ok(built) => Ok(fs::read_to_string(built.output.join("one.html")).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_page_gets_its_listing_its_formula_and_its_head() {
    let page = page_with("So $x^2$ and:\n\n{{#weave chapters/01-tokenizer/src/train.rs:count}}\n");
    let folder = Repository::new(&page);
    let html = built(folder.path()).unwrap();
    assert!(html.contains("pub fn count() -&gt; u32"), "{html}");
    assert!(!html.contains("ANCHOR"), "the marks are not for readers");
    assert!(
        html.contains("https://example.org/blob/main/chapters/01-tokenizer/src/train.rs#L3-L6")
    );
    assert!(html.contains("class=\"katex\""));
    assert!(html.contains("2 minutes"));
    assert!(html.contains(">draft<"));
    assert!(
        !html.contains("minutes: 2;"),
        "the front line is not for readers"
    );
}

#[test]
fn a_missing_anchor_or_file_fails_the_build_and_leaves_the_old_book() {
    let folder = Repository::new(&page_with("good"));
    assert!(built(folder.path()).is_ok());
    let page = folder.path().join("book/src/one.md");
    for (directive, expected) in [
        (
            "{{#weave chapters/01-tokenizer/src/train.rs:cuont}}",
            "did you mean `count`?",
        ),
        (
            "{{#weave chapters/01-tokenizer/src/trian.rs}}",
            "did you mean `chapters/01-tokenizer/src/train.rs`?",
        ),
        (
            "{{#include ../../chapters/01-tokenizer/src/train.rs}}",
            "no directive of this book",
        ),
    ] {
        fs::write(&page, page_with(directive)).unwrap();
        let message = built(folder.path()).unwrap_err();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("book/src/one.md:4: "), "{message}");
    }
    let old = folder.read("book/build/one.html");
    assert!(old.contains("good"));
}

#[test]
fn an_anchor_that_is_never_ended_fails_the_build() {
    let folder = Repository::new(&page_with(
        "{{#weave chapters/01-tokenizer/src/train.rs:count}}",
    ));
    let source = folder.path().join("chapters/01-tokenizer/src/train.rs");
    fs::write(&source, TRAIN.replace("// ANCHOR_END: count\n", "")).unwrap();
    let message = built(folder.path()).unwrap_err();
    assert!(
        message.contains("train.rs:2: anchor `count` is never ended"),
        "{message}"
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let page = "# One\n\n```rust\nfn f() {}\n```\n\n$\\fraq{1}{2}$\n\n![](a.svg)\n";
    let message = built(Repository::new(page).path()).unwrap_err();
    for expected in [
        "4 places",
        "one.md:1: the first line has to say",
        "one.md:3: this block is not woven",
        "one.md:7: KaTeX cannot set",
        "one.md:9: the picture a.svg has no alternative text",
    ] {
        assert!(message.contains(expected), "{expected} in {message}");
    }
}

#[test]
fn a_link_that_leads_nowhere_fails_the_build_and_names_its_line() {
    let folder = Repository::new(&page_with(
        "[a](two.md) and\n[b](one.md#nowhere) and [c](#one)",
    ));
    let message = built(folder.path()).unwrap_err();
    assert!(
        message.contains("one.md:4: two.html leads to a file that does not exist"),
        "{message}"
    );
    assert!(
        message.contains("one.md:5: one.html#nowhere leads to `#nowhere`"),
        "{message}"
    );
    assert!(message.contains("2 places"), "{message}");
}

#[test]
fn html_that_mdbook_warns_of_fails_the_build() {
    let message =
        built(Repository::new(&page_with("<details>\n\nnever closed\n")).path()).unwrap_err();
    assert!(message.contains("details"), "{message}");
}

#[test]
fn a_finished_page_shows_every_line_and_has_the_spine() {
    let page = page_with("{{#weave chapters/01-tokenizer/src/train.rs:count}}")
        .replace("draft", "finished");
    let message = built(Repository::new(&page).path()).unwrap_err();
    assert!(
        message.contains("no page shows chapters/01-tokenizer/src/train.rs:1."),
        "{message}"
    );
    assert!(
        message.contains("needs the heading `## Predict`"),
        "{message}"
    );
}

#[test]
fn coverage_is_measured_without_building() {
    let page = page_with("{{#fold chapters/01-tokenizer/src/train.rs:count \"Counting\"}}");
    let folder = Repository::new(&page);
    let findings = inspect(&folder.path().join("book")).unwrap();
    let (coverage, status) = &findings.coverage[0];
    assert_eq!(
        (coverage.shown, coverage.total, status.as_str()),
        (4, 5, "draft")
    );
    assert!(!folder.path().join("book/build").exists());
}

#[test]
fn the_book_is_found_from_inside_the_repository() {
    let folder = Repository::new("");
    let inside = folder.path().join("chapters/01-tokenizer/src");
    assert_eq!(find_book(&inside).unwrap(), folder.path().join("book"));
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(matches!(find_book(elsewhere.path()), Err(Error::NoBook(_))));
}
