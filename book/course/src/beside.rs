//! Two texts beside each other, or one below the other where the terminal is too narrow.

use std::io::IsTerminal;

// ANCHOR: beside
/// Narrower columns would break most lines of code.
const NARROWEST: usize = 60;

/// Two texts with their titles, for a terminal of so many columns. Long lines are broken, never cut.
pub fn beside(left: (&str, &str), right: (&str, &str), width: usize) -> String {
    let column = width.saturating_sub(3) / 2;
    if column < NARROWEST {
        return [left, right]
            .map(|(title, text)| format!("── {title} ──\n{text}\n"))
            .join("\n");
    }
    let mut rows = vec![
        (left.0.to_string(), right.0.to_string()),
        ("─".repeat(column), "─".repeat(column)),
    ];
    let (left, right) = (broken(left.1, column), broken(right.1, column));
    for at in 0..left.len().max(right.len()) {
        let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
        rows.push((line(&left), line(&right)));
    }
    rows.into_iter()
        .map(|(left, right)| format!("{}\n", format!("{left:<column$} │ {right}").trim_end()))
        .collect()
}

/// Lines of at most `width` characters.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line: Vec<char> = line.chars().collect();
        match line.is_empty() {
            true => lines.push(String::new()),
            false => lines.extend(line.chunks(width).map(|part| part.iter().collect())),
        }
    }
    lines
}

/// The columns of the terminal; 80 where standard output is none.
pub fn terminal_width() -> usize {
    if !std::io::stdout().is_terminal() {
        return 80;
    }
    // SAFETY: the kernel fills the struct that it is given, which lives until the call returns.
    let columns = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        match libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) {
            0 => size.ws_col,
            _ => 0,
        }
    };
    if columns == 0 { 80 } else { columns.into() }
}
// ANCHOR_END: beside

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_terminals_get_two_columns_and_narrow_ones_one() {
        let long = "x".repeat(70);
        let wide = beside(("yours", "a\n\nb"), ("reference", &long), 123);
        let lines: Vec<&str> = wide.lines().collect();
        assert_eq!(lines.len(), 5, "{wide}");
        assert!(
            lines[2].starts_with('a') && lines[2].ends_with(&"x".repeat(60)),
            "{wide}"
        );
        assert!(
            lines[3].ends_with(&format!("│ {}", "x".repeat(10))),
            "{wide}"
        );
        assert!(
            lines.iter().all(|line| line.chars().count() <= 123),
            "{wide}"
        );
        let narrow = beside(("yours", "a"), ("reference", "b"), 80);
        assert_eq!(narrow, "── yours ──\na\n\n── reference ──\nb\n");
    }
}
