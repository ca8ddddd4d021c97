//! # Fill one row
//!
//! Goal: fill a row with whole documents as long as one fits, and throw away as little as possible at its end.
//!
//! Minutes: 25. Difficulty: 2 of 5. Plugs in: `./speedrun.sh --mine 02` packs its training text with your function.
//!
//! Documents wait in a buffer, and a row has room for `capacity` ids. The rule is best fit: of the documents that fit
//! into what is left of the row, take the longest; of equally long ones the one that came first. That is the first
//! function, `longest_that_fits`. It chooses one document and changes nothing; it is what the speedrun calls, for every
//! document that it lays into a row.
//!
//! The second, `fill_row`, lays a whole row, one choice after the other. When none fits, the beginning of the shortest
//! fills the rest, and its end is thrown away (of equally short ones, again, the first to come). A row that is full is
//! done.
//!
//! Of a document only the length matters here. What `fill_row` returns are the chapter's spans: which document lies from
//! where to where, and how many of its ids were cropped.
//!
//! The chapter's `Packer` keeps an ordered map, and answers both questions in ten steps. Go through a list: this is the
//! definition, and the judge holds it against the packer.
//!
//! ## Hint 1
//!
//! `longest_that_fits`: `filter` the numbers from 0 to the length of the list by what fits, and take `max_by_key`. Mind the
//! ties: of equal keys `max_by_key` returns the last. (`min_by_key` returns the first.)
//!
//! ## Hint 2
//!
//! Give the maximum the key `(length, Reverse(number))`. `fill_row`: the loop runs while `start < capacity`, where `start`
//! is the number of ids in the row; what is left is `capacity - start`. Keep two lists, the lengths of those that still
//! wait and their numbers, and `remove` from both what is placed: then the first function can be asked as it is.
//!
//! ## Hint 3
//!
//! If the first function gives `None`, take the shortest of those that wait; if nothing waits, the row cannot be filled:
//! return `None`. What is taken is `length.min(left)`, what is cropped the rest of the length; cropping fills the row, and
//! the loop ends by itself.
//!
//! ## Notes
//!
//! Which document would lose least by being cropped? All that wait are longer than the gap; each would fill it, and lose
//! its length minus the gap. So it is the shortest, and the rule needs no other reason.
//!
//! The order among equals looks like a matter of taste, and is what makes a resume exact: a loader that is given the same
//! documents in the same order has to choose the same ones again (exercise 7).
//!
//! Plugged in, the list gives the batches of the chapter's map, id for id. What it costs stands in the run's report: a
//! thousand lengths read for every document, beside ten steps in the map.

use dataset::best_fit::Span;
use std::cmp::Reverse;

/// The number of the longest document of at most `room` ids, of equally long ones the first. `None` if none fits.
pub fn longest_that_fits(waiting: &[usize], room: usize) -> Option<usize> {
    let fitting = (0..waiting.len()).filter(|&number| waiting[number] <= room);
    fitting.max_by_key(|&number| (waiting[number], Reverse(number)))
}

/// Fills a row of `capacity` ids from documents with these lengths, in the order in which they came. The spans are in the
/// order of the row; `origin` is a document's number. `None` if all of them do not fill it.
pub fn fill_row(waiting: &[usize], capacity: usize) -> Option<Vec<Span<usize>>> {
    let mut lengths = waiting.to_vec();
    let mut numbers: Vec<usize> = (0..waiting.len()).collect();
    let mut spans = Vec::new();
    let mut start = 0;
    while start < capacity {
        let left = capacity - start;
        let shortest = || (0..lengths.len()).min_by_key(|&at| lengths[at]);
        let chosen = longest_that_fits(&lengths, left).or_else(shortest)?;
        let (length, origin) = (lengths.remove(chosen), numbers.remove(chosen));
        let taken = length.min(left);
        spans.push(Span {
            start,
            end: start + taken,
            cropped: length - taken,
            origin,
        });
        start += taken;
    }
    Some(spans)
}
