//! The order of headings, by which those who hear a page find their way: one `#`, first, and no level left out.

use crate::page::{Page, Problem};

/// Problems of a page's headings.
pub fn check(page: &Page) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut before = 0;
    for heading in page.headings() {
        let message = match (before, heading.level) {
            (0, level) if level > 1 => Some(format!(
                "the page's first heading is \"{}\"; its title `# …` comes before.",
                heading.text
            )),
            (1.., 1) => Some(format!(
                "\"{}\" is a second title; a page has one `#`.",
                heading.text
            )),
            (before, level) if level > before + 1 => Some(format!(
                "\"{}\" leaves out a level: after {} comes at most {}.",
                heading.text,
                "#".repeat(before.into()),
                "#".repeat((before + 1).into())
            )),
            _ => None,
        };
        if heading.text.trim().is_empty() {
            problems.push(page.problem(heading.range.start, "a heading without words."));
        }
        problems.extend(message.map(|message| page.problem(heading.range.start, message)));
        before = heading.level;
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let problems = check(&Page::new("a.md", text));
        problems
            .into_iter()
            .map(|problem| problem.to_string())
            .collect()
    }

    #[test]
    fn a_title_and_levels_that_follow_one_another_pass() {
        assert!(said("# T\n\n## A\n\n### B\n\n#### C\n\n## D\n").is_empty());
    }

    #[test]
    fn a_level_left_out_a_second_title_and_a_late_one_are_problems() {
        assert_eq!(
            said("# T\n\n### B\n"),
            ["a.md:3: \"B\" leaves out a level: after # comes at most ##."]
        );
        assert_eq!(
            said("# T\n\n# U\n"),
            ["a.md:3: \"U\" is a second title; a page has one `#`."]
        );
        assert!(said("## A\n\n# T\n")[0].contains("first heading is \"A\""));
        assert!(said("# T\n\n##\n")[0].contains("without words"));
    }
}
