//! The weaver: takes the book's pages through every step, and is the preprocessor that mdBook calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::blocks::{self, Kind};
use crate::contents::{self, Entry};
use crate::coverage::{Coverage, Shown};
use crate::directive::{self, Directive, Placed};
use crate::edit::{self, Edit};
use crate::in_step::Prints;
use crate::listing::{self, Origin};
use crate::minutes::Reading;
use crate::outside::{self, Outside};
use crate::page::{Page, Problem};
use crate::sources::Sources;
use crate::transcript::Transcript;
use crate::{
    console, controls, exercises, figures, formulas, front, headings, measure, snippets, spine,
};

/// What the weaver has to know besides the pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The repository's root: paths in directives begin here.
    pub root: PathBuf,
    /// The folder with book.toml, where the small committed files lie.
    pub book_folder: PathBuf,
    /// `book/src`.
    pub source_folder: PathBuf,
    /// Where captions link to, without a slash at the end.
    pub source_url: String,
    /// A draft's coverage may fall: the baseline is about to be written.
    pub any_coverage: bool,
}

/// How a page's blocks came to be, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub woven: usize,
    pub compiled: usize,
    pub run: usize,
    pub recorded: usize,
    pub exempt: usize,
}

/// What was learned of a page.
#[derive(Debug)]
pub struct Facts {
    pub path: String,
    pub tally: Tally,
    pub reading: Reading,
    /// The sources that it shows.
    pub sources: BTreeSet<String>,
    pub outside: Vec<Outside>,
    /// Fingerprints of its sources and of its crate's, now.
    pub prints: Prints,
}

/// Everything learned while weaving.
#[derive(Debug, Default)]
pub struct Findings {
    pub problems: Vec<Problem>,
    /// Each chapter crate's coverage, and what its page says it is: draft, finished, or that there is no page.
    pub coverage: Vec<(Coverage, String)>,
    pub entries: Vec<Entry>,
    pub facts: Vec<Facts>,
    /// What has changed since a page said that it is in step: to be told, no failure.
    pub out_of_step: Vec<String>,
}

/// What every page's weaving reads and adds to.
pub struct Loom<'a> {
    pub settings: &'a Settings,
    pub entries: &'a [Entry],
    pub sources: Sources,
    pub shown: Shown,
    pub problems: Vec<Problem>,
}

/// Weaves all pages of the book in place.
pub fn weave_book(book: &mut Book, settings: &Settings) -> Findings {
    let mut problems = Vec::new();
    let entries = entries(book, &mut problems);
    let mut loom = Loom {
        settings,
        entries: &entries,
        sources: Sources::new(&settings.root),
        shown: Shown::default(),
        problems,
    };
    let mut facts = Vec::new();
    book.for_each_chapter_mut(|chapter| {
        let page = Page::new(&page_path(chapter.source_path.as_deref()), &chapter.content);
        let (text, learned) = loom.weave_page(&page);
        chapter.content = text;
        facts.push(learned);
    });
    let mut findings = measure::measure(loom, facts);
    findings.problems.sort();
    findings.entries = entries;
    findings
}

