//! Wrong answers to exercises 1, 2 and 3.

use super::Of;
use crate::properties::{ex1_first_green, ex2_fill_a_row, ex3_what_is_lost};
use dataset::best_fit::Span;
use judge::program::Wrong;
use solutions_02::ex2_fill_a_row as row;
use solutions_02::ex3_what_is_lost as lost;
use std::cmp::Reverse;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = first_green();
    wrong.extend(fill_a_row());
    wrong.extend(what_is_lost());
    wrong
}

fn first_green() -> Vec<Wrong> {
    use ex1_first_green::Functions;
    let of = Of {
        number: 1,
        name: "first_green",
        properties: ex1_first_green::properties,
    };
    let giving = |inputs_and_targets| Functions { inputs_and_targets };
    vec![
        of.planted(
            "the-marker-stays",
            giving(|| (vec![0, 71, 72], vec![71, 72, 0])),
        ),
        of.planted(
            "targets-are-the-inputs",
            giving(|| (vec![0, 71, 72, 0], vec![0, 71, 72, 0])),
        ),
        of.constant("nothing", giving(|| (Vec::new(), Vec::new()))),
        of.constant("zeros", giving(|| (vec![0; 4], vec![0; 4]))),
    ]
}

/// Fills a row with whatever `choose` takes: it is given the documents that are free and the room that is left.
fn filled(
    waiting: &[usize],
    capacity: usize,
    choose: impl Fn(&[(usize, usize)], usize) -> Option<(usize, usize)>,
) -> Option<Vec<Span<usize>>> {
    let mut free: Vec<(usize, usize)> = waiting.iter().copied().enumerate().collect();
    let mut spans = Vec::new();
    let mut start = 0;
    while start < capacity {
        let (origin, length) = choose(&free, capacity - start)?;
        free.retain(|&(number, _)| number != origin);
        let end = capacity.min(start + length);
        spans.push(Span {
            start,
            end,
            cropped: start + length - end,
            origin,
        });
        start = end;
    }
    Some(spans)
}

type Document = (usize, usize);

fn longest(free: &[Document], is_fitting: impl Fn(usize) -> bool) -> Option<Document> {
    let fitting = free
        .iter()
        .copied()
        .filter(|&(_, length)| is_fitting(length));
    fitting.max_by_key(|&(number, length)| (length, Reverse(number)))
}

fn shortest(free: &[Document]) -> Option<Document> {
    free.iter().copied().min_by_key(|&(_, length)| length)
}

fn fill_a_row() -> Vec<Wrong> {
    use ex2_fill_a_row::Functions;
    let of = Of {
        number: 2,
        name: "fill_a_row",
        properties: ex2_fill_a_row::properties,
    };
    let filling = |fill_row| Functions {
        longest_that_fits: row::longest_that_fits,
        fill_row,
    };
    let choosing = |longest_that_fits| Functions {
        longest_that_fits,
        fill_row: row::fill_row,
    };
    vec![
        of.planted(
            "the-first-is-chosen",
            choosing(|waiting, room| waiting.iter().position(|&length| length <= room)),
        ),
        of.planted(
            "the-last-of-equals",
            choosing(|waiting, room| {
                let fitting = (0..waiting.len()).filter(|&number| waiting[number] <= room);
                fitting.max_by_key(|&number| waiting[number])
            }),
        ),
        of.planted(
            "an-exact-fit-does-not-fit",
            choosing(|waiting, room| row::longest_that_fits(waiting, room.saturating_sub(1))),
        ),
        of.planted(
            "the-length-instead-of-the-number",
            choosing(|waiting, room| {
                row::longest_that_fits(waiting, room).map(|number| waiting[number])
            }),
        ),
        of.planted(
            "the-shortest-if-none-fits",
            choosing(|waiting, room| {
                let shortest = || (0..waiting.len()).min_by_key(|&number| waiting[number]);
                row::longest_that_fits(waiting, room).or_else(shortest)
            }),
        ),
        of.planted(
            "the-first-that-fits",
            filling(|waiting, capacity| {
                filled(waiting, capacity, |free, room| {
                    let fitting = free.iter().copied().find(|&(_, length)| length <= room);
                    fitting.or_else(|| shortest(free))
                })
            }),
        ),
        of.planted(
            "as-they-come",
            filling(|waiting, capacity| filled(waiting, capacity, |free, _| free.first().copied())),
        ),
        of.planted(
            "the-first-is-cropped",
            filling(|waiting, capacity| {
                filled(waiting, capacity, |free, room| {
                    longest(free, |length| length <= room).or_else(|| free.first().copied())
                })
            }),
        ),
        of.planted(
            "the-longest-is-cropped",
            filling(|waiting, capacity| {
                filled(waiting, capacity, |free, room| {
                    longest(free, |length| length <= room).or_else(|| longest(free, |_| true))
                })
            }),
        ),
        of.planted(
            "ties-to-the-last",
            filling(|waiting, capacity| {
                filled(waiting, capacity, |free, room| {
                    let fitting = free.iter().copied().filter(|&(_, length)| length <= room);
                    let longest = fitting.max_by_key(|&(_, length)| length);
                    longest.or_else(|| shortest(free))
                })
            }),
        ),
        of.planted(
            "an-exact-fit-passed-over",
            filling(|waiting, capacity| {
                filled(waiting, capacity, |free, room| {
                    longest(free, |length| length < room).or_else(|| shortest(free))
                })
            }),
        ),
        of.planted(
            "the-end-left-open",
            filling(|waiting, capacity| {
                let spans = row::fill_row(waiting, capacity)?;
                Some(spans.into_iter().filter(|span| span.cropped == 0).collect())
            }),
        ),
        of.planted(
            "one-document-for-ever",
            filling(|waiting, capacity| {
                let mut spans: Vec<Span<usize>> = Vec::new();
                while spans.last().map_or(0, |span| span.end) < capacity {
                    let start = spans.last().map_or(0, |span| span.end);
                    let free: Vec<Document> = waiting.iter().copied().enumerate().collect();
                    let (origin, length) = longest(&free, |length| length <= capacity - start)
                        .or_else(|| shortest(&free))?;
                    let end = capacity.min(start + length);
                    spans.push(Span {
                        start,
                        end,
                        cropped: start + length - end,
                        origin,
                    });
                }
                Some(spans)
            }),
        ),
        of.constant(
            "no-row",
            Functions {
                longest_that_fits: |_, _| None,
                fill_row: |_, _| None,
            },
        ),
        of.constant(
            "an-empty-row",
            Functions {
                longest_that_fits: |_, _| Some(0),
                fill_row: |_, _| Some(Vec::new()),
            },
        ),
    ]
}

