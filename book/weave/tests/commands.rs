//! The program's commands on a small repository: what is compiled, run, recorded, and remembered in committed files.

mod repository;

use std::process::Command;

use repository::{Repository, Said, TRAIN, page_with};

/// `cargo test` over the gathered tests, as `cargo course test` runs it.
fn cargo_test(repository: &Repository) -> Said {
    let manifest = repository.file("chapters/01-tokenizer/Cargo.toml");
    Said::of(
        Command::new(env!("CARGO"))
            .args(["test", "--offline", "--test", "page_*", "--manifest-path"])
            .arg(manifest)
            .env_remove("RUSTFLAGS")
            .env("CARGO_TARGET_DIR", repository.file("target")),
    )
}

#[test]
fn snippets_are_compiled_and_run_with_the_crates_own_dependencies() {
    let page = page_with("```rust,test\n# use tokenizer::count;\nassert_eq!(count(), 1);\n```\n");
    let repository = Repository::new(&page);
    let said = repository.weave(&["gather"]);
    assert!(said.passes().contains("1 blocks to compile, of 1 pages"));
    assert!(cargo_test(&repository).passes().contains("line_4 ... ok"));

    // A wrong snippet fails at its own line of the page: the assertion stands in line 6 of both.
    repository.write("book/src/one.md", &page.replace("(), 1", "(), 2"));
    repository.weave(&["gather"]).passes();
    cargo_test(&repository).fails("page_one.rs:6:1");
    repository.write("book/src/one.md", &page.replace("count()", "cuont()"));
    repository.weave(&["gather"]).passes();
    cargo_test(&repository).fails("page_one.rs:6:");

    repository.write("book/src/one.md", &page_with("no snippet"));
    repository.weave(&["gather"]).passes();
    assert!(
        !repository
            .file("chapters/01-tokenizer/tests/page_one.rs")
            .exists()
    );
}

#[test]
fn the_reader_sees_a_snippet_without_what_is_for_the_machine() {
    let page = page_with("```rust,test\n# use tokenizer::count;\nassert_eq!(count(), 1);\n```\n");
    let repository = Repository::new(&page);
    assert!(
        repository
            .weave(&["build"])
            .passes()
            .contains("lines shown")
    );
    let html = repository.read("book/build/one.html");
    assert!(html.contains("class=\"language-rust"), "{html}");
    assert!(
        html.contains("<span class=\"boring\">use tokenizer::count;"),
        "{html}"
    );
}

#[test]
fn console_blocks_are_run_compared_and_updated() {
    let page =
        page_with("```console,run=timings\n$ echo 3 seals in 1.5 ms\n3 seals in 99 ms\n```\n");
    let repository = Repository::new(&page);
    assert!(
        repository
            .weave(&["run"])
            .passes()
            .contains("1 console blocks run")
    );

    repository.write("book/src/one.md", &page.replace("\n3 seals", "\n4 seals"));
    let said = repository.weave(&["run", "one"]);
    said.fails("book/src/one.md:5: `echo 3 seals in 1.5 ms` prints something else");
    said.fails("- 4 seals in 99 ms\n+ 3 seals in 1.5 ms");
    repository.weave(&["run", "--update"]).passes();
    assert!(
        repository
            .read("book/src/one.md")
            .contains("\n3 seals in 1.5 ms\n```")
    );
    repository.weave(&["run"]).passes();
    repository
        .weave(&["run", "two"])
        .fails("the book has no page two");
}

#[test]
fn a_drafts_coverage_does_not_fall_unless_it_is_accepted() {
    let whole = page_with("{{#weave chapters/01-tokenizer/src/train.rs}}\n");
    let repository = Repository::new(&whole);
    repository.weave(&["build", "--baseline"]).passes();
    assert!(
        repository
            .read("book/coverage.txt")
            .contains("chapters/01-tokenizer 5 of 5\n")
    );

    repository.write("chapters/01-tokenizer/src/error.rs", "pub struct Error;\n");
    let said = repository.weave(&["build"]);
    said.fails("the book shows 5 of 6 lines of chapters/01-tokenizer (83.3 %), and showed 5 of 5 (100.0 %)");
    said.fails("Not shown: chapters/01-tokenizer/src/error.rs:1");
    repository.weave(&["build", "--baseline"]).passes();
    repository.weave(&["build"]).passes();
}

