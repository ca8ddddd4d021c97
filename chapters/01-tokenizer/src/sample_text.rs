// ANCHOR: head
//! A few thousand bytes to train on when no file is at hand.
//!
//! Written by the program itself, from short lists of words and five kinds of sentence: enough repetition that a small
//! vocabulary finds words, enough variety that it does not learn whole sentences. A linear congruential generator
//! (Knuth's MMIX constants) chooses, so the text is the same everywhere.
// ANCHOR_END: head

// ANCHOR: sample_text
const CREATURES: [&str; 8] = [
    "otter", "heron", "crab", "gull", "limpet", "shrimp", "seal", "anemone",
];
const PLACES: [&str; 7] = [
    "harbour",
    "tide pool",
    "sandbank",
    "lighthouse",
    "jetty",
    "kelp forest",
    "estuary",
];
const THINGS: [&str; 7] = [
    "shell", "pebble", "rope", "bottle", "feather", "lantern", "net",
];
const VERBS: [&str; 6] = ["finds", "hides", "carries", "counts", "polishes", "trades"];
const WEATHER: [&str; 5] = [
    "The fog is lifting",
    "It's raining",
    "The tide turned",
    "The wind has dropped",
    "We've sun today",
];

/// `sentences` sentences, five to a paragraph.
pub fn sample_text(seed: u64, sentences: usize) -> String {
    let mut state = seed;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % n as u64) as usize // the high bits: the low ones of such a generator have short periods
    };
    let mut text = String::new();
    for index in 0..sentences {
        let creature = CREATURES[below(CREATURES.len())];
        let place = PLACES[below(PLACES.len())];
        let thing = THINGS[below(THINGS.len())];
        let verb = VERBS[below(VERBS.len())];
        let weather = WEATHER[below(WEATHER.len())];
        let number = 2 + below(98);
        text.push_str(&match below(5) {
            0 => format!("The {creature} {verb} a {thing} near the {place}."),
            1 => format!("{weather}, and the {creature} has {number} {thing}s in the {place}."),
            2 => format!(
                "\"Who {verb} the {thing}?\" asks the {creature}; nobody at the {place} knows."
            ),
            3 => format!("Every {creature} of the {place} {verb} {number} {thing}s before noon."),
            _ => format!(
                "{weather}: the {place} smells of salt, and a {creature} {verb} its {thing}."
            ),
        });
        text.push_str(if index % 5 == 4 { "\n\n" } else { " " });
    }
    text
}
// ANCHOR_END: sample_text
