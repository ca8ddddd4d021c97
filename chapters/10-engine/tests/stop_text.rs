//! Stop strings are found wherever tokens are cut, and no part of one is ever shown.

use engine::StopText;
use proptest::prelude::*;
use tokenizer::{StreamDecoder, TrainSettings};

fn stops(stops: &[&str]) -> StopText {
    let stops: Vec<String> = stops.iter().map(|stop| stop.to_string()).collect();
    StopText::new(&stops)
}

/// Everything that is shown, and what stopped it.
fn shown(mut watch: StopText, pieces: &[&str]) -> (String, Option<String>) {
    let mut text = String::new();
    for piece in pieces {
        text += &watch.push(piece);
    }
    let stopped = watch.stopped().map(str::to_string);
    text += &watch.finish();
    (text, stopped)
}

#[test]
fn a_stop_string_is_found_across_pieces() {
    for pieces in [
        &["one\nUser: two"][..],
        &["one", "\n", "User", ": two"],
        &["one\nUs", "er:", " two"],
        &["on", "e\nUser:", " two"],
    ] {
        let (text, stopped) = shown(stops(&["\nUser:"]), pieces);
        assert_eq!(text, "one", "{pieces:?}");
        assert_eq!(stopped.as_deref(), Some("\nUser:"), "{pieces:?}");
    }
}

#[test]
fn text_that_could_become_a_stop_string_is_held_back_and_no_other() {
    let mut watch = stops(&["###"]);
    for (piece, shown) in [
        ("so ", "so "),
        ("#", ""),
        ("1 #", "#1 "),
        ("#", ""),
        ("x", "##x"),
        ("####", ""),
    ] {
        assert_eq!(watch.push(piece), shown, "{piece:?}");
    }
    assert_eq!(watch.stopped(), Some("###"));
    assert_eq!(watch.push("more"), "");
    assert_eq!(watch.finish(), "");
}

#[test]
fn what_was_held_back_is_shown_in_the_end() {
    let mut watch = stops(&["END"]);
    assert_eq!(watch.push("the E"), "the ");
    assert_eq!(watch.push("N"), "");
    assert_eq!(watch.stopped(), None);
    assert_eq!(watch.finish(), "EN");
}

#[test]
fn of_several_the_first_to_be_complete_counts() {
    let cases = [
        // one the prefix of another: the shorter is complete first
        (&["ab", "abc"][..], "xabcd", "x", "ab"),
        (&["abc", "ab"], "xabcd", "x", "ab"),
        // one inside another: the inner one is complete first
        (&["abcd", "bc"], "xabcd", "xa", "bc"),
        // one the end of another: both complete at once, and nothing of the longer is shown
        (&["bc", "abc"], "xabc", "x", "abc"),
        // the later one in the text does not count
        (&["two", "one"], "one two", "", "one"),
    ];
    for (given, text, expected, stop) in cases {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        for pieces in [&[text][..], &letters] {
            let (shown, stopped) = shown(stops(given), pieces);
            assert_eq!((&shown[..], stopped.as_deref()), (expected, Some(stop)));
        }
    }
}

#[test]
fn characters_of_several_bytes_are_whole() {
    assert_eq!(
        shown(stops(&["é!"]), &["caf", "é", "? ", "é", "!"]),
        ("café? ".to_string(), Some("é!".to_string()))
    );
    assert_eq!(shown(stops(&["🦀🦀"]), &["🦀", " 🦀"]).0, "🦀 🦀");
    // "é" and "è" begin with the same byte; that alone holds nothing back.
    assert_eq!(stops(&["è"]).push("é"), "é");
}

#[test]
fn tokens_that_split_a_character_are_put_together_first() {
    let text = "the crab counts its legs ".repeat(20);
    let tokenizer =
        tokenizer::train(std::iter::once(text), &TrainSettings::new(270), &mut |_| ()).unwrap();
    let ids = tokenizer.encode("the 🦀 stops");
    assert!(
        ids.iter().any(|&id| {
            let bytes = tokenizer.token(id).expect("no special token");
            std::str::from_utf8(bytes).is_err()
        }),
        "the crab should be split over tokens"
    );
    let mut decoder = StreamDecoder::new(&tokenizer);
    let mut watch = stops(&["🦀"]);
    let mut shown = String::new();
    for id in ids {
        shown += &watch.push(&decoder.push(id));
    }
    assert_eq!((&shown[..], watch.stopped()), ("the ", Some("🦀")));
}

#[test]
fn without_stop_strings_everything_is_shown_at_once() {
    let mut watch = stops(&["", ""]);
    assert_eq!(watch.push("all"), "all");
    assert_eq!(watch.stopped(), None);
}

proptest! {
    #[test]
    fn how_text_is_cut_makes_no_difference(
        text in "[abé]{0,24}",
        given in prop::collection::vec("[abé]{1,4}", 0..4),
        cuts in prop::collection::vec(0usize..25, 0..8),
    ) {
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        // The definition: the first end of any stop string; of those that end there the longest.
        let ends = (0..=text.len()).find_map(|end| {
            let before = text.get(..end)?;
            let longest = given.iter().filter(|stop| before.ends_with(**stop)).map(|stop| stop.len()).max()?;
            Some(end - longest)
        });
        let expected = &text[..ends.unwrap_or(text.len())];

        let characters: Vec<char> = text.chars().collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(characters.len())).collect();
        cuts.extend([0, characters.len()]);
        cuts.sort_unstable();
        let pieces: Vec<String> = cuts.windows(2).map(|cut| characters[cut[0]..cut[1]].iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let (shown, stopped) = shown(stops(&given), &pieces);
        prop_assert_eq!(shown, expected);
        prop_assert_eq!(stopped.is_some(), ends.is_some());
    }
}
