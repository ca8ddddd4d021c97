// ANCHOR: head
//! Cutting long texts: a book is one file, but not one document.
//!
//! A row of a small model holds a few hundred characters, and best-fit packing crops what is longer. A novel given as one
//! document would be read for one row and thrown away. So a text of more than `max_chars` characters is cut into *pieces*,
//! each of which becomes a document of its own: at a blank line if there is one in the right place, else at the end of a
//! line, else between two words, and only if all that fails in the middle of a word.
// ANCHOR_END: head

// ANCHOR: pieces
/// Cut `text` into pieces of at most `max_chars` characters. White space at the cuts and around the whole is dropped, and
/// nothing else; a text without anything but white space gives no pieces.
///
/// Every piece but the last is at least half of `max_chars` long before that trimming, so that a heading is not torn off
/// what it heads.
pub fn pieces(text: &str, max_chars: usize) -> Vec<&str> {
    assert!(max_chars > 0, "a piece needs room for one character");
    let mut pieces = Vec::new();
    let mut rest = trimmed(text);
    // The byte where character number `max_chars` begins, if there is one.
    while let Some((window, _)) = rest.char_indices().nth(max_chars) {
        let (piece, behind) = rest.split_at(cut(&rest[..window]));
        pieces.push(trimmed(piece));
        rest = trimmed(behind);
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Where to cut a window of text: the last good place in its second half.
fn cut(window: &str) -> usize {
    let half = window.len() / 2;
    let after =
        |found: Option<usize>, length: usize| found.map(|at| at + length).filter(|&end| end > half);
    after(window.rfind("\n\n"), 2)
        .or_else(|| after(window.rfind('\n'), 1))
        .or_else(|| after(window.rfind(' '), 1))
        .unwrap_or(window.len())
}

/// Without white space behind and empty lines before. Spaces before the first word stay: they may be indentation.
fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            break;
        }
        start += line.len();
    }
    &text[start..]
}
// ANCHOR_END: pieces

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(
            pieces("\n\n  indented\nand more \n", 100),
            ["  indented\nand more"]
        );
        assert!(pieces(" \n \n", 5).is_empty());
    }

    #[test]
    fn blank_lines_are_the_first_choice_then_lines_then_words() {
        assert_eq!(
            pieces("one two\n\nthree four\n\nfive", 14),
            ["one two", "three four", "five"]
        );
        assert_eq!(
            pieces("one two\nthree four\nfive", 14),
            ["one two", "three four", "five"]
        );
        assert_eq!(pieces("one two three four", 14), ["one two three", "four"]);
        assert_eq!(pieces("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn characters_count_not_bytes() {
        assert_eq!(pieces("äöüßéè", 3), ["äöü", "ßéè"]);
    }

    #[test]
    fn nothing_but_white_space_is_lost() {
        let text = "A heading\n\nThen a paragraph of some words.\n\n\nAnother one, much longer than the others are.\n".repeat(40);
        let letters = |text: &str| {
            text.chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
        };
        for max_chars in [1, 2, 7, 40, 100, 1000, 100_000] {
            let pieces = pieces(&text, max_chars);
            assert!(
                pieces
                    .iter()
                    .all(|piece| piece.chars().count() <= max_chars && !piece.trim().is_empty())
            );
            assert_eq!(letters(&pieces.concat()), letters(&text));
        }
    }
}
// ANCHOR_END: tests
