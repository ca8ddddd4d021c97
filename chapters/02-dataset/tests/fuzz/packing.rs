//! The ordered buffer against a plain list that is scanned from end to end.

use dataset::best_fit::{Counts, Item, Packer, Policy, Row, Span};

use crate::{Case, fuzz};

struct PlainList {
    capacity: usize,
    policy: Policy,
    waiting: Vec<Item<usize>>,
    counts: Counts,
}

#[derive(Default)]
struct PlainRow {
    ids: Vec<u32>,
    mask: Vec<u8>,
    spans: Vec<Span<usize>>,
}

impl PlainList {
    fn push(&mut self, item: Item<usize>) -> bool {
        let length = item.ids.len();
        if length == 0 || (self.policy != Policy::Crop && length > self.capacity) {
            self.counts.skipped += 1;
            return false;
        }
        self.waiting.push(item);
        true
    }

    fn place(&mut self, row: &mut PlainRow) -> bool {
        let (start, left) = (row.ids.len(), self.capacity - row.ids.len());
        let mut best: Option<usize> = None;
        for (index, item) in self.waiting.iter().enumerate() {
            let longer = |best: usize| item.ids.len() > self.waiting[best].ids.len();
            if item.ids.len() <= left && best.is_none_or(longer) {
                best = Some(index);
            }
        }
        match (best, self.policy) {
            (None, Policy::Pad(id)) => {
                row.ids.resize(self.capacity, id);
                row.mask.resize(self.capacity, 0);
                self.counts.padded += left as u64;
                return true;
            }
            (None, Policy::Crop) => {
                for (index, item) in self.waiting.iter().enumerate() {
                    if best.is_none_or(|best| item.ids.len() < self.waiting[best].ids.len()) {
                        best = Some(index);
                    }
                }
            }
            _ => {}
        }
        let Some(best) = best else { return false };
        let item = self.waiting.remove(best);
        let taken = item.ids.len().min(left);
        for place in 0..taken {
            row.ids.push(item.ids[place]);
            row.mask.push(item.mask.get(place).copied().unwrap_or(1));
        }
        row.spans.push(Span {
            start,
            end: start + taken,
            cropped: item.ids.len() - taken,
            origin: item.origin,
        });
        self.counts.items += 1;
        self.counts.placed += taken as u64;
        self.counts.cropped += (item.ids.len() - taken) as u64;
        true
    }
}

fn item(case: &mut Case, longest: usize, origin: usize) -> Item<usize> {
    let length = case.below(longest + 1);
    let ids = (0..length).map(|_| case.below(50_000) as u32).collect();
    let masked = if case.one_in(2) { length } else { 0 };
    let mask = (0..masked).map(|_| case.below(2) as u8).collect();
    Item { ids, mask, origin }
}

fn same(row: &Row<usize>, plain: &PlainRow) {
    assert_eq!(row.spans, plain.spans);
    assert_eq!((&row.ids, &row.mask), (&plain.ids, &plain.mask));
}

#[test]
fn the_ordered_buffer_and_the_plain_list() {
    fuzz("packing", |case| {
        let capacity = case.between(1, 40);
        // Few lengths make many equal ones.
        let longest = case.between(1, 2 * capacity);
        let policy = *case.of(&[Policy::Crop, Policy::Pad(7)]);
        case.tell(|| format!("{policy:?}, capacity {capacity}"));
        let mut packer = Packer::new(capacity, policy);
        let mut plain = PlainList {
            capacity,
            policy,
            waiting: Vec::new(),
            counts: Counts::default(),
        };
        let (mut row, mut plain_row) = (Row::new(capacity), PlainRow::default());
        // Ids that came in and were not refused.
        let mut arrived = 0;
        for step in 0..case.between(1, 200) {
            match case.below(20) {
                0 => {
                    // As a resume does it: what waits, in its order, into an empty packer.
                    case.tell(|| "the packer begins anew with what waits".to_owned());
                    packer = Packer::new(capacity, policy);
                    for item in &plain.waiting {
                        assert!(packer.push(item.clone()));
                    }
                    plain.counts = Counts::default();
                    arrived = plain.waiting.iter().map(|item| item.ids.len()).sum();
                }
                1 => {
                    case.tell(|| "a whole row".to_owned());
                    let mut wanted = PlainRow::default();
                    let begun = !plain.waiting.is_empty();
                    while begun && wanted.ids.len() < capacity && plain.place(&mut wanted) {}
                    match packer.next_row() {
                        Some(row) => same(&row, &wanted),
                        None => assert!(!begun || wanted.ids.len() < capacity),
                    }
                }
                2..=9 => {
                    let placed = packer.place(&mut row);
                    case.tell(|| format!("place: {:?}", row.spans.last()));
                    assert_eq!(plain.place(&mut plain_row), placed);
                    same(&row, &plain_row);
                    if row.is_full() {
                        assert_eq!(row.ids.len(), capacity);
                        (row, plain_row) = (Row::new(capacity), PlainRow::default());
                    }
                }
                _ => {
                    let item = item(case, longest, step);
                    let length = item.ids.len();
                    case.tell(|| format!("push number {step}, {length} ids"));
                    let taken = packer.push(item.clone());
                    assert_eq!(taken, plain.push(item));
                    arrived += if taken { length } else { 0 };
                }
            }
            let counts = packer.counts();
            assert_eq!(counts, plain.counts);
            let waiting: usize = plain.waiting.iter().map(|item| item.ids.len()).sum();
            assert_eq!(
                counts.placed + counts.cropped,
                (arrived - waiting) as u64,
                "ids appeared or vanished"
            );
            let pending: Vec<usize> = plain.waiting.iter().map(|item| item.origin).collect();
            assert_eq!(packer.pending(), pending);
        }
    });
}
