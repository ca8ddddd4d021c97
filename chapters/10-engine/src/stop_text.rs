// ANCHOR: head
//! Stop strings: ending a row at a piece of text, and showing no part of it.
//!
//! A stop *token* is one id, and chapter 03's `Sampling::stop` is enough for it. A stop *string*, `"\nQuestion:"` say, may
//! lie across any number of tokens and begin in the middle of one, and nobody knows which tokens the model
//! will write it with. So it is looked for in the decoded text, as that text comes.
//!
//! Words: text is *held back* while it could still turn out to be the beginning of a stop string.
//!
//! ```text
//! stop string "###"
//! decoded     "so "   "#"    "1 #"     "#"    "#\n"
//! shown       "so "   ""     "#1 "     ""     "" and stop
//! held back   ""      "#"    "#"       "##"
//! ```
//!
//! Characters that are split over tokens are chapter 01's business: what its `StreamDecoder` gives is whole ones.
// ANCHOR_END: head

// ANCHOR: stop_text
/// Watches the text of one row.
#[derive(Debug, Clone)]
pub struct StopText {
    stops: Vec<String>,
    held: String,
    /// Which of the stops has appeared.
    stopped: Option<usize>,
}

impl StopText {
    /// Empty strings are left out: they would stop every row before its first token.
    pub fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty());
        StopText {
            stops: stops.cloned().collect(),
            held: String::new(),
            stopped: None,
        }
    }

    /// Takes the next piece of text and gives what may be shown now. Whether the row should end, `stopped` says.
    ///
    /// The stop string that is complete first counts; of two that end at the same place the longer one, so that no part
    /// of it is shown. How the text is cut into pieces makes no difference.
    pub fn push(&mut self, text: &str) -> String {
        if self.stopped.is_some() {
            return String::new();
        }
        self.held.push_str(text);
        let found = self.stops.iter().enumerate().filter_map(|(index, stop)| {
            let start = self.held.find(stop)?;
            Some((start + stop.len(), start, index))
        });
        if let Some((_, start, index)) = found.min() {
            self.stopped = Some(index);
            self.held.truncate(start);
            return std::mem::take(&mut self.held);
        }
        let certain = self.held.len() - self.undecided();
        self.held.drain(..certain).collect()
    }

    /// How many bytes at the end could be the beginning of a stop string: the longest such end.
    fn undecided(&self) -> usize {
        let could_be = |end: &str| self.stops.iter().any(|stop| stop.starts_with(end));
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        let ends = self.held.char_indices().map(|(at, _)| &self.held[at..]);
        ends.filter(|end| end.len() < longest)
            .find(|end| could_be(end))
            .map_or(0, str::len)
    }

    /// The stop string that has appeared. `push` gives nothing after it.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.map(|index| &self.stops[index][..])
    }

    /// The row has ended in another way: what was held back was no stop string, and may be shown.
    pub fn finish(self) -> String {
        match self.stopped {
            Some(_) => String::new(),
            None => self.held,
        }
    }
}
// ANCHOR_END: stop_text
