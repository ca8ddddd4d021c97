//! The weaver: takes the book's pages through every step, and is the preprocessor that mdBook calls.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::contents::{self, Entry};
use crate::coverage::{Coverage, Shown};
use crate::directive::{self, Directive};
use crate::edit::{self, Edit};
use crate::front::{self, Status};
use crate::listing::{self, Origin};
use crate::page::{Page, Problem};
use crate::sources::Sources;
use crate::{blocks, figures, formulas, spine};

/// What the weaver has to know besides the pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The repository's root: paths in directives begin here.
    pub root: PathBuf,
    /// `book/src`.
    pub source_folder: PathBuf,
    /// Where captions link to, without a slash at the end.
    pub source_url: String,
}

/// Everything learned while weaving.
#[derive(Debug, Default)]
pub struct Findings {
    pub problems: Vec<Problem>,
    /// Each chapter crate's coverage, and what its page says it is: draft, finished, or that there is no page.
    pub coverage: Vec<(Coverage, String)>,
}

/// Weaves all pages of the book in place.
pub fn weave_book(book: &mut Book, settings: &Settings) -> Findings {
    let mut findings = Findings::default();
    let mut sources = Sources::new(&settings.root);
    let mut shown = Shown::default();
    let entries = entries(book, &mut findings.problems);
    book.for_each_chapter_mut(|chapter| {
        let page = Page::new(&page_path(chapter.source_path.as_deref()), &chapter.content);
        chapter.content = weave_page(
            &page,
            &entries,
            settings,
            &mut sources,
            &mut shown,
            &mut findings.problems,
        );
    });
    measure(&entries, &mut sources, &shown, &mut findings);
    findings.problems.sort();
    findings
}

/// The pages with their front lines, in the order of `SUMMARY.md`.
fn entries(book: &Book, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for item in book.iter() {
        let BookItem::Chapter(chapter) = item else {
            continue;
        };
        if chapter.is_draft_chapter() {
            continue;
        }
        let path = page_path(chapter.source_path.as_deref());
        match front::parse(&chapter.content) {
            Ok(front) => entries.push(Entry {
                title: chapter.name.clone(),
                path,
                front,
            }),
            Err(error) => problems.push(Page::new(&path, &chapter.content).problem(0, error)),
        }
    }
    entries
}

// ANCHOR: weave_page
/// One page through all steps; returns its Markdown as mdBook gets it.
pub fn weave_page(
    page: &Page,
    entries: &[Entry],
    settings: &Settings,
    sources: &mut Sources,
    shown: &mut Shown,
    problems: &mut Vec<Problem>,
) -> String {
    let mut edits = Vec::new();
    let mut take = |(new_edits, new_problems): (Vec<Edit>, Vec<Problem>)| {
        edits.extend(new_edits);
        problems.extend(new_problems);
    };
    take(blocks::weave(page));
    take(formulas::weave(page));
    take(figures::weave(page, &settings.source_folder));
    take(weave_directives(page, entries, settings, sources, shown));
    if let Some(entry) = entries.iter().find(|entry| entry.path == page.path) {
        take(front::weave(page, &entry.front, &settings.source_url));
        take((Vec::new(), spine::check(page, &entry.front)));
    }
    edit::apply(&page.text, edits)
}
// ANCHOR_END: weave_page

