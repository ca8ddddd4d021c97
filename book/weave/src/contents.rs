//! The contents page: every page with its minutes and its status, and the sum.

use crate::front::{Front, Status, duration};

/// A page as the contents list it.
#[derive(Debug)]
pub struct Entry {
    /// "3. transformer", or a title without a number.
    pub title: String,
    /// Relative to `book/src`.
    pub path: String,
    pub front: Front,
}

/// The Markdown that stands in place of `{{#contents}}`.
pub fn table(entries: &[Entry]) -> String {
    let mut text =
        String::from("<div class=\"contents\">\n\n| Page | Time | Status |\n|---|--:|---|\n");
    for entry in entries {
        let status = match entry.front.status {
            Status::Draft => "draft",
            Status::Finished => "finished",
        };
        text.push_str(&format!(
            "| [{}]({}) | {} | {status} |\n",
            entry.title,
            entry.path,
            duration(entry.front.minutes)
        ));
    }
    let sum: u32 = entries.iter().map(|entry| entry.front.minutes).sum();
    text.push_str(&format!(
        "| **In all** | **{}** | |\n\n</div>",
        duration(sum)
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_summed() {
        let entry = |minutes| Entry {
            title: "T".into(),
            path: "t.md".into(),
            front: Front {
                minutes,
                status: Status::Draft,
                crate_folder: None,
            },
        };
        let text = table(&[entry(50), entry(25)]);
        assert!(
            text.contains("| [T](t.md) | 50 minutes | draft |"),
            "{text}"
        );
        assert!(
            text.contains("| **In all** | **1 hour 15 minutes** | |"),
            "{text}"
        );
    }
}
