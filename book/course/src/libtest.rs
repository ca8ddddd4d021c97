//! Reading what `cargo test` printed: how many tests there were, which failed and why, which skipped themselves.

// ANCHOR: failures
/// What libtest says about its failed tests: everything between a line `failures:` and the result. `None` where no
/// test failed, because something did not compile.
pub fn failures(log: &str) -> Option<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in log.lines() {
        inside |= line == "failures:";
        if inside {
            lines.push(line);
        }
        inside &= !line.starts_with("test result:");
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
// ANCHOR_END: failures

// ANCHOR: count
/// Sums libtest's result lines; tests that print `skipped: why` are counted beside.
pub fn count(log: &str) -> String {
    let number_before = |line: &str, word: &str| -> usize {
        let number = line
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
        number.unwrap_or(0)
    };
    let results = || log.lines().filter(|line| line.starts_with("test result:"));
    let passed: usize = results().map(|line| number_before(line, "passed")).sum();
    let failed: usize = results().map(|line| number_before(line, "failed")).sum();
    let mut reasons: Vec<&str> = log
        .lines()
        .filter_map(|line| line.trim().strip_prefix("skipped: "))
        .collect();
    let skipped = reasons.len();
    reasons.sort_unstable();
    reasons.dedup();
    let mut text = format!("{passed} tests");
    if failed > 0 {
        text += &format!(", {failed} failed");
    }
    if skipped > 0 {
        text += &format!(", of which {skipped} did nothing ({})", reasons.join("; "));
    }
    text
}
// ANCHOR_END: count

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_test_is_shown_with_its_message_and_without_the_others() {
        let log = "successes:\n    a\ntest result: ok. 1 passed\nfailures:\n\n---- b stdout ----\nleft: 1, right: 2\n\n\
                   failures:\n    b\ntest result: FAILED. 0 passed; 1 failed\n   Doc-tests x\n";
        let shown = failures(log).unwrap();
        assert!(
            shown.contains("left: 1, right: 2") && shown.ends_with("1 failed"),
            "{shown}"
        );
        assert!(
            !shown.contains("successes") && !shown.contains("Doc-tests"),
            "{shown}"
        );
        assert_eq!(failures("error: could not compile"), None);
    }

    #[test]
    fn test_results_are_summed_and_skips_are_named() {
        let log = "test a ... ok\nskipped: NANOCRAB_REAL_DATA is not set\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n\
                   skipped: NANOCRAB_REAL_DATA is not set\ntest result: FAILED. 4 passed; 1 failed; 0 ignored\n";
        assert_eq!(
            count(log),
            "7 tests, 1 failed, of which 2 did nothing (NANOCRAB_REAL_DATA is not set)"
        );
    }
}