#[test]
fn a_source_that_changed_since_its_page_was_in_step_is_reported() {
    let repository = Repository::new(&page_with(
        "{{#weave chapters/01-tokenizer/src/train.rs}}\n",
    ));
    let said = repository.weave(&["build"]);
    assert!(
        said.passes()
            .contains("out of step: one.md: it has never said")
    );
    repository.weave(&["in-step", "one"]).passes();
    assert!(
        !repository
            .weave(&["build"])
            .passes()
            .contains("out of step")
    );

    repository.write(
        "chapters/01-tokenizer/src/train.rs",
        &TRAIN.replace('1', "2"),
    );
    let said = repository.weave(&["build"]);
    let expected = "out of step: one.md: chapters/01-tokenizer/src/train.rs has changed";
    assert!(said.passes().contains(expected), "{said:?}");
    assert!(
        said.text
            .contains("1 source changed since its page was in step"),
        "{said:?}"
    );
    repository.weave(&["in-step", "--all"]).passes();
    assert!(
        !repository
            .weave(&["build"])
            .passes()
            .contains("out of step")
    );
}

#[test]
fn links_out_of_the_book_stand_in_a_list() {
    let repository = Repository::new(&page_with("[a](https://example.org/a)"));
    let said = repository.weave(&["build"]);
    said.fails("book/src/one.md:4: https://example.org/a is not in book/links.txt");
    repository.weave(&["links"]).passes();
    let said = repository.weave(&["build"]);
    assert!(
        said.passes()
            .contains("1 links out of the book, 1 of them never checked")
    );
    repository.write("book/src/one.md", &page_with("none"));
    repository
        .weave(&["build"])
        .fails("no page links to https://example.org/a");
}

#[test]
fn a_recorded_run_is_shown_with_its_commit_and_its_date() {
    let page = page_with("{{#transcript book/transcripts/run.txt}}\n");
    let repository = Repository::new(&page);
    repository
        .weave(&["build"])
        .fails("cannot read the transcript book/transcripts/run.txt");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut command = Command::new("git");
        Said::of(
            command
                .args(identity)
                .args(arguments)
                .current_dir(repository.path()),
        );
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "all"]);
    let record = [
        "record",
        "book/transcripts/run.txt",
        "--machine",
        "a <small> one",
    ];
    repository
        .weave(&[&record[..], &["echo output"]].concat())
        .passes();
    repository.weave(&["build"]).passes();
    let html = repository.read("book/build/one.html");
    assert!(html.contains("$ echo output\noutput"), "{html}");
    assert!(
        html.contains("A run, 20") && html.contains("a &lt;small&gt; one"),
        "{html}"
    );
}

#[test]
fn a_level_left_out_and_wrong_minutes_fail_the_build() {
    let page = page_with("### Too deep\n").replace("minutes: 2", "minutes: 45");
    let said = Repository::new(&page).weave(&["build"]);
    said.fails("one.md:4: \"Too deep\" leaves out a level");
    said.fails("one.md:1: `minutes: 45` is far from the about 1");
}

#[test]
fn a_block_that_cannot_be_compiled_or_run_fails_the_build() {
    let page =
        page_with("```console,run\nno command\n```\n\n```rust,test\n```\n\n<canvas></canvas>\n");
    let page = page.replace("; crate: chapters/01-tokenizer", "");
    let said = Repository::new(&page).weave(&["build"]);
    said.fails("one.md:5: a console block that is run begins with a command");
    said.fails(
        "one.md:8: this block is to be compiled, but the page's front line names no `crate`",
    );
    said.fails("one.md:11: <canvas> does not say");
}

#[test]
fn the_book_has_a_search_index_and_a_page_to_print() {
    let repository = Repository::new(&page_with("a seal"));
    repository.weave(&["build"]).passes();
    assert!(repository.read("book/build/print.html").contains("a seal"));
    let names: Vec<String> = std::fs::read_dir(repository.file("book/build"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        names.iter().any(|name| name.starts_with("searchindex")),
        "{names:?}"
    );
}