/// The table of a tally, changed.
fn tally(tally: lost::Tally) -> ex3_what_is_lost::Tally {
    ex3_what_is_lost::Tally {
        rows: tally.rows,
        at_start: tally.at_start,
        blind: tally.blind,
        cropped: tally.cropped,
        left: tally.left,
    }
}

fn what_is_lost() -> Vec<Wrong> {
    use ex3_what_is_lost::{Functions, Tally};
    let of = Of {
        number: 3,
        name: "what_is_lost",
        properties: ex3_what_is_lost::properties,
    };
    let right = || Functions {
        stream: |lengths, capacity| tally(lost::stream(lengths, capacity)),
        best_fit: |lengths, capacity, buffer| tally(lost::best_fit(lengths, capacity, buffer)),
    };
    let streaming = |stream| Functions { stream, ..right() };
    let fitting = |best_fit| Functions {
        best_fit,
        ..right()
    };
    vec![
        of.planted(
            "a-row-that-is-not-full",
            streaming(|lengths, capacity| {
                let right = tally(lost::stream(lengths, capacity));
                Tally {
                    rows: right.rows + right.left.min(1),
                    ..right
                }
            }),
        ),
        of.planted(
            "documents-that-begin-in-a-row",
            streaming(|lengths, capacity| {
                let ribbon: Vec<usize> = lengths.iter().flat_map(|&length| 0..length).collect();
                let rows = ribbon.chunks_exact(capacity);
                Tally {
                    at_start: rows.filter(|row| row.contains(&0)).count(),
                    ..tally(lost::stream(lengths, capacity))
                }
            }),
        ),
        of.planted(
            "whole-rows-are-blind",
            streaming(|lengths, capacity| {
                let right = tally(lost::stream(lengths, capacity));
                Tally {
                    blind: capacity * (right.rows - right.at_start),
                    ..right
                }
            }),
        ),
        of.planted(
            "what-is-left-is-thrown-away",
            streaming(|lengths, capacity| {
                let right = tally(lost::stream(lengths, capacity));
                Tally {
                    cropped: right.left,
                    left: 0,
                    ..right
                }
            }),
        ),
        of.planted(
            "the-buffer-has-no-end",
            fitting(|lengths, capacity, _| tally(lost::best_fit(lengths, capacity, lengths.len()))),
        ),
        of.planted(
            "no-buffer",
            fitting(|lengths, capacity, _| tally(lost::best_fit(lengths, capacity, 1))),
        ),
        of.planted(
            "topped-up-by-one-too-many",
            fitting(|lengths, capacity, buffer| {
                tally(lost::best_fit(lengths, capacity, buffer + 1))
            }),
        ),
        of.planted(
            "the-left-forgotten",
            fitting(|lengths, capacity, buffer| Tally {
                left: 0,
                ..tally(lost::best_fit(lengths, capacity, buffer))
            }),
        ),
        of.planted(
            "documents-cropped-instead-of-ids",
            fitting(|lengths, capacity, buffer| {
                let right = tally(lost::best_fit(lengths, capacity, buffer));
                Tally {
                    cropped: right.rows.min(right.cropped),
                    ..right
                }
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                stream: |_, _| Tally::default(),
                best_fit: |_, _, _| Tally::default(),
            },
        ),
        of.constant(
            "one-row",
            Functions {
                stream: |_, capacity| Tally {
                    rows: 1,
                    at_start: 1,
                    left: capacity,
                    ..Tally::default()
                },
                best_fit: |_, _, _| Tally {
                    rows: 1,
                    at_start: 1,
                    ..Tally::default()
                },
            },
        ),
    ]
}
