//! Building: mdBook's library with the weaver in it, then the checks on what came out.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mdbook_driver::MDBook;
use tracing_subscriber::fmt::MakeWriter;

use crate::front::{self, Front};
use crate::links;
use crate::page::{Page, Problem};
use crate::weaver::{Findings, Settings, Weaver, page_path, weave_book};
use crate::{baseline, measure};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no book.toml in {0}; run this inside the repository.")]
    NoBook(PathBuf),
    #[error(
        "book.toml does not say `source-url` under [preprocessor.weave]: where captions link to."
    )]
    NoSourceUrl,
    #[error("mdBook: {0}")]
    MdBook(String),
    #[error("{} of the book need mending:\n{}", count(.0.len()), lines(.0))]
    Problems(Vec<Problem>),
    #[error("cannot listen on {address}: {source}; name another port with --port.")]
    Port { address: String, source: io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{0} is in the way: it was not gathered from a page, and a page's blocks belong there; move it."
    )]
    NotOurs(PathBuf),
    #[error("the book has no page {name}{suggestion}")]
    NoPage { name: String, suggestion: String },
    #[error(
        "there is no Chromium or Chrome to print with; the built book's print.html prints from any browser."
    )]
    NoBrowser,
    #[error("{browser} printed no PDF; the last it said: {said}")]
    Pdf { browser: String, said: String },
}

/// A book that was built.
#[derive(Debug)]
pub struct Built {
    pub output: PathBuf,
    pub findings: Findings,
}

/// Builds the book in `book_folder` (the one with book.toml) into `output`, or into the folder that book.toml names.
/// `new_baseline` accepts whatever coverage the drafts have, and writes it down.
pub fn build(
    book_folder: &Path,
    output: Option<&Path>,
    new_baseline: bool,
) -> Result<Built, Error> {
    let mut book = load(book_folder)?;
    if let Some(output) = output {
        book.config.build.build_dir =
            std::path::absolute(output).map_err(|source| Error::Write {
                path: output.to_path_buf(),
                source,
            })?;
    }
    let settings = Settings {
        any_coverage: new_baseline,
        ..settings(&book)?
    };

    let findings = Arc::new(Mutex::new(Findings::default()));
    book.with_preprocessor(Weaver {
        settings: settings.clone(),
        findings: Arc::clone(&findings),
    });
    let (result, warnings) = with_warnings(|| book.build());
    let found = std::mem::take(&mut *findings.lock().expect("mdBook is done with the findings"));
    if !found.problems.is_empty() {
        // The weaver stopped the build before mdBook touched what an earlier one had written.
        return Err(Error::Problems(in_repository(found.problems, &settings)));
    }
    result.map_err(|error| Error::MdBook(format!("{error:#}")))?;
    let output = book.build_dir_for("html");
    copy_formula_fonts(book_folder, &output)?;

    let mut problems = warnings;
    problems.extend(broken_links(&book, &output)?);
    if !problems.is_empty() {
        return Err(Error::Problems(in_repository(problems, &settings)));
    }
    if new_baseline {
        let baseline = baseline::Baseline::of(found.coverage.iter().map(|(coverage, _)| coverage));
        write_committed(book_folder, baseline::FILE, &baseline.text())?;
    }
    Ok(Built {
        output,
        findings: found,
    })
}

/// Writes one of the small files that are committed with the book.
pub fn write_committed(book_folder: &Path, file: &str, text: &str) -> Result<(), Error> {
    let path = book_folder.join(file);
    fs::write(&path, text).map_err(|source| Error::Write { path, source })
}

/// One of them as it is; empty if there is none yet.
pub fn committed(book_folder: &Path, file: &str) -> Result<String, Error> {
    let book = load(book_folder)?;
    Ok(measure::committed(&settings(&book)?, file))
}

/// The pages that have a front line, as their authors wrote them; only those named, if any are: `02-dataset.md`,
/// `02-dataset`, or for a page in a folder its name alone.
pub fn pages(book_folder: &Path, names: &[String]) -> Result<Vec<(Page, Front)>, Error> {
    let book = load(book_folder)?;
    let all: Vec<(Page, Front)> = book
        .book
        .chapters()
        .filter_map(|chapter| {
            let path = page_path(chapter.source_path.as_deref());
            let front = front::parse(&chapter.content).ok()?;
            Some((Page::new(&path, &chapter.content), front))
        })
        .collect();
    let is_meant = |page: &Page, name: &str| {
        let name = name.trim_start_matches("./");
        let name = name.trim_start_matches("book/src/").trim_end_matches(".md");
        let path = page.path.trim_end_matches(".md");
        path == name || path.ends_with(&format!("/{name}"))
    };
    for name in names {
        if !all.iter().any(|(page, _)| is_meant(page, name)) {
            let paths = all.iter().map(|(page, _)| page.path.as_str());
            let near = crate::nearest::nearest(name, paths);
            return Err(Error::NoPage {
                name: name.clone(),
                suggestion: crate::nearest::suggestion(&near),
            });
        }
    }
    let chosen = |page: &Page| names.is_empty() || names.iter().any(|name| is_meant(page, name));
    Ok(all.into_iter().filter(|(page, _)| chosen(page)).collect())
}

/// Weaves without writing anything: for `weave coverage`.
pub fn inspect(book_folder: &Path) -> Result<Findings, Error> {
    let mut book = load(book_folder)?;
    let settings = settings(&book)?;
    let mut findings = weave_book(&mut book.book, &settings);
    findings.problems = in_repository(std::mem::take(&mut findings.problems), &settings);
    Ok(findings)
}

