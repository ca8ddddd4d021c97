// ANCHOR: head
//! Prefixes: how much two rows have in common, and for many rows, what has to be read once only.
//!
//! ```text
//! rows, sorted                       segments
//! [bos Q1 … Answer : the moon]                          ┌ : the moon
//! [bos Q1 … Answer : the sun]        bos Q1 … Answer ───┼ : the sun
//! [bos Q1 … Answer : two crabs]                         └ : two crabs
//!                                    level 0, read once   level 1, one per row
//! ```
//!
//! Words: a *segment* is a run of positions that one or more rows have in common and that is read once for all of them. Its
//! *parent* is the segment that all its rows passed through just before. A *level* is all segments with the same number
//! of ancestors: they can be read together, once the level above has been read.

use std::ops::Range;
// ANCHOR_END: head

// ANCHOR: common
/// How many ids two rows begin with in common.
pub(crate) fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
// ANCHOR_END: common

// ANCHOR: segment
/// A shared segment is made only if it saves at least so many positions; a level costs a pass over the weights.
const WORTH_A_LEVEL: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    /// Which of the sorted rows pass through here: always neighbours.
    pub rows: Range<usize>,
    /// The positions that it reads, the same in all these rows.
    pub positions: Range<usize>,
    /// Its place in the level above; `None` in the first.
    pub parent: Option<usize>,
}
// ANCHOR_END: segment

// ANCHOR: levels
/// Cuts rows, sorted as sequences of ids and none of them empty, into segments.
///
/// A shared segment ends one token before the rows part. What the model says after that last common token is judged
/// by each row's own next token, so each row reads it itself. Every position of a segment then has the same next
/// token in all its rows, and every row ends in a segment of its own with at least one token.
pub(crate) fn levels(sorted: &[&[u32]]) -> Vec<Vec<Segment>> {
    let mut levels = Vec::new();
    if !sorted.is_empty() {
        cut(sorted, 0..sorted.len(), 0, 0, None, &mut levels);
    }
    levels
}

/// Cuts `rows` from position `start` on. Each call has fewer rows than the one that made it, so the depth is bounded.
fn cut(
    sorted: &[&[u32]],
    rows: Range<usize>,
    start: usize,
    level: usize,
    parent: Option<usize>,
    levels: &mut Vec<Vec<Segment>>,
) {
    let mut add = |rows: Range<usize>, positions: Range<usize>| {
        if levels.len() == level {
            levels.push(Vec::new());
        }
        levels[level].push(Segment {
            rows,
            positions,
            parent,
        });
        levels[level].len() - 1
    };
    let first = sorted[rows.start];
    if rows.len() == 1 {
        add(rows, start..first.len());
        return;
    }
    // What the first and the last of sorted rows have in common, all between them have too.
    let shared = common_prefix(first, sorted[rows.end - 1]);
    let end = shared.saturating_sub(1).max(start);
    let (start, level, parent) = match (rows.len() - 1) * (end - start) >= WORTH_A_LEVEL {
        true => (end, level + 1, Some(add(rows.clone(), start..end))),
        false => (start, level, parent),
    };
    let mut next = rows.start;
    while next < rows.end {
        let here = next;
        next += 1;
        // Rows that end where the others go on stand alone, also several equal ones.
        if let Some(id) = sorted[here].get(shared) {
            while next < rows.end && sorted[next].get(shared) == Some(id) {
                next += 1;
            }
        }
        cut(sorted, here..next, start, level, parent, levels);
    }
}
// ANCHOR_END: levels