fn weave_directives(
    page: &Page,
    entries: &[Entry],
    settings: &Settings,
    sources: &mut Sources,
    shown: &mut Shown,
) -> (Vec<Edit>, Vec<Problem>) {
    let (placed, mut problems) = directive::find(page);
    let mut edits = Vec::new();
    for placed in placed {
        let (path, anchor, title) = match &placed.directive {
            Directive::Contents => {
                edits.push(Edit::new(placed.range, contents::table(entries)));
                continue;
            }
            Directive::Table { path } => {
                match std::fs::read_to_string(sources.root().join(path)) {
                    Ok(text) => edits.push(Edit::new(placed.range, text)),
                    Err(error) => problems.push(page.problem(
                        placed.range.start,
                        format!("cannot read the table {path}: {error}; the command that writes it stands in the chapter"),
                    )),
                }
                continue;
            }
            Directive::Weave { path, anchor } => (path, anchor, None),
            Directive::Fold {
                path,
                anchor,
                title,
            } => (path, anchor, Some(title.as_str())),
        };
        match sources.excerpt(path, anchor.as_deref()) {
            Ok(excerpt) => {
                shown.record(path, &excerpt.shown);
                let origin = Origin {
                    path,
                    source_url: &settings.source_url,
                };
                let text = listing::render(&origin, &excerpt, title, &placed.indentation);
                edits.push(Edit::new(placed.range, text));
            }
            Err(error) => problems.push(page.problem(placed.range.start, error)),
        }
    }
    (edits, problems)
}

/// Measures the coverage of every chapter crate there is; a finished page whose crate is not covered is a problem.
fn measure(entries: &[Entry], sources: &mut Sources, shown: &Shown, findings: &mut Findings) {
    let mut folders: Vec<String> = std::fs::read_dir(sources.root().join("chapters"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("src").is_dir())
        .map(|entry| format!("chapters/{}", entry.file_name().to_string_lossy()))
        .collect();
    folders.sort();
    for entry in entries {
        if let Some(folder) = &entry.front.crate_folder
            && !folders.contains(folder)
        {
            findings.problems.push(Problem {
                page: entry.path.clone(),
                line: Some(1),
                message: format!("the front line's crate `{folder}` is not a folder in chapters/ with a src/ in it."),
            });
        }
    }
    for folder in folders {
        let pages: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.front.crate_folder.as_ref() == Some(&folder))
            .collect();
        let finished = pages
            .iter()
            .find(|entry| entry.front.status == Status::Finished);
        let status = match (pages.is_empty(), finished) {
            (true, _) => "no page",
            (false, Some(_)) => "finished",
            (false, None) => "draft",
        };
        match Coverage::measure(&folder, shown, sources) {
            Ok(coverage) => {
                if let Some(entry) = finished {
                    findings.problems.extend(uncovered(&entry.path, &coverage));
                }
                findings.coverage.push((coverage, status.to_string()));
            }
            Err(error) => findings.problems.push(Problem {
                page: pages
                    .first()
                    .map_or(folder.clone(), |entry| entry.path.clone()),
                line: None,
                message: error.to_string(),
            }),
        }
    }
}

fn uncovered(page: &str, coverage: &Coverage) -> Vec<Problem> {
    coverage
        .missing
        .iter()
        .map(|(path, lines)| Problem {
            page: page.to_string(),
            line: Some(1),
            message: format!(
                "a finished chapter shows every line of its crate; no page shows {path}:{}. Weave or fold them, or make the page a draft.",
                crate::coverage::ranges(lines)
            ),
        })
        .collect()
}

/// `01-tokenizer.md`, with `/` between folders.
fn page_path(path: Option<&Path>) -> String {
    path.map(|path| path.to_string_lossy().replace('\\', "/"))
        .unwrap_or_default()
}

/// The weaver as mdBook sees it. What it found is read by `build` afterwards, through the shared `findings`.
pub struct Weaver {
    pub settings: Settings,
    pub findings: Arc<Mutex<Findings>>,
}

impl Preprocessor for Weaver {
    fn name(&self) -> &str {
        "weave"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let findings = weave_book(&mut book, &self.settings);
        let count = findings.problems.len();
        *self
            .findings
            .lock()
            .expect("no thread panics while it holds the findings") = findings;
        // `build` reports the problems themselves; what matters here is that mdBook goes no further.
        match count {
            0 => Ok(book),
            _ => Err(Stopped { count }.into()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{count} problems in the pages")]
struct Stopped {
    count: usize,
}
