//! The book's playground is the same tokenizer in JavaScript: a browser encodes what this crate encodes, and gets its ids.
//!
//! Chromium opens a page that is written here, from the book's own scripts and markup, and prints what became of it. Where
//! there is no Chromium the test says so, and fails if `NANOCRAB_NO_SKIP` is 1.

mod texts;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tokenizer::pattern::Pattern;
use tokenizer::{Tokenizer, Vocabulary};

/// The merges as the page loads them.
fn vocabulary() -> Vocabulary {
    let script = std::fs::read_to_string(book().join("play/tokenizer-vocabulary.js")).unwrap();
    let written: String = script.split('"').skip(1).step_by(2).collect();
    let id = |text: &str| u32::from_str_radix(text, 36).unwrap();
    let merges = written
        .split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (left, right) = pair.split_once(' ').unwrap();
            (id(left), id(right))
        })
        .collect();
    Vocabulary::from_merges(merges).unwrap()
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src")
}

#[test]
fn the_playgrounds_vocabulary_is_one_that_training_could_have_made() {
    let vocabulary = vocabulary();
    assert_eq!(Tokenizer::new(vocabulary).vocab_size(), 4_096);
    let script = std::fs::metadata(book().join("play/tokenizer-vocabulary.js")).unwrap();
    assert!(
        script.len() < 150_000,
        "{} bytes are too many for a page",
        script.len()
    );
}

#[test]
fn a_browser_splits_and_encodes_as_this_crate_does() {
    let whole = Tokenizer::new(vocabulary());
    let pattern = Pattern::default();
    let texts = texts::texts();
    assert!(texts.len() >= 200);
    let cases: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            // And a second time with a part of the merges, as the slider shows it.
            let limit = 256 + (index * 97) % 3_831;
            let merges = whole.vocabulary().merges()[..limit - 256].to_vec();
            let part = Tokenizer::new(Vocabulary::from_merges(merges).unwrap());
            let chunks: Vec<&str> = pattern.split(text).collect();
            json!({
                "text": text, "chunks": chunks, "ids": whole.encode(text),
                "limit": limit, "part": part.encode(text),
            })
        })
        .collect();
    let script = r"
        const vocabulary = nanocrabTokenizer.parse(nanocrabMerges);
        const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
        const wrong = [];
        cases.forEach(({ text, chunks, ids, limit, part }, index) => {
            const steps = nanocrabTokenizer.replay(vocabulary, text);
            const after = steps.length === 0 ? 256 : steps[steps.length - 1] + 1;
            const checks = [
                same(nanocrabTokenizer.split(text), chunks),
                same(nanocrabTokenizer.encode(vocabulary, text), ids),
                same(nanocrabTokenizer.encode(vocabulary, text, limit), part),
                same(nanocrabTokenizer.encode(vocabulary, text, after), ids),
            ];
            if (checks.includes(false)) { wrong.push([index, checks]); }
        });
        report({ checked: cases.length, wrong });
    ";
    let Some(report) = in_browser("encoding", "", &json!(cases), script) else {
        return;
    };
    let wrong: Vec<String> = report["wrong"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let text = &texts[found[0].as_u64().unwrap() as usize];
            format!(
                "{text:?}: [chunks, ids, ids with some merges, ids after the replay] {}",
                found[1]
            )
        })
        .collect();
    assert_eq!(report["checked"], texts.len());
    assert!(
        wrong.is_empty(),
        "{} texts differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_page_shows_tokens_replays_merges_and_keeps_its_keys() {
    let page = std::fs::read_to_string(book().join("01-tokenizer.md")).unwrap();
    let begin = page.find("<div id=\"tokenizer-playground\"").unwrap();
    let end = begin
        + page[begin..]
            .find("<!-- end of the playground -->")
            .unwrap();
    let tokenizer = Tokenizer::new(vocabulary());
    let text = "The crab doesn't count 12345 게 🦀";
    let ids = tokenizer.encode(text);
    let script = r"
        const root = document.getElementById('tokenizer-playground');
        const part = (name) => root.querySelector(`[data-part=${name}]`);
        const ids = () => [...root.querySelectorAll('.token')].map((token) => Number(token.dataset.id));
        const visible = !root.hidden && ids().length > 0;
        const input = part('input');
        input.value = cases.text;
        input.dispatchEvent(new Event('input', { bubbles: true }));
        const typed = ids();
        const status = part('counts').textContent;
        const slider = part('slider');
        slider.value = '0';
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        const bytes = ids();
        for (let i = 0; i < Number(slider.max); i++) { part('forward').click(); }
        const replayed = ids();
        const tokens = root.querySelectorAll('.token');
        tokens[0].click();
        const detail = part('detail').textContent;
        const stops = [...tokens].filter((token) => token.tabIndex === 0).length;
        let escaped = 0;
        document.addEventListener('keydown', () => escaped++);
        tokens[0].focus();
        tokens[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
        const moved = document.activeElement === tokens[1];
        const named = [...root.querySelectorAll('button, input, textarea')].every((control) =>
            control.textContent.trim() !== '' || control.getAttribute('aria-label') || control.labels.length > 0);
        report({ visible, typed, status, bytes, replayed, detail, stops, escaped, moved, named });
    ";
    let case = json!({ "text": text });
    let Some(report) = in_browser("page", &page[begin..end], &case, script) else {
        return;
    };
    assert_eq!(report["visible"], true);
    assert_eq!(report["typed"], json!(ids));
    assert_eq!(report["replayed"], json!(ids));
    assert_eq!(report["bytes"], json!(text.as_bytes()));
    let status = report["status"].as_str().unwrap();
    let expected = format!("{} bytes, ", text.len());
    assert!(
        status.contains(&expected) && status.contains(&format!("{} tokens", ids.len())),
        "{status}"
    );
    assert!(
        report["detail"].as_str().unwrap().contains("54 68 65"),
        "{}",
        report["detail"]
    );
    assert_eq!(report["stops"], 1, "the tokens are one stop of the tab key");
    assert_eq!(
        report["moved"], true,
        "the arrow key goes to the next token"
    );
    assert_eq!(report["escaped"], 0, "the book would turn the page");
    assert_eq!(report["named"], true, "every control has a name");
}

/// Opens a page with the playground's scripts, `cases` and `script` in it. Returns what the script reports; `None` if there is
/// no browser.
fn in_browser(name: &str, markup: &str, cases: &Value, script: &str) -> Option<Value> {
    let Some(browser) = browser() else {
        let message = "skipped: no Chromium found; install the package chromium";
        let forbidden = std::env::var("NANOCRAB_NO_SKIP").is_ok_and(|value| value == "1");
        assert!(!forbidden, "{message}");
        println!("{message}");
        return None;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("playground-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    let source = |file: &str| std::fs::read_to_string(book().join("play").join(file)).unwrap();
    std::fs::write(
        folder.join("cases.js"),
        format!("globalThis.cases = {cases};\n"),
    )
    .unwrap();
    let mut scripts = String::new();
    for file in [
        "tokenizer-vocabulary.js",
        "tokenizer.js",
        "tokenizer-playground.js",
    ] {
        std::fs::write(folder.join(file), source(file)).unwrap();
        scripts += &format!("<script src=\"{file}\"></script>\n");
    }
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><body>{markup}\n{scripts}<script src=\"cases.js\"></script>\n\
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
    let begin = html
        .find("<pre id=\"report\">")
        .expect("the page was printed")
        + "<pre id=\"report\">".len();
    let end = begin
        + html[begin..]
            .find("</pre>")
            .expect("the page was printed whole");
    let report = &html[begin..end];
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
