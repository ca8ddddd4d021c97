//! Text is text, whoever wrote it.

use crate::browser::{Answer, Asked, Page, Scripted, open, token};
use serde_json::json;

#[test]
fn what_a_model_or_a_person_writes_is_never_html() {
    let evil = "<img src=x onerror=\"window.hacked = 1\"><script>window.hacked = 2</script> \
                **<b>bold</b>** `<i>code</i>`";
    let fenced = "\n```<u>html</u>\n<a href=\"javascript:window.hacked = 3\">x</a>\n```\n\
                  <style>body { display: none }</style>";
    let script = move |asked: &Asked, answer: &mut Answer| {
        if asked.question() == "refuse" {
            return answer.refuse("400 Bad Request", "", "c", evil);
        }
        answer.begin()?;
        answer.calculate(evil, evil)?;
        let tokens = [token(
            evil,
            0.5,
            &[
                (evil, 0.5),
                ("<img src=y onerror=\"window.hacked = 4\">", 0.5),
            ],
        )];
        answer.delta(json!({"content": format!("{evil}{fenced}")}), &tokens)?;
        answer.end("stop")
    };
    let server = Scripted::start(script);
    let Some(page) = open(&server.address) else {
        return;
    };
    let page = page.expecting_refusals();
    page.ask(evil);
    let harmless = |page: &Page| {
        let foreign = "main :is(img, script, style, i, u, a, b:not(#model b, .trouble b))";
        assert_eq!(page.count(foreign), 0);
        assert_eq!(page.value("String(window.hacked)"), "undefined");
    };
    harmless(&page);
    let shown = page.conversation();
    assert_eq!(shown[0], evil);
    assert!(
        shown[1].contains(
            "<img src=x onerror=\"window.hacked = 1\"><script>window.hacked = 2</script>"
        )
    );
    assert!(shown[1].contains("<style>body { display: none }</style>"));
    // What little Markdown there is, is made of elements that the page made.
    assert_eq!(page.texts(".reply strong"), ["<b>bold</b>"]);
    assert_eq!(page.texts(".reply .words code"), ["<i>code</i>"]);
    assert_eq!(
        page.texts(".reply pre"),
        ["<a href=\"javascript:window.hacked = 3\">x</a>"]
    );
    assert_eq!(page.texts(".tool dd"), [evil, evil]);
    assert!(page.texts("#conversations .open")[0].starts_with("<img src=x onerror="));
    page.click("#xray");
    page.point_at(".token");
    page.until("!document.querySelector('#evidence').hidden");
    harmless(&page);
    assert!(page.text("#evidence").contains("onerror"));
    page.ask("refuse");
    assert_eq!(page.text(".trouble p"), evil);
    page.load();
    harmless(&page);
    assert_eq!(page.count(".turn"), 2);
}

#[test]
fn white_space_is_kept_and_arithmetic_is_not_bold() {
    let text = "a  b\n\n   c\t2**3 and 4**5, `x`";
    let server = Scripted::start(move |_, answer| {
        answer.begin()?;
        answer.say(text)?;
        answer.end("stop")
    });
    let Some(page) = open(&server.address) else {
        return;
    };
    page.ask("line one\n  line two");
    assert_eq!(
        page.conversation(),
        ["line one\n  line two", &text.replace('`', "")]
    );
    assert_eq!(page.count(".reply strong"), 0);
    assert_eq!(
        page.string("getComputedStyle(document.querySelector('.reply .words')).whiteSpace"),
        "pre-wrap"
    );
}