/// The book's folder, from a folder inside the repository: the nearest `book/book.toml` on the way up.
pub fn find_book(from: &Path) -> Result<PathBuf, Error> {
    from.ancestors()
        .map(|folder| folder.join("book"))
        .find(|book| book.join("book.toml").is_file())
        .ok_or_else(|| Error::NoBook(from.to_path_buf()))
}

/// Problems of one page, named as `in_repository` names them.
pub fn named(book_folder: &Path, problems: Vec<Problem>) -> Result<Vec<Problem>, Error> {
    let book = load(book_folder)?;
    Ok(in_repository(problems, &settings(&book)?))
}

fn load(book_folder: &Path) -> Result<MDBook, Error> {
    if !book_folder.join("book.toml").is_file() {
        return Err(Error::NoBook(book_folder.to_path_buf()));
    }
    MDBook::load(book_folder).map_err(|error| Error::MdBook(format!("{error:#}")))
}

fn settings(book: &MDBook) -> Result<Settings, Error> {
    let source_url: Option<String> = book
        .config
        .get("preprocessor.weave.source-url")
        .map_err(|error| Error::MdBook(format!("{error:#}")))?;
    let root = std::path::absolute(&book.root).unwrap_or_else(|_| book.root.clone());
    Ok(Settings {
        root: root
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_else(|| root.clone()),
        book_folder: root,
        source_folder: book.source_dir(),
        any_coverage: false,
        source_url: source_url
            .ok_or(Error::NoSourceUrl)?
            .trim_end_matches('/')
            .to_string(),
    })
}

/// KaTeX's style sheet names its fonts relative to itself; mdBook copies the sheet and not the fonts.
fn copy_formula_fonts(book_folder: &Path, output: &Path) -> Result<(), Error> {
    let from = book_folder.join("theme/katex/fonts");
    let to = output.join("theme/katex/fonts");
    let Ok(entries) = fs::read_dir(&from) else {
        return Ok(());
    };
    let write = |source| Error::Write {
        path: to.clone(),
        source,
    };
    fs::create_dir_all(&to).map_err(write)?;
    for entry in entries.flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(write)?;
    }
    Ok(())
}

/// Broken links, led back to the page and the line that hold them.
fn broken_links(book: &MDBook, output: &Path) -> Result<Vec<Problem>, Error> {
    let broken = links::check(output).map_err(|source| Error::Write {
        path: output.to_path_buf(),
        source,
    })?;
    let mut problems = Vec::new();
    for link in broken {
        let source = link.file.replace(".html", ".md");
        let page = book
            .book
            .chapters()
            .find(|chapter| chapter.source_path.as_deref() == Some(Path::new(&source)))
            .map(|chapter| Page::new(&source, &chapter.content));
        let line = page.as_ref().and_then(|page| {
            page.line_with(&link.target.replace(".html", ".md"))
                .or_else(|| page.line_with(&link.target))
        });
        problems.push(Problem {
            page: if page.is_some() {
                source
            } else {
                link.file.clone()
            },
            line,
            message: format!("{} {}.", link.target, link.why),
        });
    }
    Ok(problems)
}

/// Problems name their page from the repository's root, so that a terminal can open it.
fn in_repository(problems: Vec<Problem>, settings: &Settings) -> Vec<Problem> {
    let source = settings
        .source_folder
        .strip_prefix(&settings.root)
        .unwrap_or(&settings.source_folder);
    problems
        .into_iter()
        .map(|problem| {
            let file = settings.source_folder.join(&problem.page);
            let page = match file.is_file() {
                true => source
                    .join(&problem.page)
                    .to_string_lossy()
                    .replace('\\', "/"),
                false => problem.page.clone(),
            };
            Problem { page, ..problem }
        })
        .collect()
}

/// Most bytes of the search index. mdBook warns above ten million, which is less than a course with its code; the index is fetched
/// when a reader searches, and packed on the way.
const SEARCH_INDEX: u64 = 15_000_000;

/// mdBook's warning about the index, with a size that is still ours to allow.
fn is_of_a_fitting_index(warning: &str) -> bool {
    let size = warning
        .trim()
        .strip_prefix("search index is very large (")
        .and_then(|rest| rest.strip_suffix(" bytes)"))
        .and_then(|bytes| bytes.parse::<u64>().ok());
    size.is_some_and(|bytes| bytes <= SEARCH_INDEX)
}

/// Runs a build and gathers what mdBook warns of: a warning that scrolls by is a silent failure.
fn with_warnings<T>(build: impl FnOnce() -> T) -> (T, Vec<Problem>) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_writer(log.clone())
        .finish();
    let result = tracing::subscriber::with_default(subscriber, build);
    let warnings = log.0.lock().expect("the build is over").clone();
    let problems = warnings
        .iter()
        .filter(|warning| !is_of_a_fitting_index(warning))
        .map(|warning| Problem {
            page: "mdBook".to_string(),
            line: None,
            message: one_line(warning),
        })
        .collect();
    (result, problems)
}

/// mdBook quotes the HTML that it complains of, whole; its beginning is enough to find it.
fn one_line(warning: &str) -> String {
    const LONGEST: usize = 300;
    let words: Vec<&str> = warning.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// One entry per warning: the subscriber writes each event at once.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let warning = String::from_utf8_lossy(bytes).to_string();
        self.0.lock().expect("no writer panics").push(warning);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

fn count(problems: usize) -> String {
    match problems {
        1 => "1 place".to_string(),
        _ => format!("{problems} places"),
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_is_let_through_up_to_a_size() {
        let of = |bytes: u64| format!("search index is very large ({bytes} bytes)\n");
        assert!(is_of_a_fitting_index(&of(SEARCH_INDEX)));
        assert!(!is_of_a_fitting_index(&of(SEARCH_INDEX + 1)));
        assert!(!is_of_a_fitting_index("a heading has no text"));
    }
}
