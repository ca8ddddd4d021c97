//! `weave`: the program that makes the book.
//!
//! Words used throughout:
//!
//! - **page**: one Markdown file in `book/src`, listed in `SUMMARY.md`.
//! - **source**: a file of the repository that a page shows lines of.
//! - **region**: the lines of a source between `ANCHOR: name` and `ANCHOR_END: name`.
//! - **directive**: a line of a page such as `{{#weave path:region}}` that asks for something to be put there.
//! - **listing**: what a directive becomes: a caption that links to the source, and the lines.
//! - **block**: a fenced block of a page; it is compiled (`snippets`), run (`console`) or exempt with a reason.
//! - **transcript**: a file with what a long command printed once, and when.
//! - **baseline**, **stamp**, **list of links**: small files in `book/` that say what was so when somebody last looked.
//! - **problem**: something a page's author has to mend; any problem fails the build, and all are reported together.
//!
//! A page goes through `weaver::weave_page`: each check or step reads the page as its author wrote it and answers
//! with edits (byte range, replacement) and problems. The edits are applied once, at the end, so no step ever reads
//! what another one wrote, and a `$` or a `{{` inside woven code means nothing.

pub mod anchors;
pub mod baseline;
pub mod blocks;
pub mod build;
pub mod console;
pub mod contents;
pub mod controls;
pub mod coverage;
pub mod directive;
pub mod edit;
pub mod exercises;
pub mod figures;
pub mod formulas;
pub mod front;
pub mod headings;
pub mod html;
pub mod in_step;
pub mod links;
pub mod listing;
pub mod matching;
pub mod measure;
pub mod minutes;
pub mod nearest;
pub mod outside;
pub mod page;
pub mod patience;
pub mod pdf;
pub mod report;
pub mod serve;
pub mod snippets;
pub mod sources;
pub mod spine;
pub mod transcript;
pub mod watch;
pub mod weaver;
