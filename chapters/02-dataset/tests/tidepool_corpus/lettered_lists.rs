//! Pages with letters: what is looked up is what the list says.

use dataset::tidepool::World;
use dataset::tidepool::dice::Dice;
use dataset::tidepool::genres::binding;
use std::collections::BTreeMap;

const PAGES: usize = 400;

/// Options and their letters; no option and no letter twice.
fn table<'a>(entries: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, &'a str> {
    let mut table = BTreeMap::new();
    for entry in entries {
        let (option, letter) = entry.rsplit_once('=').unwrap();
        let option = option.strip_prefix("- ").unwrap_or(option);
        assert!(table.insert(option, letter).is_none(), "{option} twice");
    }
    let mut letters: Vec<&str> = table.values().copied().collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), table.len());
    assert!((1..=4).contains(&table.len()));
    table
}

/// ` reef=B the lagoon=C` -> `reef=B`, `the lagoon=C`
fn close_entries(line: &str) -> Vec<&str> {
    let ends: Vec<usize> = line
        .match_indices('=')
        .map(|(place, _)| place + 2)
        .collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let pieces = starts.zip(&ends).map(|(from, to)| line[from..*to].trim());
    pieces.collect()
}

#[test]
fn a_list_is_asked_for_what_it_says_on_every_page() {
    let world = World::new(2, 120).unwrap();
    let mut dice = Dice::stream(2, "lists");
    for turn in 0..2 * PAGES {
        let (page, many) = match turn % 2 {
            0 => (binding::lists(&world, &mut dice), 8..=16),
            _ => (binding::close_lists(&world, &mut dice), 14..=27),
        };
        let (list, asked): (Vec<&str>, Vec<&str>) = match turn % 2 {
            0 => {
                let (list, asked) = page.split_once("\n\n").unwrap();
                (list.lines().collect(), asked.lines().collect())
            }
            _ => {
                let (list, asked) = page.split_once('\n').unwrap();
                (close_entries(list), close_entries(asked))
            }
        };
        let table = table(list.into_iter());
        assert!(many.contains(&asked.len()), "{page}");
        for entry in asked {
            let (option, letter) = entry.rsplit_once('=').unwrap();
            let option = option.strip_prefix("- ").unwrap_or(option);
            assert_eq!(table.get(option), Some(&letter), "{page}");
        }
    }
}

#[test]
fn single_letters_are_those_of_the_list() {
    let world = World::new(2, 120).unwrap();
    let mut dice = Dice::stream(2, "single letters");
    let mut close = 0;
    for _ in 0..PAGES {
        let page = binding::single_letters(&world, &mut dice);
        let (list, asked) = match page.split_once("\n\n") {
            Some((list, asked)) => (table(list.lines()), asked),
            None => {
                close += 1;
                let (list, asked) = page.split_once('\n').unwrap();
                (table(close_entries(list).into_iter()), asked)
            }
        };
        let lines: Vec<&str> = asked.lines().map(str::trim).collect();
        assert!(lines.len() >= 24 && lines.len().is_multiple_of(2), "{page}");
        for pair in lines.chunks(2) {
            let option = pair[0].strip_prefix("- ").unwrap_or(pair[0]);
            assert_eq!(list.get(option), Some(&pair[1]), "{page}");
        }
    }
    assert!((PAGES / 2..PAGES * 7 / 10).contains(&close), "{close}");
}
