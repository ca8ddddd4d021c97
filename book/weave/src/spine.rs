//! The spine: the headings that every finished chapter has, in this order.
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

/// Problems of a finished chapter's headings; drafts and pages without a crate have none.
pub fn check(page: &Page, front: &Front) -> Vec<Problem> {
    if front.status != Status::Finished || front.crate_folder.is_none() {
        return Vec::new();
    }
    let headings = page.headings();
    let sections: Vec<(&str, usize)> = headings
        .iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| (heading.text.trim(), heading.range.start))
        .collect();
    let mut problems = Vec::new();
    let mut next = 0;
    for (index, wanted) in BEFORE_THE_WALK.iter().chain(&AFTER_THE_WALK).enumerate() {
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
                problems.push(match elsewhere {
                    Some((_, offset)) => {
                        page.problem(*offset, format!("the heading \"{wanted}\" stands too early for the book's spine."))
                    }
                    None => page.problem(
                        0,
                        format!("a finished chapter needs the heading `## {wanted}`; add it, or make the page a draft."),
                    ),
                });
            }
        }
    }
    problems
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
    fn drafts_are_not_linted() {
        let draft = Front {
            status: Status::Draft,
            ..finished()
        };
        assert_eq!(check(&page(&[]), &draft), []);
    }
}