/// The pages with their front lines, in the order of `SUMMARY.md`.
pub fn entries(book: &Book, problems: &mut Vec<Problem>) -> Vec<Entry> {
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

impl Loom<'_> {
    // ANCHOR: weave_page
    /// One page through all steps; returns its Markdown as mdBook gets it, and what was learned of it.
    pub fn weave_page(&mut self, page: &Page) -> (String, Facts) {
        let mut facts = Facts {
            path: page.path.clone(),
            tally: Tally::default(),
            reading: Reading::of(page),
            sources: BTreeSet::new(),
            outside: outside::find(page),
            prints: Prints::new(),
        };
        let mut edits = Vec::new();
        let (blocks, new_edits, new_problems) = blocks::find(page);
        edits.extend(new_edits);
        self.problems.extend(new_problems);
        for block in &blocks {
            match block.kind {
                Kind::Test | Kind::Compile => facts.tally.compiled += 1,
                Kind::Run(_) => {
                    facts.tally.run += 1;
                    // What it prints is compared by `weave run`; that it can be run is seen here.
                    if let Err(error) = console::steps(&block.text) {
                        self.problems.push(page.problem(block.inside.start, error));
                    }
                }
                Kind::Exempt(_) => facts.tally.exempt += 1,
            }
        }
        for (new_edits, new_problems) in [
            formulas::weave(page),
            figures::weave(page, &self.settings.source_folder),
        ] {
            edits.extend(new_edits);
            self.problems.extend(new_problems);
        }
        edits.extend(self.weave_directives(page, &mut facts));
        self.problems.extend(headings::check(page));
        self.problems.extend(controls::check(page));
        let entries = self.entries;
        if let Some(entry) = entries.iter().find(|entry| entry.path == page.path) {
            let (new_edits, new_problems) =
                front::weave(page, &entry.front, &self.settings.source_url);
            edits.extend(new_edits);
            self.problems.extend(new_problems);
            self.problems.extend(spine::check(page, &entry.front));
            let minutes = facts.reading.check(&page.path, entry.front.minutes);
            self.problems.extend(minutes);
            self.problems
                .extend(snippets::gather(page, &entry.front, &blocks).err());
        }
        (edit::apply(&page.text, edits), facts)
    }
    // ANCHOR_END: weave_page

    fn weave_directives(&mut self, page: &Page, facts: &mut Facts) -> Vec<Edit> {
        let (placed, problems) = directive::find(page);
        self.problems.extend(problems);
        let mut edits = Vec::new();
        for placed in placed {
            match self.place(&placed, facts) {
                Ok(text) => edits.push(Edit::new(placed.range, text)),
                Err(said) => self.problems.push(page.problem(placed.range.start, said)),
            }
        }
        edits
    }

    /// What stands in a directive's place, or what is wrong with it.
    fn place(&mut self, placed: &Placed, facts: &mut Facts) -> Result<String, String> {
        let (path, anchor, title) = match &placed.directive {
            Directive::Contents => return Ok(contents::table(self.entries)),
            Directive::Exercises { chapter } => {
                return exercises::table(self.sources.root(), chapter);
            }
            Directive::Table { path } => {
                return std::fs::read_to_string(self.sources.root().join(path)).map_err(|error| {
                    format!("cannot read the table {path}: {error}; the command that writes it stands in the chapter")
                });
            }
            Directive::Transcript { path, lines, title } => {
                let text = self.transcript(path, *lines, title.as_deref(), facts);
                return text.map(|text| listing::indented(&text, &placed.indentation));
            }
            Directive::Weave { path, anchor } => (path, anchor, None),
            Directive::Fold {
                path,
                anchor,
                title,
            } => (path, anchor, Some(title.as_str())),
        };
        let excerpt = self
            .sources
            .excerpt(path, anchor.as_deref())
            .map_err(|error| error.to_string())?;
        self.shown.record(path, &excerpt.shown);
        facts.sources.insert(path.clone());
        facts.tally.woven += 1;
        match title {
            None => facts.reading.lines += excerpt.shown.len(),
            Some(_) => facts.reading.folded += excerpt.shown.len(),
        }
        let origin = Origin {
            path,
            source_url: &self.settings.source_url,
        };
        Ok(listing::render(
            &origin,
            &excerpt,
            title,
            &placed.indentation,
        ))
    }

    fn transcript(
        &self,
        path: &str,
        lines: Option<(usize, usize)>,
        title: Option<&str>,
        facts: &mut Facts,
    ) -> Result<String, String> {
        let error = |error: crate::transcript::Error| error.to_string();
        let text = std::fs::read_to_string(self.sources.root().join(path)).map_err(|said| {
            error(crate::transcript::Error::Read {
                path: path.to_string(),
                said: said.to_string(),
            })
        })?;
        let transcript = Transcript::parse(path, &text).map_err(error)?;
        let rendered = transcript.render(path, lines, title).map_err(error)?;
        let count = rendered.lines().count();
        facts.tally.recorded += 1;
        match title {
            None => facts.reading.lines += count,
            Some(_) => facts.reading.folded += count,
        }
        Ok(rendered)
    }
}

/// `01-tokenizer.md`, with `/` between folders.
pub fn page_path(path: Option<&Path>) -> String {
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
