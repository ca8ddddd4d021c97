//! What the commands do that are more than one call: read the book, do their work on each page, say what came of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use weave::build::{Built, Error, committed, inspect, named, pages, write_committed};
use weave::in_step::{self, Stamps};
use weave::outside::{self, Seen};
use weave::{blocks, console, measure, snippets, transcript};

/// The repository's root: the folder that the book's folder lies in.
fn root(book: &Path) -> anyhow::Result<std::path::PathBuf> {
    let book = std::path::absolute(book)?;
    let root = book
        .parent()
        .context("the book's folder lies in no other")?;
    Ok(root.to_path_buf())
}

/// Gathers the blocks that are compiled.
pub fn gather(book: &Path) -> anyhow::Result<()> {
    let (mut gathered, mut problems) = (Vec::new(), Vec::new());
    for (page, front) in pages(book, &[])? {
        let (blocks, _, more) = blocks::find(&page);
        problems.extend(more);
        match snippets::gather(&page, &front, &blocks) {
            Ok(found) => gathered.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Problems(named(book, problems)?).into());
    }
    snippets::write(&root(book)?, &gathered)?;
    for file in &gathered {
        println!("{} ({} of its page's blocks)", file.path, file.blocks);
    }
    let blocks: usize = gathered.iter().map(|file| file.blocks).sum();
    println!("{blocks} blocks to compile, of {} pages", gathered.len());
    Ok(())
}

/// Runs the console blocks of these pages, or of all.
pub fn run(book: &Path, names: &[String], update: bool) -> anyhow::Result<()> {
    let root = root(book)?;
    let (mut count, mut problems) = (0, Vec::new());
    for (page, _) in pages(book, names)? {
        let (blocks, _, _) = blocks::find(&page);
        let ran = console::run_page(&page, &blocks, &root);
        count += ran.blocks;
        match ran.updated {
            Some(text) if update => {
                let path = book.join("src").join(&page.path);
                fs::write(&path, text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                println!("book/src/{}: put in what its commands print", page.path);
                // What the update could not mend is said by the next run.
            }
            _ => problems.extend(ran.problems),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Problems(named(book, problems)?).into());
    }
    println!("{count} console blocks run");
    Ok(())
}

/// Runs a command once and keeps what it prints.
pub fn record(book: &Path, file: &Path, machine: &str, command: &str) -> anyhow::Result<()> {
    let recorded = transcript::record(command, machine, &root(book)?)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, recorded.text()).with_context(|| format!("cannot write {}", file.display()))?;
    println!(
        "{}: {} lines",
        file.display(),
        recorded.output.lines().count()
    );
    Ok(())
}

/// Stamps these pages, or all.
pub fn in_step(book: &Path, names: &[String]) -> anyhow::Result<()> {
    let chosen: Vec<String> = pages(book, names)?
        .into_iter()
        .map(|(page, _)| page.path)
        .collect();
    let mut stamps = Stamps::parse(&committed(book, in_step::FILE)?);
    let mut count = 0;
    for facts in inspect(book)?.facts {
        if chosen.contains(&facts.path) {
            count += facts.prints.len();
            stamps.stamp(&facts.path, facts.prints);
        }
    }
    write_committed(book, in_step::FILE, &stamps.text())?;
    println!("{} pages in step with {count} sources", chosen.len());
    Ok(())
}

/// Makes the list of links fit the pages, and looks for them if asked.
pub fn links(book: &Path, look: bool) -> anyhow::Result<()> {
    let (mut seen, _) = Seen::parse(&committed(book, outside::FILE)?);
    seen.update(&measure::outside_links(&inspect(book)?.facts));
    let silent = match look {
        true => seen.look(&transcript::today(), outside::answers),
        false => Vec::new(),
    };
    write_committed(book, outside::FILE, &seen.text())?;
    println!("{}", seen.in_words());
    for link in &silent {
        eprintln!("no answer: {link}");
    }
    ensure!(silent.is_empty(), "{} links do not answer", silent.len());
    Ok(())
}

pub fn links_in_words(book: &Path) -> anyhow::Result<String> {
    let (seen, _) = Seen::parse(&committed(book, outside::FILE)?);
    Ok(seen.in_words())
}

/// The last line of a build, which `cargo course test` shows.
pub fn built_in_words(built: &Built) -> String {
    let findings = &built.findings;
    let step = match findings.out_of_step.len() {
        0 => String::new(),
        1 => ", 1 source changed since its page was in step".to_string(),
        changed => format!(", {changed} sources changed since their pages were in step"),
    };
    let index = built.output.join("index.html");
    format!(
        "{} pages{step}, in {}",
        findings.facts.len(),
        index.display()
    )
}
