//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_targets_in_rows::{self, Functions, Masked, Rows};
use dataset::best_fit::{Item, Packer, Policy};
use dataset::{Conversation, IGNORED};
use judge::program::Wrong;
use solutions_02::ex5_targets_in_rows as right;

/// The right rows of other ids, masks or targets.
fn packed(
    conversations: &[Conversation],
    capacity: usize,
    policy: Policy,
    rendered: fn(&Conversation) -> Masked,
    targets: fn(&[u32], &[u8]) -> Vec<i64>,
) -> Rows {
    let mut packer = Packer::new(capacity, policy);
    let mut left_out = 0;
    for conversation in conversations {
        let (ids, mask) = rendered(conversation);
        let origin = ();
        left_out += usize::from(!packer.push(Item { ids, mask, origin }));
    }
    let mut rows = Vec::new();
    while let Some(row) = packer.next_row() {
        let inputs = row.ids[..capacity - 1].to_vec();
        rows.push((inputs, targets(&row.ids, &row.mask)));
    }
    (rows, left_out)
}

const PAD: Policy = Policy::Pad(0);

/// The right ids with some of the mask changed.
fn masked(conversation: &Conversation, change: impl Fn(&[u32], usize, u8) -> u8) -> Masked {
    let (ids, mask) = right::rendered(conversation);
    let changed = mask.iter().enumerate();
    let changed = changed.map(|(at, &old)| change(&ids, at, old)).collect();
    (ids, changed)
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "targets_in_rows",
        properties: ex5_targets_in_rows::properties,
    };
    let right_ones = || Functions {
        rendered: right::rendered,
        targets: right::targets,
        rows: right::rows,
    };
    let rendering = |rendered| Functions {
        rendered,
        ..right_ones()
    };
    let aiming = |targets| Functions {
        targets,
        ..right_ones()
    };
    let packing = |rows| Functions {
        rows,
        ..right_ones()
    };
    vec![
        of.planted(
            "the-end-is-not-trained",
            rendering(|conversation| {
                masked(
                    conversation,
                    |ids, at, old| if ids[at] == 4 { 0 } else { old },
                )
            }),
        ),
        of.planted(
            "the-start-is-trained",
            rendering(|conversation| {
                masked(
                    conversation,
                    |ids, at, old| if ids[at] == 3 { 1 } else { old },
                )
            }),
        ),
        of.planted(
            "the-calculators-answer-is-trained",
            rendering(|conversation| {
                masked(conversation, |ids, at, old| {
                    let last = ids[..=at].iter().rev().find(|&&id| (3..=8).contains(&id));
                    if last == Some(&7) || ids[at] == 8 {
                        1
                    } else {
                        old
                    }
                })
            }),
        ),
        of.planted(
            "the-ends-of-a-call-are-not-trained",
            rendering(|conversation| {
                let is_end = |id| matches!(id, 5 | 6);
                masked(
                    conversation,
                    |ids, at, old| if is_end(ids[at]) { 0 } else { old },
                )
            }),
        ),
        of.planted(
            "the-user-is-trained",
            rendering(|conversation| masked(conversation, |_, at, _| u8::from(at > 0))),
        ),
        of.planted(
            "the-mask-of-the-input",
            aiming(|ids, mask| {
                let places = ids.iter().skip(1).zip(mask);
                let target = |(&id, &mask)| if mask == 1 { i64::from(id) } else { IGNORED };
                places.map(target).collect()
            }),
        ),
        of.planted(
            "the-input-itself",
            aiming(|ids, mask| {
                let places = ids.iter().zip(&mask[1..]);
                let target = |(&id, &mask)| if mask == 1 { i64::from(id) } else { IGNORED };
                places.map(target).collect()
            }),
        ),
        of.planted(
            "zero-instead-of-ignored",
            aiming(|ids, mask| {
                let places = ids.iter().zip(mask).skip(1);
                places
                    .map(|(&id, &mask)| i64::from(id * u32::from(mask)))
                    .collect()
            }),
        ),
        of.planted(
            "without-a-mask",
            packing(|conversations, capacity| {
                let rendered = |conversation: &Conversation| {
                    let (ids, _) = right::rendered(conversation);
                    (ids, Vec::new())
                };
                packed(conversations, capacity, PAD, rendered, right::targets)
            }),
        ),
        of.planted(
            "cropped",
            packing(|conversations, capacity| {
                let policy = Policy::Crop;
                packed(
                    conversations,
                    capacity,
                    policy,
                    right::rendered,
                    right::targets,
                )
            }),
        ),
        of.planted(
            "the-mask-slips-in-the-row",
            packing(|conversations, capacity| {
                packed(
                    conversations,
                    capacity,
                    PAD,
                    right::rendered,
                    |ids, mask| {
                        let places = ids.iter().skip(1).zip(mask);
                        let target = |(&id, &mask)| if mask == 1 { i64::from(id) } else { IGNORED };
                        places.map(target).collect()
                    },
                )
            }),
        ),
        of.planted(
            "nobody-is-left-out",
            packing(|conversations, capacity| (right::rows(conversations, capacity).0, 0)),
        ),
        of.constant(
            "zeros",
            Functions {
                rendered: |_| (Vec::new(), Vec::new()),
                targets: |_, _| Vec::new(),
                rows: |_, _| (Vec::new(), 0),
            },
        ),
        of.constant(
            "everything-ignored",
            Functions {
                rendered: |_| (vec![0; 4], vec![0; 4]),
                targets: |_, _| vec![IGNORED; 4],
                rows: |_, _| (vec![(vec![0; 4], vec![IGNORED; 4])], 0),
            },
        ),
    ]
}
