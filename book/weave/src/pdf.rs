//! A PDF of the book, printed from its print page by a browser that has no window, where there is one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::build::Error;
use crate::patience::output_within;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Nine hundred pages took 20 seconds on two busy cores.
const PATIENCE: Duration = Duration::from_secs(300);

/// The file's name in the built book.
const NAME: &str = "nanocrab.pdf";

/// Prints a built book (the folder with `print.html`) into one file in it.
pub fn print(output: &Path) -> Result<PathBuf, Error> {
    let browser = BROWSERS.iter().find(|name| runs(name));
    let browser = browser.ok_or(Error::NoBrowser)?;
    let output = std::path::absolute(output).unwrap_or_else(|_| output.to_path_buf());
    let pdf = output.join(NAME);
    let page = output.join("print.html");
    // An older file must not be taken for a new one.
    let _ = std::fs::remove_file(&pdf);
    // A profile of its own: a browser that is open already would take the request over, and print nothing.
    let profile = std::env::temp_dir().join(format!("nanocrab-print-{}", std::process::id()));
    let printed = output_within(
        Command::new(browser)
            .args(["--headless", "--disable-gpu", "--no-pdf-header-footer"])
            // Inside a container there is no sandbox for the root user; what is printed is our own page.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--print-to-pdf={}", pdf.display()))
            .arg(format!("file://{}", page.display())),
        PATIENCE,
    );
    let _ = std::fs::remove_dir_all(&profile);
    let said = match printed {
        Ok(Some(printed)) => String::from_utf8_lossy(&printed.stderr).into_owned(),
        Ok(None) => format!("nothing in {} seconds", PATIENCE.as_secs()),
        Err(error) => error.to_string(),
    };
    match std::fs::metadata(&pdf) {
        Ok(file) if file.len() > 0 => Ok(pdf),
        _ => Err(Error::Pdf {
            browser: browser.to_string(),
            said: said.lines().last().unwrap_or("nothing").to_string(),
        }),
    }
}

fn runs(program: &str) -> bool {
    let started = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    started.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_a_pdf_where_there_is_a_browser() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("print.html"), "<h1>Book</h1>").unwrap();
        match print(folder.path()) {
            Ok(pdf) => assert!(std::fs::read(pdf).unwrap().starts_with(b"%PDF-")),
            Err(Error::NoBrowser) => println!("skipped: there is no Chromium to print with"),
            Err(error) => panic!("{error}"),
        }
    }
}
