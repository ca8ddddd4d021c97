//! A page made of the book's own scripts and markup, opened in Chromium, and what its script reports. Later chapters take this file for
//! the tests of their own pages.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src")
}

/// What stands in the chapter's page between the element with this id and the comment that ends it.
pub fn markup(id: &str, end: &str) -> String {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).file_name().unwrap();
    let page = book().join(chapter).with_extension("md");
    let page = std::fs::read_to_string(page).unwrap();
    let begin = page.find(&format!("<div id=\"{id}\"")).unwrap();
    let length = page[begin..].find(end).unwrap();
    page[begin..begin + length].to_string()
}

/// Opens a page with `scripts` of the book, `cases` and `script` in it. Returns what the script reports; `None` if there is no
/// browser, which is a failure where `NANOCRAB_NO_SKIP` is 1.
pub fn in_browser(
    name: &str,
    markup: &str,
    scripts: &[&str],
    cases: &Value,
    script: &str,
) -> Option<Value> {
    let Some(browser) = browser() else {
        let message = "skipped: no Chromium found; install the package chromium";
        let forbidden = std::env::var("NANOCRAB_NO_SKIP").is_ok_and(|value| value == "1");
        assert!(!forbidden, "{message}");
        println!("{message}");
        return None;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}-{name}", env!("CARGO_PKG_NAME")));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("cases.js"),
        format!("globalThis.cases = {cases};\n"),
    )
    .unwrap();
    let mut loaded = String::new();
    for file in scripts {
        std::fs::copy(book().join("play").join(file), folder.join(file)).unwrap();
        loaded += &format!("<script src=\"{file}\"></script>\n");
    }
    // The report goes out in hexadecimal digits: nothing in it can be taken for markup.
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><body>{markup}\n{loaded}<script src=\"cases.js\"></script>\n\
         <pre id=\"report\"></pre>\n<script>\n\
         const report = (found) => {{\n\
           const bytes = new TextEncoder().encode(JSON.stringify(found));\n\
           document.getElementById('report').textContent = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');\n\
         }};\n{script}\n</script></body>\n"
    );
    let page = folder.join("index.html");
    std::fs::write(&page, html).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    let html = String::from_utf8_lossy(&output.stdout).into_owned();
    let opening = "<pre id=\"report\">";
    let begin = html.find(opening).expect("the page was printed") + opening.len();
    let length = html[begin..]
        .find("</pre>")
        .expect("the page was printed whole");
    let report = &html[begin..begin + length];
    assert!(
        !report.is_empty(),
        "the page's script stopped with an error; open {} and look",
        page.display()
    );
    let bytes: Vec<u8> = (0..report.len() / 2)
        .map(|at| u8::from_str_radix(&report[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
    ];
    let on_macos = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .chain([on_macos])
        .find(|program| program.is_file())
}
