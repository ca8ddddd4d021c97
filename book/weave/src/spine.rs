//! The spine: the headings that every chapter has, in this order.
//!
//! A draft may lack *Exercises*, which are written last. A draft with none of these headings is a sketch, a page that
//! holds the place of a chapter; it is not linted.
//!
//! The walk through motivation, mathematics and code stands between *Predict* and *Run it*, under headings of the
//! chapter's own; there is at least one.

use crate::front::{Front, Status};
use crate::page::{Page, Problem};

const BEFORE_THE_WALK: [&str; 2] = ["What you will build", "Predict"];
const AFTER_THE_WALK: [&str; 6] = [
    "Run it",
    "Measured",
    "What nanochat does",
    "Exercises",
    "Questions",
    "Further reading",
];

/// What a draft may lack.
const LAST_WRITTEN: &str = "Exercises";

/// Problems of a chapter's headings; pages without a crate have none.
pub fn check(page: &Page, front: &Front) -> Vec<Problem> {
    if front.crate_folder.is_none() {
        return Vec::new();
    }
    let headings = page.headings();
    let sections: Vec<(&str, usize)> = headings
        .iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| (heading.text.trim(), heading.range.start))
        .collect();
    let spine = || BEFORE_THE_WALK.iter().chain(&AFTER_THE_WALK);
    let is_draft = front.status == Status::Draft;
    if is_draft
        && !sections
            .iter()
            .any(|(text, _)| spine().any(|wanted| wanted == text))
    {
        return Vec::new();
    }
    let mut problems = misspelled(page, &sections);
    let mut next = 0;
    for (index, wanted) in spine().enumerate() {
        match sections[next..].iter().position(|(text, _)| text == wanted) {
            Some(skipped) => {
                if index == BEFORE_THE_WALK.len() && skipped == 0 {
                    problems.push(page.problem(
                        sections[next].1,
                        "the walk is missing: no `##` heading between \"Predict\" and \"Run it\".",
                    ));
                }
                next += skipped + 1;
            }
            None => {
                let elsewhere = sections.iter().find(|(text, _)| text == wanted);
                match elsewhere {
                    Some((_, offset)) => problems.push(page.problem(
                        *offset,
                        format!("the heading \"{wanted}\" stands too early for the book's spine."),
                    )),
                    None if is_draft && *wanted == LAST_WRITTEN => {}
                    None => problems.push(page.problem(
                        0,
                        format!("a chapter needs the heading `## {wanted}`; a draft may lack `## {LAST_WRITTEN}` alone, or be a sketch without any of the spine's headings."),
                    )),
                }
            }
        }
    }
    problems
}

/// `## Run It` is meant to be a heading of the spine, and is none.
fn misspelled(page: &Page, sections: &[(&str, usize)]) -> Vec<Problem> {
    let spine = || BEFORE_THE_WALK.into_iter().chain(AFTER_THE_WALK);
    sections
        .iter()
        .filter_map(|(text, offset)| {
            let meant =
                spine().find(|wanted| wanted.eq_ignore_ascii_case(text) && wanted != text)?;
            Some(page.problem(
                *offset,
                format!("\"{text}\" is written \"{meant}\" in this book."),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished() -> Front {
        Front {
            minutes: 1,
            status: Status::Finished,
            crate_folder: Some("chapters/01".into()),
        }
    }

    fn page(sections: &[&str]) -> Page {
        let body: Vec<String> = sections
            .iter()
            .map(|section| format!("## {section}\n\ntext\n"))
            .collect();
        Page::new("a.md", &format!("# T\n\n{}", body.join("\n")))
    }

    const WHOLE: [&str; 9] = [
        "What you will build",
        "Predict",
        "Counting pairs",
        "Run it",
        "Measured",
        "What nanochat does",
        "Exercises",
        "Questions",
        "Further reading",
    ];

    #[test]
    fn a_whole_spine_passes() {
        assert_eq!(check(&page(&WHOLE), &finished()), []);
    }

    #[test]
    fn a_missing_heading_a_missing_walk_and_a_wrong_order_are_problems() {
        let without: Vec<&str> = WHOLE
            .into_iter()
            .filter(|section| *section != "Measured")
            .collect();
        let problems = check(&page(&without), &finished());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("`## Measured`"));

        let no_walk: Vec<&str> = WHOLE
            .into_iter()
            .filter(|section| *section != "Counting pairs")
            .collect();
        assert!(
            check(&page(&no_walk), &finished())[0]
                .message
                .contains("the walk is missing")
        );

        let mut swapped = WHOLE;
        swapped.swap(3, 4);
        assert!(
            check(&page(&swapped), &finished())[0]
                .message
                .contains("too early")
        );
    }

    #[test]
    fn a_draft_may_lack_exercises_or_be_a_sketch() {
        let draft = Front {
            status: Status::Draft,
            ..finished()
        };
        assert_eq!(check(&page(&[]), &draft), []);
        assert_eq!(check(&page(&["Something of its own"]), &draft), []);
        let without = |heading: &str| -> Vec<&str> {
            WHOLE
                .into_iter()
                .filter(|section| *section != heading)
                .collect()
        };
        assert_eq!(check(&page(&without("Exercises")), &draft), []);
        assert_eq!(check(&page(&without("Exercises")), &finished()).len(), 1);
        assert_eq!(check(&page(&without("Measured")), &draft).len(), 1);
    }

    #[test]
    fn a_heading_in_other_letters_is_named() {
        let mut shouted = WHOLE;
        shouted[3] = "Run It";
        let problems = check(&page(&shouted), &finished());
        assert!(
            problems[0]
                .message
                .contains("\"Run It\" is written \"Run it\"")
        );
    }
}
