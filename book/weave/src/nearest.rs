//! "Did you mean": the candidates nearest to a name that was not found.

/// At most three candidates, nearest first, none further away than half the name's length (and two at least).
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (name.chars().count() / 2).max(2);
    let mut ranked: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || candidate.contains(name) || name.contains(candidate)
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked
        .into_iter()
        .take(3)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// "; did you mean `a` or `b`?", or nothing if nothing is near.
pub fn suggestion(near: &[&str]) -> String {
    if near.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}

/// Levenshtein's distance: the fewest single-character insertions, deletions and replacements. One row of the table
/// is enough, since each row only looks at the one before.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_characters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn the_nearest_come_first_and_far_ones_are_left_out() {
        let found = nearest(
            "merge_pair",
            ["merge_pairs", "count_pairs", "merge", "zebra"],
        );
        assert_eq!(found[0], "merge_pairs");
        assert!(!found.contains(&"zebra"));
        assert_eq!(suggestion(&[]), "");
        assert_eq!(suggestion(&["a", "b"]), "; did you mean `a` or `b`?");
    }
}
