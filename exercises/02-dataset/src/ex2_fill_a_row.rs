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
//! Help: `cargo course hint 02.2`. Judge it: `cargo course check 02.2`.

use dataset::best_fit::Span;

/// The number of the longest document of at most `room` ids, of equally long ones the first. `None` if none fits.
pub fn longest_that_fits(waiting: &[usize], room: usize) -> Option<usize> {
    let _ = (waiting, room); // delete this line
    todo!("exercise 02.2")
}

/// Fills a row of `capacity` ids from documents with these lengths, in the order in which they came. The spans are in the
/// order of the row; `origin` is a document's number. `None` if all of them do not fill it.
pub fn fill_row(waiting: &[usize], capacity: usize) -> Option<Vec<Span<usize>>> {
    let _ = (waiting, capacity); // delete this line
    todo!("exercise 02.2")
}
