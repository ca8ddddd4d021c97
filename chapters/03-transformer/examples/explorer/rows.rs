//! Rows of words in which stretches return: new words are tosses of a 60-sided die, a returning stretch can be known from
//! its second word on, by looking where its beginning stood before.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub const WORDS: [&str; 60] = [
    "anchor", "amber", "bay", "bell", "boat", "bone", "bread", "bridge", "candle", "cave", "clam",
    "cliff", "cloud", "coin", "coral", "crab", "dune", "eel", "feather", "ferry", "fish", "flag",
    "fog", "gull", "harbour", "heron", "island", "jetty", "kelp", "key", "lamp", "lantern",
    "limpet", "map", "mast", "moon", "mussel", "net", "night", "oar", "otter", "pearl", "pebble",
    "pier", "plum", "rain", "reef", "ring", "rope", "sail", "salt", "sand", "seal", "shell",
    "shore", "star", "stone", "tide", "urchin", "wave",
];

pub struct Row {
    pub ids: Vec<i64>,
    /// Whether a word stands in a returning stretch, its first word apart.
    pub known: Vec<bool>,
}

/// `length` words.
pub fn row(length: usize, random: &mut ChaCha8Rng) -> Row {
    let mut row = Row {
        ids: Vec::new(),
        known: Vec::new(),
    };
    let mut below = |n: usize| (random.next_u64() % n as u64) as usize;
    while row.ids.len() < length {
        let so_far = row.ids.len();
        if so_far >= 6 && below(2) == 0 {
            let stretch = (4 + below(9)).min(so_far);
            let from = below(so_far - stretch + 1);
            row.ids.extend_from_within(from..from + stretch);
            row.known.extend((0..stretch).map(|place| place > 0));
        } else {
            let new = 2 + below(7);
            row.ids.extend((0..new).map(|_| below(WORDS.len()) as i64));
            row.known.extend((0..new).map(|_| false));
        }
    }
    row.ids.truncate(length);
    row.known.truncate(length);
    row
}

/// `half` different words, twice.
pub fn twice(half: usize, random: &mut ChaCha8Rng) -> Vec<i64> {
    let mut words: Vec<i64> = (0..WORDS.len() as i64).collect();
    for place in 0..half {
        let other = place + (random.next_u64() % (words.len() - place) as u64) as usize;
        words.swap(place, other);
    }
    words.truncate(half);
    words.repeat(2)
}
