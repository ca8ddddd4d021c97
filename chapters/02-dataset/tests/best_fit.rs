//! What best-fit packing promises, on small examples and on random ones.

use dataset::best_fit::{Item, Packer, Policy, Row};
use dataset::{Batch, IGNORED, Position};
use proptest::prelude::*;

fn item(name: char, length: usize) -> Item<char> {
    Item {
        ids: vec![name as u32; length],
        mask: Vec::new(),
        origin: name,
    }
}

fn drawn(row: &Row<char>) -> String {
    row.ids
        .iter()
        .map(|&id| char::from_u32(id).unwrap())
        .collect()
}

#[test]
fn the_longest_that_fits_then_the_shortest_cropped() {
    let mut packer = Packer::new(10, Policy::Crop);
    for (name, length) in [('a', 4), ('b', 7), ('c', 2), ('d', 5)] {
        packer.push(item(name, length));
    }
    assert_eq!(drawn(&packer.next_row().unwrap()), "bbbbbbbcca");
    assert_eq!(packer.counts().cropped, 3);
    assert_eq!(packer.pending(), ['d']);
}

#[test]
fn of_equally_long_ones_the_first_comes_first() {
    let mut packer = Packer::new(6, Policy::Crop);
    for name in ['x', 'y', 'z'] {
        packer.push(item(name, 2));
    }
    assert_eq!(drawn(&packer.next_row().unwrap()), "xxyyzz");
    // Also when cropping: both are too long, the earlier one is taken.
    for name in ['p', 'q'] {
        packer.push(item(name, 9));
    }
    assert_eq!(drawn(&packer.next_row().unwrap()), "pppppp");
}

#[test]
fn padding_never_crops_and_is_never_trained_on() {
    let mut packer = Packer::new(6, Policy::Pad(0));
    packer.push(Item {
        ids: vec![9, 1, 2, 3],
        mask: vec![0, 0, 1, 1],
        origin: (),
    });
    packer.push(Item {
        ids: vec![9, 4, 5],
        mask: vec![0, 1, 1],
        origin: (),
    });
    let first = packer.next_row().unwrap();
    assert_eq!(
        (&first.ids[..], &first.mask[..]),
        (&[9, 1, 2, 3, 0, 0][..], &[0, 0, 1, 1, 0, 0][..])
    );
    let second = packer.next_row().unwrap();
    assert!(packer.next_row().is_none());
    assert_eq!((packer.counts().cropped, packer.counts().padded), (0, 5));

    let batch = Batch::from_rows(&[first, second], Position::default());
    assert_eq!((batch.rows, batch.time), (2, 5));
    assert_eq!(batch.inputs, [9, 1, 2, 3, 0, /* row 1 */ 9, 4, 5, 0, 0]);
    assert_eq!(
        batch.targets,
        [
            IGNORED, 2, 3, IGNORED, IGNORED, /* row 1 */ 4, 5, IGNORED, IGNORED, IGNORED
        ]
    );
    assert_eq!(batch.supervised, 4);
}

#[test]
fn an_item_longer_than_a_row_is_skipped_and_blocks_nothing() {
    let mut packer = Packer::new(4, Policy::Pad(0));
    for _ in 0..100 {
        assert!(!packer.push(item('l', 5)));
    }
    assert!(!packer.push(item('e', 0)));
    assert!(packer.push(item('s', 4)));
    assert_eq!((packer.waiting(), packer.counts().skipped), (1, 101));
    assert_eq!(drawn(&packer.next_row().unwrap()), "ssss");
}

/// The algorithm as one would write it down first: a list, scanned from end to end. The oracle for the ordered buffer.
fn naive_rows(lengths: &[usize], capacity: usize, crop: bool) -> Vec<Vec<(usize, usize)>> {
    let mut waiting: Vec<(usize, usize)> = lengths.iter().copied().enumerate().collect();
    if !crop {
        waiting.retain(|(_, length)| *length <= capacity);
    }
    let mut rows = Vec::new();
    while !waiting.is_empty() {
        let (mut row, mut left) = (Vec::new(), capacity);
        while left > 0 {
            let mut best: Option<usize> = None;
            for (index, &(_, length)) in waiting.iter().enumerate() {
                if length <= left && best.is_none_or(|best| length > waiting[best].1) {
                    best = Some(index);
                }
            }
            if best.is_none() && crop && !waiting.is_empty() {
                best = (0..waiting.len()).min_by_key(|&index| waiting[index].1);
            }
            let Some(best) = best else { break };
            let (name, length) = waiting.remove(best);
            row.push((name, length.min(left)));
            left -= length.min(left);
        }
        if left == 0 || !crop {
            rows.push(row);
        }
    }
    rows
}

proptest! {
    #[test]
    fn the_ordered_buffer_packs_like_the_plain_list(
        lengths in prop::collection::vec(1usize..30, 0..120), capacity in 2usize..25, crop: bool,
    ) {
        let mut packer = Packer::new(capacity, if crop { Policy::Crop } else { Policy::Pad(0) });
        for (index, &length) in lengths.iter().enumerate() {
            packer.push(Item { ids: vec![1; length], mask: Vec::new(), origin: index });
        }
        let mut rows = Vec::new();
        while let Some(row) = packer.next_row() {
            prop_assert_eq!(row.ids.len(), capacity);
            prop_assert_eq!(row.mask.len(), capacity);
            rows.push(row.spans.iter().map(|span| (span.origin, span.end - span.start)).collect::<Vec<_>>());
        }
        prop_assert_eq!(rows, naive_rows(&lengths, capacity, crop));
    }

    #[test]
    fn masks_stay_with_their_ids(lengths in prop::collection::vec(1usize..20, 1..60), capacity in 2usize..40, crop: bool) {
        let mut packer = Packer::new(capacity, if crop { Policy::Crop } else { Policy::Pad(7) });
        for (index, &length) in lengths.iter().enumerate() {
            // Odd ids are trained on, even ones are not.
            let ids: Vec<u32> = (0..length).map(|place| (index * 100 + place) as u32).collect();
            let mask = ids.iter().map(|id| (id % 2) as u8).collect();
            packer.push(Item { ids, mask, origin: index });
        }
        while let Some(row) = packer.next_row() {
            for span in &row.spans {
                for place in span.start..span.end {
                    let id = (span.origin * 100 + place - span.start) as u32;
                    prop_assert_eq!((row.ids[place], row.mask[place]), (id, (id % 2) as u8));
                }
            }
            let used = row.spans.last().map_or(0, |span| span.end);
            prop_assert!(row.mask[used..].iter().all(|&mask| mask == 0));
        }
    }
}
